import type { AvroReader, AvroWriter } from './avro-bytes.ts'
import type { AvroField, AvroType } from './avro-schema.ts'
import { IcebergError } from './errors.ts'
import { decimalBytes, decimalFromBytes } from './twos-complement.ts'

/**
 * A value of any Avro type: whole numbers are bigint only beyond 2^53, a decimal is its unscaled bigint, a
 * record maps Iceberg field id to value.
 */
export type AvroValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly AvroValue[]
  | AvroRecord
export type AvroRecord = ReadonlyMap<number, AvroValue>

/** Writes one value. A record's absent field counts as null. Throws IcebergError `refused` on a wrong value. */
export function writeAvro(out: AvroWriter, type: AvroType, value: AvroValue, path = 'record'): void {
  switch (type.kind) {
    case 'null':
      break
    case 'boolean':
      out.boolean(expect(typeof value === 'boolean', value as boolean, type, path))
      break
    case 'int':
      out.long(expect(value === ((value as number) | 0), value as number, type, path))
      break
    case 'long':
      out.long(expect(isWhole(value), value as number | bigint, type, path))
      break
    case 'float':
      out.float(expect(typeof value === 'number', value as number, type, path))
      break
    case 'double':
      out.double(expect(typeof value === 'number', value as number, type, path))
      break
    case 'string':
      out.string(expect(typeof value === 'string', value as string, type, path))
      break
    case 'bytes':
      out.bytes(expect(value instanceof Uint8Array, value as Uint8Array, type, path))
      break
    case 'fixed':
      out.raw(fixedBytes(type, value, path))
      break
    case 'array':
      writeArray(out, type.items, expect(Array.isArray(value), value as AvroValue[], type, path), path)
      break
    case 'record':
      writeRecord(out, type.fields, expect(value instanceof Map, value as AvroRecord, type, path), path)
      break
    case 'union':
      writeOptional(out, type.options, value, path)
      break
    default:
      throw new IcebergError('unsupported', `writing avro type ${type.kind} at ${path}`)
  }
}

function writeArray(out: AvroWriter, items: AvroType, values: readonly AvroValue[], path: string): void {
  if (values.length > 0) {
    out.long(values.length)
    for (const value of values) writeAvro(out, items, value, path)
  }
  out.long(0)
}

function writeRecord(out: AvroWriter, fields: readonly AvroField[], values: AvroRecord, path: string): void {
  for (const field of fields) {
    writeAvro(out, field.type, values.get(field.fieldId ?? -1) ?? null, `${path}.${field.name}`)
  }
}

function writeOptional(out: AvroWriter, options: readonly AvroType[], value: AvroValue, path: string): void {
  const [first, second] = options
  if (options.length !== 2 || first?.kind !== 'null' || second === undefined) {
    throw new IcebergError('unsupported', `writing a union other than [null, type] at ${path}`)
  }
  out.long(value === null ? 0 : 1)
  if (value !== null) writeAvro(out, second, value, path)
}

function fixedBytes(type: AvroType & { kind: 'fixed' }, value: AvroValue, path: string): Uint8Array {
  const bytes = type.isDecimal && typeof value === 'bigint' ? decimalBytes(value, type.size) : value
  return expect(bytes instanceof Uint8Array && bytes.length === type.size, bytes as Uint8Array, type, path)
}

function isWhole(value: AvroValue): boolean {
  return typeof value === 'bigint' || Number.isSafeInteger(value)
}

function expect<T>(holds: boolean, value: T, type: AvroType, path: string): T {
  if (holds) return value
  throw new IcebergError('refused', `writing ${path}, found another value, expected ${type.kind}`, { value })
}

/** Reads one value as its writer's schema says. */
export function readAvro(input: AvroReader, type: AvroType): AvroValue {
  switch (type.kind) {
    case 'null':
      return null
    case 'boolean':
      return input.boolean()
    case 'int':
    case 'long':
      return input.long()
    case 'float':
      return input.float()
    case 'double':
      return input.double()
    case 'string':
      return input.string()
    case 'bytes':
      return input.bytes()
    case 'fixed':
      return type.isDecimal ? decimalFromBytes(input.raw(type.size)) : input.raw(type.size)
    case 'enum':
      return choose(type.symbols, input.integer(), 'enum')
    case 'union':
      return readAvro(input, choose(type.options, input.integer(), 'union'))
    case 'array':
      return readBlocks(input, () => readAvro(input, type.items))
    case 'map':
      return readBlocks(input, () => [input.string(), readAvro(input, type.values)])
    case 'record':
      return readRecord(input, type.fields)
  }
}

function readRecord(input: AvroReader, fields: readonly AvroField[]): AvroRecord {
  const values = new Map<number, AvroValue>()
  for (const field of fields) {
    const value = readAvro(input, field.type)
    if (field.fieldId !== null) values.set(field.fieldId, value)
  }
  return values
}

function readBlocks(input: AvroReader, item: () => AvroValue): AvroValue[] {
  const values: AvroValue[] = []
  for (;;) {
    let count = input.integer()
    if (count === 0) return values
    if (count < 0) {
      // A negative count announces the block's size in bytes, for readers that skip.
      input.integer()
      count = -count
    }
    if (count > input.left)
      throw new IcebergError('malformed', 'reading an avro array, found a count beyond its bytes')
    for (let i = 0; i < count; i++) values.push(item())
  }
}

function choose<T>(options: readonly T[], index: number, what: string): T {
  const option = options[index]
  if (option === undefined)
    throw new IcebergError('malformed', `reading an avro ${what}, found no such index`, { index })
  return option
}
