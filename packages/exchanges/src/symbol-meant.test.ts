import type { Market } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { exchangeMarkets, findMarket } from './registry.ts'

const nothing = null

/** What is written, and what is meant; null: it is right. */
const cases: Readonly<
  Record<string, Partial<Record<Market, readonly (readonly [string, string | null])[]>>>
> = {
  binance: {
    spot: [
      ['BTCUSDT', nothing],
      ['币安USDT', nothing],
      ['BTC-USDT', 'BTCUSDT'],
      ['btc/usdt', 'BTCUSDT'],
      ['btcusdt', 'BTCUSDT'],
      ['a-b-c', 'a-b-c'],
    ],
    linear: [
      ['BTCUSDT_260925', nothing],
      ['BTC_USDT', 'BTCUSDT'],
      ['BTC-USDT-PERP', 'BTCUSDT'],
    ],
    inverse: [
      ['BTCUSD_PERP', nothing],
      ['BTCUSD_260925', nothing],
      ['BTCUSD', 'BTCUSD_PERP'],
      ['BTC-USD', 'BTCUSD_PERP'],
    ],
  },
  bybit: {
    spot: [
      ['ETHBTC', nothing],
      ['BTC-USDT', 'BTCUSDT'],
    ],
    linear: [
      ['BTCPERP', nothing],
      ['BTC-26DEC25', nothing],
      ['BTCUSDT-26DEC25', nothing],
      ['BTC-USDT', 'BTCUSDT'],
      ['BTC/USDT', 'BTCUSDT'],
    ],
    inverse: [
      ['BTCUSDH26', nothing],
      ['BTC-USD', 'BTCUSD'],
    ],
  },
  okx: {
    spot: [
      ['BTC-USDT', nothing],
      ['BTCUSDT', 'BTC-USDT'],
      ['btc-usdt', 'BTC-USDT'],
      ['BTC/USDT', 'BTC-USDT'],
    ],
    linear: [
      ['BTC-USDT-SWAP', nothing],
      ['BTC-USD_UM-SWAP', nothing],
      ['BTC-USDT-260925', nothing],
      ['BTC-USDT', 'BTC-USDT-SWAP'],
      ['BTCUSDT', 'BTC-USDT-SWAP'],
      ['btc-usdt-260925', 'BTC-USDT-260925'],
      ['BTC-USD-SWAP', 'BTC-USD-SWAP'],
    ],
    inverse: [
      ['BTC-USD-SWAP', nothing],
      ['BTC-USD', 'BTC-USD-SWAP'],
      ['BTC-USDT-SWAP', 'BTC-USDT-SWAP'],
    ],
  },
  coinbase: {
    spot: [
      ['BTC-USD', nothing],
      ['ETH-BTC', nothing],
      ['USDT-USDC', nothing],
      ['EURC-USDC', nothing],
      ['BTC-USDC', 'BTC-USD'],
      ['BTC/USDC', 'BTC-USD'],
      ['BTCUSD', 'BTC-USD'],
      ['btc-usd', 'BTC-USD'],
      ['BTC-PERP-INTX', 'BTC-PERP-INTX'],
    ],
    linear: [
      ['BTC-PERP-INTX', nothing],
      ['BTC-PERP', 'BTC-PERP-INTX'],
      ['BTC-USDC', 'BTC-PERP-INTX'],
      ['btc-perp-intx', 'BTC-PERP-INTX'],
      ['BIP-20DEC30-CDE', 'BIP-20DEC30-CDE'],
    ],
  },
  kraken: {
    spot: [
      ['BTC/USD', nothing],
      ['AAPLx/USD', nothing],
      ['XBT/USD', 'BTC/USD'],
      ['DOGE/XBT', 'DOGE/BTC'],
      ['XXBTZUSD', 'BTC/USD'],
      ['XBTUSD', 'BTC/USD'],
      ['BTC-USD', 'BTC/USD'],
      ['btc/usd', 'BTC/USD'],
    ],
    linear: [
      ['PF_XBTUSD', nothing],
      ['FF_XBTUSD_260925', nothing],
      ['PF_BTCUSD', 'PF_XBTUSD'],
      ['pf_xbtusd', 'PF_XBTUSD'],
      ['BTC/USD', 'PF_XBTUSD'],
      ['PI_XBTUSD', 'PI_XBTUSD'],
    ],
    inverse: [
      ['PI_XBTUSD', nothing],
      ['BTCUSD', 'PI_XBTUSD'],
    ],
  },
  upbit: {
    spot: [
      ['KRW-BTC', nothing],
      ['BTC-ETH', nothing],
      ['USDT-BTC', nothing],
      ['BTC-KRW', 'KRW-BTC'],
      ['ETH-BTC', 'BTC-ETH'],
      ['BTC/KRW', 'KRW-BTC'],
      ['KRW/BTC', 'KRW-BTC'],
      ['BTC/USDT', 'USDT-BTC'],
      ['USDT-KRW', 'KRW-USDT'],
      ['krw-btc', 'KRW-BTC'],
      ['ETH-EUR', 'ETH-EUR'],
    ],
  },
}

const rows = Object.entries(cases).flatMap(([exchange, markets]) =>
  Object.entries(markets).flatMap(([market, symbols]) =>
    symbols.map(([symbol, meant]) => ({ exchange, market: market as Market, symbol, meant })),
  ),
)

describe('the symbol that is meant', () => {
  it.each(rows)('on $exchange $market by $symbol is $meant', ({ exchange, market, symbol, meant }) => {
    expect(findMarket(exchange, market).symbolMeant(symbol)).toBe(meant)
  })

  it('is told by every market', () => {
    for (const { exchange, market } of exchangeMarkets) expect(cases[exchange]?.[market]).toBeDefined()
  })

  it('is told of any text', () => {
    for (const { symbolMeant } of exchangeMarkets) {
      for (const symbol of ['', '-', '//', '_', '测试', 'x'.repeat(10_000), '\u0000']) symbolMeant(symbol)
    }
  })
})
