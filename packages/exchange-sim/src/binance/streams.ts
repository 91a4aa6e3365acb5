import type { Market as MarketName, TableName } from '@cryptoflow/model'

/** Which part of a host carries a stream; spot has only one. */
export type Route = 'public' | 'market'

export type StreamKind = 'trade' | 'aggTrade' | 'diff' | 'image' | 'quote' | 'markPrice' | 'forceOrder'

/** A stream as the simulator generates it. */
export interface StreamDefinition {
  /** The channel without its symbol; of a stream of the whole market its whole name. */
  readonly name: string
  readonly kind: StreamKind
  readonly scope: 'symbol' | 'market'
  readonly route: Route
  readonly table: TableName
  /** Distance of two messages in milliseconds, where it is by the clock; 0: as things happen. */
  readonly everyMs: number
  /** Of an image: levels a side. */
  readonly levels: number
}

const IMAGE_LEVELS = [5, 10, 20]

function stream(
  name: string,
  kind: StreamKind,
  table: TableName,
  more: Partial<StreamDefinition> = {},
): StreamDefinition {
  return { name, kind, table, scope: 'symbol', route: 'public', everyMs: 0, levels: 0, ...more }
}

/** Diffs and images of one speed; `suffix` is how names say it. */
function books(everyMs: number, suffix: string, tables: readonly [delta: TableName, image: TableName]) {
  const images = IMAGE_LEVELS.map((levels) =>
    stream(`depth${levels}${suffix}`, 'image', tables[1], { everyMs, levels }),
  )
  return [stream(`depth${suffix}`, 'diff', tables[0], { everyMs }), ...images]
}

const spotBooks = ['spot_delta', 'spot_ob'] as const
const futuresBooks = ['futures_delta', 'futures_ob'] as const
const onMarket = { route: 'market' } as const
const ofAll = { route: 'market', scope: 'market' } as const

/** Source: the exchange's web-socket-streams.md as of 2026-07-21. */
const spot: readonly StreamDefinition[] = [
  stream('trade', 'trade', 'ticks'),
  stream('aggTrade', 'aggTrade', 'ticks'),
  stream('bookTicker', 'quote', 'bbo'),
  ...books(100, '@100ms', spotBooks),
  ...books(1000, '', spotBooks),
]

/** Source: the exchange's derivatives docs as of 2026-05-28; `trade` and `depth@0ms` are served and undocumented. */
const futures: readonly StreamDefinition[] = [
  stream('trade', 'trade', 'ticks'),
  stream('aggTrade', 'aggTrade', 'ticks', { ...onMarket, everyMs: 100 }),
  stream('bookTicker', 'quote', 'bbo'),
  stream('depth@0ms', 'diff', 'futures_delta'),
  ...books(100, '@100ms', futuresBooks),
  ...books(250, '', futuresBooks),
  ...books(500, '@500ms', futuresBooks),
  stream('markPrice', 'markPrice', 'funding', { ...onMarket, everyMs: 3000 }),
  stream('markPrice@1s', 'markPrice', 'funding', { ...onMarket, everyMs: 1000 }),
  stream('forceOrder', 'forceOrder', 'liquidations', { ...onMarket, everyMs: 1000 }),
  stream('!bookTicker', 'quote', 'bbo', { scope: 'market', everyMs: 5000 }),
  stream('!markPrice@arr', 'markPrice', 'funding', { ...ofAll, everyMs: 3000 }),
  stream('!markPrice@arr@1s', 'markPrice', 'funding', { ...ofAll, everyMs: 1000 }),
  stream('!forceOrder@arr', 'forceOrder', 'liquidations', { ...ofAll, everyMs: 1000 }),
]

/** All streams of a market, in the order in which a moment's messages come. */
export function streamsOf(market: MarketName): readonly StreamDefinition[] {
  return market === 'spot' ? spot : futures
}

/** Which part of a host carries a stream of this name; null for a name that no stream has. */
export function routeOf(market: MarketName, streamName: string): Route | null {
  const channel = streamName.startsWith('!') ? streamName : streamName.slice(streamName.indexOf('@') + 1)
  return streamsOf(market).find(({ name }) => name === channel)?.route ?? null
}
