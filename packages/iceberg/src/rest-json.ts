import type { JsonObject } from './json.ts'
import { snapshotToJson } from './metadata.ts'
import { refSettings, settingsToJson } from './refs.ts'
import { highestFieldId, schemaToJson, sortOrderToJson, specToJson } from './schema-json.ts'
import type { LoadedTable, Requirement, TableDefinition, TableName, Update } from './types.ts'

// Bodies of the REST catalog's requests (rest-catalog-open-api.yaml of Apache Iceberg, read 2026-11-21).

/** `CommitTableRequest`. */
export function commitToJson(
  base: LoadedTable,
  requirements: readonly Requirement[],
  updates: readonly Update[],
): JsonObject {
  const { namespace, name } = base.name
  return {
    identifier: { namespace: levelsOf(namespace), name },
    requirements: requirements.map(requirementToJson),
    updates: updates.map((update) => updateToJson(base, update)),
  }
}

/**
 * `CreateTableRequest`. `stage-create` is always said, because some servers ask for it; the location is not, because
 * the server gives it.
 */
export function createToJson({ name }: TableName, definition: TableDefinition): JsonObject {
  return {
    name,
    schema: schemaToJson(definition.schema),
    'partition-spec': specToJson(definition.partitionSpec),
    'write-order': sortOrderToJson(definition.sortOrder),
    'stage-create': false,
    properties: definition.properties,
  }
}

/** The levels of a namespace, which this package joins by dots. */
export function levelsOf(namespace: string): readonly string[] {
  return namespace.split('.')
}

function requirementToJson(requirement: Requirement): JsonObject {
  switch (requirement.type) {
    case 'assert-create':
      return { type: requirement.type }
    case 'assert-table-uuid':
      return { type: requirement.type, uuid: requirement.uuid }
    case 'assert-ref-snapshot-id':
      // The key must be there: null says that the ref is not.
      return { type: requirement.type, ref: requirement.ref, 'snapshot-id': requirement.snapshotId }
    case 'assert-last-assigned-field-id':
      return { type: requirement.type, 'last-assigned-field-id': requirement.fieldId }
    case 'assert-current-schema-id':
      return { type: requirement.type, 'current-schema-id': requirement.schemaId }
    case 'assert-last-assigned-partition-id':
      return { type: requirement.type, 'last-assigned-partition-id': requirement.fieldId }
    case 'assert-default-spec-id':
      return { type: requirement.type, 'default-spec-id': requirement.specId }
    case 'assert-default-sort-order-id':
      return { type: requirement.type, 'default-sort-order-id': requirement.orderId }
  }
}

function updateToJson({ metadata }: LoadedTable, update: Update): JsonObject {
  const { action } = update
  switch (action) {
    case 'add-schema': {
      const lastColumnId = Math.max(metadata.lastColumnId, highestFieldId(update.schema))
      return { action, schema: schemaToJson(update.schema), 'last-column-id': lastColumnId }
    }
    case 'set-current-schema':
      return { action, 'schema-id': update.schemaId }
    case 'add-spec':
      return { action, spec: specToJson(update.spec) }
    case 'set-default-spec':
      return { action, 'spec-id': update.specId }
    case 'add-sort-order':
      return { action, 'sort-order': sortOrderToJson(update.sortOrder) }
    case 'set-default-sort-order':
      return { action, 'sort-order-id': update.orderId }
    case 'add-snapshot':
      return { action, snapshot: snapshotToJson(update.snapshot) }
    case 'set-snapshot-ref': {
      // A server takes what it is told for the whole ref: settings that are to stay must be said again.
      const settings = update.settings ?? refSettings(metadata, update.ref)
      return { action, 'ref-name': update.ref, 'snapshot-id': update.snapshotId, ...settingsToJson(settings) }
    }
    case 'remove-snapshot-ref':
      return { action, 'ref-name': update.ref }
    case 'remove-snapshots':
      return { action, 'snapshot-ids': update.snapshotIds }
    case 'set-properties':
      return { action, updates: update.updates }
    case 'remove-properties':
      return { action, removals: update.removals }
  }
}
