import { assert, type DecimalColumn } from '@cryptoflow/model'
import { Bool, Decimal, Int32, Int64, makeData, TimestampMicrosecond } from 'apache-arrow'
import { exactBounds } from './bounds.ts'
import { isDecimalBelow, readDecimal, writeDecimal, writeWideDecimal } from './decimal128.ts'
import type { ColumnPart } from './parts.ts'
import { Validity } from './validity.ts'

export function booleanPart(values: Uint8Array, rows: Uint32Array): ColumnPart {
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
export function longPart(values: Float64Array, rows: Uint32Array, isTimestamp: boolean): ColumnPart {
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

export function intPart(values: Float64Array, rows: Uint32Array): ColumnPart {
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
export function scalePart(column: DecimalColumn, rows: Uint32Array): ColumnPart {
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

export function decimalPart(column: DecimalColumn, rows: Uint32Array): ColumnPart {
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
