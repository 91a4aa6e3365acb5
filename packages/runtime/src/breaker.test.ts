import { describe, expect, it } from 'vitest'
import {
  type BreakerChange,
  type BreakerEvent,
  type BreakerState,
  breakerTransitions,
  openBreaker,
} from './breaker.ts'
import { seededChance } from './chance.ts'
import { manualClock } from './manual-clock.ts'

const backoff = { firstMs: 1_000, maxMs: 60_000, jitter: 0 }

function world(seed = 1) {
  const clock = manualClock()
  const changes: BreakerChange[] = []
  const breaker = openBreaker({
    dependency: 'rest host',
    clock,
    chance: seededChance(seed),
    backoff,
    onChange: (change) => changes.push(change),
  })
  const fail = (times: number): void => {
    for (let i = 0; i < times; i++) {
      breaker.begin()
      breaker.failed('no answer')
    }
  }
  return { clock, breaker, changes, fail }
}

describe('the transitions of a breaker', () => {
  it('lead on from every state: failures open it, time half opens it, one success closes it', () => {
    const states = Object.keys(breakerTransitions) as BreakerState[]
    const after = (event: BreakerEvent) => states.map((state) => breakerTransitions[state][event])
    expect(states).toEqual(['closed', 'open', 'half_open'])
    expect(after('success')).toEqual(['closed', 'closed', 'closed'])
    expect(after('failure')).toEqual(['closed', 'open', 'open'])
    expect(after('trip')).toEqual(['open', 'open', 'open'])
    expect(after('cooled')).toEqual(['closed', 'half_open', 'half_open'])
  })
})

describe('a breaker', () => {
  it('opens at the fifth failure in a row, and a success between begins the count anew', () => {
    const { breaker, fail } = world()
    fail(4)
    breaker.begin()
    breaker.succeeded()
    fail(4)
    expect([breaker.state, breaker.waitMs]).toEqual(['closed', 0])
    fail(1)
    expect([breaker.state, breaker.waitMs]).toEqual(['open', 1_000])
  })

  it('lets one try through when its time is over, and opens for twice as long when that fails', () => {
    const { clock, breaker, fail } = world()
    fail(5)
    clock.advance(999)
    expect(breaker.waitMs).toBe(1)
    clock.advance(1)
    expect([breaker.state, breaker.waitMs]).toEqual(['half_open', 0])
    breaker.begin()
    expect(breaker.waitMs).toBe(Number.POSITIVE_INFINITY)
    breaker.failed('again')
    expect(breaker.waitMs).toBe(2_000)
  })

  it('closes with the try that succeeds, and forgets how often it was open', () => {
    const { clock, breaker, changes, fail } = world()
    fail(5)
    clock.advance(1_000)
    breaker.begin()
    breaker.succeeded()
    expect([breaker.state, breaker.waitMs]).toEqual(['closed', 0])
    fail(5)
    expect(breaker.waitMs).toBe(1_000)
    const rest = { dependency: 'rest host' }
    expect(changes).toEqual([
      { ...rest, state: 'open', openMs: 1_000, reason: 'no answer' },
      { ...rest, state: 'half_open', openMs: 0, reason: '' },
      { ...rest, state: 'closed', openMs: 0, reason: '' },
      { ...rest, state: 'open', openMs: 1_000, reason: 'no answer' },
    ])
  })

  it('lets another try through when one was abandoned', () => {
    const { clock, breaker, fail } = world()
    fail(5)
    clock.advance(1_000)
    breaker.begin()
    breaker.abandoned()
    expect([breaker.state, breaker.waitMs]).toEqual(['half_open', 0])
  })

  it('never leaves a dependency alone for longer than the backoff, and never lets two tries through half open', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const { clock, breaker } = world(seed)
      const chance = seededChance(seed * 31)
      let under = 0
      for (let step = 0; step < 400; step++) {
        const { state, waitMs } = breaker
        if (state === 'half_open') expect(Math.min(under, 1) === 0).toBe(waitMs === 0)
        if (state === 'open') expect(waitMs).toBeLessThanOrEqual(backoff.maxMs)
        if (waitMs === 0 && chance.hits(0.6)) {
          breaker.begin()
          under += 1
        } else if (under > 0) {
          under -= 1
          if (chance.hits(0.8)) breaker.failed('x')
          else if (chance.hits(0.5)) breaker.succeeded()
          else breaker.abandoned()
        } else clock.advance(chance.below(5_000))
      }
    }
  })
})
