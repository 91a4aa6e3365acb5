import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isDecimalBelow, readDecimal, readMantissa, writeDecimal, writeWideDecimal } from './decimal128.ts'

const RUNS = { numRuns: 20_000, seed: 20261121 }
const SAFE = 2 ** 53

const mantissas = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer({ min: -1_000, max: 1_000 }),
  fc.constantFrom(0, -0, 1, -1, SAFE, -SAFE, 2 ** 24 - 1, 2 ** 24, 2 ** 48 - 1, 2 ** 48, 2 ** 52),
)
const scales = fc.integer({ min: 0, max: 18 })
const unscaled = fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n })

function written(mantissa: number, scale: number): Uint32Array {
  const words = new Uint32Array(6).fill(0xabcdef01)
  writeDecimal(words, 1, mantissa, scale)
  expect([words[0], words[5]]).toEqual([0xabcdef01, 0xabcdef01])
  return words.slice(1, 5)
}

describe('decimals as 128 bits', () => {
  it('are mantissa times 10^(18 - scale), exactly, for every mantissa up to 2^53 and scale', () => {
    fc.assert(
      fc.property(mantissas, scales, (mantissa, scale) => {
        expect(readDecimal(written(mantissa, scale), 0)).toBe(BigInt(mantissa) * 10n ** BigInt(18 - scale))
      }),
      RUNS,
    )
  })

  it('are exact at every border of every scale', () => {
    for (let scale = 0; scale <= 18; scale++) {
      for (let bit = 0; bit <= 53; bit++) {
        for (const near of [-1, 0, 1]) {
          const mantissa = Math.min(2 ** bit + near, SAFE)
          const expected = BigInt(mantissa) * 10n ** BigInt(18 - scale)
          expect(readDecimal(written(mantissa, scale), 0)).toBe(expected)
          expect(readDecimal(written(-mantissa, scale), 0)).toBe(-expected)
        }
      }
    }
  })

  it('have the same bits by the wide way', () => {
    fc.assert(
      fc.property(mantissas, scales, (mantissa, scale) => {
        const wide = new Uint32Array(4)
        writeWideDecimal(wide, 0, BigInt(mantissa), scale)
        expect(written(mantissa, scale)).toEqual(wide)
      }),
      RUNS,
    )
  })

  it('give their mantissa back without a BigInt, wherever a float64 holds it', () => {
    fc.assert(
      fc.property(mantissas, scales, (mantissa, scale) => {
        const found = readMantissa(written(mantissa, scale), 0, scale)
        // Near 2^53 the guess may be one off, and then it must not count.
        if (Math.abs(mantissa) < 2 ** 50) expect(found).toBe(mantissa === 0 ? 0 : mantissa)
        else expect([mantissa, Number.NaN]).toContainEqual(found)
      }),
      RUNS,
    )
  })

  it('have no mantissa at a scale that they have more digits than, beyond a float64, or of no scale', () => {
    fc.assert(
      fc.property(unscaled, scales, (value, scale) => {
        const words = new Uint32Array(4)
        writeWideDecimal(words, 0, value, 18)
        const factor = 10n ** BigInt(18 - scale)
        const mantissa = value % factor === 0n ? value / factor : null
        const found = readMantissa(words, 0, scale)
        if (!Number.isNaN(found)) expect(BigInt(found)).toBe(mantissa)
      }),
      RUNS,
    )
    for (const scale of [-1, 19, 0.5]) expect(readMantissa(written(5, 2), 0, scale)).toBeNaN()
  })

  it('hold 38 digits of both signs', () => {
    fc.assert(
      fc.property(unscaled, (value) => {
        const words = new Uint32Array(4)
        writeWideDecimal(words, 0, value, 18)
        expect(readDecimal(words, 0)).toBe(value)
      }),
      RUNS,
    )
  })

  it('compare as their values do', () => {
    const near = fc.tuple(unscaled, fc.bigInt({ min: -2n, max: 2n })).map(([a, d]) => [a, a + d] as const)
    const bounded = near.filter(([, b]) => b < 10n ** 38n && b > -(10n ** 38n))
    fc.assert(
      fc.property(fc.oneof(bounded, fc.tuple(unscaled, unscaled)), ([a, b]) => {
        const words = new Uint32Array(8)
        writeWideDecimal(words, 0, a, 18)
        writeWideDecimal(words, 4, b, 18)
        expect(isDecimalBelow(words, 0, 4)).toBe(a < b)
        expect(isDecimalBelow(words, 4, 0)).toBe(b < a)
      }),
      RUNS,
    )
  })

  it.each([
    [1.5, 2],
    [2 ** 53 + 2, 0],
    [Number.POSITIVE_INFINITY, 0],
    [Number.NaN, 0],
    [1, 19],
  ])('are refused as our mistake when the column holds %d at scale %d', (mantissa, scale) => {
    expect(() => writeDecimal(new Uint32Array(4), 0, mantissa, scale)).toThrow('bug: ')
  })

  it('are refused as our mistake beyond 38 digits', () => {
    for (const value of [10n ** 38n, -(10n ** 38n)]) {
      expect(() => writeWideDecimal(new Uint32Array(4), 0, value, 18)).toThrow('bug: ')
    }
    expect(() => writeWideDecimal(new Uint32Array(4), 0, 10n ** 20n, 0)).toThrow('bug: ')
  })
})
