import { describe, expect, it } from 'vitest'
import { manualClock } from './manual-clock.ts'
import { type TimeJump, watchTime } from './time-watch.ts'

const SECOND = 1_000_000

/** Three clocks that are moved by hand, and the jumps that were told. */
function watched(): {
  pass(by: { wall?: number; monotonic?: number; up?: number }): void
  jumps: TimeJump[]
  cancel(): void
} {
  const now = { wall: 1_700_000_000 * SECOND, monotonic: 5 * SECOND, up: 99 * SECOND }
  const clock = manualClock()
  const jumps: TimeJump[] = []
  const cancel = watchTime(clock, (jump) => jumps.push(jump), {
    wallUs: () => now.wall,
    monotonicUs: () => now.monotonic,
    uptimeUs: () => now.up,
  })
  return {
    pass({ wall = SECOND, monotonic = SECOND, up = SECOND }) {
      now.wall += wall
      now.monotonic += monotonic
      now.up += up
      clock.advance(1000)
    },
    jumps,
    cancel,
  }
}

describe('a watch over time', () => {
  it('is silent while the clocks agree, and when a timer is a little late', () => {
    const { pass, jumps } = watched()
    for (let i = 0; i < 10; i++) pass({})
    pass({ wall: 2.9 * SECOND, monotonic: 2.9 * SECOND, up: 2.9 * SECOND })
    pass({ wall: SECOND + 1_900_000 })
    expect(jumps).toEqual([])
  })

  it('tells a stopped process and a sleeping machine as suspended', () => {
    const { pass, jumps } = watched()
    pass({ wall: 11 * SECOND, monotonic: 11 * SECOND, up: 11 * SECOND })
    pass({ wall: 61 * SECOND, up: 61 * SECOND })
    expect(jumps).toEqual([
      { kind: 'suspended', us: 10 * SECOND },
      { kind: 'suspended', us: 60 * SECOND },
    ])
  })

  it('tells a clock that was set, forwards and back', () => {
    const { pass, jumps } = watched()
    pass({ wall: 4 * SECOND })
    pass({ wall: -9 * SECOND })
    expect(jumps).toEqual([
      { kind: 'clock_step', us: 3 * SECOND },
      { kind: 'clock_step', us: -10 * SECOND },
    ])
  })

  it('takes a missing uptime for nothing said', () => {
    const { pass, jumps } = watched()
    pass({ up: 0 })
    expect(jumps).toEqual([])
  })

  it('tells each jump once, and none after it was cancelled', () => {
    const { pass, jumps, cancel } = watched()
    pass({ wall: 4 * SECOND })
    pass({})
    cancel()
    pass({ wall: 100 * SECOND })
    expect(jumps).toHaveLength(1)
  })
})
