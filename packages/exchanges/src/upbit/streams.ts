import type { PollSpec, StreamSpec, TableName } from '@cryptoflow/model'
import { POLL_DEPTH, polledImages } from '../polled-book.ts'

/**
 * What the spot market offers without a key, as data. Sources: docs.upbit.com/kr v1.6.4, WebSocket, Trade and
 * Orderbook; REST, List trading pairs and List orderbooks, read 2026-10-07. There is nothing but spot: no funding, no liquidations, no
 * open interest, and no stream of best bid and offer but the ticker, which is none.
 */

/** The only route. */
export const ROUTE = 'public'
/** The list of markets, of all symbols at once. */
export const MARKETS_STREAM = 'market/all'
export const MARKETS_PATH = '/v1/market/all'

/** Books that are asked for by REST; the endpoint's own name is that of the subscribed stream. */
export const POLLED_BOOK = 'orderbook@rest'

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

/** Levels a side that can be asked for; any other number is answered as this one. */
const POLLED_LEVELS_MAX = 30

/** Images of a book asked for again and again, `depth` levels a side, in the exchange's own steps of prices. */
export function polledBook(depth = POLL_DEPTH): StreamSpec {
  const count = Math.min(depth, POLLED_LEVELS_MAX)
  return polledImages(POLLED_BOOK, 'spot', {
    levelsMax: POLLED_LEVELS_MAX,
    request: (symbol) => ({
      path: `/v1/orderbook?markets=${encodeURIComponent(symbol)}&level=0&count=${count}`,
      weight: 1,
    }),
  })
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
