import { type DecimalColumn, parseDecimal } from '@cryptoflow/model'
import { WebAssembly } from './webassembly.ts'

/**
 * Reading JSON text straight from bytes into columns: the parts that every fast path is made of.
 *
 * A frame is first copied into the `space`, where zeros stand before and behind it:
 *
 *     0 ... 15   16 ... end - 1   end ... end + 15   end + 16 ... end + 95
 *     zeros      the frame        zeros              anything
 *
 * So scanners read ahead without asking for the end. A scanner takes the offset to read at and answers the
 * offset behind what it read. What it does not recognise it answers with MISS, where zeros stand, which no
 * check takes for anything: a miss makes the next check fail by itself, and only the last one needs an `if`.
 */

/** The answer "not me": an offset at which nothing ever stands. */
export const MISS = 0
/** Where a frame begins. */
export const FRAME_AT = 16

/** Zeros behind a frame, and room behind them: no check reads more than a symbol's length ahead. */
const PADDING = 96
/**
 * Larger frames go the exact path: the largest known, a whole book inside its stream, has 4.8 MB. What is never
 * written to takes no memory.
 */
export const FRAME_BYTES_MAX = 1 << 23
/** Of 64 KiB. Never more, or the arrays over it would be lost. */
const MEMORY_PAGES = 208

const QUOTE = 34
const POINT = 46
const BACKSLASH = 92
const ZERO = 48
const WHOLE_DIGITS_MAX = 9
const FRACTION_DIGITS_MAX = 9
/** Longest number text read without JSON: a sign, 38 digits, a point and an exponent. */
const NUMBER_BYTES_MAX = 48

const powers = Float64Array.from({ length: 10 }, (_, digits) => 10 ** digits)

/**
 * Where the frame lies that is being read. There is one of it, of fixed size and never replaced, so that the compiler
 * knows its address: diffs are read 5 % faster than from one that is handed around.
 */
export interface Space {
  readonly bytes: Uint8Array
  readonly view: DataView
  /** Behind the frame's last byte. */
  end: number
}

/** Of WebAssembly, so that template-reader.ts reads the same bytes; what it has of its own lies behind the largest frame. */
export const memory = new WebAssembly.Memory({ initial: MEMORY_PAGES, maximum: MEMORY_PAGES })
const bytes = new Uint8Array(memory.buffer, 0, FRAME_AT + FRAME_BYTES_MAX + PADDING)
const view = new DataView(memory.buffer, 0, bytes.length)
export const space: Space = { bytes, view, end: FRAME_AT }

/** Puts the frame into the space, zeros around it; false when it is too large. */
export function load(frame: Uint8Array): boolean {
  if (frame.length > FRAME_BYTES_MAX) return false
  const end = FRAME_AT + frame.length
  bytes.set(frame, FRAME_AT)
  view.setFloat64(end, 0)
  view.setFloat64(end + 8, 0)
  space.end = end
  return true
}

/** Four ASCII characters as the little-endian word that `view.getInt32(at, true)` reads. */
export function word(text: string): number {
  return half(text.slice(0, 2)) | (half(text.slice(2)) << 16)
}

/** Two ASCII characters as the little-endian half word that `view.getUint16(at, true)` reads. */
export function half(text: string): number {
  return text.charCodeAt(0) | (text.charCodeAt(1) << 8)
}

/** Whether the five bytes at `at` are the word `head` and, overlapping it by three, the word `tail`. */
export function isFive(at: number, head: number, tail: number): boolean {
  return view.getInt32(at, true) === head && view.getInt32(at + 1, true) === tail
}

/** Whether the six bytes at `at` are the word `head` and the half word `tail`. */
export function isSix(at: number, head: number, tail: number): boolean {
  return view.getInt32(at, true) === head && view.getUint16(at + 4, true) === tail
}

/** Whether the seven bytes at `at` are the word `head` and, overlapping it by one, the word `tail`. */
export function isSeven(at: number, head: number, tail: number): boolean {
  return view.getInt32(at, true) === head && view.getInt32(at + 3, true) === tail
}

/** Whether the eight bytes at `at` are the words `head` and `tail`. */
export function isEight(at: number, head: number, tail: number): boolean {
  return view.getInt32(at, true) === head && view.getInt32(at + 4, true) === tail
}

// bare-numbers.ts and Upbit's numbers have these few lines as well: imported from one file, Upbit's trades are read 10 to
// 25 % and its mix 5 to 10 % slower (`npm run bench -- --only 'decode, upbit'`, in alternation).
const DIGITS = 0x30303030
const TOP_BITS = 0x80808080 | 0
/** Lifts every byte above 9 to its top bit. */
const LIFT = 0x76767676

/** Whether the four bytes of a word, ASCII zeros taken off (`^ DIGITS`), are digits. */
function isDigits(word: number): boolean {
  return (((word + LIFT) | word) & TOP_BITS) === 0
}

/** The same of two words at once. */
function areDigits(first: number, second: number): boolean {
  return (((first + LIFT) | first | (second + LIFT) | second) & TOP_BITS) === 0
}

/** The value of four digits 0 ... 9, the first in the lowest byte: first pairs, then pairs of pairs. */
function fourDigits(digits: number): number {
  const pairs = (Math.imul(digits, 2561) >>> 8) & 0xff00ff
  return Math.imul(pairs, 0x640001) >>> 16
}

/** Reads a JSON whole number 0 ... 2^53 - 1 into `column[row]`. */
export function scanInteger(at: number, column: Float64Array, row: number): number {
  const start = at
  let high = 0
  const first = view.getInt32(at, true) ^ DIGITS
  const second = view.getInt32(at + 4, true) ^ DIGITS
  if (areDigits(first, second)) {
    high = Math.imul(fourDigits(first), 10_000) + fourDigits(second)
    at += 8
  }
  const middle = at
  let low = 0
  const third = view.getInt32(at, true) ^ DIGITS
  if (isDigits(third)) {
    low = fourDigits(third)
    at += 4
  }
  for (let digit = view.getUint8(at) - ZERO; digit >= 0 && digit <= 9; digit = view.getUint8(at) - ZERO) {
    low = (Math.imul(low, 10) + digit) | 0
    at += 1
  }
  const lowDigits = at - middle
  if (at === start || lowDigits > 8) return MISS
  const value = high * (powers[lowDigits] as number) + low
  if (value > Number.MAX_SAFE_INTEGER || (at - start > 1 && view.getUint8(start) === ZERO)) return MISS
  column[row] = value
  return at
}

/** Reads the non-negative decimal up to a closing quote into row `row`; answers the quote's offset. */
export function scanDecimal(at: number, column: DecimalColumn, row: number): number {
  const usual = scanUsualDecimal(at, column.mantissas, column.scales, row)
  return usual === MISS ? scanRareDecimal(at, column, row) : usual
}

/** The same, quicker for numbers with few digits behind the point. */
export function scanShortDecimal(at: number, column: DecimalColumn, row: number): number {
  const short = scanPlainDecimal(at, column.mantissas, column.scales, row)
  return short === MISS ? scanRareDecimal(at, column, row) : short
}

/**
 * Reads the shape that nearly all decimals of spot have, one to nine digits, a point and eight digits; leaves the
 * others to a plainer function and answers MISS for what that one does not take either.
 */
function scanUsualDecimal(at: number, mantissas: Float64Array, scales: Uint8Array, row: number): number {
  const start = at
  let whole = 0
  let digit = view.getUint8(at) - ZERO
  while (digit >= 0 && digit <= 9) {
    whole = (Math.imul(whole, 10) + digit) | 0
    at += 1
    digit = view.getUint8(at) - ZERO
  }
  const high = view.getInt32(at + 1, true) ^ DIGITS
  const low = view.getInt32(at + 5, true) ^ DIGITS
  const isUsual = digit === POINT - ZERO && view.getUint8(at + 9) === QUOTE && areDigits(high, low)
  if (!isUsual || at === start || at > start + WHOLE_DIGITS_MAX) {
    return scanPlainDecimal(start, mantissas, scales, row)
  }
  const mantissa = whole * 100_000_000 + (Math.imul(fourDigits(high), 10_000) + fourDigits(low))
  if (mantissa > Number.MAX_SAFE_INTEGER) return MISS
  mantissas[row] = mantissa
  scales[row] = 8
  return at + 9
}

/** Reads a decimal of one to nine digits and at most nine behind a point, whose mantissa is below 2^53. */
export function scanPlainDecimal(
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
  const wholeDigits = at - start
  if (wholeDigits === 0 || wholeDigits > WHOLE_DIGITS_MAX) return MISS
  let mantissa = whole
  let scale = 0
  if (digit === POINT - ZERO) {
    let fraction = 0
    at += 1
    for (digit = view.getUint8(at) - ZERO; digit >= 0 && digit <= 9; digit = view.getUint8(at) - ZERO) {
      fraction = (Math.imul(fraction, 10) + digit) | 0
      scale += 1
      at += 1
    }
    if (scale === 0 || scale > FRACTION_DIGITS_MAX) return MISS
    mantissa = whole * (powers[scale] as number) + fraction
  }
  if (digit !== QUOTE - ZERO || mantissa > Number.MAX_SAFE_INTEGER) return MISS
  mantissas[row] = mantissa
  scales[row] = scale
  return at
}

/** Reads long numbers and exponents as the exact path does. */
export function scanRareDecimal(at: number, column: DecimalColumn, row: number): number {
  let text = ''
  for (let byte = view.getUint8(at); byte !== QUOTE; byte = view.getUint8(at)) {
    if (byte === 0 || text.length === NUMBER_BYTES_MAX) return MISS
    text += String.fromCharCode(byte)
    at += 1
  }
  const decimal = parseDecimal(text)
  if (decimal === null || decimal === 'range' || decimal.mantissa < 0n) return MISS
  column.set(row, decimal.mantissa, decimal.scale)
  return at
}

/** The offset of the quote that closes a text of 1 ... `bytesMax` bytes without escapes. */
export function scanPlainText(at: number, bytesMax: number): number {
  for (let i = at; i <= at + bytesMax; i++) {
    const byte = view.getUint8(i)
    if (byte === QUOTE) return i > at ? i : MISS
    if (byte < 32 || byte === BACKSLASH) return MISS
  }
  return MISS
}

/** The same of ASCII alone, for texts that are passed by: nobody looks whether their bytes are UTF-8. */
export function scanAsciiText(at: number, bytesMax: number): number {
  for (let i = at; i <= at + bytesMax; i++) {
    const byte = view.getUint8(i)
    if (byte === QUOTE) return i > at ? i : MISS
    if (byte < 32 || byte > 127 || byte === BACKSLASH) return MISS
  }
  return MISS
}

/** Whether `length` bytes are text that JSON writes without escapes. */
export function isPlainText(at: number, length: number): boolean {
  for (let i = at; i < at + length; i++) {
    const byte = view.getUint8(i)
    if (byte < 32 || byte === QUOTE || byte === BACKSLASH) return false
  }
  return true
}

/** Whether the bytes at `lower` are those at `upper` with A-Z in lower case. */
export function isLowerCaseOf(lower: number, upper: number, length: number): boolean {
  for (let i = 0; i < length; i++) {
    const byte = view.getUint8(upper + i)
    const expected = byte >= 65 && byte <= 90 ? byte + 32 : byte
    if (view.getUint8(lower + i) !== expected) return false
  }
  return true
}

/** Whether `length` bytes, four at least, are those at `otherAt` of `other`; the last word overlaps the one before. */
export function isSameBytes(at: number, other: DataView, otherAt: number, length: number): boolean {
  const last = length - 4
  for (let i = 0; i < last; i += 4) {
    if (view.getInt32(at + i, true) !== other.getInt32(otherAt + i, true)) return false
  }
  return view.getInt32(at + last, true) === other.getInt32(otherAt + last, true)
}

/** Whether `length` bytes of the frame are the same at two places. */
export function isSameText(at: number, otherAt: number, length: number): boolean {
  if (length >= 4) return isSameBytes(at, view, otherAt, length)
  for (let i = 0; i < length; i++) if (view.getUint8(at + i) !== view.getUint8(otherAt + i)) return false
  return true
}
