import { IcebergError } from './errors.ts'
import { asInteger, asList, asObject, asText, type JsonObject } from './json.ts'

const PRIMITIVES = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const
type Primitive = (typeof PRIMITIVES)[number]

/** An Avro schema with all names resolved. Record fields are known by Iceberg's field id, not by name. */
export type AvroType =
  | { readonly kind: Primitive }
  | { readonly kind: 'fixed'; readonly size: number; readonly isDecimal: boolean }
  | { readonly kind: 'enum'; readonly symbols: readonly string[] }
  | { readonly kind: 'array'; readonly items: AvroType }
  | { readonly kind: 'map'; readonly values: AvroType }
  | { readonly kind: 'union'; readonly options: readonly AvroType[] }
  | { readonly kind: 'record'; readonly fields: readonly AvroField[] }

/** `fieldId` null: a field that Iceberg does not know; read and dropped. */
export interface AvroField {
  readonly fieldId: number | null
  readonly name: string
  readonly type: AvroType
}

/** The schema of an object container's header. Throws IcebergError `malformed`. */
export function compileAvroSchema(json: unknown): AvroType {
  return compile(json, new Map())
}

function compile(json: unknown, names: Map<string, AvroType>): AvroType {
  if (typeof json === 'string') return named(json, names)
  if (Array.isArray(json)) return { kind: 'union', options: json.map((option) => compile(option, names)) }
  const object = asObject(json, 'avro schema')
  switch (object.type) {
    case 'record':
      return compileRecord(object, names)
    case 'array':
      return { kind: 'array', items: compile(object.items, names) }
    case 'map':
      return { kind: 'map', values: compile(object.values, names) }
    case 'enum': {
      const symbols = asList(object.symbols, 'enum symbols').map((symbol) => asText(symbol, 'enum symbol'))
      return register(object, names, { kind: 'enum', symbols })
    }
    case 'fixed': {
      const size = asInteger(object.size, 'fixed size')
      return register(object, names, { kind: 'fixed', size, isDecimal: object.logicalType === 'decimal' })
    }
    default:
      return compile(object.type, names)
  }
}

function compileRecord(object: JsonObject, names: Map<string, AvroType>): AvroType {
  const fields: AvroField[] = []
  const record = register(object, names, { kind: 'record', fields })
  for (const item of asList(object.fields, 'record fields')) {
    const field = asObject(item, 'record field')
    fields.push({
      fieldId: field['field-id'] === undefined ? null : asInteger(field['field-id'], 'field-id'),
      name: asText(field.name, 'field name'),
      type: compile(field.type, names),
    })
  }
  return record
}

function register(object: JsonObject, names: Map<string, AvroType>, type: AvroType): AvroType {
  names.set(asText(object.name, 'type name'), type)
  return type
}

function named(name: string, names: ReadonlyMap<string, AvroType>): AvroType {
  const primitive = PRIMITIVES.find((candidate) => candidate === name)
  if (primitive !== undefined) return { kind: primitive }
  const type = names.get(name)
  if (type === undefined) throw new IcebergError('malformed', 'avro schema names an unknown type', { name })
  return type
}
