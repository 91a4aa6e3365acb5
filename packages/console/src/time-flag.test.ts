import { describe, expect, it } from 'vitest'
import { parseTime, timeFlag } from './time-flag.ts'

describe('times on the command line', () => {
  it('reads a time, and refuses with the text escaped what is none', () => {
    expect(timeFlag('--from')('2026-11-20T00:00:00Z')).toBe(Date.UTC(2026, 10, 20) * 1000)
    expect(() => timeFlag('--from')('yesterday\u001b')).toThrow(
      '--from is "yesterday\\u001b", expected a time',
    )
  })

  it('reads ISO 8601 as UTC, to the microsecond, wherever this machine stands', () => {
    const noon = Date.UTC(2026, 10, 20, 12) * 1000
    for (const [text, us] of [
      ['2026-11-20T12:00:00Z', noon],
      ['2026-11-20T12:00', noon],
      ['2026-11-20T13:30:00+01:30', noon],
      ['2026-11-20T12:00:00.000001Z', noon + 1],
      ['2026-11-20T12:00:00.5', noon + 500_000],
      ['2026-11-20', noon - 12 * 3_600_000_000],
    ] as const) {
      expect(parseTime(text), text).toBe(us)
    }
    for (const text of [
      '',
      'now',
      '2026-11-20 12:00',
      '20.11.2026',
      '2026-02-30',
      '2026-13-01',
      '2026-11-20T25:00',
      '12',
    ])
      expect(parseTime(text), text).toBeNull()
  })
})
