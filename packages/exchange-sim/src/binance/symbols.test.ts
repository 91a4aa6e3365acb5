import { describe, expect, it } from 'vitest'
import { listed } from './symbols.ts'

describe('a symbol', () => {
  it.each([
    ['spot', 'BTCUSDT', { base: 'BTC', quote: 'USDT', contractType: null, settle: null, contractSize: null }],
    ['spot', '测试USDT', { base: '测试', quote: 'USDT' }],
    ['linear', 'BTCUSDT', { pair: 'BTCUSDT', contractType: 'PERPETUAL', settle: 'USDT', deliveryMs: null }],
    ['linear', 'TSLAUSDT', { contractType: 'TRADIFI_PERPETUAL' }],
    [
      'linear',
      'BTCUSDT_261225',
      { pair: 'BTCUSDT', contractType: 'CURRENT_QUARTER', deliveryMs: 1798185600000 },
    ],
    ['inverse', 'BTCUSD_PERP', { pair: 'BTCUSD', settle: 'BTC', contractSize: 100, quantityDigits: 0 }],
    [
      'inverse',
      'ETHUSD_261225',
      { pair: 'ETHUSD', settle: 'ETH', contractSize: 10, deliveryMs: 1798185600000 },
    ],
  ] as const)('of %s: %s', (market, symbol, what) => {
    expect(listed(market, symbol)).toMatchObject({ market, symbol, ...what })
    expect(listed(market, symbol)).toEqual(listed(market, symbol))
  })

  it.each([
    ['spot', 'btcusdt'],
    ['spot', 'BTC/USDT'],
    ['spot', 'USDT'],
    ['linear', 'BTCUSDT_PERP'],
    ['linear', 'BTCUSDT_260230'],
    ['inverse', 'BTCUSD'],
    ['inverse', 'BTCUSDT_PERP'],
  ] as const)('of %s cannot be %s', (market, symbol) => {
    expect(() => listed(market, symbol)).toThrow('cannot trade this symbol')
  })
})
