import { type MarketFacts, marketFacts } from '@cryptoflow/config'
import { exchangeMarkets, findMarket } from '@cryptoflow/exchanges'

/** What a configuration is checked against: every market that there is, with what each lets one choose. */
export function exchangeFacts(): MarketFacts {
  return marketFacts(exchangeMarkets, {
    chosen: ({ exchange, market }, choice) => findMarket(exchange, market, choice),
  })
}
