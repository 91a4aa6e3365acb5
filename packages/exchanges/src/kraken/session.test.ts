import { EventBatch, StringTable } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { krakenInverse, krakenLinear, krakenSpot } from './index.ts'
import { requestOf } from './subscribe.ts'

const [spot, linear, inverse] = [krakenSpot(), krakenLinear(), krakenInverse()]
const parse = (text: string | null): unknown => JSON.parse(text as string)

describe('the session', () => {
  it('talks to the exchange, and to other addresses by the same paths', () => {
    expect(spot.session.routes).toEqual({ public: 'wss://ws.kraken.com/v2' })
    for (const { session } of [linear, inverse]) {
      expect(session.routes).toEqual({ public: 'wss://futures.kraken.com/ws/v1' })
      expect([session.restUrl, session.restPool]).toEqual(['https://futures.kraken.com', 'kraken-futures'])
    }
    const options = { wsUrl: 'ws://127.0.0.1:1', restUrl: 'http://127.0.0.1:2' }
    expect(krakenSpot(options).session.routes).toEqual({ public: 'ws://127.0.0.1:1/v2' })
    expect(krakenInverse(options).session.restUrl).toBe('http://127.0.0.1:2')
    const { routes } = krakenLinear({ ...options, paths: { public: '/other' } }).session
    expect(routes).toEqual({ public: 'ws://127.0.0.1:1/other' })
  })

  it('subscribes spot by channel, with the depth of books in both directions', () => {
    const names = ['book:BTC/USD', 'book:ETH/USD']
    expect(parse(spot.session.subscribeFrame(names, 7))).toEqual({
      method: 'subscribe',
      params: { channel: 'book', symbol: ['BTC/USD', 'ETH/USD'], depth: 10, snapshot: true },
      req_id: 71,
    })
    expect(parse(spot.session.unsubscribeFrame(names, 8))).toEqual({
      method: 'unsubscribe',
      params: { channel: 'book', symbol: ['BTC/USD', 'ETH/USD'], depth: 10 },
      req_id: 81,
    })
    expect(parse(spot.session.subscribeFrame(['trade:BTC/USD'], 9))).toEqual({
      method: 'subscribe',
      params: { channel: 'trade', symbol: ['BTC/USD'], snapshot: true },
      req_id: 92,
    })
    expect(parse(spot.session.subscribeFrame(['instrument'], 1))).toEqual({
      method: 'subscribe',
      params: { channel: 'instrument', snapshot: true },
      req_id: 13,
    })
  })

  it('subscribes books with the least offered depth that holds what is asked for', () => {
    for (const [bookDepth, depth] of [
      [undefined, 10],
      [1, 10],
      [10, 10],
      [11, 25],
      [500, 500],
      [501, 1000],
      [5000, 1000],
    ] as const) {
      const market = krakenSpot(bookDepth === undefined ? {} : { bookDepth })
      for (const frame of [market.session.subscribeFrame, market.session.unsubscribeFrame]) {
        expect(parse(frame(['book:BTC/USD'], 1))).toMatchObject({ params: { depth } })
      }
      const rule = market.streams.find(({ name }) => name === 'book')?.book
      expect(rule?.origin === 'stream' && rule.subscribed).toBe(depth)
    }
  })

  it('subscribes futures by feed, without ids', () => {
    for (const { session } of [linear, inverse]) {
      expect(parse(session.subscribeFrame(['book:PI_XBTUSD', 'book:PF_XBTUSD'], 7))).toEqual({
        event: 'subscribe',
        feed: 'book',
        product_ids: ['PI_XBTUSD', 'PF_XBTUSD'],
      })
      expect(parse(session.unsubscribeFrame(['trade:PI_XBTUSD'], 8))).toEqual({
        event: 'unsubscribe',
        feed: 'trade',
        product_ids: ['PI_XBTUSD'],
      })
    }
  })

  it('puts only streams of one channel into a frame, whatever the symbol holds', () => {
    const { streamName, subscribeGroup } = spot.session
    for (const symbol of ['BTC/USD', 'A:B', 'book:trade', ' ']) {
      expect(subscribeGroup(streamName('book', symbol))).toBe('book')
      expect(subscribeGroup(streamName('trade', symbol))).toBe('trade')
      expect(parse(spot.session.subscribeFrame([streamName('trade', symbol)], 1))).toMatchObject({
        params: { channel: 'trade', symbol: [symbol] },
      })
    }
    expect(subscribeGroup(streamName('instrument', ''))).toBe('instrument')
  })

  it('gives a stream within another the name of that one', () => {
    const { streamName } = inverse.session
    expect(streamName('trade/liquidations', 'PI_XBTUSD')).toBe('trade:PI_XBTUSD')
    expect(streamName('ticker/open_interest', 'PI_XBTUSD')).toBe(streamName('ticker', 'PI_XBTUSD'))
  })

  it('finds frame and channel again in the id of a request, and nothing in the ids of others', () => {
    for (const id of [1, 9, 10, 123_456]) {
      for (const [name, channel] of [
        ['book:A', 'book'],
        ['trade:A', 'trade'],
        ['instrument', 'instrument'],
      ] as const) {
        const { req_id } = parse(spot.session.subscribeFrame([name], id)) as { req_id: number }
        const answer = new TextEncoder().encode(
          `{"method":"subscribe","success":false,"error":"no","symbol":"A","req_id":${req_id}}`,
        )
        const streams = [channel === 'instrument' ? 'instrument:A' : `${channel}:A`]
        expect(spot.decodeFrame(answer, batch())).toEqual({ kind: 'refused', id, detail: 'no', streams })
      }
    }
    expect([requestOf(undefined), requestOf('71'), requestOf(null)]).toEqual([null, null, null])
  })

  it.each([
    [{}, 100],
    [{ bookPollDepth: 1 }, 1],
    [{ bookPollDepth: 501 }, 500],
  ])(
    'asks for polled books of spot with %j as %s levels a side, by the older names of coins',
    (options, count) => {
      const poll = krakenSpot(options).streams.find(({ name }) => name === 'Depth')?.poll
      expect(poll).toMatchObject({ everyMs: 1_000, levelsMax: 500 })
      for (const [symbol, pair] of [
        ['BTC/USD', 'XBTUSD'],
        ['DOGE/BTC', 'XDGXBT'],
        ['ETH/USDT', 'ETHUSDT'],
        ['A&b/C', 'A%26bC'],
      ] as const) {
        expect(poll?.request(symbol)).toEqual({
          path: `/0/public/Depth?pair=${pair}&count=${count}`,
          weight: 1,
        })
      }
    },
  )

  it('asks for polled books of futures whole, whatever depth is wanted', () => {
    for (const { streams } of [krakenLinear({ bookPollDepth: 5 }), krakenInverse()]) {
      const poll = streams.find(({ name }) => name === 'orderbook')?.poll
      expect([poll?.everyMs, poll?.levelsMax]).toEqual([1_000, undefined])
      expect(poll?.request('P&')).toEqual({ path: '/derivatives/api/v3/orderbook?symbol=P%26', weight: 1 })
    }
  })

  it('keeps connections alive by a frame on spot and by protocol pings on futures', () => {
    expect(spot.session.clientPing).toMatchObject({ everyMs: { value: 30_000 }, frame: '{"method":"ping"}' })
    expect(inverse.session.clientPing).toMatchObject({ everyMs: { value: 30_000 }, frame: null })
  })

  it('connects no more often than the exchange allows before it shuts an address out', () => {
    for (const { session } of [spot, linear, inverse]) {
      // 150 in ten minutes.
      expect(session.connectsPerFiveMinutesMax.value * 2).toBeLessThanOrEqual(150)
    }
  })
})

function batch(): Parameters<typeof spot.decodeFrame>[1] {
  return new EventBatch(new StringTable())
}
