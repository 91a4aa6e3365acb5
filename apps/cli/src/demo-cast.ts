import type { HouseSettings } from '@cryptoflow/exchange-sim'
import type { Market, MarketOperators } from '@cryptoflow/model'

/** Who plays in the demo: every market of every exchange that there is. */

export const binanceMarkets: readonly { readonly market: Market; readonly symbols: readonly string[] }[] = [
  { market: 'spot', symbols: ['BTCUSDT', 'ETHUSDT', 'SOLUSDT', 'BNBUSDT', 'XRPUSDT', 'DOGEUSDT'] },
  { market: 'linear', symbols: ['BTCUSDT', 'ETHUSDT', 'BTCUSDT_261225'] },
  { market: 'inverse', symbols: ['BTCUSD_PERP', 'BTCUSD_261225'] },
]

/** Bars of every symbol, side by side and overlapping. */
export const operators: MarketOperators = {
  aggregate: { windows: ['1s', '10s', '1m', '10s/2s'] },
  watermark: { allowedLatenessMs: 2_000, late: 'revision', idleMs: 1_000 },
}

/** Exchanges whose books begin in their streams. */
export const houses: readonly HouseSettings[] = [
  { exchange: 'bybit', market: 'spot', symbols: ['BTCUSDT'] },
  { exchange: 'bybit', market: 'linear', symbols: ['BTCUSDT', 'BTC-25DEC26'] },
  { exchange: 'bybit', market: 'inverse', symbols: ['BTCUSD'] },
  { exchange: 'okx', market: 'spot', symbols: ['BTC-USDT'] },
  { exchange: 'okx', market: 'linear', symbols: ['BTC-USDT-SWAP'] },
  { exchange: 'okx', market: 'inverse', symbols: ['BTC-USD-SWAP'] },
  { exchange: 'coinbase', market: 'spot', symbols: ['BTC-USD', 'ETH-USD'] },
  { exchange: 'coinbase', market: 'linear', symbols: ['BTC-PERP-INTX'] },
  { exchange: 'kraken', market: 'spot', symbols: ['BTC/USD', 'ETH/USD'] },
  { exchange: 'kraken', market: 'linear', symbols: ['PF_XBTUSD'] },
  { exchange: 'kraken', market: 'inverse', symbols: ['PI_XBTUSD'] },
  { exchange: 'upbit', market: 'spot', symbols: ['KRW-BTC', 'BTC-ETH'] },
]
