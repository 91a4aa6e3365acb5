import { manualClock, seededChance } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { Channel, type ChannelBounds, type ChannelPolicy } from './channel.ts'
import { type PlainThing, plainChannel } from './testing/plain-channel.ts'

const policies: readonly ChannelPolicy[] = ['wait', 'drop-oldest', 'sample', 'spill']

function channelOf(policy: ChannelPolicy, bounds: ChannelBounds, clock = manualClock()) {
  return new Channel<number>({ name: 'test', policy, clock, ...bounds })
}

/** Offers 1, 2, 3, ... of one byte each; what was answered. */
function offered(channel: Channel<number>, things: readonly number[]) {
  return things.map((thing) => channel.offer(thing, 1))
}

function drained(channel: Channel<number>): number[] {
  const things: number[] = []
  while (channel.next !== undefined) things.push(channel.take() as number)
  return things
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1)

describe.each(policies)('a channel that would %s', (policy) => {
  it('is a plain list with bounds, whatever is offered and taken', () => {
    const seen = { taken: 0, full: 0, left: 0, dropped: 0 }
    for (let seed = 1; seed <= 60; seed++) {
      const chance = seededChance(seed)
      const bounds = { itemsMax: 1 + chance.below(40), bytesMax: 1 + chance.below(300) }
      const channel = channelOf(policy, bounds)
      const plain = plainChannel(policy, bounds)
      const eagerness = chance.next()
      for (let step = 1; step <= 400; step++) {
        if (chance.hits(0.01)) {
          channel.clear()
          plain.clear()
        } else if (chance.hits(eagerness)) {
          expect(channel.take()).toBe(plain.take())
        } else {
          const bytes = chance.hits(0.05) ? bounds.bytesMax + 1 : chance.below(20)
          const count = chance.hits(0.05) ? bounds.itemsMax + 1 : 1 + chance.below(3)
          const answer = channel.offer(step, bytes, count)
          expect(answer).toBe(plain.offer(step, bytes, count))
          seen[answer] += 1
        }
        const waiting: readonly PlainThing[] = plain.waiting
        expect(channel.next).toBe(waiting[0]?.thing)
        expect(channel.depth).toBe(waiting.reduce((sum, { count }) => sum + count, 0))
        expect(channel.bytes).toBe(waiting.reduce((sum, { bytes }) => sum + bytes, 0))
        expect(channel.highWater).toBeGreaterThanOrEqual(channel.depth)
        const isAlone = waiting.length === 1 && policy === 'wait'
        expect(isAlone || channel.depth <= bounds.itemsMax).toBe(true)
        expect(isAlone || channel.bytes <= bounds.bytesMax).toBe(true)
      }
      expect(channel.counters).toEqual(plain.counters)
      seen.dropped += channel.counters.dropped
    }
    expect(seen.taken).toBeGreaterThan(1000)
    expect(seen.full > 0).toBe(policy === 'wait')
    expect(seen.left > 0).toBe(policy !== 'wait')
    expect(seen.dropped > 0).toBe(policy === 'drop-oldest' || policy === 'sample')
  })
})

describe('a full channel', () => {
  it('that waits takes again after room, in order and without loss', async () => {
    const channel = channelOf('wait', { itemsMax: 3, bytesMax: 100 })
    const heard: number[] = []
    const producer = (async () => {
      for (const thing of upTo(10)) while (channel.offer(thing, 1) === 'full') await channel.room()
    })()
    for (let turn = 0; turn < 40; turn++) {
      await Promise.resolve()
      if (turn % 2 === 0 && channel.next !== undefined) heard.push(channel.take() as number)
    }
    await producer
    expect([...heard, ...drained(channel)]).toEqual(upTo(10))
    expect(channel.highWater).toBe(3)
  })

  it('that waits lets something pass that is larger than itself, alone', () => {
    const channel = channelOf('wait', { itemsMax: 3, bytesMax: 10 })
    expect([channel.offer(1, 1), channel.offer(2, 11)]).toEqual(['taken', 'full'])
    channel.take()
    expect([channel.offer(2, 11), channel.offer(3, 0)]).toEqual(['taken', 'full'])
    expect(channel.occupancy).toBe(1)
  })

  it('that drops the oldest keeps the newest', () => {
    const channel = channelOf('drop-oldest', { itemsMax: 4, bytesMax: 100 })
    offered(channel, upTo(10))
    expect(drained(channel)).toEqual([7, 8, 9, 10])
    expect(channel.counters).toEqual({ offered: 10, taken: 4, left: 0, dropped: 6 })
  })

  it('that samples keeps things from its whole time, evenly', () => {
    const channel = channelOf('sample', { itemsMax: 8, bytesMax: 100 })
    offered(channel, upTo(9))
    expect(drained(channel)).toEqual([2, 4, 6, 8, 9])
  })

  it('that spills holds one run without a hole, and begins a new one when that is taken', () => {
    const channel = channelOf('spill', { itemsMax: 3, bytesMax: 100 })
    expect(offered(channel, upTo(5))).toEqual(['taken', 'taken', 'taken', 'left', 'left'])
    channel.take()
    channel.take()
    expect(channel.offer(6, 1)).toBe('left')
    expect(channel.take()).toBe(3)
    expect(channel.offer(7, 1)).toBe('taken')
    expect(drained(channel)).toEqual([7])
    expect(channel.counters.left).toBe(3)
  })
})

describe('what a channel tells', () => {
  it('is how long each thing waited, by the clock', () => {
    const clock = manualClock()
    const channel = channelOf('wait', { itemsMax: 10, bytesMax: 100 }, clock)
    const delays: number[] = []
    channel.onDelay = (seconds) => delays.push(seconds)
    channel.offer(1, 1)
    clock.advance(250)
    channel.offer(2, 1)
    clock.advance(500)
    drained(channel)
    expect(delays).toEqual([0.75, 0.5])
    expect(channel.delaySeconds).toBe(0.5)
  })

  it('is the fuller share of items and bytes', () => {
    const channel = channelOf('wait', { itemsMax: 10, bytesMax: 100 })
    channel.offer(1, 5, 4)
    expect(channel.occupancy).toBe(0.4)
    channel.offer(2, 85)
    expect(channel.occupancy).toBe(0.9)
  })
})
