import { describe, expect, it } from 'vitest'
import { numberText, spellingsOfBook, spellingsOfTrade } from './numbers.ts'

describe('numberText', () => {
  it.each([
    [106_691_000, 0, '106691000.00000000'],
    [9_372, 8, '0.00009372'],
    [113, 8, '0.00000113'],
    [100, 8, '0.00000100'],
    [99, 8, '9.9E-7'],
    [90, 8, '9.0E-7'],
    [6, 8, '6E-8'],
    [12_345, 2, '123.45000000'],
    [0, 0, '0.00000000'],
  ])('writes %i at %i digits fixed as %s', (units, digits, text) => {
    expect(numberText(units, digits, 'fixed')).toBe(text)
  })

  it.each([
    [20_230, 0, '20230.0'],
    [116_539_000, 0, '1.16539E8'],
    [100_000_000, 0, '1.0E8'],
    [9_999_999, 0, '9999999.0'],
    [10_000_000, 0, '1.0E7'],
    [79_276, 8, '7.9276E-4'],
    [100_000, 8, '0.001'],
    [99, 8, '9.9E-7'],
    [1_000, 2, '10.0'],
    [12_345_678_901, 3, '1.2345678901E7'],
    [0, 0, '0.0'],
  ])('writes %i at %i digits as a double: %s', (units, digits, text) => {
    expect(numberText(units, digits, 'double')).toBe(text)
  })

  it.each([
    [137_002_000, 0, '137002000'],
    [10_623_869, 8, '0.10623869'],
    [12_300, 2, '123'],
    [12_340, 2, '123.4'],
    [6, 8, '0.00000006'],
  ])('writes %i at %i digits short as %s', (units, digits, text) => {
    expect(numberText(units, digits, 'short')).toBe(text)
  })

  it('never changes a value', () => {
    for (let units = 1; units < 2e12; units = units * 3 + 7) {
      for (const spelling of ['fixed', 'double', 'short'] as const) {
        for (let digits = 0; digits <= 8; digits++) {
          const text = numberText(units, digits, spelling)
          expect(unitsIn(text)).toBe(unitsIn(`${units}E-${digits}`))
          expect(text).toMatch(/^(?:0|[1-9]\d*)(?:\.\d+)?(?:E-?\d+)?$/)
        }
      }
    }
  })
})

describe('spellings', () => {
  it('are all in use, and those of one message are always the same', () => {
    const names = Array.from({ length: 200 }, (_, i) => String(i))
    const ofTrades = names.map((id) => spellingsOfTrade('KRW-BTC', id))
    const ofBooks = names.map((_, i) => spellingsOfBook('KRW-BTC', i))
    expect(new Set(ofTrades.map(({ price }) => price)).size).toBe(3)
    expect(new Set(ofBooks.map(({ price, quantity }) => price + quantity)).size).toBe(3)
    expect(names.map((id) => spellingsOfTrade('KRW-BTC', id))).toEqual(ofTrades)
  })
})

/** Units of 10^-20. */
function unitsIn(text: string): bigint {
  const [mantissa = '', exponent = '0'] = text.split('E')
  const [whole = '', fraction = ''] = mantissa.split('.')
  return BigInt(whole + fraction) * 10n ** BigInt(20 - fraction.length + Number(exponent))
}
