import { IcebergError } from '../errors.ts'
import { asInteger, asList, asLong, asObject, asText, asTexts } from '../json.ts'
import { parseSnapshot } from '../metadata.ts'
import { parseSettings } from '../refs.ts'
import { parseSchema, parseSortOrder, parseSpec } from '../schema-json.ts'
import type { Requirement, TableDefinition, Update } from '../types.ts'

// The server's side of `rest-json.ts`, written against the REST specification and not against our client.

export function parseRequirement(json: unknown): Requirement {
  const object = asObject(json, 'requirement')
  const type = asText(object.type, 'type')
  switch (type) {
    case 'assert-create':
      return { type }
    case 'assert-table-uuid':
      return { type, uuid: asText(object.uuid, 'uuid') }
    case 'assert-ref-snapshot-id': {
      if (!('snapshot-id' in object)) throw new IcebergError('malformed', 'snapshot-id is required')
      const id = object['snapshot-id']
      return {
        type,
        ref: asText(object.ref, 'ref'),
        snapshotId: id === null ? null : asLong(id, 'snapshot-id'),
      }
    }
    case 'assert-last-assigned-field-id':
      return { type, fieldId: asInteger(object['last-assigned-field-id'], type) }
    case 'assert-current-schema-id':
      return { type, schemaId: asInteger(object['current-schema-id'], type) }
    case 'assert-last-assigned-partition-id':
      return { type, fieldId: asInteger(object['last-assigned-partition-id'], type) }
    case 'assert-default-spec-id':
      return { type, specId: asInteger(object['default-spec-id'], type) }
    case 'assert-default-sort-order-id':
      return { type, orderId: asInteger(object['default-sort-order-id'], type) }
    default:
      throw new IcebergError('unsupported', `unknown requirement ${type}`)
  }
}

export function parseUpdate(json: unknown): Update {
  const object = asObject(json, 'update')
  const action = asText(object.action, 'action')
  switch (action) {
    case 'add-schema':
      return { action, schema: parseSchema(object.schema) }
    case 'set-current-schema':
      return { action, schemaId: asInteger(object['schema-id'], 'schema-id') }
    case 'add-spec':
      return { action, spec: parseSpec(object.spec) }
    case 'set-default-spec':
      return { action, specId: asInteger(object['spec-id'], 'spec-id') }
    case 'add-sort-order':
      return { action, sortOrder: parseSortOrder(object['sort-order']) }
    case 'set-default-sort-order':
      return { action, orderId: asInteger(object['sort-order-id'], 'sort-order-id') }
    case 'add-snapshot':
      return { action, snapshot: parseSnapshot(object.snapshot) }
    case 'set-snapshot-ref':
      return {
        action,
        ref: asText(object['ref-name'], 'ref-name'),
        snapshotId: asLong(object['snapshot-id'], 'snapshot-id'),
        settings: parseSettings(object),
      }
    case 'remove-snapshot-ref':
      return { action, ref: asText(object['ref-name'], 'ref-name') }
    case 'remove-snapshots': {
      const ids = asList(object['snapshot-ids'], 'snapshot-ids')
      return { action, snapshotIds: ids.map((id) => asLong(id, 'snapshot-id')) }
    }
    case 'set-properties':
      return { action, updates: asTexts(object.updates, 'updates') }
    case 'remove-properties': {
      const removals = asList(object.removals, 'removals')
      return { action, removals: removals.map((key) => asText(key, 'removal')) }
    }
    default:
      throw new IcebergError('unsupported', `unknown update ${action}`)
  }
}

export function parseDefinition(json: unknown): TableDefinition & { readonly name: string } {
  const object = asObject(json, 'table')
  // Some servers refuse a table without it.
  if (object['stage-create'] !== false) throw new IcebergError('malformed', 'stage-create must be false')
  return {
    name: asText(object.name, 'name'),
    schema: parseSchema(object.schema),
    partitionSpec: parseSpec(object['partition-spec']),
    sortOrder: parseSortOrder(object['write-order']),
    properties: asTexts(object.properties, 'properties'),
  }
}
