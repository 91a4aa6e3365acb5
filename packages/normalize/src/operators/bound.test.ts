import { DecimalColumn, parseDecimal } from '@cryptoflow/model'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { setDecimal } from '../lane-fixture.ts'
import { Bound } from './bound.ts'

const decimals = fc
  .tuple(fc.bigInt({ min: 0n, max: 10n ** 20n - 1n }), fc.integer({ min: 0, max: 18 }))
  .map(([mantissa, scale]) => {
    const digits = mantissa.toString().padStart(scale + 1, '0')
    return scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`
  })

/** At 36 fraction digits, which products have. */
function scaled(text: string): bigint {
  const decimal = parseDecimal(text)
  if (decimal === null || decimal === 'range') throw new Error(`no decimal: ${text}`)
  return decimal.mantissa * 10n ** BigInt(36 - decimal.scale)
}

function columnOf(text: string): DecimalColumn {
  const column = new DecimalColumn(1)
  setDecimal(column, 0, text)
  return column
}

describe('a bound', () => {
  it.each([
    ['0.1', '0.1'],
    ['0.1', '0.10'],
    ['0.100000000000000001', '0.1'],
    ['0.1', '0.100000000000000001'],
    ['9007199254740993', '9007199254740992'],
    ['9007199254740992', '9007199254740993'],
    ['99999999999999999999', '99999999999999999999.999999999999999999'],
    ['0', '0'],
    ['1.5', '2'],
  ])('%s stands to %s as the numbers do', (bound, number) => {
    expectExact(bound, number)
  })

  it('compares exactly, whatever the digits', () => {
    fc.assert(fc.property(decimals, decimals, expectExact), { seed: 5, numRuns: 500 })
  })

  it('compares products exactly, also those that a float cannot tell from it', () => {
    const close = fc.tuple(decimals, decimals, fc.constantFrom(-1n, 0n, 1n))
    const check = ([price, quantity, more]: [string, string, bigint]): void => {
      const product = (scaled(price) * scaled(quantity)) / 10n ** 36n + more * 10n ** 18n
      const cut = product / 10n ** 18n
      if (cut < 0n || cut >= 10n ** 38n) return
      const digits = cut.toString().padStart(19, '0')
      const bound = `${digits.slice(0, -18)}.${digits.slice(-18)}`
      const isLess = scaled(price) * scaled(quantity) < scaled(bound) * 10n ** 36n
      expect(new Bound(bound).isAboveProduct(columnOf(price), columnOf(quantity), 0)).toBe(isLess)
    }
    fc.assert(fc.property(close, check), { seed: 6, numRuns: 1000 })
  })

  it('stands to no number that is absent', () => {
    const column = new DecimalColumn(1)
    column.setNull(0)
    const bound = new Bound('1')
    expect([bound.isAbove(column, 0), bound.isBelow(column, 0)]).toEqual([false, false])
    expect(bound.isAboveProduct(column, columnOf('0'), 0)).toBe(false)
  })
})

function expectExact(bound: string, number: string): void {
  const column = columnOf(number)
  const difference = scaled(number) - scaled(bound)
  const found = [new Bound(bound).isAbove(column, 0), new Bound(bound).isBelow(column, 0)]
  expect([bound, number, ...found]).toEqual([bound, number, difference < 0n, difference > 0n])
}
