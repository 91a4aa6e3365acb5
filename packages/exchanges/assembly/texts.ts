import { quotesIn } from './digits'
import {
  ESCAPES,
  MASKS,
  MISS,
  PAIR_BYTES,
  PAIR_FOUND,
  PAIR_SLOT,
  PAIRS,
  PLACES,
  QUOTE,
  SPACES,
} from './layout'

// Texts: where they end, and whether they were seen before.

const TEXT_BYTES_MAX: usize = 64

/** The offset of the quote that closes a text of 1 ... 64 bytes without escapes. */
export function text(at: usize, isAscii: bool): usize {
  let from = at
  while (from < at + TEXT_BYTES_MAX) {
    const bytes = v128.load(from)
    const ends = quotesIn(bytes)
    let refused: u32 =
      i8x16.bitmask(i8x16.lt_u(bytes, v128.load(SPACES))) | i8x16.bitmask(i8x16.eq(bytes, v128.load(ESCAPES)))
    if (isAscii) refused |= i8x16.bitmask(bytes)
    const end: u32 = ctz(ends | 0x10000)
    if ((refused & ((1 << end) - 1)) !== 0) return MISS
    if (ends !== 0) return from + end > at ? from + end : MISS
    from += 16
  }
  return load<u8>(from) === QUOTE ? from : MISS
}

/** The offset of the first such byte behind 1 ... 64 others. */
export function find(at: usize, byte: u8): usize {
  const wanted = i8x16.splat(byte)
  let from = at
  while (from < at + TEXT_BYTES_MAX) {
    const found = i8x16.bitmask(i8x16.eq(v128.load(from), wanted))
    if (found !== 0) return from + ctz(found) > at ? from + ctz(found) : MISS
    from += 16
  }
  return load<u8>(from) === byte ? from : MISS
}

/**
 * Looks whether two texts of so many bytes were put together into PAIRS: PAIR_FOUND says so, PAIR_SLOT where they were or
 * may be put. Longer ones than 16 bytes never are.
 */
export function recall(firstAt: usize, secondAt: usize, bytes: usize): void {
  const mask = v128.load(MASKS + (min(bytes, 16) << 4))
  const first = v128.and(v128.load(firstAt), mask)
  const second = v128.and(v128.load(secondAt), mask)
  const high = i64x2.extract_lane(second, 1)
  const hash = (i64x2.extract_lane(second, 0) ^ (high << 23) ^ high) * 0x9e3779b97f4a7c15
  const slot = <u32>(hash >>> 56)
  const pair = PAIRS + ((<usize>slot) << 5)
  const others = v128.or(v128.xor(first, v128.load(pair)), v128.xor(second, v128.load(pair, 16)))
  const isFound = !v128.any_true(others) && load<u8>(PAIR_BYTES + slot) === <u8>bytes
  store<u32>(PLACES + (PAIR_SLOT << 2), slot)
  store<u32>(PLACES + (PAIR_FOUND << 2), isFound ? 1 : 0)
}
