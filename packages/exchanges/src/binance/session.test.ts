import type { SessionSpec } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import {
  binanceInverse,
  binanceLinear,
  binanceSpot,
  exchangeMarkets,
  findMarket,
  hasMarket,
} from '../index.ts'
import { wires } from './channels.ts'

const [spot, linear, inverse] = [binanceSpot(), binanceLinear(), binanceInverse()]
const own = [spot, linear, inverse]

describe('the session', () => {
  it('talks to the exchange by route, and to other addresses by the same paths', () => {
    expect(spot.session.routes).toEqual({
      stream: 'wss://stream.binance.com:9443/stream?timeUnit=MICROSECOND',
    })
    expect(linear.session.routes).toEqual({
      public: 'wss://fstream.binance.com/public/stream',
      market: 'wss://fstream.binance.com/market/stream',
    })
    expect(inverse.session.routes).toEqual({
      public: 'wss://dstream.binance.com/stream',
      market: 'wss://dstream.binance.com/stream',
    })
    const options = {
      wsUrl: 'ws://127.0.0.1:1',
      restUrl: 'http://127.0.0.1:2',
      paths: { market: '/market/stream', stream: '/stream' },
    }
    expect(binanceSpot(options).session.routes).toEqual({ stream: 'ws://127.0.0.1:1/stream' })
    expect(binanceInverse(options).session.routes).toEqual({
      public: 'ws://127.0.0.1:1/stream',
      market: 'ws://127.0.0.1:1/market/stream',
    })
    expect(binanceLinear(options).session.restUrl).toBe('http://127.0.0.1:2')
    expect(own.map(({ session }) => session.restUrl)).toEqual([
      'https://api.binance.com',
      'https://fapi.binance.com',
      'https://dapi.binance.com',
    ])
  })

  it('writes stream names in lower case and asks for the book in upper case', () => {
    const { session } = spot
    expect(session.streamName('depth@100ms', 'BTCUSDT')).toBe('btcusdt@depth@100ms')
    expect(session.streamName('trade', '测试USDT')).toBe('测试usdt@trade')
    expect(linear.session.streamName('!markPrice@arr@1s', '')).toBe('!markPrice@arr@1s')
    expect(session.snapshotRequest?.('BTCUSDT')).toEqual({
      path: '/api/v3/depth?symbol=BTCUSDT&limit=5000',
      weight: 250,
    })
    expect(linear.session.snapshotRequest?.('BTCUSDT')).toEqual({
      path: '/fapi/v1/depth?symbol=BTCUSDT&limit=1000',
      weight: 20,
    })
    expect(inverse.session.snapshotRequest?.('BTCUSD_PERP')).toEqual({
      path: '/dapi/v1/depth?symbol=BTCUSD_PERP&limit=1000',
      weight: 20,
    })
  })

  it('lets no symbol change the path of a request', () => {
    expect(spot.session.snapshotRequest?.('../a&limit=1#测')?.path).toBe(
      '/api/v3/depth?symbol=..%2Fa%26limit%3D1%23%E6%B5%8B&limit=5000',
    )
    const poll = linear.streams.find(({ name }) => name === 'openInterest')?.poll
    expect(poll?.request('../a&b').path).toBe('/fapi/v1/openInterest?symbol=..%2Fa%26b')
  })

  it('subscribes in one frame, whose id is an unsigned integer', () => {
    expect(linear.session.subscribeFrame(['btcusdt@trade', 'btcusdt@depth@100ms'], 7)).toBe(
      '{"method":"SUBSCRIBE","params":["btcusdt@trade","btcusdt@depth@100ms"],"id":7}',
    )
  })

  it('counts USD-M and COIN-M against one budget, and spot against its own', () => {
    expect(linear.session.restPool).toBe(inverse.session.restPool)
    expect(linear.session.restPool).not.toBe(spot.session.restPool)
  })

  it.each(own.map(({ market, session }) => [market, session] as const))(
    '%s names source and date of every limit',
    (_market, session: SessionSpec) => {
      const limits = Object.values(session).filter((value) => Object.hasOwn(Object(value), 'value'))
      expect(limits.length).toBe(7)
      for (const limit of limits) {
        expect(limit.value).toBeGreaterThan(0)
        expect(limit.source).not.toBe('')
        expect(limit.read).toMatch(/^\d{4}-\d\d-\d\d$/)
      }
    },
  )
})

describe('a polled book', () => {
  it.each([
    [binanceSpot, 1, 1, 5],
    [binanceSpot, 100, 100, 5],
    [binanceSpot, 101, 101, 25],
    [binanceSpot, 501, 501, 50],
    [binanceSpot, 1001, 1001, 250],
    [binanceSpot, 5001, 5000, 250],
    [binanceLinear, 5, 5, 2],
    [binanceLinear, 51, 100, 5],
    [binanceLinear, 101, 500, 10],
    [binanceInverse, 501, 1000, 20],
    [binanceInverse, 5000, 1000, 20],
  ] as const)(
    'is asked for at the least depth that holds its levels, and at its price',
    (create, depth, limit, weight) => {
      const poll = create({ bookPollDepth: depth }).streams.find(({ name }) => name === 'depth@rest')?.poll
      const request = poll?.request('A')
      expect(request?.path).toMatch(new RegExp(`/depth\\?symbol=A&limit=${limit}$`))
      expect(request?.weight).toBe(weight)
    },
  )
})

describe.each(own.map((market) => [market.market, market] as const))('streams of %s', (name, market) => {
  it('have a route of the session, or are asked for by REST', () => {
    for (const { route, poll, scope, follows, book } of market.streams) {
      if (route !== null) expect(Object.keys(market.session.routes)).toContain(route)
      else expect([follows, book]).toEqual([null, null])
      if (poll !== null) {
        expect(poll.everyMs).toBeGreaterThanOrEqual(poll.levelsMax === undefined ? 60_000 : 1_000)
        expect(poll.request(scope === 'market' ? '' : 'A').path).toMatch(
          /^\/[df]?api\/v[13]\/\w+(\?symbol=A(&limit=100)?)?$/,
        )
      }
    }
  })

  it('have names that differ, and a table that the market can fill', () => {
    const names = market.streams.map((stream) => stream.name)
    expect(new Set(names.map((stream, i) => `${stream} ${market.streams[i]?.route === null}`)).size).toBe(
      names.length,
    )
    for (const { table } of market.streams) {
      expect(Object.keys(market.collectors)).toContain(table)
      expect(table).not.toMatch(name === 'spot' ? /^futures/ : /^spot/)
    }
  })

  it('are collected for every table', () => {
    for (const [table, collectors] of Object.entries(market.collectors)) {
      for (const collector of collectors) {
        const stream = market.streams.find((known) => known.name === collector)
        const isDerived = table.endsWith('_ob')
        if (isDerived) expect(stream?.book).not.toBeNull()
        else expect(stream?.table).toBe(table)
      }
    }
  })

  it('have a reader for each that is subscribed', () => {
    const subscribed = market.streams.filter(({ route }) => route !== null).map((stream) => stream.name)
    expect(wires[name].channels.map((channel) => channel.name).sort()).toEqual(subscribed.sort())
  })
})

describe('the registry', () => {
  it('finds every market it lists, and reaches it in another way when asked', () => {
    for (const market of exchangeMarkets) {
      expect(hasMarket(market.exchange, market.market)).toBe(true)
      expect(findMarket(market.exchange, market.market)).toBe(market)
    }
    const other = findMarket('binance', 'linear', { wsUrl: 'ws://127.0.0.1:1' })
    expect(other.session.routes.public).toBe('ws://127.0.0.1:1/public/stream')
  })

  it('takes an unknown market for a mistake of ours', () => {
    expect(hasMarket('nobody', 'inverse')).toBe(false)
    expect(hasMarket('__proto__', 'spot')).toBe(false)
    expect(() => findMarket('nobody', 'spot')).toThrow('bug')
  })
})
