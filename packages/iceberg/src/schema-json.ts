import { asInteger, asList, asObject, asText, type JsonObject, restOf } from './json.ts'
import type {
  Field,
  PartitionField,
  PartitionSpec,
  PrimitiveType,
  Schema,
  SortField,
  SortOrder,
  Transform,
} from './types.ts'

const PRIMITIVE =
  /^(boolean|int|long|float|double|date|time|timestamp|timestamptz|string|uuid|binary|fixed\[\d+\]|decimal\(\d+, ?\d+\))$/

/** A schema of metadata.json (spec appendix C). */
export function parseSchema(json: unknown): Schema {
  const object = asObject(json, 'schema')
  const raw = asList(object.fields, 'schema fields')
  const fields = raw.map(parseField)
  const known = fields.filter((field) => field !== null)
  const complete = known.length === raw.length
  return {
    schemaId: object['schema-id'] === undefined ? 0 : asInteger(object['schema-id'], 'schema-id'),
    fields: known,
    ...restOf(object, complete ? ['type', 'schema-id', 'fields'] : ['type', 'schema-id']),
  }
}

/** Null when the type is none that this package models. */
function parseField(json: unknown): Field | null {
  const object = asObject(json, 'schema field')
  if (typeof object.type !== 'string' || !PRIMITIVE.test(object.type)) return null
  return {
    id: asInteger(object.id, 'field id'),
    name: asText(object.name, 'field name'),
    required: object.required === true,
    type: object.type.replace(' ', '') as PrimitiveType,
    ...restOf(object, ['id', 'name', 'required', 'type']),
  }
}

export function schemaToJson(schema: Schema): JsonObject {
  return {
    type: 'struct',
    'schema-id': schema.schemaId,
    fields: schema.fields.map((field) => ({
      id: field.id,
      name: field.name,
      required: field.required,
      type: typeToJson(field.type),
      ...field.rest,
    })),
    ...schema.rest,
  }
}

/** The highest id of a column or of what is nested in one; 0 for a schema without columns. */
export function highestFieldId(schema: Schema): number {
  return highestId(schemaToJson(schema).fields)
}

const ID_KEYS = ['id', 'element-id', 'key-id', 'value-id']

function highestId(json: unknown): number {
  if (typeof json !== 'object' || json === null) return 0
  return Object.entries(json).reduce((highest, [key, value]) => {
    const id = ID_KEYS.includes(key) && typeof value === 'number' ? value : highestId(value)
    return Math.max(highest, id)
  }, 0)
}

// The specification writes decimal(P, S); some readers match that text exactly.
export function typeToJson(type: PrimitiveType): string {
  return type.replace(',', ', ')
}

/** A partition spec of metadata.json. */
export function parseSpec(json: unknown): PartitionSpec {
  const object = asObject(json, 'partition spec')
  return {
    specId: asInteger(object['spec-id'], 'spec-id'),
    fields: asList(object.fields, 'partition fields').map(parsePartitionField),
    ...restOf(object, ['spec-id', 'fields']),
  }
}

function parsePartitionField(json: unknown): PartitionField {
  const object = asObject(json, 'partition field')
  return {
    sourceId: asInteger(object['source-id'], 'source-id'),
    fieldId: asInteger(object['field-id'], 'field-id'),
    name: asText(object.name, 'partition field name'),
    transform: asText(object.transform, 'transform') as Transform,
    ...restOf(object, ['source-id', 'field-id', 'name', 'transform']),
  }
}

export function specToJson(spec: PartitionSpec): JsonObject {
  return { 'spec-id': spec.specId, fields: partitionFieldsToJson(spec), ...spec.rest }
}

/** Only the fields, as the header of a manifest wants them. */
export function partitionFieldsToJson(spec: PartitionSpec): readonly JsonObject[] {
  return spec.fields.map((field) => ({
    name: field.name,
    transform: field.transform,
    'source-id': field.sourceId,
    'field-id': field.fieldId,
    ...field.rest,
  }))
}

/** A sort order of metadata.json. */
export function parseSortOrder(json: unknown): SortOrder {
  const object = asObject(json, 'sort order')
  return {
    orderId: asInteger(object['order-id'], 'order-id'),
    fields: asList(object.fields, 'sort fields').map(parseSortField),
    ...restOf(object, ['order-id', 'fields']),
  }
}

function parseSortField(json: unknown): SortField {
  const object = asObject(json, 'sort field')
  return {
    sourceId: asInteger(object['source-id'], 'source-id'),
    transform: asText(object.transform, 'transform') as Transform,
    direction: object.direction === 'desc' ? 'desc' : 'asc',
    nullOrder: object['null-order'] === 'nulls-last' ? 'nulls-last' : 'nulls-first',
    ...restOf(object, ['source-id', 'transform', 'direction', 'null-order']),
  }
}

export function sortOrderToJson(order: SortOrder): JsonObject {
  return {
    'order-id': order.orderId,
    fields: order.fields.map((field) => ({
      transform: field.transform,
      'source-id': field.sourceId,
      direction: field.direction,
      'null-order': field.nullOrder,
      ...field.rest,
    })),
    ...order.rest,
  }
}
