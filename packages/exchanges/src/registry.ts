import { assert, type ExchangeMarket, type Market } from '@cryptoflow/model'
import { binanceInverse, binanceLinear, binanceSpot } from './binance/index.ts'
import { bybitInverse, bybitLinear, bybitSpot } from './bybit/index.ts'
import { coinbaseLinear, coinbaseSpot } from './coinbase/index.ts'
import { krakenInverse, krakenLinear, krakenSpot } from './kraken/index.ts'
import type { MarketOptions } from './market-options.ts'
import { okxInverse, okxLinear, okxSpot } from './okx/index.ts'
import { upbitSpot } from './upbit/index.ts'

const factories: readonly ((options?: MarketOptions) => ExchangeMarket)[] = [
  binanceSpot,
  binanceLinear,
  binanceInverse,
  bybitSpot,
  bybitLinear,
  bybitInverse,
  coinbaseSpot,
  coinbaseLinear,
  okxSpot,
  okxLinear,
  okxInverse,
  krakenSpot,
  krakenLinear,
  krakenInverse,
  upbitSpot,
]

/** Every market that we know, at the exchanges' own addresses. */
export const exchangeMarkets: readonly ExchangeMarket[] = factories.map((create) => create())

/** Whether that market is one of `exchangeMarkets`. */
export function hasMarket(exchange: string, market: Market): boolean {
  return indexOf(exchange, market) >= 0
}

/**
 * The market of that name; with `options`, the same market reached in another way.
 *
 * To ask for one that `hasMarket` denies is the caller's mistake: configuration is checked before.
 */
export function findMarket(exchange: string, market: Market, options?: MarketOptions): ExchangeMarket {
  const index = indexOf(exchange, market)
  const found = exchangeMarkets[index]
  assert(found !== undefined, 'the market is one of exchangeMarkets')
  return options === undefined ? found : (factories[index] as (typeof factories)[number])(options)
}

function indexOf(exchange: string, market: Market): number {
  return exchangeMarkets.findIndex((known) => known.exchange === exchange && known.market === market)
}
