import { type DecimalColumn, parseDecimal } from '@cryptoflow/model'
import { MISS, space } from './bytes.ts'

/**
 * Decimals that are written as JSON numbers, without quotes, read from the `space` of bytes.ts into columns.
 *
 * A scanner answers the offset behind the number, which it does not look at: what may stand there is for the caller
 * to check, as after every other scanner. MISS where no JSON number stands, or none that it takes.
 */

const ZERO = 48
const NINE = 57
const COMMA = 44
const POINT = 46
const MINUS = 45
const PLUS = 43
const LETTER_E = 101
const LOWER_CASE = 32
const WHOLE_DIGITS_MAX = 9
/** Longest number read without JSON: a sign, 38 digits, a point and an exponent. */
const NUMBER_BYTES_MAX = 48

const { view } = space
const powers = Float64Array.from({ length: 10 }, (_, digits) => 10 ** digits)
/** JSON's grammar: no leading zeros, digits on both sides of a point (RFC 8259, section 6). */
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/**
 * Reads the non-negative JSON number at `at` into row `row`, which must be reserved: exponents are resolved (`6E-8`
 * has scale 8, `1.16539E8` scale 0), trailing zeros count as digits. Mantissas from 2^53 on are kept as bigints.
 */
export function scanBareDecimal(at: number, column: DecimalColumn, row: number): number {
  const end = scanUsualBareDecimal(at, column.mantissas, column.scales, row)
  return isEnd(end) ? end : scanRareBareDecimal(at, column, row, false)
}

/** The same of either sign. */
export function scanSignedBareDecimal(at: number, column: DecimalColumn, row: number): number {
  const end = scanUsualBareDecimal(at, column.mantissas, column.scales, row)
  return isEnd(end) ? end : scanRareBareDecimal(at, column, row, true)
}

/** Whether a number that was read as far as `end` ends there: nearly always with a comma. */
function isEnd(end: number): boolean {
  const byte = view.getUint8(end)
  return byte === COMMA || (end !== MISS && !isNumberByte(byte))
}

/**
 * For loops over levels: one to nine digits and at most eight behind a point, whose mantissa is below 2^53. A ninth
 * digit there or an exponent is left standing, so that the caller's next check fails.
 */
export function scanUsualBareDecimal(
  at: number,
  mantissas: Float64Array,
  scales: Uint8Array,
  row: number,
): number {
  const start = at
  let whole = 0
  let digit = view.getUint8(at) - ZERO
  while (digit >= 0 && digit <= 9) {
    whole = (Math.imul(whole, 10) + digit) | 0
    at += 1
    digit = view.getUint8(at) - ZERO
  }
  if (at === start || at > start + WHOLE_DIGITS_MAX) return MISS
  if (at > start + 1 && view.getUint8(start) === ZERO) return MISS
  if (digit !== POINT - ZERO) {
    mantissas[row] = whole
    scales[row] = 0
    return at
  }
  at += 1
  const high = view.getInt32(at, true) ^ DIGITS
  const low = view.getInt32(at + 4, true) ^ DIGITS
  let scale = 8
  let fraction = 0
  if (areDigits(high, low)) {
    fraction = Math.imul(fourDigits(high), 10_000) + fourDigits(low)
  } else {
    scale = 0
    for (
      digit = view.getUint8(at) - ZERO;
      digit >= 0 && digit <= 9;
      digit = view.getUint8(at + scale) - ZERO
    ) {
      fraction = (Math.imul(fraction, 10) + digit) | 0
      scale += 1
    }
    if (scale === 0) return MISS
  }
  const mantissa = whole * (powers[scale] as number) + fraction
  if (mantissa > Number.MAX_SAFE_INTEGER) return MISS
  mantissas[row] = mantissa
  scales[row] = scale
  return at + scale
}

/** Reads signs, exponents and long numbers as the exact path does. */
export function scanRareBareDecimal(
  at: number,
  column: DecimalColumn,
  row: number,
  isSigned: boolean,
): number {
  let text = ''
  for (let byte = view.getUint8(at); isNumberByte(byte); byte = view.getUint8(at)) {
    if (text.length === NUMBER_BYTES_MAX) return MISS
    text += String.fromCharCode(byte)
    at += 1
  }
  if (!JSON_NUMBER.test(text) || (!isSigned && text.startsWith('-'))) return MISS
  const decimal = parseDecimal(text)
  if (decimal === null || decimal === 'range') return MISS
  column.set(row, decimal.mantissa, decimal.scale)
  return at
}

function isNumberByte(byte: number): boolean {
  if (byte >= ZERO && byte <= NINE) return true
  return byte === POINT || byte === MINUS || byte === PLUS || (byte | LOWER_CASE) === LETTER_E
}

const DIGITS = 0x30303030
const TOP_BITS = 0x80808080 | 0
/** Lifts every byte above 9 to its top bit. */
const LIFT = 0x76767676

/** Whether the eight bytes of two words, ASCII zeros taken off (`^ DIGITS`), are digits. */
function areDigits(first: number, second: number): boolean {
  return (((first + LIFT) | first | (second + LIFT) | second) & TOP_BITS) === 0
}

/** The value of four digits 0 ... 9, the first in the lowest byte: first pairs, then pairs of pairs. */
function fourDigits(digits: number): number {
  const pairs = (Math.imul(digits, 2561) >>> 8) & 0xff00ff
  return Math.imul(pairs, 0x640001) >>> 16
}
