import { assert, FRACTION_DIGITS_MAX } from '@cryptoflow/model'

/**
 * `decimal(38,18)` as Arrow and Parquet want it: the value times 10^18 as 128-bit two's complement, four
 * little-endian 32-bit words.
 *
 * A mantissa up to 2^53 times a power of ten up to 10^18 is below 2^113, so it is multiplied in limbs of
 * 24 bits: every partial sum stays below 2^50 and is therefore exact in a float64. Nothing is rounded and no
 * BigInt is made; what does not fit a float64 takes `writeWideDecimal`.
 */
const LIMB = 2 ** 24
const WORD = 2 ** 32
const MANTISSA_MAX = 2 ** 53

/** 10^(18 - scale) in three limbs per scale, lowest first. */
const factors = new Float64Array((FRACTION_DIGITS_MAX + 1) * 3)
for (let scale = 0; scale <= FRACTION_DIGITS_MAX; scale++) {
  const factor = 10n ** BigInt(FRACTION_DIGITS_MAX - scale)
  for (let limb = 0; limb < 3; limb++) {
    factors[scale * 3 + limb] = Number((factor >> BigInt(24 * limb)) & 0xffffffn)
  }
}

/** The same as far as a float64 holds it. */
const factorsAsFloat = Array.from({ length: FRACTION_DIGITS_MAX + 1 }, (_, scale) =>
  Number(10n ** BigInt(FRACTION_DIGITS_MAX - scale)),
)

/** Writes `mantissa / 10^scale` to `words[at ... at + 3]`; the mantissa is a whole number -2^53 ... 2^53. */
export function writeDecimal(words: Uint32Array, at: number, mantissa: number, scale: number): void {
  const size = Math.abs(mantissa)
  if (!(size <= MANTISSA_MAX) || Math.floor(size) !== size || scale > FRACTION_DIGITS_MAX) {
    assert(false, 'a mantissa is a whole number within 2^53 and a scale at most 18')
  }
  const b0 = factors[scale * 3] as number
  const b1 = factors[scale * 3 + 1] as number
  const b2 = factors[scale * 3 + 2] as number
  const high = Math.floor(size / LIMB)
  const a0 = size - high * LIMB
  const a2 = Math.floor(high / LIMB)
  const a1 = high - a2 * LIMB

  const c0 = a0 * b0
  const k0 = Math.floor(c0 / LIMB)
  const c1 = a0 * b1 + a1 * b0 + k0
  const k1 = Math.floor(c1 / LIMB)
  const c2 = a0 * b2 + a1 * b1 + a2 * b0 + k1
  const k2 = Math.floor(c2 / LIMB)
  const c3 = a1 * b2 + a2 * b1 + k2
  const k3 = Math.floor(c3 / LIMB)
  const l1 = c1 - k1 * LIMB
  const l2 = c2 - k2 * LIMB
  const l3 = c3 - k3 * LIMB

  words[at] = (c0 - k0 * LIMB) | (l1 << 24)
  words[at + 1] = (l1 >>> 8) | (l2 << 16)
  words[at + 2] = (l2 >>> 16) | (l3 << 8)
  words[at + 3] = a2 * b2 + k3
  if (mantissa < 0) negate(words, at)
}

/** Writes any exact decimal of at most 38 digits at scale 18. */
export function writeWideDecimal(words: Uint32Array, at: number, mantissa: bigint, scale: number): void {
  assert(scale <= FRACTION_DIGITS_MAX, 'a scale is at most 18')
  const value = mantissa * 10n ** BigInt(FRACTION_DIGITS_MAX - scale)
  assert(value < 10n ** 38n && value > -(10n ** 38n), 'a decimal has at most 38 digits at scale 18')
  for (let word = 0; word < 4; word++) {
    words[at + word] = Number(BigInt.asUintN(32, value >> BigInt(32 * word)))
  }
}

/** The unscaled value (times 10^18) at `words[at ... at + 3]`. */
export function readDecimal(words: Uint32Array, at: number): bigint {
  let value = 0n
  for (let word = 3; word >= 0; word--) value = (value << 32n) | BigInt(words[at + word] as number)
  return BigInt.asIntN(128, value)
}

const again = new Uint32Array(4)

/**
 * The mantissa of the value at `words[at ... at + 3]` written with `scale` fraction digits, without a BigInt; NaN when
 * this way cannot tell it, and `readDecimal` must. It is guessed in floats, and counts only if it gives the same bits.
 */
export function readMantissa(words: Uint32Array, at: number, scale: number): number {
  const factor = factorsAsFloat[scale]
  if (factor === undefined) return Number.NaN
  for (let word = 0; word < 4; word++) again[word] = words[at + word] as number
  const isNegative = (again[3] as number) > 0x7fffffff
  if (isNegative) negate(again, 0)
  const [w0, w1, w2, w3] = again as unknown as [number, number, number, number]
  const size = Math.round((((w3 * WORD + w2) * WORD + w1) * WORD + w0) / factor)
  if (size >= MANTISSA_MAX) return Number.NaN
  writeDecimal(again, 0, isNegative ? -size : size, scale)
  for (let word = 0; word < 4; word++) if (again[word] !== words[at + word]) return Number.NaN
  return isNegative ? -size : size
}

/** Whether the value at `a` is below the one at `b`. */
export function isDecimalBelow(words: Uint32Array, a: number, b: number): boolean {
  const highA = (words[a + 3] as number) | 0
  const highB = (words[b + 3] as number) | 0
  if (highA !== highB) return highA < highB
  for (let word = 2; word >= 0; word--) {
    const wordA = words[a + word] as number
    const wordB = words[b + word] as number
    if (wordA !== wordB) return wordA < wordB
  }
  return false
}

function negate(words: Uint32Array, at: number): void {
  let carry = 1
  for (let word = at; word < at + 4; word++) {
    const value = (~(words[word] as number) >>> 0) + carry
    words[word] = value
    carry = value > 0xffffffff ? 1 : 0
  }
}
