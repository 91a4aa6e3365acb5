import type { PollSpec, StreamSpec, TableName } from '@cryptoflow/model'

/**
 * What the spot market offers without a key, as data. Sources: docs.upbit.com/kr v1.6.4, WebSocket, Trade and
 * Orderbook; REST, List trading pairs, read 2026-10-07. There is nothing but spot: no funding, no liquidations, no
 * open interest, and no stream of best bid and offer but the ticker, which is none.
 */

/** The only route. */
export const ROUTE = 'public'
/** The list of markets, of all symbols at once. */
export const MARKETS_STREAM = 'market/all'
export const MARKETS_PATH = '/v1/market/all'

const HOUR_MS = 60 * 60_000
/** Ids of trades that are remembered: every subscription brings the last trade again, and nothing else repeats. */
const TRADE_ID_WINDOW = 1024

/** Neither stream has an order that could be checked: what is missing is known by the connection only. */
const subscribed = {
  scope: 'symbol',
  route: ROUTE,
  within: null,
  follows: null,
  idWindow: 0,
  book: null,
  poll: null,
} as const

/** What each symbol's market is like beside its books and trades, with the warnings in `raw`. */
const markets: PollSpec = {
  everyMs: HOUR_MS,
  request: () => ({ path: `${MARKETS_PATH}?is_details=true`, weight: 1 }),
}

/** Streams of the spot market. Whole images of a book are no deltas: those are what changes from one to the next. */
export const spotStreams: readonly StreamSpec[] = [
  { ...subscribed, name: 'trade', table: 'ticks', idWindow: TRADE_ID_WINDOW },
  { ...subscribed, name: 'orderbook', table: 'spot_ob', changes: 'spot_delta' },
  {
    ...subscribed,
    name: MARKETS_STREAM,
    table: 'instruments',
    scope: 'market',
    route: null,
    poll: markets,
  },
]

/** Streams that fill a table when nothing else is asked for. */
export const spotCollectors: Readonly<Partial<Record<TableName, readonly string[]>>> = {
  ticks: ['trade'],
  spot_ob: ['orderbook'],
  spot_delta: ['orderbook'],
  instruments: [MARKETS_STREAM],
}
