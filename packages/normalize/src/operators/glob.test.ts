import { describe, expect, it } from 'vitest'
import { chanceOf } from '../lane-fixture.ts'
import { matchesGlob } from './glob.ts'

describe('a pattern for symbols', () => {
  it.each([
    ['BTCUSDT', 'BTCUSDT', true],
    ['BTCUSDT', 'BTCUSD', false],
    ['BTC*', 'BTC', true],
    ['*USDT', '测试USDT', true],
    ['*USDT', 'USDTBTC', false],
    ['?USDT', '🦊USDT', true],
    ['B*C*T', 'BTCBUSDT', true],
    ['*', '', true],
    ['', '', true],
    ['', 'A', false],
    ['a.c', 'abc', false],
    ['[ab]', 'a', false],
    ['*_?', 'BTC_2', true],
  ])('%s and %s: %s', (pattern, text, matches) => {
    expect(matchesGlob(pattern, text)).toBe(matches)
  })

  it('says what a regular expression says', () => {
    const chance = chanceOf(7)
    const word = (letters: string): string =>
      Array.from({ length: chance(7) }, () => letters[chance(letters.length)]).join('')
    for (let i = 0; i < 3000; i++) {
      const pattern = word('ab*?')
      const text = word('ab')
      const source = pattern.replaceAll('?', '.').replaceAll('*', '.*')
      expect(`${pattern} ${text} ${matchesGlob(pattern, text)}`).toBe(
        `${pattern} ${text} ${new RegExp(`^${source}$`).test(text)}`,
      )
    }
  })

  it('goes back to its last star alone, however many there are', () => {
    expect(matchesGlob('*a'.repeat(30), 'b'.repeat(64))).toBe(false)
    expect(matchesGlob(`${'*a'.repeat(25)}*b`, 'a'.repeat(64))).toBe(false)
  })
})
