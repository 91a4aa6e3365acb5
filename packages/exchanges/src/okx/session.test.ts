import { EventBatch, StringTable } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { wires } from './channels.ts'
import { okxInverse, okxLinear, okxSpot } from './index.ts'

const [spot, linear, inverse] = [okxSpot(), okxLinear(), okxInverse()]
const own = [spot, linear, inverse]

describe('the session', () => {
  it('talks to one host for all markets, and to other addresses by the same paths', () => {
    for (const { session } of own) {
      expect(session.routes).toEqual({
        public: 'wss://ws.okx.com:8443/ws/v5/public',
        business: 'wss://ws.okx.com:8443/ws/v5/business',
      })
      expect(session.restUrl).toBe('https://www.okx.com')
    }
    const options = {
      wsUrl: 'ws://127.0.0.1:1',
      restUrl: 'http://127.0.0.1:2',
      paths: { public: '/p', business: 'ws://127.0.0.1:3/b' },
    }
    const { session } = okxLinear(options)
    expect(session.routes).toEqual({ public: 'ws://127.0.0.1:1/p', business: 'ws://127.0.0.1:3/b' })
    expect(session.restUrl).toBe('http://127.0.0.1:2')
  })

  it('writes what the exchange reads: one object a stream', () => {
    const { session } = linear
    const names = [
      session.streamName('books', 'BTC-USDT-SWAP'),
      session.streamName('liquidation-orders/SWAP', ''),
      session.streamName('trades-all', 'A:B-/"测'),
    ]
    const args = [
      { channel: 'books', instId: 'BTC-USDT-SWAP' },
      { channel: 'liquidation-orders', instType: 'SWAP' },
      { channel: 'trades-all', instId: 'A:B-/"测' },
    ]
    expect(JSON.parse(session.subscribeFrame(names, 7))).toEqual({ id: '7', op: 'subscribe', args })
    expect(JSON.parse(session.unsubscribeFrame(names, 8) as string)).toEqual({
      id: '8',
      op: 'unsubscribe',
      args,
    })
  })

  it('is confirmed stream by stream, under the names that were subscribed', () => {
    const { session } = spot
    const bytes = (message: object): Uint8Array => new TextEncoder().encode(JSON.stringify(message))
    for (const [name, symbol] of [
      ['books', 'BTC-USDT'],
      ['instruments/SPOT', ''],
    ] as const) {
      const wire = session.streamName(name, symbol)
      const [arg] = JSON.parse(session.subscribeFrame([wire], 3)).args
      const ack = spot.decodeFrame(
        bytes({ id: '3', event: 'subscribe', arg, connId: 'x' }),
        new EventBatch(new StringTable()),
      )
      expect(ack).toEqual({ kind: 'ack', id: 3, streams: [wire] })
    }
  })

  it('sends ping as a text, and hears pong', () => {
    expect(spot.session.clientPing?.frame).toBe('ping')
    expect(spot.decodeFrame(new TextEncoder().encode('pong'), new EventBatch(new StringTable()))).toEqual({
      kind: 'heartbeat',
    })
  })

  it('asks for what it polls by type or by symbol, and lets no symbol change the path', () => {
    const pathOf = (name: string, symbol: string): string | undefined =>
      linear.streams.find((stream) => stream.name === name)?.poll?.request(symbol).path
    expect(pathOf('public/instruments/FUTURES', '')).toBe('/api/v5/public/instruments?instType=FUTURES')
    expect(pathOf('public/open-interest/SWAP', '')).toBe('/api/v5/public/open-interest?instType=SWAP')
    expect(pathOf('public/funding-rate-history', '../a&b')).toBe(
      '/api/v5/public/funding-rate-history?instId=..%2Fa%26b&limit=24',
    )
  })

  it.each([
    [{}, 100],
    [{ bookPollDepth: 1 }, 1],
    [{ bookPollDepth: 400 }, 400],
    [{ bookPollDepth: 401 }, 400],
  ])('asks for polled books with %j as %s levels a side, for half the price of a list', (options, limit) => {
    for (const market of [okxSpot(options), okxLinear(options), okxInverse(options)]) {
      const poll = market.streams.find(({ name }) => name === 'market/books')?.poll
      expect(poll).toMatchObject({ everyMs: 1_000, levelsMax: 400 })
      expect(poll?.request('../a&b')).toEqual({
        path: `/api/v5/market/books?instId=..%2Fa%26b&sz=${limit}`,
        weight: 0.5,
      })
    }
  })

  it('counts the requests of all markets together, and starts its books without any', () => {
    expect(new Set(own.map(({ session }) => session.restPool)).size).toBe(1)
    for (const { session } of own) expect(session.snapshotRequest).toBeNull()
  })
})

describe('streams', () => {
  it('have a reader for each that is about one symbol and heard', () => {
    for (const { market, streams } of own) {
      const heard = streams.filter(({ name, scope }) => scope === 'symbol' && !name.includes('/'))
      expect(wires[market].channels.map(({ name }) => name).sort()).toEqual(
        heard.map(({ name }) => name).sort(),
      )
    }
  })

  it('come over the path that carries them: single fills over the other one than all else', () => {
    for (const { streams } of own) {
      const ofBusiness = streams.filter(({ route }) => route === 'business').map(({ name }) => name)
      expect(ofBusiness).toEqual(['trades-all'])
    }
  })

  it('are not collected where the exchange asks for a key', () => {
    for (const { streams, collectors } of own) {
      for (const name of ['books-l2-tbt', 'books50-l2-tbt']) {
        const stream = streams.find((known) => known.name === name)
        expect([stream?.route, stream?.poll]).toEqual([null, null])
        expect(Object.values(collectors).flat()).not.toContain(name)
      }
    }
  })

  it('count quantities in coins on spot and in contracts elsewhere', () => {
    expect(own.map(({ quantityUnit }) => quantityUnit)).toEqual(['base', 'contracts', 'contracts'])
  })
})
