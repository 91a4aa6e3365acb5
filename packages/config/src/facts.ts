import type { ExchangeMarket, Market, StreamSpec } from '@cryptoflow/model'

/** A channel that can be collected. */
export interface ChannelFact {
  readonly name: string
  readonly table: string
  /** `symbol`: once per symbol; `market`: once for all. */
  readonly scope: 'symbol' | 'market'
  /** Asked for again and again by REST, on no connection. */
  readonly isPolled: boolean
  /** The channel that is subscribed or asked for to get this one; itself where nothing else brings it. */
  readonly carrier: string
  /** Its repeats are known by ids that are remembered. */
  readonly remembersIds: boolean
}

/** What must be known of a market to check what is asked of it. */
export interface MarketFact {
  readonly exchange: string
  readonly market: Market
  readonly quantityUnit: ExchangeMarket['quantityUnit']
  /** Channels that fill a table when nothing else is said. */
  readonly tables: Readonly<Record<string, readonly string[]>>
  readonly channels: readonly ChannelFact[]
  /** Names of the WebSocket routes. */
  readonly routes: readonly string[]
  /** Those of them that have a host of their own, and take a whole address instead of a path. */
  readonly addressRoutes: readonly string[]
  /**
   * Levels a side that the subscriber of a book may choose; empty: there is nothing to choose. Null: there is, and the
   * adapter takes the least that it knows to be offered and that holds as many.
   */
  readonly bookDepths: readonly number[] | null
  /** Books by REST: the channel and most levels a side of it; null: they cannot be asked for. */
  readonly bookPoll: { readonly name: string; readonly table: string; readonly levelsMax: number } | null
  readonly streamsPerConnectionMax: number
  readonly connectsPerFiveMinutesMax: number
  /** See ExchangeMarket. */
  readonly symbolMeant: ExchangeMarket['symbolMeant']
}

/** Every market that there is, in the order in which a market that was not named is looked for. */
export type MarketFacts = readonly MarketFact[]

/** Another way to reach a market: what of a collector's keys its adapter is told. */
export interface MarketChoice {
  readonly paths?: Readonly<Record<string, string>>
  readonly bookDepth?: number
}

/** What facts need beside adapters as they are. */
export interface FactOptions {
  /** The same market, made with a choice; without it adapters take none. */
  readonly chosen?: (market: ExchangeMarket, choice: MarketChoice) => ExchangeMarket
}

/** The facts in adapters. */
export function marketFacts(
  markets: readonly ExchangeMarket[],
  { chosen = (market) => market }: FactOptions = {},
): MarketFacts {
  return markets.map((market) => {
    const { session } = market
    return {
      exchange: market.exchange,
      market: market.market,
      quantityUnit: market.quantityUnit,
      tables: market.collectors,
      channels: channelFacts(market.streams),
      routes: Object.keys(session.routes),
      addressRoutes: addressRoutesOf(market, chosen),
      bookDepths: bookDepthsOf(market, chosen),
      bookPoll: bookPollOf(market.streams),
      streamsPerConnectionMax: session.streamsPerConnectionMax.value,
      connectsPerFiveMinutesMax: session.connectsPerFiveMinutesMax.value,
      symbolMeant: market.symbolMeant,
    }
  })
}

/** Channels that are subscribed or asked for, themselves or within another. */
function channelFacts(streams: readonly StreamSpec[]): ChannelFact[] {
  const carrierOf = (spec: StreamSpec): StreamSpec => {
    const outer = streams.find(({ name }) => name === spec.within)
    return outer === undefined ? spec : carrierOf(outer)
  }
  return streams.flatMap((spec) => {
    const { name, route, poll } = carrierOf(spec)
    if (route === null && poll === null) return []
    const { table, scope } = spec
    const remembersIds = spec.idWindow > 0
    return [{ name: spec.name, table, scope, isPolled: route === null, carrier: name, remembersIds }]
  })
}

const IMAGES: readonly string[] = ['spot_ob', 'futures_ob']
const UPDATES: readonly string[] = ['spot_delta', 'futures_delta']

function bookPollOf(streams: readonly StreamSpec[]): MarketFact['bookPoll'] {
  const spec = streams.find(({ table, poll }) => poll !== null && IMAGES.includes(table))
  if (spec === undefined) return null
  const { name, table, poll } = spec
  return { name, table, levelsMax: poll?.levelsMax ?? Number.POSITIVE_INFINITY }
}

/** The same market where books are polled: images come from the channel that is asked for, and updates from none. */
export function withPolledBooks(fact: MarketFact): MarketFact {
  const { bookPoll } = fact
  if (bookPoll === null) return fact
  const kept = Object.entries(fact.tables).filter(([table]) => !UPDATES.includes(table))
  const channels = fact.channels.filter(({ table }) => !UPDATES.includes(table))
  return { ...fact, tables: { ...Object.fromEntries(kept), [bookPoll.table]: [bookPoll.name] }, channels }
}

type Chosen = NonNullable<FactOptions['chosen']>

/** An address that is no host of an exchange: whether it comes back as it is tells whether a route takes any. */
const SOME_ADDRESS = 'wss://localhost/'

function addressRoutesOf(market: ExchangeMarket, chosen: Chosen): string[] {
  return Object.keys(market.session.routes).filter((route) => {
    const { session } = chosen(market, { paths: { [route]: SOME_ADDRESS } })
    return session.routes[route] === SOME_ADDRESS
  })
}

/** What a rule of books says; else whether the choice changes what is said to the exchange. */
function bookDepthsOf(market: ExchangeMarket, chosen: Chosen): readonly number[] | null {
  const offered = market.streams.flatMap(({ book }) =>
    book?.origin === 'stream' && book.depths !== null && book.depths.length > 1 ? [book.depths] : [],
  )
  if (offered[0] !== undefined) return offered[0]
  return subscribing(market) === subscribing(chosen(market, { bookDepth: 1 })) ? [] : null
}

/** The frames that would subscribe a symbol of every stream. */
function subscribing({ streams, session }: ExchangeMarket): string {
  return streams
    .filter(({ scope, route, within }) => scope === 'symbol' && route !== null && within === null)
    .map(({ name }) => session.subscribeFrame([session.streamName(name, 'A')], 1))
    .join('\n')
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
