import {
  assert,
  BooleanColumn,
  BytesColumn,
  type Column,
  type ColumnSpec,
  DecimalColumn,
  LongColumn,
  NameColumn,
  type StringTable,
  TextColumn,
} from '@cryptoflow/model'
import {
  Binary,
  Bool,
  type Data,
  type DataType,
  Decimal,
  Dictionary,
  Int32,
  Int64,
  makeData,
  makeVector,
  TimestampMicrosecond,
  Utf8,
} from 'apache-arrow'
import { type Bounds, exactBounds, textBounds } from './bounds.ts'
import { isDecimalBelow, readDecimal, writeDecimal, writeWideDecimal } from './decimal128.ts'
import { dictionaryOf } from './dictionary.ts'

/** One column of one file: chosen rows as Arrow data, with what a manifest says about them. */
export interface ColumnPart {
  readonly data: Data<DataType>
  readonly nulls: number
  /** Null when there is no value, or none that bounds are kept of (bytes). */
  readonly bounds: Bounds | null
}

/** Arrow keeps offsets into text and bytes as signed 32-bit numbers. */
const OFFSET_MAX = 2 ** 31 - 1

const encoder = new TextEncoder()
const utf8 = new TextDecoder()

/** Takes `rows` of a column, in that order. `column` of a `scale` is the decimal column that it belongs to. */
export function partOf(spec: ColumnSpec, column: Column, names: StringTable, rows: Uint32Array): ColumnPart {
  if (column instanceof NameColumn) return namePart(column.values, names, rows)
  if (column instanceof TextColumn) return textPart(column.values, rows)
  if (column instanceof BytesColumn) return bytesPart(column.values, rows)
  if (column instanceof BooleanColumn) return booleanPart(column.values, rows)
  if (column instanceof DecimalColumn) {
    return spec.type === 'scale' ? scalePart(column, rows) : decimalPart(column, rows)
  }
  assert(column instanceof LongColumn, 'every kind of column is known')
  if (spec.type === 'int') return intPart(column.values, rows)
  return longPart(column.values, rows, spec.type === 'timestamp')
}

/** Which rows are valid; the bitmap is made when the first null shows up. */
class Validity {
  nulls = 0
  bitmap: Uint8Array | null = null
  private readonly count: number

  constructor(count: number) {
    this.count = count
  }

  setNull(row: number): void {
    this.bitmap ??= new Uint8Array((this.count + 7) >> 3).fill(0xff)
    this.bitmap[row >> 3] = (this.bitmap[row >> 3] as number) & ~(1 << (row & 7))
    this.nulls += 1
  }

  /** What `makeData` needs of it. */
  props(): { length: number; nullCount: number; nullBitmap: Uint8Array | null } {
    return { length: this.count, nullCount: this.nulls, nullBitmap: this.bitmap }
  }
}

function namePart(values: Int32Array, names: StringTable, rows: Uint32Array): ColumnPart {
  const { ids, slots } = dictionaryOf(values, names, rows.length, rows)
  const validity = new Validity(rows.length)
  const data = new Int32Array(rows.length)
  for (let i = 0; i < rows.length; i++) {
    const id = values[rows[i] as number] as number
    if (id < 0) validity.setNull(i)
    else data[i] = slots[id] as number
  }
  const texts = ids.map((id) => names.text(id))
  const type = new Dictionary(new Utf8(), new Int32())
  const dictionary = makeVector(textData(texts, new Validity(texts.length)))
  const bounds = texts.length === 0 ? null : textBounds(texts[0] as string, texts[texts.length - 1] as string)
  return { data: makeData({ ...validity.props(), type, data, dictionary }), nulls: validity.nulls, bounds }
}

function textPart(values: readonly (string | null)[], rows: Uint32Array): ColumnPart {
  const validity = new Validity(rows.length)
  const texts: string[] = []
  for (let i = 0; i < rows.length; i++) {
    const text = values[rows[i] as number] ?? null
    if (text === null) validity.setNull(i)
    texts.push(text ?? '')
  }
  const data = textData(texts, validity)
  return { data, nulls: validity.nulls, bounds: spanBounds(data, rows.length) }
}

function textData(texts: readonly string[], validity: Validity): Data<Utf8> {
  const valueOffsets = new Int32Array(texts.length + 1)
  const joined = texts.join('')
  let data = encoder.encode(joined)
  if (data.length === joined.length) {
    for (let i = 0; i < texts.length; i++)
      valueOffsets[i + 1] = (valueOffsets[i] as number) + (texts[i] as string).length
  } else {
    // Halves of a surrogate pair in two texts must not meet and become one character.
    const wellFormed = texts.map((text) => text.toWellFormed())
    data = encoder.encode(wellFormed.join(''))
    for (let i = 0; i < texts.length; i++) {
      valueOffsets[i + 1] = (valueOffsets[i] as number) + Buffer.byteLength(wellFormed[i] as string)
    }
  }
  assert(data.length <= OFFSET_MAX, 'the text of one column of a file is below 2 GiB')
  return makeData({ ...validity.props(), type: new Utf8(), valueOffsets, data })
}

/** Lowest and highest of the valid spans of bytes, compared as UTF-8. */
function spanBounds(data: Data<Utf8>, count: number): Bounds | null {
  const { values, valueOffsets } = data
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength)
  let lowest = -1
  let highest = -1
  for (let i = 0; i < count; i++) {
    if (data.nullCount > 0 && !data.getValid(i)) continue
    if (lowest === -1 || compareSpans(bytes, valueOffsets, i, lowest) < 0) lowest = i
    if (highest === -1 || compareSpans(bytes, valueOffsets, i, highest) > 0) highest = i
  }
  if (lowest === -1) return null
  const text = (i: number) => utf8.decode(bytes.subarray(valueOffsets[i], valueOffsets[i + 1]))
  return textBounds(text(lowest), text(highest))
}

function compareSpans(bytes: Uint8Array, offsets: Int32Array, a: number, b: number): number {
  const startA = offsets[a] as number
  const startB = offsets[b] as number
  const lengthA = (offsets[a + 1] as number) - startA
  const lengthB = (offsets[b + 1] as number) - startB
  const length = Math.min(lengthA, lengthB)
  for (let i = 0; i < length; i++) {
    const difference = (bytes[startA + i] as number) - (bytes[startB + i] as number)
    if (difference !== 0) return difference
  }
  return lengthA - lengthB
}

function bytesPart(values: readonly (Uint8Array | null)[], rows: Uint32Array): ColumnPart {
  const validity = new Validity(rows.length)
  const valueOffsets = new Int32Array(rows.length + 1)
  let end = 0
  for (let i = 0; i < rows.length; i++) {
    const bytes = values[rows[i] as number] ?? null
    if (bytes === null) validity.setNull(i)
    else end += bytes.length
    assert(end <= OFFSET_MAX, 'the bytes of one column of a file are below 2 GiB')
    valueOffsets[i + 1] = end
  }
  const data = new Uint8Array(end)
  for (let i = 0; i < rows.length; i++) data.set(values[rows[i] as number] ?? [], valueOffsets[i] as number)
  return {
    data: makeData({ ...validity.props(), type: new Binary(), valueOffsets, data }),
    nulls: validity.nulls,
    bounds: null,
  }
}

function booleanPart(values: Uint8Array, rows: Uint32Array): ColumnPart {
  const validity = new Validity(rows.length)
  const data = new Uint8Array((rows.length + 7) >> 3)
  let trues = 0
  for (let i = 0; i < rows.length; i++) {
    const value = values[rows[i] as number] as number
    if (value === 2) validity.setNull(i)
    else if (value === 1) {
      data[i >> 3] = (data[i >> 3] as number) | (1 << (i & 7))
      trues += 1
    }
  }
  const { nulls } = validity
  return {
    data: makeData({ ...validity.props(), type: new Bool(), data }),
    nulls,
    bounds: nulls === rows.length ? null : exactBounds('boolean', trues === rows.length - nulls, trues > 0),
  }
}

/** Both halves of a 64-bit number are exact: the stored whole numbers are within 2^53. */
function longPart(values: Float64Array, rows: Uint32Array, isTimestamp: boolean): ColumnPart {
  const validity = new Validity(rows.length)
  const words = new Int32Array(rows.length * 2)
  let lowest = Number.POSITIVE_INFINITY
  let highest = Number.NEGATIVE_INFINITY
  let isWhole = true
  for (let i = 0; i < rows.length; i++) {
    const value = values[rows[i] as number] as number
    if (Number.isNaN(value)) {
      validity.setNull(i)
      continue
    }
    if (value < lowest) lowest = value
    if (value > highest) highest = value
    const high = Math.floor(value / 4294967296)
    const low = value - high * 4294967296
    if (low !== Math.floor(low)) isWhole = false
    words[i * 2] = low
    words[i * 2 + 1] = high
  }
  const none = validity.nulls === rows.length
  assert(
    none || (isWhole && lowest >= -(2 ** 53) && highest <= 2 ** 53),
    'a long is a whole number within 2^53',
  )
  const type = isTimestamp ? new TimestampMicrosecond('UTC') : new Int64()
  return {
    data: makeData({ ...validity.props(), type: type as Int64, data: new BigInt64Array(words.buffer) }),
    nulls: validity.nulls,
    bounds: none ? null : exactBounds('long', BigInt(lowest), BigInt(highest)),
  }
}

function intPart(values: Float64Array, rows: Uint32Array): ColumnPart {
  const validity = new Validity(rows.length)
  const data = new Int32Array(rows.length)
  for (let i = 0; i < rows.length; i++) {
    const value = values[rows[i] as number] as number
    if (Number.isNaN(value)) validity.setNull(i)
    else {
      data[i] = value
      if (data[i] !== value) assert(false, 'an int is a whole number of 32 bits')
    }
  }
  return int32Part(data, validity)
}

/** Written fraction digits of a decimal; null where the decimal is. */
function scalePart(column: DecimalColumn, rows: Uint32Array): ColumnPart {
  const validity = new Validity(rows.length)
  const data = new Int32Array(rows.length)
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number
    if (Number.isNaN(column.mantissas[row]) && !column.wide.has(row)) validity.setNull(i)
    else data[i] = column.scales[row] as number
  }
  return int32Part(data, validity)
}

function int32Part(data: Int32Array, validity: Validity): ColumnPart {
  const { bitmap, nulls } = validity
  let lowest = Number.POSITIVE_INFINITY
  let highest = Number.NEGATIVE_INFINITY
  for (let i = 0; i < data.length; i++) {
    if (bitmap !== null && ((bitmap[i >> 3] as number) & (1 << (i & 7))) === 0) continue
    const value = data[i] as number
    if (value < lowest) lowest = value
    if (value > highest) highest = value
  }
  return {
    data: makeData({ ...validity.props(), type: new Int32(), data }),
    nulls,
    bounds: nulls === data.length ? null : exactBounds('int', BigInt(lowest), BigInt(highest)),
  }
}

function decimalPart(column: DecimalColumn, rows: Uint32Array): ColumnPart {
  const { mantissas, scales, wide } = column
  const validity = new Validity(rows.length)
  const words = new Uint32Array(rows.length * 4)
  let lowest = -1
  let highest = -1
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number
    const mantissa = mantissas[row] as number
    const at = i * 4
    if (Number.isNaN(mantissa)) {
      const exact = wide.get(row)
      if (exact === undefined) {
        validity.setNull(i)
        continue
      }
      writeWideDecimal(words, at, exact, scales[row] as number)
    } else writeDecimal(words, at, mantissa, scales[row] as number)
    if (lowest === -1 || isDecimalBelow(words, at, lowest)) lowest = at
    if (highest === -1 || isDecimalBelow(words, highest, at)) highest = at
  }
  const bounds =
    lowest === -1
      ? null
      : exactBounds('decimal(38,18)', readDecimal(words, lowest), readDecimal(words, highest))
  return {
    data: makeData({ ...validity.props(), type: new Decimal(18, 38, 128), data: words }),
    nulls: validity.nulls,
    bounds,
  }
}
