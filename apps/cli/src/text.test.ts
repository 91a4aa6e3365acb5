import { spanText } from '@cryptoflow/console'
import { describe, expect, it } from 'vitest'
import { ageText, asciiJson, listFlag, timeText, wrapped } from './text.ts'

describe('text for people and scripts', () => {
  it('says a length of time in its two largest units', () => {
    const spans: [number, string][] = [
      [0.04, '0.0 s'],
      [9.94, '9.9 s'],
      [119, '119 s'],
      [120, '2 min'],
      [7200, '2 h'],
      [7260, '2 h 1 min'],
      [2 * 86_400, '2 d'],
      [3 * 86_400 + 4 * 3600, '3 d 4 h'],
      [Number.POSITIVE_INFINITY, 'never'],
    ]
    for (const [seconds, text] of spans) expect(spanText(seconds)).toBe(text)
  })

  it('says how long ago, and nothing of what lies ahead or never was', () => {
    expect(ageText(1_000_000, 5_000_000)).toBe('4.0 s ago')
    expect(ageText(5_000_001, 5_000_000)).toBe('now')
    expect(ageText(null, 5_000_000)).toBe('-')
    expect(timeText(1_795_247_060_789_679)).toBe('2026-11-21T07:44:20.789Z')
  })

  it('writes JSON of printable ASCII alone, which reads back as it was', () => {
    const hostile = '\u001b[31mred\u001b[0m \u202e\u200b\u009b2J\u2028 \u0000 测试USDT \u{1f600} \ud800'
    const text = asciiJson({ [hostile]: hostile })
    expect(text).toMatch(/^[\x20-\x7e]+$/)
    expect(JSON.parse(text)).toEqual({ [hostile]: hostile })
  })

  it('takes lists with blanks and empty parts', () => {
    expect(listFlag(' a, ,b,')).toEqual(['a', 'b'])
    expect(listFlag(' , ')).toEqual([])
  })

  it('breaks lines between words only', () => {
    expect(wrapped('aa bb cccccc d', 5)).toEqual(['aa bb', 'cccccc', 'd'])
  })
})
