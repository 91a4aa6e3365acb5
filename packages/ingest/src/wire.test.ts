import type { SessionSpec } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { bookStreams, limit, testMarket } from './ingest-support.ts'
import { byWireName, resubscribeRequests, subscribeFrames, subscribeRequests, wireNameOf } from './wire.ts'

const market = testMarket('ws://x', 'http://x', {}, bookStreams)

function sessionWith(more: Partial<SessionSpec>): SessionSpec {
  return { ...market.session, subscribeFrameBytesMax: limit(1000), ...more }
}

describe('a wire name', () => {
  it('is that of the stream whose messages bring the one that is asked for', () => {
    expect(wireNameOf(market, { stream: 'o', symbol: 'A' })).toBe('A@o')
    expect(wireNameOf(market, { stream: 'oq', symbol: 'A' })).toBe('A@o')
    // One subscription of the whole market brings every symbol's.
    expect(wireNameOf(market, { stream: 'one', symbol: 'A' })).toBe('@all')
  })

  it('brings all streams together that come with it, in the order asked for', () => {
    const subscriptions = ['oq', 't', 'o'].map((stream) => ({ stream, symbol: 'A' }))
    expect([...byWireName(market, subscriptions)]).toEqual([
      ['A@o', [subscriptions[0], subscriptions[2]]],
      ['A@t', [subscriptions[1]]],
    ])
  })

  it('of a stream that comes within itself, or within none of the market, is a bug', () => {
    const [first] = bookStreams as [(typeof bookStreams)[number]]
    for (const within of ['o', 'nowhere']) {
      const broken = testMarket('ws://x', 'http://x', {}, [{ ...first, within }])
      expect(() => wireNameOf(broken, { stream: 'o', symbol: 'A' })).toThrow()
    }
  })
})

describe('subscribe requests', () => {
  it('subscribe a wire name once, however many streams it brings', () => {
    const subscriptions = ['o', 'oq', 'om'].map((stream) => ({ stream, symbol: 'A' }))
    expect(subscribeFrames(market, subscriptions)).toEqual(['{"names":["A@o"],"id":1}'])
  })

  it('have names of one group each, in order, and ids that are dense over the groups', () => {
    const session = sessionWith({ subscribeGroup: (name) => name.slice(-1) })
    const requests = subscribeRequests(session, ['A@o', 'A@t', 'B@o', 'B@t'], 5)
    expect(requests.map(({ id, names }) => [id, names])).toEqual([
      [5, ['A@o', 'B@o']],
      [6, ['A@t', 'B@t']],
    ])
    expect(requests[1]?.text).toBe('{"names":["A@t","B@t"],"id":6}')
  })

  it('have at most as many names as the exchange takes in a frame', () => {
    const names = Array.from({ length: 25 }, (_, i) => `${i}@o`)
    const requests = subscribeRequests(sessionWith({ streamsPerFrameMax: limit(10) }), names, 1)
    expect(requests.map((request) => request.names.length)).toEqual([10, 10, 5])
    expect(requests.flatMap((request) => request.names)).toEqual(names)
  })

  it('are as long as a frame may be and not a byte longer, whatever their lengths', () => {
    const names = Array.from({ length: 60 }, (_, i) => `${'测'.repeat((i * 7) % 11)}${i}@o`)
    for (let bytesMax = 70; bytesMax < 400; bytesMax += 13) {
      const session = sessionWith({ subscribeFrameBytesMax: limit(bytesMax) })
      const requests = subscribeRequests(session, names, 98)
      expect(requests.flatMap((request) => request.names)).toEqual(names)
      for (const [index, request] of requests.entries()) {
        expect(Buffer.byteLength(request.text)).toBeLessThanOrEqual(bytesMax)
        const next = requests[index + 1]?.names[0]
        if (next === undefined) continue
        const longer = session.subscribeFrame([...request.names, next], request.id)
        expect(Buffer.byteLength(longer)).toBeGreaterThan(bytesMax)
      }
    }
  })
})

describe('requests that renew subscriptions', () => {
  it('end and begin the same names, side by side, with ids that go on', () => {
    const session = sessionWith({ streamsPerFrameMax: limit(2) })
    const pairs = resubscribeRequests(session, ['A@o', 'B@o', 'C@o'], 7)
    expect(pairs?.map(({ end, again }) => [end.text, again.text])).toEqual([
      ['{"end":["A@o","B@o"],"id":7}', '{"names":["A@o","B@o"],"id":8}'],
      ['{"end":["C@o"],"id":9}', '{"names":["C@o"],"id":10}'],
    ])
  })

  it('fit both, though the end of a subscription is the longer text', () => {
    const unsubscribeFrame = (names: readonly string[], id: number) =>
      JSON.stringify({ end: names, id, why: 'no reason at all' })
    const names = ['A@o', 'B@o']
    const long = unsubscribeFrame(names, 1).length
    for (const [bytesMax, count] of [
      [long, 1],
      [long - 1, 2],
    ] as const) {
      const session = sessionWith({ unsubscribeFrame, subscribeFrameBytesMax: limit(bytesMax) })
      expect(resubscribeRequests(session, names, 1)).toHaveLength(count)
    }
  })

  it('are none where the exchange knows no end of a subscription', () => {
    expect(resubscribeRequests(sessionWith({ unsubscribeFrame: () => null }), ['A@o'], 1)).toBeNull()
  })
})
