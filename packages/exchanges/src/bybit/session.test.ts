import { type StreamSpec, SYMBOL_BYTES_MAX } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { wires } from './channels.ts'
import { bybitInverse, bybitLinear, bybitSpot } from './index.ts'

const [spot, linear, inverse] = [bybitSpot(), bybitLinear(), bybitInverse()]
const markets = [spot, linear, inverse]
const isSubscribed = ({ route, within }: StreamSpec): boolean => route !== null && within === null

describe('the session', () => {
  it('talks to each category on a socket of its own, and to other addresses by the same paths', () => {
    expect(markets.map(({ session }) => session.routes)).toEqual([
      { public: 'wss://stream.bybit.com/v5/public/spot' },
      { public: 'wss://stream.bybit.com/v5/public/linear' },
      { public: 'wss://stream.bybit.com/v5/public/inverse' },
    ])
    const options = { wsUrl: 'ws://127.0.0.1:1', restUrl: 'http://127.0.0.1:2', paths: { public: '/x' } }
    expect(bybitSpot(options).session.routes).toEqual({ public: 'ws://127.0.0.1:1/x' })
    expect(bybitLinear({ wsUrl: 'ws://127.0.0.1:1' }).session.routes).toEqual({
      public: 'ws://127.0.0.1:1/v5/public/linear',
    })
    expect(bybitInverse(options).session.restUrl).toBe('http://127.0.0.1:2')
    expect(new Set(markets.map(({ session }) => session.restUrl))).toEqual(new Set(['https://api.bybit.com']))
  })

  it('asks for streams by topic, with an id that comes back as text', () => {
    const names = ['publicTrade', 'orderbook.50', 'tickers/open_interest'].map((stream) =>
      linear.session.streamName(stream, 'BTCUSDT'),
    )
    expect(names).toEqual(['publicTrade.BTCUSDT', 'orderbook.50.BTCUSDT', 'tickers.BTCUSDT'])
    expect(linear.session.subscribeFrame(names.slice(0, 2), 7)).toBe(
      '{"req_id":"7","op":"subscribe","args":["publicTrade.BTCUSDT","orderbook.50.BTCUSDT"]}',
    )
    expect(linear.session.unsubscribeFrame(names.slice(0, 1), 8)).toBe(
      '{"req_id":"8","op":"unsubscribe","args":["publicTrade.BTCUSDT"]}',
    )
  })

  it('keeps the args of a full connection within their characters, however long its topics are', () => {
    for (const { session, streams } of markets) {
      const longest = Math.max(...streams.filter(isSubscribed).map(({ name }) => name.length))
      const topic = session.streamName('x'.repeat(longest), 'A'.repeat(SYMBOL_BYTES_MAX))
      const topics = new Array<string>(session.streamsPerConnectionMax.value).fill(topic)
      expect(JSON.stringify(topics).length).toBeLessThanOrEqual(21_000)
      const most = session.streamsPerFrameMax?.value as number
      const frame = session.subscribeFrame(topics.slice(0, most), Number.MAX_SAFE_INTEGER)
      expect(frame.length).toBeLessThanOrEqual(session.subscribeFrameBytesMax.value)
    }
  })

  it('pings every twenty seconds, and counts requests of all markets against one limit', () => {
    for (const { session } of markets) {
      expect(session.clientPing).toMatchObject({ everyMs: { value: 20_000 }, frame: '{"op":"ping"}' })
      expect([session.restPool, session.restWeightPerMinute.value]).toEqual(['bybit', 7200])
      expect(session.restBan).toMatchObject({ statuses: [403], ms: { value: 600_000 } })
    }
  })
})

describe.each(markets.map((market) => [market.market, market] as const))('streams of %s', (name, market) => {
  it('have a reader for each that is subscribed', () => {
    const subscribed = market.streams.filter(isSubscribed).map((stream) => stream.name)
    expect(wires[name].channels.map((channel) => channel.name).sort()).toEqual(subscribed.sort())
  })

  it('are collected for every table that the market can fill', () => {
    const tables = new Set(market.streams.map(({ table }) => table))
    const derived = name === 'spot' ? 'spot_ob' : 'futures_ob'
    expect(new Set(Object.keys(market.collectors))).toEqual(new Set([...tables, derived]))
  })

  it('ask for this category, and for lists once an hour', () => {
    const lists = market.streams.filter(({ poll }) => poll !== null && poll.levelsMax === undefined)
    for (const { poll, name: stream } of lists) {
      const { path, weight } = (poll as NonNullable<typeof poll>).request('../a&b')
      expect(path.startsWith(`/v5/market/${stream.split('/P')[0]?.split('/D')[0]}?category=${name}`)).toBe(
        true,
      )
      expect([weight, poll?.everyMs]).toEqual([1, 3_600_000])
      expect(path).not.toContain('../')
    }
  })

  it.each([
    [{}, 100],
    [{ bookPollDepth: 1 }, 1],
    [{ bookPollDepth: 1000 }, 1000],
    [{ bookPollDepth: 1001 }, 1000],
  ])('ask for polled books with %j as %s levels a side, each second', (options, limit) => {
    const make = { spot: bybitSpot, linear: bybitLinear, inverse: bybitInverse }[name]
    const poll = make(options).streams.find((spec) => spec.name === 'orderbook')?.poll
    expect(poll).toMatchObject({ everyMs: 1_000, levelsMax: 1_000 })
    expect(poll?.request('A&b')).toEqual({
      path: `/v5/market/orderbook?category=${name}&symbol=A%26b&limit=${limit}`,
      weight: 1,
    })
  })

  it('tell nothing of a book that is heard but by its own messages', () => {
    expect(market.session.snapshotRequest).toBeNull()
    for (const { book, name: stream } of market.streams) {
      if (book !== null)
        expect(book).toMatchObject({ origin: 'stream', depths: [Number(stream.split('.')[1])] })
    }
  })
})

describe('quantities', () => {
  it('are in the base coin, and in contracts of 1 USD where these are settled in the coin', () => {
    expect(markets.map(({ quantityUnit }) => quantityUnit)).toEqual(['base', 'base', 'contracts'])
    expect(markets.map(({ decoderVersion }) => decoderVersion)).toEqual([
      'bybit-spot-json/1',
      'bybit-linear-json/1',
      'bybit-inverse-json/1',
    ])
  })
})
