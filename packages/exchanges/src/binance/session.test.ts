import { describe, expect, it } from 'vitest'
import { binanceSpot, exchangeMarkets, findMarket, hasMarket } from '../index.ts'

describe('the session', () => {
  const { session } = binanceSpot({ wsUrl: 'ws://127.0.0.1:1/stream', restUrl: 'http://127.0.0.1:2' })

  it('talks to the addresses it is given, and to the exchange otherwise', () => {
    expect([session.wsUrl, session.restUrl]).toEqual(['ws://127.0.0.1:1/stream', 'http://127.0.0.1:2'])
    expect(binanceSpot().session.wsUrl).toBe('wss://stream.binance.com:9443/stream')
    expect(binanceSpot().session.restUrl).toBe('https://api.binance.com')
  })

  it('writes stream names in lower case and asks for the book in upper case', () => {
    expect(session.streamName('depth@100ms', 'BTCUSDT')).toBe('btcusdt@depth@100ms')
    expect(session.streamName('trade', '测试USDT')).toBe('测试usdt@trade')
    expect(session.snapshotRequest('BTCUSDT')).toEqual({
      path: '/api/v3/depth?symbol=BTCUSDT&limit=5000',
      weight: 250,
    })
  })

  it('lets no symbol change the path of a request', () => {
    expect(session.snapshotRequest('../a&limit=1#测').path).toBe(
      '/api/v3/depth?symbol=..%2Fa%26limit%3D1%23%E6%B5%8B&limit=5000',
    )
  })

  it('subscribes in one frame', () => {
    expect(session.subscribeFrame(['btcusdt@trade', 'btcusdt@depth@100ms'], 7)).toBe(
      '{"method":"SUBSCRIBE","params":["btcusdt@trade","btcusdt@depth@100ms"],"id":7}',
    )
  })

  it('names source and date of every limit', () => {
    const limits = Object.values(session).filter((value) => typeof value === 'object')
    expect(limits.length).toBe(6)
    for (const limit of limits) {
      expect(limit.value).toBeGreaterThan(0)
      expect(limit.source).not.toBe('')
      expect(limit.read).toMatch(/^\d{4}-\d\d-\d\d$/)
    }
  })
})

describe('the registry', () => {
  it('finds every market it lists, and gives it other addresses when asked', () => {
    for (const market of exchangeMarkets) {
      expect(hasMarket(market.exchange, market.market)).toBe(true)
      expect(findMarket(market.exchange, market.market)).toBe(market)
    }
    expect(findMarket('binance', 'spot', { wsUrl: 'ws://127.0.0.1:1/stream' }).session.wsUrl).toBe(
      'ws://127.0.0.1:1/stream',
    )
  })

  it('takes an unknown market for a mistake of ours', () => {
    expect(hasMarket('binance', 'inverse')).toBe(false)
    expect(hasMarket('__proto__', 'spot')).toBe(false)
    expect(() => findMarket('nobody', 'spot')).toThrow('bug')
  })
})
