import {
  BACKSLASH,
  EIGHT_ZEROS,
  ESCAPES,
  HUNDREDS,
  LIFT,
  MASKS,
  NINE_LIFTED,
  ORDERS,
  POINT,
  POINTS,
  QUOTE,
  QUOTES,
  SPACES,
  TEN_THOUSANDS,
  TENS,
  ZERO,
  ZEROS,
} from './layout'

// Sixteen bytes of text at once: which of them are digits, and what number they are.

/** Once, before the first frame. */
export function prepare(): void {
  v128.store(QUOTES, i8x16.splat(QUOTE))
  v128.store(POINTS, i8x16.splat(POINT))
  v128.store(ZEROS, i8x16.splat(ZERO))
  v128.store(LIFT, i8x16.splat(0x50))
  v128.store(NINE_LIFTED, i8x16.splat(-119))
  v128.store(TENS, i8x16(10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1))
  v128.store(HUNDREDS, i16x8(100, 1, 100, 1, 100, 1, 100, 1))
  v128.store(TEN_THOUSANDS, i16x8(10000, 1, 10000, 1, 10000, 1, 10000, 1))
  v128.store(SPACES, i8x16.splat(32))
  v128.store(ESCAPES, i8x16.splat(BACKSLASH))
  v128.store(EIGHT_ZEROS, f64x2.splat(100000000))
  for (let bytes: i32 = 0; bytes <= 16; bytes++) {
    for (let i: i32 = 0; i < bytes; i++) store<u8>(MASKS + (bytes << 4) + i, 0xff)
    for (let point: i32 = 0; point <= bytes; point++) {
      const digits = point === bytes ? bytes : bytes - 1
      for (let i: i32 = 0; i < 16; i++) {
        const digit = i - 16 + digits
        // Index 0x80 is out of the vector: it makes a zero.
        store<u8>(order(bytes, point) + i, digit < 0 ? 0x80 : digit < point ? digit : digit + 1)
      }
    }
  }
}

/** Where the order lies in which digits go that have their point after so many of so many bytes. */
export function order(bytes: u32, point: u32): usize {
  return ORDERS + ((bytes * 17 + point) << 4)
}

/** Up to 16 digits 0 ... 9, put right and with zeros before them, as four numbers below 10^4: first pairs, then fours. */
export function foursOf(digits: v128, where: usize): v128 {
  // Relaxed, since nothing here depends on what engines may do differently: indices from 128 on and products below 128.
  const sorted = i8x16.relaxed_swizzle(digits, v128.load(where))
  const pairs = i16x8.relaxed_dot_i8x16_i7x16_s(sorted, v128.load(TENS))
  return i32x4.dot_i16x8_s(pairs, v128.load(HUNDREDS))
}

/** Of each of two such fours, the numbers above and below 10^8. */
export function eightsOf(first: v128, second: v128): v128 {
  const both = i16x8.narrow_i32x4_s(first, second)
  return i32x4.dot_i16x8_s(both, v128.load(TEN_THOUSANDS))
}

export function valueOf(digits: v128, where: usize): i64 {
  const fours = foursOf(digits, where)
  const eights = eightsOf(fours, fours)
  return <i64>i32x4.extract_lane(eights, 0) * 100000000 + <i64>i32x4.extract_lane(eights, 1)
}

/** 1 for each byte that is no digit. As signed numbers: the others stand above the digits, or are below by overflow. */
export function othersIn(text: v128): u32 {
  return i8x16.bitmask(i8x16.gt_s(i8x16.add(text, v128.load(LIFT)), v128.load(NINE_LIFTED)))
}

/** 1 for each byte that is a quote. */
export function quotesIn(text: v128): u32 {
  return i8x16.bitmask(i8x16.eq(text, v128.load(QUOTES)))
}

/** 1 for each byte that is a point. */
export function pointsIn(text: v128): u32 {
  return i8x16.bitmask(i8x16.eq(text, v128.load(POINTS)))
}
