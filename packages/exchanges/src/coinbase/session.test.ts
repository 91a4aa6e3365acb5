import { describe, expect, it } from 'vitest'
import { findMarket } from '../index.ts'
import { coinbaseLinear, coinbaseSpot } from './index.ts'

const spot = coinbaseSpot()
const linear = coinbaseLinear()

describe('the session', () => {
  it('talks to two sockets of their own hosts, and to other addresses when asked', () => {
    expect(spot.session.routes).toEqual({
      advanced: 'wss://advanced-trade-ws.coinbase.com',
      exchange: 'wss://ws-feed.exchange.coinbase.com',
    })
    expect(linear.session.routes).toEqual({ advanced: 'wss://advanced-trade-ws.coinbase.com' })
    const given = { wsUrl: 'ws://127.0.0.1:1', restUrl: 'http://127.0.0.1:2' }
    const paths = { advanced: '/advanced', exchange: 'ws://127.0.0.1:3/exchange' }
    const { routes, restUrl } = findMarket('coinbase', 'spot', { ...given, paths }).session
    expect(routes).toEqual({ advanced: 'ws://127.0.0.1:1/advanced', exchange: 'ws://127.0.0.1:3/exchange' })
    expect(restUrl).toBe('http://127.0.0.1:2')
    expect(coinbaseLinear(given).session.routes).toEqual({ advanced: 'ws://127.0.0.1:1' })
  })

  it('asks for lists on the host that each market has', () => {
    expect(spot.session.restUrl).toBe('https://api.exchange.coinbase.com')
    expect(linear.session.restUrl).toBe('https://api.coinbase.com')
    expect(spot.session.restPool).not.toBe(linear.session.restPool)
    const lists = [...spot.streams, ...linear.streams].filter(({ scope }) => scope === 'market')
    const asked = lists.flatMap(({ poll }) => (poll === null ? [] : [poll.request('').path]))
    expect(new Set(asked)).toEqual(
      new Set(['/products', '/api/v3/brokerage/market/products?product_type=FUTURE']),
    )
  })

  it.each([
    [{}, 'level=2', 'limit=100'],
    [{ bookPollDepth: 1 }, 'level=1', 'limit=1'],
    [{ bookPollDepth: 2 }, 'level=2', 'limit=2'],
    [{ bookPollDepth: 1001 }, 'level=2', 'limit=1000'],
  ])(
    'asks for polled books with %j by %s of the Exchange and %s of Advanced Trade',
    (options, level, limit) => {
      const pollOf = (market: typeof spot, name: string) =>
        market.streams.find((stream) => stream.name === name)?.poll
      const whole = pollOf(coinbaseSpot(options), 'book')
      expect([whole?.everyMs, whole?.levelsMax]).toEqual([1_000, undefined])
      expect(whole?.request('A?/B')).toEqual({ path: `/products/A%3F%2FB/book?${level}`, weight: 1 })
      expect(whole?.request('..').path).toBe(`/products/%252E%252E/book?${level}`)
      const cut = pollOf(coinbaseLinear(options), 'product_book')
      expect(cut).toMatchObject({ everyMs: 1_000, levelsMax: 1_000 })
      expect(cut?.request('A&b')).toEqual({
        path: `/api/v3/brokerage/market/product_book?product_id=A%26b&${limit}`,
        weight: 1,
      })
    },
  )

  it('subscribes one channel a message, each socket in its own way', () => {
    const { subscribeFrame, unsubscribeFrame, streamName, subscribeGroup } = spot.session
    const names = ['BTC-USD', 'ETH-USD'].map((product) => streamName('level2', product))
    expect(subscribeFrame(names, 1)).toBe(
      '{"type":"subscribe","product_ids":["BTC-USD","ETH-USD"],"channel":"level2"}',
    )
    expect(unsubscribeFrame([streamName('matches', 'BTC-USD')], 2)).toBe(
      '{"type":"unsubscribe","product_ids":["BTC-USD"],"channels":["matches"]}',
    )
    const groups = spot.streams
      .filter(({ route }) => route !== null)
      .map(({ name }) => subscribeGroup(streamName(name, 'A-B')))
    expect(groups).toEqual(['market_trades', 'level2', 'matches', 'level2_batch'])
  })

  it('asks for heartbeats first on the socket that closes what is silent', () => {
    const heartbeats = ['{"type":"subscribe","channel":"heartbeats"}']
    expect(spot.session.openingFrames).toEqual({ advanced: heartbeats, exchange: [] })
    expect(linear.session.openingFrames).toEqual({ advanced: heartbeats })
  })

  it('gets every book from its stream, and another by subscribing again', () => {
    expect(spot.session.snapshotRequest).toBeNull()
    for (const { book } of [...spot.streams, ...linear.streams]) {
      if (book !== null)
        expect(book).toEqual({ origin: 'stream', follows: null, depths: null, checksum: null })
    }
  })
})
