import type { Market } from '@cryptoflow/model'

/**
 * Two symbols of a market in its exchange's own spelling, for questions and messages: nothing is collected because it
 * stands here. Sources are those of the adapters, `packages/exchanges/src/<exchange>/README.md`.
 */
const examples: Readonly<Record<string, Readonly<Partial<Record<Market, string>>>>> = {
  binance: { spot: 'BTCUSDT,ETHUSDT', linear: 'BTCUSDT,ETHUSDT', inverse: 'BTCUSD_PERP,ETHUSD_PERP' },
  bybit: { spot: 'BTCUSDT,ETHUSDT', linear: 'BTCUSDT,ETHUSDT', inverse: 'BTCUSD,ETHUSD' },
  okx: {
    spot: 'BTC-USDT,ETH-USDT',
    linear: 'BTC-USDT-SWAP,ETH-USDT-SWAP',
    inverse: 'BTC-USD-SWAP,ETH-USD-SWAP',
  },
  coinbase: { spot: 'BTC-USD,ETH-USD', linear: 'BTC-PERP-INTX,ETH-PERP-INTX' },
  kraken: { spot: 'BTC/USD,ETH/USD', linear: 'PF_XBTUSD,PF_ETHUSD', inverse: 'PI_XBTUSD,PI_ETHUSD' },
  upbit: { spot: 'KRW-BTC,KRW-ETH' },
}

/** Symbols as that market writes them, separated by commas; null for a market that has no example. */
export function symbolExample(exchange: string, market: string): string | null {
  const own = Object.hasOwn(examples, exchange) ? examples[exchange] : undefined
  return own !== undefined && Object.hasOwn(own, market) ? (own[market as Market] ?? null) : null
}
