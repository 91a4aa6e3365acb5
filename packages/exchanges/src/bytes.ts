import { type DecimalColumn, parseDecimal } from '@cryptoflow/model'

/**
 * Reading JSON text straight from bytes into columns: the parts that every fast path is made of.
 *
 * A scanner takes the offset to read at and answers the offset behind what it read. What it does not
 * recognise it answers with MISS, which lies beyond every frame, so that the next check fails by itself and
 * only the last one needs an `if`. Nothing here reads at or behind `end`, whatever the bytes are.
 */

/** Behind every frame (a frame is at most 2^29 bytes), and far enough from 2^31 to add lengths to it. */
export const MISS = 2 ** 30

const QUOTE = 34
const POINT = 46
const BACKSLASH = 92
const ZERO = 48
const WHOLE_DIGITS_MAX = 9
const FRACTION_DIGITS_MAX = 9
const INTEGER_DIGITS_MAX = 16
/** Longest number text read without JSON: a sign, 38 digits, a point and an exponent. */
const NUMBER_BYTES_MAX = 48

const powers = Float64Array.from({ length: FRACTION_DIGITS_MAX + 1 }, (_, digits) => 10 ** digits)

/** Four ASCII characters as the little-endian word that `view.getInt32(at, true)` reads. */
export function word(text: string): number {
  return half(text.slice(0, 2)) | (half(text.slice(2)) << 16)
}

/** Two ASCII characters as the little-endian half word that `view.getUint16(at, true)` reads. */
export function half(text: string): number {
  return text.charCodeAt(0) | (text.charCodeAt(1) << 8)
}

/** Whether the five bytes at `at` are the word `head` and, overlapping it by three, the word `tail`. */
export function isFive(view: DataView, at: number, end: number, head: number, tail: number): boolean {
  return at + 5 <= end && view.getInt32(at, true) === head && view.getInt32(at + 1, true) === tail
}

/** Whether the six bytes at `at` are the word `head` and the half word `tail`. */
export function isSix(view: DataView, at: number, end: number, head: number, tail: number): boolean {
  return at + 6 <= end && view.getInt32(at, true) === head && view.getUint16(at + 4, true) === tail
}

/** Whether the seven bytes at `at` are the word `head` and, overlapping it by one, the word `tail`. */
export function isSeven(view: DataView, at: number, end: number, head: number, tail: number): boolean {
  return at + 7 <= end && view.getInt32(at, true) === head && view.getInt32(at + 3, true) === tail
}

/** Whether the eight bytes at `at` are the words `head` and `tail`. */
export function isEight(view: DataView, at: number, end: number, head: number, tail: number): boolean {
  return at + 8 <= end && view.getInt32(at, true) === head && view.getInt32(at + 4, true) === tail
}

/** The value of four ASCII digits read as one little-endian word, -1 when one of them is no digit. */
export function fourDigits(word: number): number {
  if ((word & 0xf0f0f0f0) !== 0x30303030) return -1
  if (((word + 0x06060606) & 0xf0f0f0f0) !== 0x30303030) return -1
  const digits = word & 0x0f0f0f0f
  const pairs = digits * 10 + (digits >>> 8)
  return (pairs & 0xff) * 100 + ((pairs >>> 16) & 0xff)
}

/** Reads a JSON whole number 0 ... 2^53 - 1 into `column[row]`. */
export function scanInteger(
  view: DataView,
  at: number,
  end: number,
  column: Float64Array,
  row: number,
): number {
  const start = at
  let value = 0
  while (at + 4 <= end) {
    const four = fourDigits(view.getInt32(at, true))
    if (four < 0) break
    value = value * 10_000 + four
    at += 4
  }
  while (at < end) {
    const digit = view.getUint8(at) - ZERO
    if (digit < 0 || digit > 9) break
    value = value * 10 + digit
    at += 1
  }
  const digits = at - start
  if (digits === 0 || digits > INTEGER_DIGITS_MAX || value > Number.MAX_SAFE_INTEGER) return MISS
  if (digits > 1 && view.getUint8(start) === ZERO) return MISS
  column[row] = value
  return at
}

/**
 * Reads the decimal text up to a closing quote into row `row` of `column`; answers the quote's offset.
 *
 * The usual shape (at most nine digits before the point, eight or fewer behind it) is read here; every other
 * shape is left to `scanRareDecimal`. Negative numbers are a MISS.
 */
export function scanDecimal(
  view: DataView,
  at: number,
  end: number,
  column: DecimalColumn,
  row: number,
): number {
  const start = at
  let whole = 0
  let byte = 0
  while (at < end) {
    byte = view.getUint8(at)
    if (byte < ZERO || byte > ZERO + 9) break
    whole = (Math.imul(whole, 10) + byte - ZERO) | 0
    at += 1
  }
  const wholeDigits = at - start
  if (wholeDigits === 0 || wholeDigits > WHOLE_DIGITS_MAX)
    return scanRareDecimal(view, start, end, column, row)
  if (byte === QUOTE) {
    column.mantissas[row] = whole
    column.scales[row] = 0
    return at
  }
  if (byte !== POINT || at + 9 >= end) return scanRareDecimal(view, start, end, column, row)
  const high = fourDigits(view.getInt32(at + 1, true))
  const low = fourDigits(view.getInt32(at + 5, true))
  if (high < 0 || low < 0 || view.getUint8(at + 9) !== QUOTE) {
    return scanShortFraction(view, start, at + 1, end, whole, column, row)
  }
  const mantissa = whole * 100_000_000 + (high * 10_000 + low)
  if (mantissa <= Number.MAX_SAFE_INTEGER) column.mantissas[row] = mantissa
  else column.set(row, BigInt(whole) * 100_000_000n + BigInt(high * 10_000 + low), 8)
  column.scales[row] = 8
  return at + 9
}

/** A fraction of another length than eight, digit by digit. */
function scanShortFraction(
  view: DataView,
  start: number,
  at: number,
  end: number,
  whole: number,
  column: DecimalColumn,
  row: number,
): number {
  const point = at
  let fraction = 0
  let byte = 0
  while (at < end) {
    byte = view.getUint8(at)
    if (byte < ZERO || byte > ZERO + 9) break
    fraction = (Math.imul(fraction, 10) + byte - ZERO) | 0
    at += 1
  }
  const scale = at - point
  if (scale === 0 || scale > FRACTION_DIGITS_MAX || byte !== QUOTE) {
    return scanRareDecimal(view, start, end, column, row)
  }
  const mantissa = whole * (powers[scale] as number) + fraction
  if (mantissa > Number.MAX_SAFE_INTEGER) return scanRareDecimal(view, start, end, column, row)
  column.mantissas[row] = mantissa
  column.scales[row] = scale
  return at
}

/** Long numbers, exponents, numbers at the very end of a frame: as the exact path reads them. */
function scanRareDecimal(
  view: DataView,
  start: number,
  end: number,
  column: DecimalColumn,
  row: number,
): number {
  const limit = Math.min(end, start + NUMBER_BYTES_MAX)
  let text = ''
  let at = start
  while (at < limit && view.getUint8(at) !== QUOTE) {
    text += String.fromCharCode(view.getUint8(at))
    at += 1
  }
  if (at === limit) return MISS
  const decimal = parseDecimal(text)
  if (decimal === null || decimal === 'range' || text.startsWith('-')) return MISS
  column.set(row, decimal.mantissa, decimal.scale)
  return at
}

/** The offset of the quote that closes a text of 1 ... `bytesMax` bytes without escapes. */
export function scanPlainText(view: DataView, at: number, end: number, bytesMax: number): number {
  const limit = Math.min(end, at + bytesMax + 1)
  for (let i = at; i < limit; i++) {
    const byte = view.getUint8(i)
    if (byte === QUOTE) return i > at ? i : MISS
    if (byte < 32 || byte === BACKSLASH) return MISS
  }
  return MISS
}

/** Whether the bytes at `lower` are those at `upper` with A-Z in lower case. Both spans must lie in the view. */
export function isLowerCaseOf(view: DataView, lower: number, upper: number, length: number): boolean {
  for (let i = 0; i < length; i++) {
    const byte = view.getUint8(upper + i)
    const expected = byte >= 65 && byte <= 90 ? byte + 32 : byte
    if (view.getUint8(lower + i) !== expected) return false
  }
  return true
}
