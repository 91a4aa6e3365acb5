import { IcebergError } from './errors.ts'
import { printJson } from './json.ts'
import { highestFieldId, schemaToJson, sortOrderToJson, specToJson } from './schema-json.ts'
import type { PartitionSpec, Schema, SortOrder, TableMetadata } from './types.ts'

/** Metadata with something added, and the id it has there. */
export interface Added {
  readonly metadata: TableMetadata
  readonly id: number
}

/** An equal schema is used again: its files need no other one to be read with. */
export function addSchema(metadata: TableMetadata, schema: Schema): Added {
  checkUnique(
    schema.fields.map(({ id }) => id),
    'column id',
  )
  checkUnique(
    schema.fields.map(({ name }) => name),
    'column name',
  )
  const text = (schemaId: number, each: Schema): string => printJson(schemaToJson({ ...each, schemaId }))
  const equal = metadata.schemas.find((each) => text(0, each) === text(0, schema))
  if (equal !== undefined) return { metadata, id: equal.schemaId }
  const id = nextId(metadata.schemas.map(({ schemaId }) => schemaId))
  return {
    id,
    metadata: {
      ...metadata,
      schemas: [...metadata.schemas, { ...schema, schemaId: id }],
      lastColumnId: Math.max(metadata.lastColumnId, highestFieldId(schema)),
    },
  }
}

/** Throws IcebergError `refused` for a field id that stands for something else in another spec. */
export function addSpec(metadata: TableMetadata, spec: PartitionSpec): Added {
  checkUnique(
    spec.fields.map(({ fieldId }) => fieldId),
    'partition field id',
  )
  checkUnique(
    spec.fields.map(({ name }) => name),
    'partition field name',
  )
  for (const field of spec.fields) {
    const known = metadata.partitionSpecs.flatMap(({ fields }) => fields)
    const taken = known.find(({ fieldId }) => fieldId === field.fieldId)
    if (taken !== undefined && taken.sourceId !== field.sourceId) {
      throw new IcebergError('refused', 'adding a partition spec, found a field id of another column in it', {
        fieldId: field.fieldId,
      })
    }
  }
  const text = (specId: number, each: PartitionSpec): string => printJson(specToJson({ ...each, specId }))
  const equal = metadata.partitionSpecs.find((each) => text(0, each) === text(0, spec))
  if (equal !== undefined) return { metadata, id: equal.specId }
  const id = nextId(metadata.partitionSpecs.map(({ specId }) => specId))
  return {
    id,
    metadata: {
      ...metadata,
      partitionSpecs: [...metadata.partitionSpecs, { ...spec, specId: id }],
      lastPartitionId: spec.fields.reduce(
        (highest, { fieldId }) => Math.max(highest, fieldId),
        metadata.lastPartitionId,
      ),
    },
  }
}

/** Order 0 is the one without fields (spec "Sorting"). */
export function addSortOrder(metadata: TableMetadata, order: SortOrder): Added {
  const text = (orderId: number, each: SortOrder): string => printJson(sortOrderToJson({ ...each, orderId }))
  const equal = metadata.sortOrders.find((each) => text(0, each) === text(0, order))
  if (equal !== undefined) return { metadata, id: equal.orderId }
  const id = order.fields.length === 0 ? 0 : nextId([0, ...metadata.sortOrders.map(({ orderId }) => orderId)])
  return {
    id,
    metadata: { ...metadata, sortOrders: [...metadata.sortOrders, { ...order, orderId: id }] },
  }
}

/** The id, when the table has it among `ids`. */
export function known(ids: readonly number[], id: number, what: string): number {
  if (ids.includes(id)) return id
  throw new IcebergError('refused', `choosing a ${what}, found none of that id in the table`, { id })
}

function nextId(ids: readonly number[]): number {
  return ids.reduce((highest, id) => Math.max(highest, id), -1) + 1
}

function checkUnique(values: readonly (string | number)[], what: string): void {
  const twice = values.find((value, i) => values.indexOf(value) !== i)
  if (twice !== undefined) throw new IcebergError('refused', `found the ${what} ${twice} twice`)
}
