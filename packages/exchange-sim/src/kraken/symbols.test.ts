import { describe, expect, it } from 'vitest'
import { listed } from './symbols.ts'

describe('symbols', () => {
  it.each([
    ['spot', 'BTC/USD', 'BTC', 'USD', null],
    ['spot', 'AAPLx/USD', 'AAPLx', 'USD', null],
    ['linear', 'PF_XBTUSD', 'BTC', 'USD', null],
    ['linear', 'PF_XDGUSD', 'DOGE', 'USD', null],
    ['linear', 'FF_XBTUSD_260925', 'BTC', 'USD', Date.parse('2026-09-25T15:00:00Z')],
    ['inverse', 'PI_XBTUSD', 'BTC', 'USD', null],
    ['inverse', 'FI_ETHUSD_260925', 'ETH', 'USD', Date.parse('2026-09-25T15:00:00Z')],
  ] as const)('of %s: %s is known', (market, symbol, base, quote, expiryMs) => {
    expect(listed(market, symbol)).toMatchObject({ market, expiryMs, instrument: { symbol, base, quote } })
  })

  it.each([
    ['spot', 'XBT/USD'],
    ['spot', 'BTCUSD'],
    ['linear', 'PI_XBTUSD'],
    ['linear', 'PF_XBTUSD_260925'],
    ['linear', 'FF_XBTUSD'],
    ['linear', 'FF_XBTUSD_261399'],
    ['inverse', 'PF_XBTUSD'],
  ] as const)('of %s: %s is refused', (market, symbol) => {
    expect(() => listed(market, symbol)).toThrow('cannot trade this symbol')
  })

  it('trades tiny coins by the thousand, and writes their prices with many digits', () => {
    expect(listed('linear', 'PF_PEPEUSD')).toMatchObject({ lotZeros: 3, instrument: { priceDigits: 10 } })
  })
})
