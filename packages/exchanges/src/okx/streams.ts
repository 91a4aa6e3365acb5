import type { BookRule, Follows, Market, PollSpec, StreamSpec, TableName } from '@cryptoflow/model'
import { POLL_DEPTH, polledImages } from '../polled-book.ts'
import { bookRule, followsTrades } from './rules.ts'

/**
 * What each market offers, as data. Sources: okx.com/docs-v5 as copied 2026-02-23 (rektibus/exchange-docs, okx.md),
 * its order book channel as of 2026-07-07, funding channel as of 2026-07-19 and instruments as of 2026-07-03.
 *
 * Streams of the whole market are subscribed by type of instrument, which is the part of their name behind the slash;
 * what is asked for by REST is called by its path, with the type behind it where one request brings all of a type.
 */

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

/** Repeats of liquidations that are remembered: the first push after subscribing brings old ones again. */
const LIQUIDATION_WINDOW = 1024
/** Settlements that are remembered, as one answer brings them again: at most 400. */
const SETTLEMENT_WINDOW = 512

const quiet = { within: null, follows: null, idWindow: 0, book: null, poll: null } as const

function subscribed(name: string, table: TableName, follows: Follows | null = null): StreamSpec {
  return { ...quiet, name, table, scope: 'symbol', route: 'public', follows }
}

function marketWide(name: string, table: TableName, idWindow = 0): StreamSpec {
  return { ...quiet, name, table, scope: 'market', route: 'public', idWindow }
}

function book(name: string, table: TableName, rule: BookRule): StreamSpec {
  return { ...subscribed(name, table, rule.follows), book: rule }
}

/** Asked for by REST: again and again with `poll`, else only read where somebody recorded the answer. */
function asked(
  name: string,
  table: TableName,
  scope: StreamSpec['scope'],
  poll: PollSpec | null,
): StreamSpec {
  return { ...quiet, name, table, scope, route: null, poll }
}

function listOf(endpoint: string, type: string, table: TableName, everyMs: number): StreamSpec {
  const request = (): { path: string; weight: number } => ({
    path: `/api/v5/${endpoint}?instType=${type}`,
    weight: 1,
  })
  return asked(`${endpoint}/${type}`, table, 'market', { everyMs, request })
}

/** 24 settlements are a day of the shortest interval; the endpoint allows half as many requests as the others. */
const settlements: PollSpec = {
  everyMs: HOUR_MS,
  request: (symbol) => ({
    path: `/api/v5/public/funding-rate-history?instId=${encodeURIComponent(symbol)}&limit=24`,
    weight: 2,
  }),
}

/** The endpoint of books, and so the name of the stream that asks for them. */
export const POLLED_BOOK = 'market/books'
/** Any number of levels a side up to this. Source: "GET / Order book", as of 2026-02-23. */
const POLLED_LEVELS_MAX = 400

/**
 * Images of a book asked for by REST again and again, `depth` levels a side. 40 requests in 2 s are allowed, twice as
 * many as of endpoints that weigh 1.
 */
export function polledBook(market: Market, depth = POLL_DEPTH): StreamSpec {
  const limit = Math.min(depth, POLLED_LEVELS_MAX)
  return polledImages(POLLED_BOOK, market, {
    levelsMax: POLLED_LEVELS_MAX,
    request: (symbol) => ({
      path: `/api/v5/market/books?instId=${encodeURIComponent(symbol)}&sz=${limit}`,
      weight: 0.5,
    }),
  })
}

/** Trades, books and quotes, which all markets have. */
function common(delta: TableName, images: TableName): readonly StreamSpec[] {
  const [wide, narrow] = [bookRule(400), bookRule(50)]
  // Only for accounts of the highest fee tiers, so that no connection of ours brings them; recordings do.
  const closed = (name: string, rule: BookRule): StreamSpec => ({ ...book(name, delta, rule), route: null })
  return [
    book('books', delta, wide),
    closed('books-l2-tbt', wide),
    closed('books50-l2-tbt', narrow),
    // Its `seqId` may fall, as that of the books does, and names no predecessor: no rule can tell old from new.
    subscribed('bbo-tbt', 'bbo'),
    subscribed('books5', images),
    subscribed('trades', 'ticks', followsTrades),
    { ...subscribed('trades-all', 'ticks', followsTrades), route: 'business' },
    subscribed('mark-price', 'funding'),
    asked('market/trades', 'ticks', 'symbol', null),
    asked('market/history-trades', 'ticks', 'symbol', null),
  ]
}

const spotStreams: readonly StreamSpec[] = [
  ...common('spot_delta', 'spot_ob'),
  marketWide('instruments/SPOT', 'instruments'),
  listOf('public/instruments', 'SPOT', 'instruments', HOUR_MS),
]

const contractTypes = ['SWAP', 'FUTURES']

const contractStreams: readonly StreamSpec[] = [
  ...common('futures_delta', 'futures_ob'),
  subscribed('funding-rate', 'funding'),
  subscribed('open-interest', 'open_interest'),
  ...contractTypes.flatMap((type) => [
    marketWide(`liquidation-orders/${type}`, 'liquidations', LIQUIDATION_WINDOW),
    marketWide(`instruments/${type}`, 'instruments'),
    listOf('public/instruments', type, 'instruments', HOUR_MS),
    listOf('public/open-interest', type, 'open_interest', MINUTE_MS),
  ]),
  {
    ...asked('public/funding-rate-history', 'funding', 'symbol', settlements),
    idWindow: SETTLEMENT_WINDOW,
  },
]

/** Streams by market. */
export const marketStreams: Readonly<Record<Market, readonly StreamSpec[]>> = {
  spot: spotStreams,
  linear: contractStreams,
  inverse: contractStreams,
}

type Collectors = Readonly<Partial<Record<TableName, readonly string[]>>>

/** Single fills instead of aggregates: every trade has a row with the id that the exchange's history gives it. */
const contractCollectors: Collectors = {
  ticks: ['trades-all'],
  futures_delta: ['books'],
  futures_ob: ['books'],
  bbo: ['bbo-tbt'],
  liquidations: contractTypes.map((type) => `liquidation-orders/${type}`),
  funding: ['funding-rate', 'mark-price'],
  open_interest: ['open-interest'],
  instruments: contractTypes.map((type) => `public/instruments/${type}`),
}

/** Streams that fill a table when nothing else is asked for. */
export const marketCollectors: Readonly<Record<Market, Collectors>> = {
  spot: {
    ticks: ['trades-all'],
    spot_delta: ['books'],
    spot_ob: ['books'],
    bbo: ['bbo-tbt'],
    instruments: ['public/instruments/SPOT'],
  },
  linear: contractCollectors,
  inverse: contractCollectors,
}
