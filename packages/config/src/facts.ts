import type { ExchangeMarket, Market } from '@cryptoflow/model'

/** A channel that can be collected. */
export interface ChannelFact {
  readonly name: string
  readonly table: string
  /** `symbol`: once per symbol; `market`: once for all. */
  readonly scope: 'symbol' | 'market'
  /** Asked for again and again by REST, on no connection. */
  readonly isPolled: boolean
}

/** What must be known of a market to check what is asked of it. */
export interface MarketFact {
  readonly exchange: string
  readonly market: Market
  /** Channels that fill a table when nothing else is said. */
  readonly tables: Readonly<Record<string, readonly string[]>>
  readonly channels: readonly ChannelFact[]
  /** Names of the WebSocket routes. */
  readonly routes: readonly string[]
  readonly streamsPerConnectionMax: number
  readonly connectsPerFiveMinutesMax: number
  /** How a symbol of the market would look that was meant by this one; null: it looks right as it is. */
  readonly symbolMeant: (symbol: string) => string | null
}

/** Every market that there is, in the order in which a market that was not named is looked for. */
export type MarketFacts = readonly MarketFact[]

/** The facts in adapters. `symbolMeant` is not among them yet: without it every symbol looks right. */
export function marketFacts(
  markets: readonly ExchangeMarket[],
  symbolMeant: (market: ExchangeMarket, symbol: string) => string | null = () => null,
): MarketFacts {
  return markets.map((market) => ({
    exchange: market.exchange,
    market: market.market,
    tables: market.collectors,
    channels: market.streams
      .filter(({ route, poll }) => route !== null || poll !== null)
      .map(({ name, table, scope, poll }) => ({ name, table, scope, isPolled: poll !== null })),
    routes: Object.keys(market.session.routes),
    streamsPerConnectionMax: market.session.streamsPerConnectionMax.value,
    connectsPerFiveMinutesMax: market.session.connectsPerFiveMinutesMax.value,
    symbolMeant: (symbol) => symbolMeant(market, symbol),
  }))
}

/** Names that may be asked for: tables first. */
export function streamNamesOf({ tables, channels }: MarketFact): readonly string[] {
  return [...Object.keys(tables), ...channels.map(({ name }) => name)]
}

/** The channels behind tables and channels by name, each once; null is every table. Unknown names are left out. */
export function channelsOf(fact: MarketFact, streams: readonly string[] | null): readonly ChannelFact[] {
  const wanted = new Set(
    (streams ?? Object.keys(fact.tables)).flatMap((name) =>
      Object.hasOwn(fact.tables, name) ? (fact.tables[name] ?? []) : [name],
    ),
  )
  return fact.channels.filter(({ name }) => wanted.has(name))
}
