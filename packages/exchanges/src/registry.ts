import { assert, type ExchangeMarket, type Market } from '@cryptoflow/model'
import { binanceSpot } from './binance/index.ts'
import type { MarketUrls } from './urls.ts'

const factories: readonly ((urls?: MarketUrls) => ExchangeMarket)[] = [binanceSpot]

/** Every market that we know, at the exchanges' own addresses. */
export const exchangeMarkets: readonly ExchangeMarket[] = factories.map((create) => create())

/** Whether that market is one of `exchangeMarkets`. */
export function hasMarket(exchange: string, market: Market): boolean {
  return indexOf(exchange, market) >= 0
}

/**
 * The market of that name; with `urls`, the same market at other addresses.
 *
 * To ask for one that `hasMarket` denies is the caller's mistake: configuration is checked before.
 */
export function findMarket(exchange: string, market: Market, urls?: MarketUrls): ExchangeMarket {
  const index = indexOf(exchange, market)
  const found = exchangeMarkets[index]
  assert(found !== undefined, 'the market is one of exchangeMarkets')
  return urls === undefined ? found : (factories[index] as (urls: MarketUrls) => ExchangeMarket)(urls)
}

function indexOf(exchange: string, market: Market): number {
  return exchangeMarkets.findIndex((known) => known.exchange === exchange && known.market === market)
}
