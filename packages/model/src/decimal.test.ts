import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decimalText, parseDecimal } from './decimal.ts'

describe('parseDecimal', () => {
  it('keeps the fraction digits as written', () => {
    expect(parseDecimal('0.12000')).toEqual({ mantissa: 12000n, scale: 5 })
    expect(parseDecimal('100')).toEqual({ mantissa: 100n, scale: 0 })
  })

  it('resolves exponents into the scale', () => {
    expect(parseDecimal('6E-8')).toEqual({ mantissa: 6n, scale: 8 })
    expect(parseDecimal('1.16539E8')).toEqual({ mantissa: 116539000n, scale: 0 })
    expect(parseDecimal('7.9276e-4')).toEqual({ mantissa: 79276n, scale: 8 })
  })

  it('accepts 20 integer and 18 fraction digits and no more', () => {
    const most = `${'9'.repeat(20)}.${'9'.repeat(18)}`
    expect(parseDecimal(most)).toEqual({ mantissa: BigInt('9'.repeat(38)), scale: 18 })
    expect(parseDecimal(`1${'0'.repeat(20)}`)).toBe('range')
    expect(parseDecimal(`0.${'0'.repeat(18)}1`)).toBe('range')
    expect(parseDecimal('1e999999')).toBeNull()
    expect(parseDecimal('1e2000')).toBe('range')
  })

  it('refuses what is no number', () => {
    for (const text of ['', '.', '1.', '.5', '+1', '0x10', 'NaN', 'Infinity', '1 ', '1,5', '١']) {
      expect(parseDecimal(text), text).toBeNull()
    }
  })

  it('gives back the text it read for any plain number', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 20n - 1n), fc.integer({ min: 0, max: 18 }), (mantissa, scale) => {
        const text = decimalText(mantissa, scale)
        expect(parseDecimal(text)).toEqual({ mantissa, scale })
      }),
    )
  })
})
