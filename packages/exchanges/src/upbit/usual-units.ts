import { type EventBatch, Side } from '@cryptoflow/model'
import { MISS, space, word } from '../bytes.ts'

/**
 * The units of a book in the format `DEFAULT`, when all of its numbers are such as nearly all messages have. This loop
 * knows where each number is written, and all that it calls is small enough to be put into it by the compiler, for
 * which it is twice as fast as the loops of units.ts. It has no second try: what it does not take, they read anew.
 */

/** Units that are read so: 30 are the most that the exchange sends. */
const UNITS_MAX = 64
/** Of the message being read: ask price, bid price, ask quantity and bid quantity of each unit. */
const mantissas = new Float64Array(4 * UNITS_MAX)
const scales = new Uint8Array(4 * UNITS_MAX)

const { view } = space
const OBJECT_END = 125

/** As `scanDefaultUnits`: the offset of the brace behind the last unit. */
export function scanUsualUnits(at: number, out: EventBatch): number {
  for (let row = 0; row < 4 * UNITS_MAX; row += 4) {
    let end = scanPrice(at, row)
    if (!isBidPrice(end)) return MISS
    end = scanPrice(end + 13, row + 1)
    if (!isTwelve(end, ASK_SIZE_1, ASK_SIZE_2)) return MISS
    end = scanQuantity(end + 12, row + 2)
    if (!isTwelve(end, BID_SIZE_1, BID_SIZE_2)) return MISS
    end = scanQuantity(end + 12, row + 3)
    if (view.getUint8(end) !== OBJECT_END) return MISS
    if (!isNext(end)) {
      append(row + 4, out)
      return end
    }
    at = end + 15
  }
  return MISS
}

const BID_PRICE_1 = word(',"bi')
const BID_PRICE_2 = word('d_pr')
const BID_PRICE_3 = word('ice"')
const KEY_END = word('ce":')
const ASK_SIZE_1 = word(',"as')
const ASK_SIZE_2 = word('k_si')
const BID_SIZE_1 = word(',"bi')
const BID_SIZE_2 = word('d_si')
const SIZE_3 = word('ze":')
const NEXT_1 = word('},{"')
const NEXT_2 = word('ask_')
const NEXT_3 = word('pric')

/** Whether `,"bid_price":` stands there: one condition of four words, the last overlapping the one before. */
function isBidPrice(at: number): boolean {
  const front = (view.getInt32(at, true) ^ BID_PRICE_1) | (view.getInt32(at + 4, true) ^ BID_PRICE_2)
  return (front | (view.getInt32(at + 8, true) ^ BID_PRICE_3) | (view.getInt32(at + 9, true) ^ KEY_END)) === 0
}

/** Whether `,"ask_size":` or `,"bid_size":` stands there, whose first eight characters are given. */
function isTwelve(at: number, first: number, second: number): boolean {
  const front = (view.getInt32(at, true) ^ first) | (view.getInt32(at + 4, true) ^ second)
  return (front | (view.getInt32(at + 8, true) ^ SIZE_3)) === 0
}

/** Whether `},{"ask_price":` stands there. */
function isNext(at: number): boolean {
  const front = (view.getInt32(at, true) ^ NEXT_1) | (view.getInt32(at + 4, true) ^ NEXT_2)
  return (front | (view.getInt32(at + 8, true) ^ NEXT_3) | (view.getInt32(at + 11, true) ^ KEY_END)) === 0
}

const ZERO = 48
const POINT = -2
const POINT_BYTE = 46
const LETTER_E = 21
const WHOLE_DIGITS_MAX = 9
const FRACTION_DIGITS_MAX = 8
const powers = Float64Array.from({ length: FRACTION_DIGITS_MAX + 1 }, (_, digits) => 10 ** digits)

/** A price: mostly a whole number of four digits and more. */
function scanPrice(at: number, row: number): number {
  const start = at
  let whole = 0
  const first = view.getInt32(at, true) ^ DIGITS
  if (isDigits(first)) {
    whole = fourDigits(first)
    at += 4
    const second = view.getInt32(at, true) ^ DIGITS
    if (isDigits(second)) {
      whole = (Math.imul(whole, 10_000) + fourDigits(second)) | 0
      at += 4
    }
  }
  let digit = view.getUint8(at) - ZERO
  while (digit >= 0 && digit <= 9) {
    whole = (Math.imul(whole, 10) + digit) | 0
    at += 1
    digit = view.getUint8(at) - ZERO
  }
  if (at === start || at > start + WHOLE_DIGITS_MAX) return MISS
  if (at > start + 1 && view.getUint8(start) === ZERO) return MISS
  if (digit === POINT) return scanFraction(at + 1, whole, row)
  mantissas[row] = whole
  scales[row] = 0
  return at
}

/** The digits behind a point, and the exponent of one digit that prices of nine digits have (`1.16539E8`). */
function scanFraction(at: number, whole: number, row: number): number {
  const start = at
  let fraction = 0
  let digit = view.getUint8(at) - ZERO
  while (digit >= 0 && digit <= 9) {
    fraction = (Math.imul(fraction, 10) + digit) | 0
    at += 1
    digit = view.getUint8(at) - ZERO
  }
  const scale = at - start
  if (scale === 0 || scale > FRACTION_DIGITS_MAX) return MISS
  const mantissa = whole * (powers[scale] as number) + fraction
  if (mantissa > Number.MAX_SAFE_INTEGER) return MISS
  if (digit === LETTER_E) return scanExponent(at + 1, mantissa, scale, row)
  mantissas[row] = mantissa
  scales[row] = scale
  return at
}

/** One digit, not less than the number has behind its point: the number is whole then. */
function scanExponent(at: number, mantissa: number, scale: number, row: number): number {
  const zeros = view.getUint8(at) - ZERO - scale
  if (zeros < 0 || zeros > 9 - scale) return MISS
  const raised = mantissa * (powers[zeros] as number)
  if (!(raised <= Number.MAX_SAFE_INTEGER)) return MISS
  mantissas[row] = raised
  scales[row] = 0
  return at + 1
}

/** Top bits of the first byte that is no digit, when it is the first and the second one. */
const NO_DIGIT = 7
const ONE_DIGIT = 15

/**
 * A quantity: mostly one to three digits, a point and eight digits. How many they are differs from one to the next, so
 * that is computed: a branch would be guessed wrong.
 */
function scanQuantity(at: number, row: number): number {
  const four = view.getInt32(at, true) ^ DIGITS
  const strange = ((four + LIFT) | four) & TOP_BITS
  if (strange === 0) return scanPrice(at, row)
  const bit = 31 - Math.clz32(strange & -strange)
  const pointAt = at + (bit >> 3)
  const high = view.getInt32(pointAt + 1, true) ^ DIGITS
  const low = view.getInt32(pointAt + 5, true) ^ DIGITS
  // No digit, or a zero before others, is no number; the slower scanner says so.
  const isWhole = bit === ONE_DIGIT || (bit !== NO_DIGIT && (four & 0xff) !== 0)
  if (view.getUint8(pointAt) !== POINT_BYTE || !areDigits(high, low) || !isWhole) return scanPrice(at, row)
  const whole = fourDigits((four << (31 - bit)) << 8)
  mantissas[row] = whole * 100_000_000 + (Math.imul(fourDigits(high), 10_000) + fourDigits(low))
  scales[row] = 8
  return pointAt + 9
}

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

/** Appends the levels of the first `rows` numbers: the bids, then the asks. */
function append(rows: number, out: EventBatch): void {
  out.reserveEntries(rows >> 1)
  const { side } = out
  const { mantissas: prices, scales: priceScales } = out.price
  const { mantissas: quantities, scales: quantityScales } = out.quantity
  let entry = out.entryCount
  for (let row = 1; row < rows; row += 4) {
    const price = mantissas[row] as number
    // A side without a price is padding.
    if (price === 0) continue
    side[entry] = Side.bid
    prices[entry] = price
    priceScales[entry] = scales[row] as number
    quantities[entry] = mantissas[row + 2] as number
    quantityScales[entry] = scales[row + 2] as number
    entry += 1
  }
  for (let row = 0; row < rows; row += 4) {
    const price = mantissas[row] as number
    if (price === 0) continue
    side[entry] = Side.ask
    prices[entry] = price
    priceScales[entry] = scales[row] as number
    quantities[entry] = mantissas[row + 2] as number
    quantityScales[entry] = scales[row + 2] as number
    entry += 1
  }
  out.entryCount = entry
}
