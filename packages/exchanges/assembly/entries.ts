import { eightsOf, foursOf, order, othersIn, pointsIn, quotesIn, valueOf } from './digits'
import {
  EIGHT_ZEROS,
  ENTRIES_MAX,
  LEVELS_MAX,
  MISS,
  POINT,
  PRICE_SCALES,
  PRICES,
  QUANTITIES,
  QUANTITY_SCALES,
  QUOTE,
  RARES,
  SAFE_MAX,
  SIDES,
  ZERO,
  ZEROS,
} from './layout'

// Prices and quantities, written into the columns of entries.

const LIST_END: u8 = 93
const LEVEL_START: u32 = 0x225b
const BETWEEN: u32 = 0x222c22
const NEXT_LEVEL: u32 = 0x225b2c5d
const LAST_LEVEL: u32 = 0x5d5d
const NUMBER_BYTES_MAX: usize = 64
const DIGITS_MAX: i32 = 18
const NONE: u32 = 99

let firstEntry: u32 = 0
let entry: u32 = 0
/** Behind the last that the frame may have. */
let entryEnd: u32 = 0
let rares: u32 = 0

/** From here on entries are those of a frame whose first one is this. */
export function beginEntries(first: u32): void {
  firstEntry = first
  entry = first
  entryEnd = <u32>min(<i32>(first + LEVELS_MAX), <i32>ENTRIES_MAX)
  rares = 0
}

export function entriesRead(): u32 {
  return entry - firstEntry
}

/** How many numbers JavaScript has to read. */
export function raresRead(): u32 {
  return rares
}

/** Reads the price of the entry at hand, up to its closing quote. */
export function price(at: usize): usize {
  return entry === entryEnd ? MISS : decimal(at, PRICES, PRICE_SCALES, 0)
}

/** Reads its quantity, and ends it. */
export function quantity(at: usize, side: u32): usize {
  const end = decimal(at, QUANTITIES, QUANTITY_SCALES, 1)
  store<u8>(SIDES + entry, side)
  entry++
  return end
}

/** Reads levels `["1","1"],["1","1"]]` behind the list's `[`, or its end. */
export function levels(at: usize, side: u32): usize {
  if (load<u16>(at) !== LEVEL_START) return load<u8>(at) === LIST_END ? at + 1 : MISS
  at += 2
  let row = entry
  while (row < entryEnd) {
    const priceText = v128.load(at)
    const priceBytes = bytesOf(priceText)
    const pricePoint = pointOf(priceText, priceBytes)
    const quantityAt = at + priceBytes + 3
    const quantityText = v128.load(quantityAt)
    const quantityBytes = bytesOf(quantityText)
    const quantityPoint = pointOf(quantityText, quantityBytes)
    let end = quantityAt + quantityBytes
    if (pricePoint !== NONE && quantityPoint !== NONE) {
      if ((load<u32>(at + priceBytes) & 0xffffff) !== BETWEEN) return MISS
      const zeros = v128.load(ZEROS)
      const priceFours = foursOf(i8x16.sub(priceText, zeros), order(priceBytes, pricePoint))
      const quantityFours = foursOf(i8x16.sub(quantityText, zeros), order(quantityBytes, quantityPoint))
      const eights = eightsOf(priceFours, quantityFours)
      // 15 digits at most: both are exact in a float64.
      const high = f64x2.convert_low_i32x4_s(v128.shuffle<i32>(eights, eights, 0, 2, 0, 2))
      const low = f64x2.convert_low_i32x4_s(v128.shuffle<i32>(eights, eights, 1, 3, 1, 3))
      const values = f64x2.add(f64x2.mul(high, v128.load(EIGHT_ZEROS)), low)
      v128.store_lane<f64>(PRICES + (row << 3), values, 0)
      v128.store_lane<f64>(QUANTITIES + (row << 3), values, 1)
      store<u8>(PRICE_SCALES + row, scaleOf(priceBytes, pricePoint))
      store<u8>(QUANTITY_SCALES + row, scaleOf(quantityBytes, quantityPoint))
    } else {
      entry = row
      const priceEnd = decimal(at, PRICES, PRICE_SCALES, 0)
      // Behind a MISS stand zeros.
      if ((load<u32>(priceEnd) & 0xffffff) !== BETWEEN) return MISS
      end = decimal(priceEnd + 3, QUANTITIES, QUANTITY_SCALES, 1)
    }
    store<u8>(SIDES + row, side)
    row++
    const next = load<u32>(end, 1)
    if (next !== NEXT_LEVEL) {
      entry = row
      return (next & 0xffff) === LAST_LEVEL ? end + 3 : MISS
    }
    at = end + 5
  }
  return MISS
}

/** The bytes of a text before its first quote, 16 where it has none. */
function bytesOf(text: v128): u32 {
  return ctz(quotesIn(text) | 0x10000)
}

/** Where the point of a decimal of so many bytes stands, behind its digits when there is none; NONE: it is no plain decimal. */
function pointOf(text: v128, bytes: u32): u32 {
  const end: u32 = 1 << bytes
  const others = othersIn(text) & (end - 1)
  const points = pointsIn(text) & (end - 1)
  const point: u32 = ctz(points | end)
  const isPlain = others === points && (points & (points - 1)) === 0 && point !== 0 && point + 1 !== bytes
  return isPlain && bytes !== 16 ? point : NONE
}

function scaleOf(bytes: u32, point: u32): u32 {
  return point === bytes ? 0 : bytes - 1 - point
}

/** Reads the decimal before a closing quote into the entry at hand; answers the quote's offset. */
function decimal(at: usize, values: usize, scales: usize, column: u32): usize {
  const text = v128.load(at)
  const bytes = bytesOf(text)
  const point = pointOf(text, bytes)
  if (point === NONE) return longDecimal(at, values, scales, column)
  const value = valueOf(i8x16.sub(text, v128.load(ZEROS)), order(bytes, point))
  store<f64>(values + (entry << 3), <f64>value)
  store<u8>(scales + entry, scaleOf(bytes, point))
  return at + bytes
}

/** The same digit by digit; what does not fit 2^53 or is no plain decimal is left to JavaScript. */
function longDecimal(at: usize, values: usize, scales: usize, column: u32): usize {
  let value: i64 = 0
  let digits: i32 = 0
  let point: i32 = -1
  let i = at
  for (; load<u8>(i) !== QUOTE; i++) {
    const digit: u8 = load<u8>(i) - ZERO
    if (digit <= 9) {
      value = value * 10 + digit
      digits++
      if (digits > DIGITS_MAX) return rare(at, column)
    } else if (load<u8>(i) === POINT && point < 0 && digits > 0) point = digits
    else return rare(at, column)
  }
  if (digits === 0 || point === digits || value > SAFE_MAX) return rare(at, column)
  store<f64>(values + (entry << 3), <f64>value)
  store<u8>(scales + entry, point < 0 ? 0 : digits - point)
  return i
}

function rare(at: usize, column: u32): usize {
  for (let i = at; i <= at + NUMBER_BYTES_MAX; i++) {
    const byte = load<u8>(i)
    if (byte === 0) return MISS
    if (byte !== QUOTE) continue
    store<u32>(RARES + (rares << 3), entry * 2 + column)
    store<u32>(RARES + (rares << 3), <u32>at, 4)
    rares++
    return i
  }
  return MISS
}
