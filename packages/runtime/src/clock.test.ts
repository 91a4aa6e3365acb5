import { describe, expect, it } from 'vitest'
import { seededChance, ulid } from './chance.ts'
import { sleep, systemClock } from './clock.ts'
import { backoffMs, defaultBackoff } from './retry.ts'

describe('systemClock', () => {
  it('never goes back and agrees with the wall clock', () => {
    const clock = systemClock()
    let last = 0
    for (let i = 0; i < 10_000; i++) {
      const now = clock.nowUs()
      expect(now).toBeGreaterThanOrEqual(last)
      last = now
    }
    expect(Math.abs(last / 1000 - Date.now())).toBeLessThan(2_000)
    expect(Number.isInteger(last)).toBe(true)
  })

  it('calls back soon, and without a warning, when the time is past', async () => {
    const warned: string[] = []
    const warn = ({ name }: Error): void => void warned.push(name)
    process.on('warning', warn)
    await sleep(systemClock(), -5)
    // Warnings come with the next turn.
    await sleep(systemClock(), 0)
    process.off('warning', warn)
    expect(warned).toEqual([])
  })

  it('follows a wall clock that is set forwards by more than 2 s, and carries on over one that is set back', () => {
    const now = { wall: 1_000_000_000, monotonic: 5_000_000 }
    const pass = (seconds: number, set = 0): void => {
      now.monotonic += seconds * 1e6
      now.wall += (seconds + set) * 1e6
    }
    const clock = systemClock({
      wallUs: () => now.wall,
      monotonicUs: () => now.monotonic,
      uptimeUs: () => 0,
    })
    expect(clock.nowUs()).toBe(1_000_000_000)
    pass(1, 3600)
    expect(clock.nowUs()).toBe(4_601_000_000)
    pass(1, -7200)
    expect(clock.nowUs()).toBe(4_602_000_000)
    pass(1, 1)
    expect(clock.nowUs()).toBe(4_603_000_000)
  })
})

describe('chance', () => {
  it('gives the same numbers from one seed and others from another', () => {
    const draw = (seed: number): number[] => {
      const chance = seededChance(seed)
      return Array.from({ length: 100 }, () => chance.below(1000))
    }
    expect(draw(7)).toEqual(draw(7))
    expect(draw(7)).not.toEqual(draw(8))
  })

  it('makes ids that sort by time and do not repeat', () => {
    const ids = Array.from({ length: 100 }, (_, i) => ulid(1_700_000_000_000_000 + i * 1000))
    expect([...ids].sort()).toEqual(ids)
    expect(new Set(ids).size).toBe(100)
    expect(ids.every((id) => /^[0-9A-HJKMNP-TV-Z]{26}$/.test(id))).toBe(true)
  })
})

describe('backoff', () => {
  it('doubles from the first delay to the cap and stays within the jitter', () => {
    const chance = seededChance(1)
    for (let attempt = 1; attempt <= 12; attempt++) {
      const plain = Math.min(1000 * 2 ** (attempt - 1), 60_000)
      const delay = backoffMs(defaultBackoff, attempt, chance)
      expect(delay).toBeGreaterThanOrEqual(plain * 0.75)
      expect(delay).toBeLessThanOrEqual(plain * 1.25)
    }
  })
})
