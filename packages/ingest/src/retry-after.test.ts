import { describe, expect, it } from 'vitest'
import { retryAfterMs } from './retry-after.ts'

const nowUs = Date.UTC(2026, 0, 1) * 1000

describe('a Retry-After', () => {
  it('is seconds or a date', () => {
    expect(retryAfterMs('120', nowUs)).toBe(120_000)
    expect(retryAfterMs(' 1 ', nowUs)).toBe(1000)
    expect(retryAfterMs('Thu, 01 Jan 2026 00:01:30 GMT', nowUs)).toBe(90_000)
  })

  it('that says nothing is none', () => {
    for (const text of [undefined, '', '0', '-1', 'soon', 'NaN', '1e3x', 'Wed, 31 Dec 2025 23:59:59 GMT']) {
      expect(retryAfterMs(text, nowUs)).toBeNull()
    }
  })

  it('is believed up to three days', () => {
    for (const text of ['999999999', '999999999999999', 'Thu, 01 Jan 2099 00:00:00 GMT']) {
      expect(retryAfterMs(text, nowUs)).toBe(3 * 86_400_000)
    }
  })
})
