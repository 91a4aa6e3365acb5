import {
  BooleanColumn,
  BytesColumn,
  type Column,
  type ColumnSpec,
  type ColumnType,
  DecimalColumn,
  LongColumn,
  NameColumn,
  type RowBuffer,
  reserveRows,
  type StringTable,
  TextColumn,
} from '@cryptoflow/model'
import { type Data, type DataType, tableFromIPC, type Vector } from 'apache-arrow'
import { readParquet } from 'parquet-wasm'
import { readDecimal, readMantissa } from './decimal128.ts'

/** Arrow's names of the types that the encoder is given; a file of another writer may have others. */
const arrowTypes: Readonly<Record<ColumnType, string>> = {
  name: 'Dictionary<Int32, Utf8>',
  text: 'Utf8',
  bytes: 'Binary',
  boolean: 'Bool',
  int: 'Int32',
  scale: 'Int32',
  long: 'Int64',
  timestamp: 'Timestamp<MICROSECOND, UTC>',
  decimal: 'Decimal[38e+18]',
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Why a file cannot be read as rows of the table without losing something. */
class Unreadable extends Error {}

/**
 * Appends the rows of a data file to a buffer, in the file's order, so that sealing them gives the same cells again.
 * Columns are known by their field ids; one that the file does not have is null. Answers why the file is left alone:
 * somebody else's columns, types or values; then the buffer is as it was. Null: all rows are in the buffer.
 *
 * Blocks the calling thread.
 */
export function unsealRows(bytes: Uint8Array, buffer: RowBuffer): string | null {
  const from = buffer.count
  try {
    appendRows(bytes, buffer)
    return null
  } catch (error) {
    for (const column of Object.values(buffer.columns as Record<string, Column>)) {
      if (column instanceof DecimalColumn) column.forgetWide(from)
    }
    if (error instanceof Unreadable) return error.message
    // What the wasm reader says of a file that is no Parquet file, or of a feature it does not know.
    return `the reader says: ${error instanceof Error ? error.message : error}`
  }
}

function appendRows(bytes: Uint8Array, buffer: RowBuffer): void {
  const specs = Object.entries(buffer.table.columns)
  const known = new Set(specs.map(([, { id }]) => id))
  const file = tableFromIPC(readParquet(bytes, { batchSize: 2 ** 31 - 1 }).intoIPCStream())
  const found = new Map<number, Vector>()
  for (const [i, field] of file.schema.fields.entries()) {
    const id = Number(field.metadata.get('PARQUET:field_id') ?? Number.NaN)
    if (!known.has(id)) throw new Unreadable(`column ${field.name} (id ${id}) is not in the contract`)
    found.set(id, file.getChildAt(i) as Vector)
  }
  reserveRows(buffer, file.numRows)
  const columns = buffer.columns as Record<string, Column>
  for (const [name, spec] of specs) {
    if (spec.type === 'scale') continue
    const scale = specs.find(([, { of }]) => of === name)?.[1]
    readColumn(
      { name, column: columns[name] as Column, from: buffer.count, rows: file.numRows, names: buffer.names },
      partOf(found, name, spec),
      scale === undefined ? null : partOf(found, `${name}_scale`, scale),
    )
  }
  buffer.count += file.numRows
}

/** The one chunk of a column; null when the file has no such column. */
function partOf(found: ReadonlyMap<number, Vector>, name: string, spec: ColumnSpec): Data<DataType> | null {
  const vector = found.get(spec.id)
  if (vector === undefined) {
    if (!spec.nullable) throw new Unreadable(`column ${name} is not in the file`)
    return null
  }
  const type = String(vector.type)
  if (type !== arrowTypes[spec.type])
    throw new Unreadable(`column ${name} is ${type}, expected ${arrowTypes[spec.type]}`)
  const [data, more] = vector.data
  if (data === undefined || more !== undefined || data.offset !== 0)
    throw new Unreadable(`column ${name} is not of one piece`)
  if (data.nullCount > 0 && !spec.nullable) throw new Unreadable(`column ${name} has a null`)
  return data
}

/** Where the values of a column go. */
interface Target {
  readonly name: string
  readonly column: Column
  readonly from: number
  readonly rows: number
  readonly names: StringTable
}

function readColumn(target: Target, data: Data<DataType> | null, scales: Data<DataType> | null): void {
  const { column } = target
  if (column instanceof NameColumn) readNames(column, target, data)
  else if (column instanceof TextColumn || column instanceof BytesColumn) readSpans(column, target, data)
  else if (column instanceof BooleanColumn) readBooleans(column, target, data)
  else if (column instanceof LongColumn) readLongs(column, target, data)
  else readDecimals(column, target, data, scales)
}

function readNames(
  column: NameColumn,
  { name, from, rows, names }: Target,
  data: Data<DataType> | null,
): void {
  const ids: number[] = []
  for (const part of (data?.dictionary as Vector | undefined)?.data ?? []) {
    const { values, valueOffsets } = part
    for (let i = 0; i < part.length; i++) {
      const id = names.idOfBytes(values, valueOffsets[i] as number, valueOffsets[i + 1] as number)
      if (id < 0) throw new Unreadable(`column ${name} has a name that is not UTF-8, or too many names`)
      ids.push(id)
    }
  }
  const nulls = nullsOf(data)
  for (let i = 0; i < rows; i++) {
    column.values[from + i] = isNull(nulls, i) ? -1 : (ids[data?.values[i] as number] as number)
  }
}

function readSpans(
  column: TextColumn | BytesColumn,
  { from, rows }: Target,
  data: Data<DataType> | null,
): void {
  const values: (string | Uint8Array | null)[] = column.values
  const nulls = nullsOf(data)
  for (let i = 0; i < rows; i++) {
    if (isNull(nulls, i)) values[from + i] = null
    else {
      const { valueOffsets } = data as Data<DataType>
      const span = data?.values.subarray(valueOffsets[i], valueOffsets[i + 1])
      values[from + i] = column instanceof TextColumn ? utf8.decode(span) : span
    }
  }
}

function readBooleans(column: BooleanColumn, { from, rows }: Target, data: Data<DataType> | null): void {
  const nulls = nullsOf(data)
  for (let i = 0; i < rows; i++) {
    column.values[from + i] = isNull(nulls, i) ? 2 : ((data?.values[i >> 3] as number) >> (i & 7)) & 1
  }
}

function readLongs(column: LongColumn, { name, from, rows }: Target, data: Data<DataType> | null): void {
  const { values } = column
  const nulls = nullsOf(data)
  const words = wordsOf(data)
  for (let i = 0; i < rows; i++) {
    if (isNull(nulls, i)) values[from + i] = Number.NaN
    else {
      const value = words === null ? data?.values[i] : wholeAt(words, i)
      if (Math.abs(value) > 2 ** 53) throw new Unreadable(`column ${name} has a number beyond 2^53`)
      values[from + i] = value
    }
  }
}

/** The halves of 64-bit numbers, from which none has to be made a BigInt; null where they are of 32 bits. */
function wordsOf(data: Data<DataType> | null): Int32Array | null {
  if (!(data?.values instanceof BigInt64Array)) return null
  const { buffer, byteOffset, length } = data.values
  return new Int32Array(buffer, byteOffset, length * 2)
}

function wholeAt(words: Int32Array, i: number): number {
  return (words[2 * i + 1] as number) * 4294967296 + ((words[2 * i] as number) >>> 0)
}

/** Beside a scale the digits are those that were written; without one as few as the value needs. */
function readDecimals(
  column: DecimalColumn,
  { name, from, rows }: Target,
  data: Data<DataType> | null,
  scales: Data<DataType> | null,
): void {
  const nulls = nullsOf(data)
  const scaleNulls = nullsOf(scales)
  for (let i = 0; i < rows; i++) {
    if (isNull(nulls, i)) {
      if (!isNull(scaleNulls, i)) throw new Unreadable(`column ${name} is null beside a scale`)
      column.setNull(from + i)
      continue
    }
    if (scales !== null && isNull(scaleNulls, i)) throw new Unreadable(`column ${name} has no scale`)
    const words = data?.values as Uint32Array
    if (scales !== null) {
      const scale = scales.values[i] as number
      const mantissa = readMantissa(words, i * 4, scale)
      if (!Number.isNaN(mantissa)) {
        column.mantissas[from + i] = mantissa
        column.scales[from + i] = scale
        continue
      }
    }
    const value = readDecimal(words, i * 4)
    const scale = scales === null ? leastScale(value) : (scales.values[i] as number)
    const factor = factors[scale]
    if (factor === undefined || value % factor !== 0n)
      throw new Unreadable(`column ${name} has more digits than its scale`)
    column.set(from + i, value / factor, scale)
  }
}

/** 10^(18 - scale) by scale. */
const factors = Array.from({ length: 19 }, (_, scale) => 10n ** BigInt(18 - scale))

function leastScale(value: bigint): number {
  return factors.findIndex((factor) => value % factor === 0n)
}

/** Which rows of a column are null: none, all, or those whose bit is not set. */
type Nulls = 'none' | 'all' | Uint8Array

function nullsOf(data: Data<DataType> | null): Nulls {
  if (data === null) return 'all'
  return data.nullCount > 0 ? data.nullBitmap : 'none'
}

function isNull(nulls: Nulls, i: number): boolean {
  if (typeof nulls === 'string') return nulls === 'all'
  return ((nulls[i >> 3] as number) & (1 << (i & 7))) === 0
}
