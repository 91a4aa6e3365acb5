import { addSchema, addSortOrder, addSpec, known } from './layout-updates.ts'
import { numberProperty } from './properties.ts'
import { holds } from './requirements.ts'
import { highestFieldId } from './schema-json.ts'
import { addSnapshot, removeRef, removeSnapshots, setRef } from './snapshot-updates.ts'
import type { Requirement, TableDefinition, TableMetadata, Update } from './types.ts'

export type UpdateOutcome =
  | { readonly outcome: 'applied'; readonly metadata: TableMetadata }
  | { readonly outcome: 'conflict'; readonly failed: Requirement }

/**
 * The metadata after a commit; pure. A requirement that does not hold is a conflict. The base's own location
 * enters the metadata log, which keeps `write.metadata.previous-versions-max` (default 100) entries. Throws
 * IcebergError `refused` for updates that no reload would make right.
 */
export function applyUpdates(
  base: TableMetadata,
  requirements: readonly Requirement[],
  updates: readonly Update[],
  at: { readonly baseLocation: string; readonly nowMs: number },
): UpdateOutcome {
  const failed = requirements.find((requirement) => !holds(base, requirement))
  if (failed !== undefined) return { outcome: 'conflict', failed }
  const start: Applied = { metadata: base, schemaId: null, specId: null, orderId: null }
  const updated = updates.reduce(applyUpdate, start).metadata
  const kept = numberProperty(updated.properties, 'write.metadata.previous-versions-max', 100)
  const log = [...base.metadataLog, { metadataFile: at.baseLocation, timestampMs: base.lastUpdatedMs }]
  return {
    outcome: 'applied',
    metadata: {
      ...updated,
      lastUpdatedMs: Math.max(at.nowMs, updated.lastUpdatedMs),
      metadataLog: log.slice(-kept),
    },
  }
}

/** The metadata on its way, and what -1 stands for in `set-current-schema` and its like. */
interface Applied {
  readonly metadata: TableMetadata
  readonly schemaId: number | null
  readonly specId: number | null
  readonly orderId: number | null
}

function applyUpdate(state: Applied, update: Update): Applied {
  const { metadata } = state
  const changed = (after: TableMetadata): Applied => ({ ...state, metadata: after })
  switch (update.action) {
    case 'add-schema': {
      const added = addSchema(metadata, update.schema)
      return { ...changed(added.metadata), schemaId: added.id }
    }
    case 'set-current-schema': {
      const ids = metadata.schemas.map(({ schemaId }) => schemaId)
      const currentSchemaId = known(ids, chosen(update.schemaId, state.schemaId), 'schema')
      return changed({ ...metadata, currentSchemaId })
    }
    case 'add-spec': {
      const added = addSpec(metadata, update.spec)
      return { ...changed(added.metadata), specId: added.id }
    }
    case 'set-default-spec': {
      const ids = metadata.partitionSpecs.map(({ specId }) => specId)
      const defaultSpecId = known(ids, chosen(update.specId, state.specId), 'partition spec')
      return changed({ ...metadata, defaultSpecId })
    }
    case 'add-sort-order': {
      const added = addSortOrder(metadata, update.sortOrder)
      return { ...changed(added.metadata), orderId: added.id }
    }
    case 'set-default-sort-order': {
      const ids = metadata.sortOrders.map(({ orderId }) => orderId)
      const defaultSortOrderId = known(ids, chosen(update.orderId, state.orderId), 'sort order')
      return changed({ ...metadata, defaultSortOrderId })
    }
    case 'add-snapshot':
      return changed(addSnapshot(metadata, update.snapshot))
    case 'set-snapshot-ref':
      return changed(setRef(metadata, update))
    case 'remove-snapshot-ref':
      return changed(removeRef(metadata, update.ref))
    case 'remove-snapshots':
      return changed(removeSnapshots(metadata, update.snapshotIds))
    case 'set-properties':
      return changed({ ...metadata, properties: { ...metadata.properties, ...update.updates } })
    case 'remove-properties': {
      const kept = Object.entries(metadata.properties).filter(([key]) => !update.removals.includes(key))
      return changed({ ...metadata, properties: Object.fromEntries(kept) })
    }
  }
}

function chosen(id: number, lastAdded: number | null): number {
  return id === -1 && lastAdded !== null ? lastAdded : id
}

/** The metadata of a table just created, without snapshots. The definition's ids are kept. */
export function newTableMetadata(
  definition: TableDefinition,
  table: { readonly uuid: string; readonly location: string; readonly nowMs: number },
): TableMetadata {
  const { schema, partitionSpec, sortOrder, properties } = definition
  return {
    formatVersion: 2,
    tableUuid: table.uuid,
    location: table.location,
    lastSequenceNumber: 0,
    lastUpdatedMs: table.nowMs,
    lastColumnId: highestFieldId(schema),
    schemas: [schema],
    currentSchemaId: schema.schemaId,
    partitionSpecs: [partitionSpec],
    defaultSpecId: partitionSpec.specId,
    // 999 says "none yet": partition field ids begin at 1000.
    lastPartitionId: partitionSpec.fields.reduce((highest, field) => Math.max(highest, field.fieldId), 999),
    sortOrders: [sortOrder],
    defaultSortOrderId: sortOrder.orderId,
    properties,
    currentSnapshotId: null,
    snapshots: [],
    snapshotLog: [],
    metadataLog: [],
    rest: {},
  }
}
