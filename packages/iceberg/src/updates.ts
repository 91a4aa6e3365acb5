import { IcebergError } from './errors.ts'
import { numberProperty } from './properties.ts'
import { snapshotOf } from './snapshots.ts'
import type { Requirement, Snapshot, TableDefinition, TableMetadata, Update } from './types.ts'

/** Clocks may differ by this much before other engines refuse the metadata (Java's ONE_MINUTE). */
const BACKWARDS_MS_MAX = 60_000

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
  const updated = updates.reduce(applyUpdate, base)
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

function holds(metadata: TableMetadata, requirement: Requirement): boolean {
  switch (requirement.type) {
    case 'assert-table-uuid':
      return metadata.tableUuid === requirement.uuid
    case 'assert-ref-snapshot-id':
      return metadata.currentSnapshotId === requirement.snapshotId
  }
}

function applyUpdate(metadata: TableMetadata, update: Update): TableMetadata {
  switch (update.action) {
    case 'add-snapshot':
      return addSnapshot(metadata, update.snapshot)
    case 'set-snapshot-ref':
      return setMain(metadata, update.snapshotId)
    case 'set-properties':
      return { ...metadata, properties: { ...metadata.properties, ...update.updates } }
    case 'remove-properties': {
      const kept = Object.entries(metadata.properties).filter(([key]) => !update.removals.includes(key))
      return { ...metadata, properties: Object.fromEntries(kept) }
    }
  }
}

function addSnapshot(metadata: TableMetadata, snapshot: Snapshot): TableMetadata {
  if (snapshotOf(metadata, snapshot.snapshotId) !== null) {
    throw new IcebergError('refused', 'adding a snapshot, found its id in the table', {
      id: snapshot.snapshotId,
    })
  }
  if (snapshot.sequenceNumber <= metadata.lastSequenceNumber) {
    throw new IcebergError('refused', 'adding a snapshot, found a sequence number that is not new', {
      found: snapshot.sequenceNumber,
      last: metadata.lastSequenceNumber,
    })
  }
  if (snapshot.timestampMs < metadata.lastUpdatedMs - BACKWARDS_MS_MAX) {
    throw new IcebergError('refused', 'adding a snapshot, found a time before the table was last changed', {
      found: snapshot.timestampMs,
      last: metadata.lastUpdatedMs,
    })
  }
  return {
    ...metadata,
    lastSequenceNumber: snapshot.sequenceNumber,
    lastUpdatedMs: Math.max(metadata.lastUpdatedMs, snapshot.timestampMs),
    snapshots: [...metadata.snapshots, snapshot],
  }
}

function setMain(metadata: TableMetadata, snapshotId: bigint): TableMetadata {
  if (metadata.currentSnapshotId === snapshotId) return metadata
  if (snapshotOf(metadata, snapshotId) === null) {
    throw new IcebergError('refused', 'moving main, found no such snapshot in the table', { snapshotId })
  }
  return {
    ...metadata,
    currentSnapshotId: snapshotId,
    snapshotLog: [...metadata.snapshotLog, { snapshotId, timestampMs: metadata.lastUpdatedMs }],
  }
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
    lastColumnId: schema.fields.reduce((highest, field) => Math.max(highest, field.id), 0),
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
