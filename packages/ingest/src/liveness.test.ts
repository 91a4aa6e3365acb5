import { manualClock } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { defaultLimits } from './limits.ts'
import { type Patience, watchLife } from './liveness.ts'

interface Story {
  readonly isTalkative: boolean
  readonly patience?: Patience
  readonly isPaused?: () => boolean
  /** The other side answers so many of our pings. */
  readonly answers?: number
  /** How often it says something by itself, 180 s when nothing else is said. */
  readonly beatMs?: number | null
}

function watched({ isTalkative, patience, isPaused, answers, beatMs = 180_000 }: Story) {
  const clock = manualClock()
  const startUs = clock.nowUs()
  const signs = { frameUs: startUs, controlUs: startUs, frames: 0, pongs: 0 }
  const ends: { readonly reason: string; readonly afterMs: number }[] = []
  const world = { clock, signs, ends, pings: 0, frame: () => {} }
  world.frame = () => {
    signs.frameUs = clock.nowUs()
    signs.frames += 1
  }
  const cancel = watchLife({
    clock,
    limits: defaultLimits,
    signs,
    patience: patience ?? { ms: defaultLimits.staleAfterMs },
    beatMs,
    isTalkative: () => isTalkative,
    isPaused: isPaused ?? (() => false),
    ping: () => {
      world.pings += 1
      if (world.pings > (answers ?? 0)) return
      signs.controlUs = clock.nowUs()
      signs.pongs += 1
    },
    giveUp(reason) {
      ends.push({ reason, afterMs: (clock.nowUs() - startUs) / 1000 })
      cancel()
    },
  })
  return world
}

describe('a connection', () => {
  it('that answered once and then gives no sign of life is dead after 30 s, and was asked before', () => {
    const world = watched({ isTalkative: false, answers: 1 })
    world.clock.advance(60_000)
    expect(world.ends).toEqual([{ reason: 'no sign of life for 30 s', afterMs: 30_000 }])
    expect(world.pings).toBeGreaterThan(1)
  })

  it('of an exchange that answers no pings is dead when its own are missing', () => {
    const world = watched({ isTalkative: false })
    const cancel = world.clock.every(180_000, () => {
      world.signs.controlUs = world.clock.nowUs()
    })
    world.clock.advance(3_600_000)
    expect(world.ends).toEqual([])
    cancel()
    world.clock.advance(3_600_000)
    expect(world.ends).toEqual([{ reason: 'no sign of life for 450 s', afterMs: 4_050_000 }])
  })

  it('of an exchange that answers no pings and promises no sign is stale by its frames, whatever it carries', () => {
    for (const isTalkative of [true, false]) {
      const patience = { ms: 30_000 }
      const lived: number[] = []
      for (let i = 0; i < 7; i++) {
        const world = watched({ isTalkative, beatMs: null, patience })
        world.clock.advance(3_600_000)
        expect(world.ends[0]?.reason).toMatch(/^no frame for/)
        lived.push(world.ends[0]?.afterMs as number)
      }
      // Never sooner than after half a minute, and ever more rarely: silence proves nothing there.
      expect(lived).toEqual([30_000, 60_000, 120_000, 240_000, 480_000, 600_000, 600_000])
    }
  })

  it('of rare streams lives by signs that nobody promised', () => {
    const world = watched({ isTalkative: false, beatMs: null })
    world.clock.every(1_000, () => {
      world.signs.controlUs = world.clock.nowUs()
    })
    world.clock.advance(24 * 3_600_000)
    expect(world.ends).toEqual([])
  })

  it('of an exchange that promises no sign is dead after 30 s when it answered a ping before', () => {
    const world = watched({ isTalkative: false, beatMs: null, answers: 1 })
    world.clock.advance(60_000)
    expect(world.ends).toEqual([{ reason: 'no sign of life for 30 s', afterMs: 30_000 }])
  })

  it('of an exchange that answers only texts is dead when 2.5 of its answers are missing', () => {
    const world = watched({ isTalkative: false, beatMs: 20_000 })
    const cancel = world.clock.every(20_000, () => {
      world.signs.controlUs = world.clock.nowUs()
    })
    world.clock.advance(3_600_000)
    expect(world.ends).toEqual([])
    cancel()
    world.clock.advance(3_600_000)
    expect(world.ends[0]?.reason).toBe('no sign of life for 50 s')
  })

  it('of rare streams lives for ever as long as it answers', () => {
    const world = watched({ isTalkative: false, answers: Infinity })
    world.clock.advance(24 * 3_600_000)
    expect(world.ends).toEqual([])
  })

  it('of rare streams is not asked when the exchange pings by itself', () => {
    const world = watched({ isTalkative: false })
    const { pings } = world
    world.clock.every(14_000, () => {
      world.signs.controlUs = world.clock.nowUs()
    })
    world.clock.advance(600_000)
    expect([world.ends, world.pings]).toEqual([[], pings])
  })

  it('that should talk and does not is stale after 30 s, although it answers', () => {
    const world = watched({ isTalkative: true, answers: Infinity })
    world.clock.advance(60_000)
    expect(world.ends).toEqual([{ reason: 'no frame for 30 s', afterMs: 30_000 }])
  })

  it('that talks every 25 s lives', () => {
    const world = watched({ isTalkative: true, answers: Infinity })
    world.clock.every(25_000, world.frame)
    world.clock.advance(3_600_000)
    expect(world.ends).toEqual([])
  })

  it('is given more time after each time in vain, up to ten minutes', () => {
    const patience = { ms: 30_000 }
    const lived: number[] = []
    for (let i = 0; i < 7; i++) {
      const world = watched({ isTalkative: true, answers: Infinity, patience })
      world.clock.advance(3_600_000)
      lived.push(world.ends[0]?.afterMs as number)
    }
    expect(lived).toEqual([30_000, 60_000, 120_000, 240_000, 480_000, 600_000, 600_000])
  })

  it('that talks all the time is held to 30 s again', () => {
    const patience = { ms: 600_000 }
    const world = watched({ isTalkative: true, answers: Infinity, patience })
    const cancel = world.clock.every(100, world.frame)
    world.clock.advance(60_000)
    expect(patience.ms).toBe(30_000)
    cancel()
    world.clock.advance(60_000)
    expect(world.ends).toHaveLength(1)
  })

  it('that we did not read is not blamed for it', () => {
    let isPaused = true
    const world = watched({ isTalkative: true, answers: Infinity, isPaused: () => isPaused })
    world.clock.advance(300_000)
    isPaused = false
    world.clock.advance(29_000)
    expect(world.ends).toEqual([])
    world.clock.advance(10_000)
    expect(world.ends).toHaveLength(1)
  })

  it('is not blamed for our own sleep', () => {
    const clock = manualClock()
    let sleptUs = 0
    const ends: string[] = []
    const signs = { frameUs: clock.nowUs(), controlUs: clock.nowUs(), frames: 0, pongs: 0 }
    const sleepy = { ...clock, nowUs: () => clock.nowUs() + sleptUs }
    const cancel = watchLife({
      clock: sleepy,
      limits: defaultLimits,
      signs,
      patience: { ms: 30_000 },
      beatMs: 20_000,
      isTalkative: () => true,
      isPaused: () => false,
      ping: () => {},
      giveUp: (reason) => ends.push(reason),
    })
    clock.advance(10_000)
    sleptUs = 3_600_000_000
    clock.advance(10_000)
    expect(ends).toEqual([])
    clock.advance(30_000)
    expect(ends).toHaveLength(1)
    cancel()
  })
})
