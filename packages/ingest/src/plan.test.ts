import type { ExchangeMarket, StreamSpec } from '@cryptoflow/model'
import { CryptoFlowError } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { bookStreams, limit, testMarket } from './ingest-support.ts'
import { type ConnectionPlan, type Poll, planConnections, planPolls } from './plan.ts'
import { subscribeFrames } from './wire.ts'

const market = testMarket('ws://x', 'http://x')
const namesOf = ({ streams }: Poll): string[] => streams.map(({ name }) => name)

function mistakeOf(work: () => unknown): CryptoFlowError {
  try {
    work()
  } catch (error) {
    expect(error).toBeInstanceOf(CryptoFlowError)
    return error as CryptoFlowError
  }
  throw new Error('nothing was thrown')
}

describe('the plan of connections', () => {
  it('puts as many streams on a connection as the exchange allows, a symbol’s streams side by side', () => {
    const plans = planConnections(market, ['A', 'B', 'C'], ['t', 'd'])
    expect(plans.map((plan) => plan.note.subscriptions.length)).toEqual([4, 2])
    expect(plans[1]?.note).toEqual({
      exchange: 'nowhere',
      market: 'spot',
      subscriptions: [
        { symbol: 'C', stream: 't' },
        { symbol: 'C', stream: 'd' },
      ],
    })
  })

  it('never mixes routes on a connection, in whatever order streams are named', () => {
    for (const streams of [
      ['t', 'm', 'd', 'q', 'f', '!f'],
      ['f', 'd', '!f', 'q', 'm', 't'],
    ]) {
      const plans = planConnections(market, ['A', 'B', 'C', 'D', 'E'], streams)
      for (const { route, note } of plans) {
        for (const { stream } of note.subscriptions) {
          expect(market.streams.find(({ name }) => name === stream)?.route).toBe(route)
        }
        expect(note.subscriptions.length).toBeLessThanOrEqual(4)
      }
      expect(plans.flatMap(({ note }) => note.subscriptions)).toHaveLength(5 * 5 + 1)
    }
  })

  it('keeps streams that know their duplicates apart from those that do not', () => {
    const one = { ...market.streams[0], name: 'x', follows: null } as ExchangeMarket['streams'][number]
    const mixed = { ...market, streams: [...market.streams, one] }
    const plans = planConnections(mixed, ['A'], ['t', 'x', 'd'])
    expect(
      plans.map(({ note, isOverlapSafe }) => [note.subscriptions.map((s) => s.stream), isOverlapSafe]),
    ).toEqual([
      [['t', 'd'], true],
      [['x'], false],
    ])
  })

  it('subscribes a stream of the whole market once, without a symbol, and first', () => {
    const [plan] = planConnections(market, ['A', 'B'], ['m', '!f'])
    expect(plan?.note.subscriptions).toEqual([
      { symbol: '', stream: '!f' },
      { symbol: 'A', stream: 'm' },
      { symbol: 'B', stream: 'm' },
    ])
    expect(planConnections(market, [], ['!f'])).toHaveLength(1)
  })

  it('takes every symbol and stream once, however often it is named', () => {
    expect(planConnections(market, ['A', 'A'], ['t', 't'])[0]?.note.subscriptions).toHaveLength(1)
  })

  it('leaves polled streams to the polls', () => {
    expect(planConnections(market, ['A'], ['oi', 'info'])).toEqual([])
    expect(planConnections(market, [], ['t'])).toEqual([])
  })

  it('refuses an unknown stream and names it and the nearest', () => {
    const wider = { ...market, streams: [{ ...market.streams[0], name: 'depth@100ms' }] } as ExchangeMarket
    const mistake = mistakeOf(() => planConnections(wider, ['A'], ['depth@10ms']))
    expect(mistake.kind).toBe('config')
    expect(mistake.message).toContain('"depth@10ms", did you mean "depth@100ms"?')
    expect(mistake.context).toMatchObject({ stream: 'depth@10ms', nearest: 'depth@100ms' })
    expect(mistakeOf(() => planConnections(wider, ['A'], ['ticker'])).context.nearest).toBeNull()
    expect(mistakeOf(() => planConnections(wider, ['A'], ['__proto__'])).kind).toBe('config')
  })

  it('refuses a stream that nothing collects', () => {
    expect(mistakeOf(() => planConnections(market, ['A'], ['list'])).context).toEqual({ stream: 'list' })
  })

  it('refuses a subscription that fits into no frame', () => {
    const mistake = mistakeOf(() => planConnections(market, ['A'.repeat(60)], ['t']))
    expect(mistake.context).toMatchObject({ stream: 't', bytesMax: 60 })
  })
})

describe('the plan of streams that come within others', () => {
  const books = testMarket('ws://x', 'http://x', {}, bookStreams)
  const planned = (symbols: string[], streams: string[], most = 4) => {
    const session = { ...books.session, streamsPerConnectionMax: limit(most) }
    return planConnections({ ...books, session }, symbols, streams)
  }
  const streamsOf = (plan: ConnectionPlan | undefined) =>
    plan?.note.subscriptions.map(({ symbol, stream }) => `${symbol}@${stream}`)

  it('lists them on the connection of the one that brings them, and subscribes that once', () => {
    const [plan, ...rest] = planned(['A'], ['o', 'oq', 'om'])
    expect(streamsOf(plan)).toEqual(['A@o', 'A@oq', 'A@om'])
    expect(rest).toEqual([])
    expect(subscribeFrames(books, plan?.note.subscriptions ?? [])).toEqual(['{"names":["A@o"],"id":1}'])
  })

  it('lists only what was asked for, though another stream brings it', () => {
    const [plan] = planned(['A'], ['oq'])
    expect(streamsOf(plan)).toEqual(['A@oq'])
    expect(subscribeFrames(books, plan?.note.subscriptions ?? [])).toEqual(['{"names":["A@o"],"id":1}'])
  })

  it('counts wire names and never separates the streams of one', () => {
    const plans = planned(['A', 'B', 'C'], ['oq', 'o', 'om'], 2)
    expect(plans.map(streamsOf)).toEqual([
      ['A@oq', 'A@o', 'A@om', 'B@oq', 'B@o', 'B@om'],
      ['C@oq', 'C@o', 'C@om'],
    ])
  })

  it('subscribes a stream of the whole market once for every symbol that comes within it', () => {
    const [plan, ...rest] = planned(['A', 'B'], ['one', 'all'])
    expect(streamsOf(plan)).toEqual(['@all', 'A@one', 'B@one'])
    expect(rest).toEqual([])
    expect(subscribeFrames(books, plan?.note.subscriptions ?? [])).toEqual(['{"names":["@all"],"id":1}'])
  })

  it('hears two connections beside each other only when every stream on them knows its duplicates', () => {
    const safe = (...streams: string[]) => planned(['A'], streams).map(({ isOverlapSafe }) => isOverlapSafe)
    // Text ids tell repeats as well as a sequence does.
    expect(safe('ids', 'ids2', 't', 'all')).toEqual([true])
    expect(safe('oq')).toEqual([true])
    expect(safe('om')).toEqual([false])
    // Snapshots and sequences of two connections would mix.
    expect(safe('o')).toEqual([false])
    // Of one wire name, one stream that cannot is enough.
    expect(safe('oq', 'o')).toEqual([false])
    expect(safe('oq', 'om')).toEqual([false])
    expect(planned(['A'], ['o', 't', 'oq']).map((plan) => [streamsOf(plan), plan.isOverlapSafe])).toEqual([
      [['A@o', 'A@oq'], false],
      [['A@t'], true],
    ])
  })

  it('asks by REST once for a stream and what comes within it', () => {
    for (const streams of [['list', 'listed'], ['listed'], ['listed', 'list']]) {
      expect(planPolls(books, ['A'], streams).flatMap(namesOf)).toEqual(['list'])
      expect(planned(['A'], streams)).toEqual([])
    }
  })
})

describe('subscribe frames', () => {
  it('are within the exchange’s size, and their ids are dense from 1', () => {
    const subscriptions = Array.from({ length: 9 }, (_, i) => ({ symbol: `S测${i}`, stream: 'd' }))
    const frames = subscribeFrames(market, subscriptions)
    expect(frames.every((frame) => Buffer.byteLength(frame) <= 60)).toBe(true)
    expect(frames.flatMap((frame) => JSON.parse(frame).names)).toHaveLength(9)
    expect(frames.map((frame) => JSON.parse(frame).id)).toEqual(frames.map((_, index) => index + 1))
  })

  it('are exactly as long as they may be, and not a byte longer', () => {
    const subscriptions = [
      { symbol: 'A', stream: 't' },
      { symbol: 'B', stream: 't' },
    ]
    const both = market.session.subscribeFrame(['A@t', 'B@t'], 1).length
    for (const [bytesMax, count] of [
      [both, 1],
      [both - 1, 2],
    ] as const) {
      const session = { ...market.session, subscribeFrameBytesMax: limit(bytesMax) }
      expect(subscribeFrames({ ...market, session }, subscriptions)).toHaveLength(count)
    }
  })
})

describe('the plan of polls', () => {
  it('asks instruments first, a stream of the market once, and every symbol', () => {
    const polls = planPolls(market, ['A', 'B'], ['oi', 't', 'prices', 'info'])
    expect(polls.map((poll) => [...namesOf(poll), poll.symbol, poll.everyMs])).toEqual([
      ['info', '', 3_600_000],
      ['prices', '', 60_000],
      ['oi', 'A', 60_000],
      ['oi', 'B', 60_000],
    ])
  })

  it('asks once for streams whose request is the same, as often as one of them wants', () => {
    const request = (symbol: string) => ({ path: `/list?symbol=${symbol}`, weight: 1 })
    const [spec] = market.streams.filter(({ name }) => name === 'oi') as [StreamSpec]
    const same = ['rates', 'interest', 'info'].map((name, at) => ({
      ...spec,
      name,
      poll: { everyMs: [60_000, 20_000, 3_600_000][at] as number, request },
    }))
    const polls = planPolls({ ...market, streams: same }, ['A', 'B'], ['info', 'rates', 'interest'])
    const streams = [
      { name: 'info', everyMs: 3_600_000 },
      { name: 'rates', everyMs: 60_000 },
      { name: 'interest', everyMs: 20_000 },
    ]
    expect(polls).toMatchObject([
      { symbol: 'A', everyMs: 20_000, streams },
      { symbol: 'B', everyMs: 20_000, streams },
    ])
  })

  it('takes another period when told so, and refuses one that is none', () => {
    expect(planPolls(market, ['A'], ['oi'], { oi: 5 })[0]?.everyMs).toBe(5)
    for (const period of [0, -1, Number.NaN, 1e12]) {
      expect(mistakeOf(() => planPolls(market, ['A'], ['oi'], { oi: period })).kind).toBe('config')
    }
    expect(mistakeOf(() => planPolls(market, ['A'], ['oi'], { inf: 5 })).context.nearest).toBe('info')
  })
})
