import type { BookRule, Follows, Market, PollSpec, StreamSpec, TableName } from '@cryptoflow/model'
import { POLL_DEPTH, polledImages } from '../polled-book.ts'
import { bookRule, followsId } from './rules.ts'

/**
 * What each market offers without a key, as data. Sources: docs.cdp.coinbase.com, Advanced Trade WebSocket channels
 * and REST products, Exchange WebSocket channels and REST products, read 2026-09-27. Level 2 and 3 and the full channel
 * of the Exchange socket need a key since 2023-08-01.
 */

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

function subscribed(name: string, table: TableName, route: string, follows: Follows | null): StreamSpec {
  return { name, table, scope: 'symbol', route, within: null, follows, idWindow: 0, book: null, poll: null }
}

function book(name: string, table: TableName, route: string, rule: BookRule): StreamSpec {
  return { ...subscribed(name, table, route, rule.follows), book: rule }
}

/** Asked for again and again by REST, one answer for all products. */
function polled(name: string, table: TableName, everyMs: number, path: string): StreamSpec {
  const poll: PollSpec = { everyMs, request: () => ({ path, weight: 1 }) }
  return {
    name,
    table,
    scope: 'market',
    route: null,
    within: null,
    follows: null,
    idWindow: 0,
    book: null,
    poll,
  }
}

/** The endpoints of books, and so the names of the streams that ask for them. */
export const SPOT_POLLED_BOOK = 'book'
export const LINEAR_POLLED_BOOK = 'product_book'
/** Levels a side that Advanced Trade gives at most; any fewer can be asked for. */
const POLLED_LEVELS_MAX = 1_000

/**
 * Images of a book asked for by REST again and again. The Exchange, which has spot, gives the best level or all of
 * them; Advanced Trade as many as are asked for.
 */
export function polledBook(market: Market, depth = POLL_DEPTH): StreamSpec {
  if (market === 'spot') {
    const level = depth === 1 ? 1 : 2
    return polledImages(SPOT_POLLED_BOOK, market, {
      request: (symbol) => ({
        path: `${SPOT_PRODUCTS_PATH}/${segmentOf(symbol)}/book?level=${level}`,
        weight: 1,
      }),
    })
  }
  const limit = Math.min(depth, POLLED_LEVELS_MAX)
  return polledImages(LINEAR_POLLED_BOOK, market, {
    levelsMax: POLLED_LEVELS_MAX,
    request: (symbol) => ({
      path: `/api/v3/brokerage/market/product_book?product_id=${encodeURIComponent(symbol)}&limit=${limit}`,
      weight: 1,
    }),
  })
}

/** A symbol as one segment of a path. No product has a point, and one or two of them alone would lead elsewhere. */
function segmentOf(symbol: string): string {
  return encodeURIComponent(symbol).replaceAll('.', '%252E')
}

/** The Exchange's list of products. */
export const SPOT_PRODUCTS_PATH = '/products'
/** Advanced Trade's list of products, which tells funding and open interest as well. */
export const FUTURE_PRODUCTS_PATH = '/api/v3/brokerage/market/products'

/** Streams of Coinbase spot. The Exchange socket brings the same trades, each as it is matched, and a book at a pace. */
export const spotStreams: readonly StreamSpec[] = [
  subscribed('market_trades', 'ticks', 'advanced', followsId),
  book('level2', 'spot_delta', 'advanced', bookRule),
  subscribed('matches', 'ticks', 'exchange', followsId),
  book('level2_batch', 'spot_delta', 'exchange', bookRule),
  polled('products', 'instruments', HOUR_MS, SPOT_PRODUCTS_PATH),
]

const futureProducts = `${FUTURE_PRODUCTS_PATH}?product_type=FUTURE`

/** Streams of the perpetual contracts. Three read the same list, which is asked for once. */
export const linearStreams: readonly StreamSpec[] = [
  subscribed('market_trades', 'ticks', 'advanced', followsId),
  book('level2', 'futures_delta', 'advanced', bookRule),
  polled('products', 'instruments', HOUR_MS, futureProducts),
  polled('funding:products', 'funding', MINUTE_MS, futureProducts),
  polled('open_interest:products', 'open_interest', MINUTE_MS, futureProducts),
]

/** Streams by market; there is no inverse one. */
export const marketStreams: Readonly<Record<Market, readonly StreamSpec[]>> = {
  spot: spotStreams,
  linear: linearStreams,
  inverse: [],
}

/** Streams that fill a table when nothing else is asked for. */
export const spotCollectors: Readonly<Partial<Record<TableName, readonly string[]>>> = {
  ticks: ['market_trades'],
  spot_delta: ['level2'],
  spot_ob: ['level2'],
  instruments: ['products'],
}

/** The same of the perpetual contracts. */
export const linearCollectors: Readonly<Partial<Record<TableName, readonly string[]>>> = {
  ticks: ['market_trades'],
  futures_delta: ['level2'],
  futures_ob: ['level2'],
  funding: ['funding:products'],
  open_interest: ['open_interest:products'],
  instruments: ['products'],
}
