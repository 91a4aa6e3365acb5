import { manualClock } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { resyncPace } from './resync-pace.ts'

describe('the pace of renewals', () => {
  it('is at once, then a second, doubled each time up to a minute', () => {
    const clock = manualClock()
    const pace = resyncPace(clock)
    const waits = Array.from({ length: 9 }, () => {
      const waitMs = pace.waitMs('A@o')
      clock.advance(waitMs)
      expect(pace.waitMs('A@o')).toBe(0)
      pace.renewed('A@o')
      return waitMs / 1000
    })
    expect(waits).toEqual([0, 1, 2, 4, 8, 16, 32, 60, 60])
  })

  it('counts from the last renewal, and each name by itself', () => {
    const clock = manualClock()
    const pace = resyncPace(clock)
    pace.renewed('A@o')
    clock.advance(400)
    expect([pace.waitMs('A@o'), pace.waitMs('B@o')]).toEqual([600, 0])
  })

  it('begins anew after five minutes of peace, and not a millisecond earlier', () => {
    for (const [peaceMs, nextMs] of [
      [300_000, 1_000],
      [299_999, 4_000],
    ] as const) {
      const clock = manualClock()
      const pace = resyncPace(clock)
      pace.renewed('A@o')
      clock.advance(1_000)
      pace.renewed('A@o')
      clock.advance(peaceMs)
      pace.renewed('A@o')
      expect(pace.waitMs('A@o')).toBe(nextMs)
    }
  })
})
