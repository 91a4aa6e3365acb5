import type { BookRule, Follows, PollSpec, StreamSpec, TableName } from '@cryptoflow/model'
import { POLL_DEPTH, polledImages } from '../polled-book.ts'
import { followsId, futuresBookRule, spotBookRule } from './rules.ts'
import { restPairOf } from './symbols.ts'

/**
 * What each market offers without a key, as data. Sources: docs.kraken.com as copied 2026-05-27, websocket-v2/book,
 * trade, instrument; futures-api/websocket/book, trade, ticker.
 */

/** The only route of every market. */
export const ROUTE = 'public'

const HOUR_MS = 60 * 60_000
/** Ids of trades that are remembered: a snapshot brings 100, and one comes with every subscription. */
const TRADE_ID_WINDOW = 1024

interface Sequence {
  readonly follows: Follows | null
  readonly idWindow: number
}
const byId: Sequence = { follows: followsId, idWindow: 0 }
const byIdAndText: Sequence = { follows: followsId, idWindow: TRADE_ID_WINDOW }
const byTextAlone: Sequence = { follows: null, idWindow: TRADE_ID_WINDOW }
const none: Sequence = { follows: null, idWindow: 0 }

function subscribed(name: string, table: TableName, sequence: Sequence): StreamSpec {
  return { name, table, scope: 'symbol', route: ROUTE, within: null, ...sequence, book: null, poll: null }
}

function inside(within: string, name: string, table: TableName, sequence: Sequence): StreamSpec {
  return { ...subscribed(name, table, sequence), within }
}

function book(table: TableName, rule: BookRule): StreamSpec {
  return { ...subscribed('book', table, { follows: rule.follows, idWindow: 0 }), book: rule }
}

/** The endpoints of books, and so the names of the streams that ask for them. */
export const SPOT_POLLED_BOOK = 'Depth'
export const FUTURES_POLLED_BOOK = 'orderbook'
/** Any number of levels a side up to this. Source: docs.kraken.com as copied 2026-05-27, rest-api/get-order-book. */
const POLLED_LEVELS_MAX = 500

/** Images of a book of spot asked for by REST again and again, `depth` levels a side. */
function spotImages(depth: number): StreamSpec {
  const limit = Math.min(depth, POLLED_LEVELS_MAX)
  return polledImages(SPOT_POLLED_BOOK, 'spot', {
    levelsMax: POLLED_LEVELS_MAX,
    request: (symbol) => ({
      path: `/0/public/Depth?pair=${encodeURIComponent(restPairOf(symbol))}&count=${limit}`,
      weight: 1,
    }),
  })
}

/** The same of futures, which answer with all levels. */
const futuresImages = polledImages(FUTURES_POLLED_BOOK, 'linear', {
  request: (symbol) => ({
    path: `/derivatives/api/v3/orderbook?symbol=${encodeURIComponent(symbol)}`,
    weight: 1,
  }),
})

/** Streams of spot whose books are subscribed with `depth` levels a side, or polled with `pollDepth`. */
export function spotStreams(depth: number, pollDepth = POLL_DEPTH): readonly StreamSpec[] {
  return [
    subscribed('trade', 'ticks', byId),
    book('spot_delta', spotBookRule(depth)),
    { ...subscribed('instrument', 'instruments', none), scope: 'market' },
    spotImages(pollDepth),
  ]
}

/** One answer lists linear and inverse instruments; each market asks for it and takes its own. */
const listing: PollSpec = {
  everyMs: HOUR_MS,
  request: () => ({ path: '/derivatives/api/v3/instruments', weight: 1 }),
}

/** Streams of the linear and of the inverse market. */
export const futuresStreams: readonly StreamSpec[] = [
  subscribed('trade', 'ticks', byIdAndText),
  // Few trades are liquidations, so their sequence has holes; their ids tell repeats.
  inside('trade', 'trade/liquidations', 'liquidations', byTextAlone),
  book('futures_delta', futuresBookRule),
  subscribed('ticker', 'funding', none),
  inside('ticker', 'ticker/open_interest', 'open_interest', none),
  { ...subscribed('instruments', 'instruments', none), scope: 'market', route: null, poll: listing },
  futuresImages,
]

type Collectors = Readonly<Partial<Record<TableName, readonly string[]>>>

/** Streams that fill a table when nothing else is asked for. */
export const spotCollectors: Collectors = {
  ticks: ['trade'],
  spot_delta: ['book'],
  spot_ob: ['book'],
  instruments: ['instrument'],
}

/** The same of the linear and of the inverse market. */
export const futuresCollectors: Collectors = {
  ticks: ['trade'],
  futures_delta: ['book'],
  futures_ob: ['book'],
  liquidations: ['trade/liquidations'],
  funding: ['ticker'],
  open_interest: ['ticker/open_interest'],
  instruments: ['instruments'],
}
