import type { DecimalColumn } from '@cryptoflow/model'
import { scanRareBareDecimal, scanUsualBareDecimal } from '../bare-numbers.ts'
import { MISS, space } from '../bytes.ts'

/**
 * Numbers as Upbit writes them: bare, with an exponent for prices of nine digits (`1.16539E8`) and small quantities
 * (`7.9276E-4`), with eight zeros behind a price of nine digits, with ten digits and more before the point for coins
 * that cost next to nothing.
 */

const ZERO = 48
const COMMA = 44
const POINT = 46
const MINUS = 45
const PLUS = 43
const LETTER_E = 101
const LOWER_CASE = 32
const OBJECT_END = 125
const SCALE_MAX = 18
/** Digits of a part that is exact as a number. */
const PART_DIGITS_MAX = 15
const FOUR_ZEROS = 0x30303030
const TOP_BITS = 0x80808080 | 0
/** Lifts every byte above 9 to its top bit. */
const LIFT = 0x76767676

const { view } = space
/** Powers of ten that a float64 holds exactly, and that a scale may have. */
const powers = Float64Array.from({ length: SCALE_MAX + 1 }, (_, digits) => 10 ** digits)
const widePowers = Array.from({ length: SCALE_MAX + 1 }, (_, digits) => 10n ** BigInt(digits))

/** The top bits of the bytes of a word, ASCII zeros taken off, that are no digits: the lowest is told rightly. */
function strangers(word: number): number {
  return ((word + LIFT) | word) & TOP_BITS
}

/** How many digits, 0 ... 3, stand before the first byte that is none. */
function digitsBefore(strange: number): number {
  return (31 - Math.clz32(strange & -strange)) >> 3
}

/**
 * Reads the non-negative JSON number at `at` into row `row`, which must be reserved; answers the offset behind it,
 * where a comma or the end of an object stands, or MISS.
 */
export function scanNumber(at: number, column: DecimalColumn, row: number): number {
  const end = scanUsualBareDecimal(at, column.mantissas, column.scales, row)
  return isBehindNumber(end) ? end : scanRest(at, end, column, row)
}

/** The same for a number of which `scanUsualBareDecimal` took what stands before `end`, and did not end there. */
export function scanRest(at: number, end: number, column: DecimalColumn, row: number): number {
  if (end !== MISS) {
    const raised = setRaised(end, column, row)
    if (raised !== MISS) return raised
  }
  const long = scanLong(at, column, row)
  if (long !== MISS) return long
  const rare = scanRareBareDecimal(at, column, row, false)
  return isBehindNumber(rare) ? rare : MISS
}

/** Raises the row by the exponent of one digit or two at `at`; answers the offset behind it. */
function setRaised(at: number, { mantissas, scales }: DecimalColumn, row: number): number {
  if ((view.getUint8(at) | LOWER_CASE) !== LETTER_E) return MISS
  const isNegative = view.getUint8(at + 1) === MINUS
  at = exponentAt(at)
  let exponent = view.getUint8(at) - ZERO
  if (exponent < 0 || exponent > 9) return MISS
  at += 1
  if (!isBehindNumber(at)) {
    const digit = view.getUint8(at) - ZERO
    if (digit < 0 || digit > 9) return MISS
    exponent = exponent * 10 + digit
    at += 1
    if (!isBehindNumber(at)) return MISS
  }
  let mantissa = mantissas[row] as number
  let scale = (scales[row] as number) + (isNegative ? exponent : -exponent)
  if (scale < 0) {
    // Beyond the powers it is NaN, which is not below 2^53 either; what is beyond 2^53 stays there, however rounded.
    mantissa *= powers[-scale] ?? Number.NaN
    scale = 0
  }
  if (!(mantissa <= Number.MAX_SAFE_INTEGER) || scale > SCALE_MAX) return MISS
  mantissas[row] = mantissa
  scales[row] = scale
  return at
}

/** A number of at most fifteen digits on each side of the point, without an exponent: exact part by part. */
function scanLong(at: number, column: DecimalColumn, row: number): number {
  const pointAt = digitsEnd(at)
  const isPoint = view.getUint8(pointAt) === POINT
  const end = isPoint ? digitsEnd(pointAt + 1) : pointAt
  const whole = pointAt - at
  const scale = isPoint ? end - pointAt - 1 : 0
  if (whole === 0 || whole > PART_DIGITS_MAX || (whole > 1 && view.getUint8(at) === ZERO)) return MISS
  if ((isPoint && scale === 0) || scale > PART_DIGITS_MAX || !isBehindNumber(end)) return MISS
  const parts = [wholeIn(at, pointAt), wholeIn(end - scale, end)] as const
  const mantissa = parts[0] * (powers[scale] as number) + parts[1]
  if (mantissa <= Number.MAX_SAFE_INTEGER) {
    column.mantissas[row] = mantissa
    column.scales[row] = scale
  } else column.set(row, BigInt(parts[0]) * (widePowers[scale] as bigint) + BigInt(parts[1]), scale)
  return end
}

function wholeIn(at: number, end: number): number {
  let value = 0
  for (; at < end; at++) value = value * 10 + view.getUint8(at) - ZERO
  return value
}

function isBehindNumber(end: number): boolean {
  const byte = view.getUint8(end)
  return byte === COMMA || byte === OBJECT_END
}

/** Passes by a non-negative JSON number that is not stored, whatever its value. */
export function passNumber(at: number): number {
  let end = digitsEnd(at)
  if (end === at || (end > at + 1 && view.getUint8(at) === ZERO)) return MISS
  if (view.getUint8(end) === POINT) {
    const partAt = end + 1
    end = digitsEnd(partAt)
    if (end === partAt) return MISS
  }
  if ((view.getUint8(end) | LOWER_CASE) === LETTER_E) {
    const digitsAt = exponentAt(end)
    end = digitsEnd(digitsAt)
    if (end === digitsAt) return MISS
  }
  return isBehindNumber(end) ? end : MISS
}

/** Where the digits of the exponent begin whose letter stands at `at`. */
function exponentAt(at: number): number {
  const sign = view.getUint8(at + 1)
  return sign === MINUS || sign === PLUS ? at + 2 : at + 1
}

function digitsEnd(at: number): number {
  let strange = strangers(view.getInt32(at, true) ^ FOUR_ZEROS)
  while (strange === 0) {
    at += 4
    strange = strangers(view.getInt32(at, true) ^ FOUR_ZEROS)
  }
  return at + digitsBefore(strange)
}
