import type { Market, PollSpec, StreamSpec, TableName } from '@cryptoflow/model'
import { POLL_DEPTH, polledImages } from '../polled-book.ts'
import { nextCursor } from './pages.ts'
import { bookRule, followsQuote } from './rules.ts'

/**
 * What each market offers, as data. Source: bybit-exchange/docs 2026-07-24, v5/websocket/public and v5/market; the
 * depths of the past from its changelog of 2025-08-14 and 2025-09-11.
 */

const HOUR_MS = 60 * 60_000
/** The one route: each market has a socket of its own. */
export const ROUTE = 'public'
/** Trades of which repeats are known: as many as one message may bring. */
const TRADES_REMEMBERED = 1024
/** Most rows of one answer: docs of v5/market/history-fund-rate. */
const SETTLED_REMEMBERED = 200
/** Rows that are asked for: a day of hourly settlements, so that a short outage leaves no hole. */
const SETTLED_ASKED = 24

/** Stream of open interest, which the tickers bring. */
export const OPEN_INTEREST = 'tickers/open_interest'

const plain = {
  scope: 'symbol',
  route: ROUTE,
  within: null,
  follows: null,
  idWindow: 0,
  book: null,
  poll: null,
} as const

function book(depth: number, table: TableName): StreamSpec {
  const rule = bookRule(depth)
  return { ...plain, name: `orderbook.${depth}`, table, follows: rule.follows, book: rule }
}

const trades: StreamSpec = {
  ...plain,
  name: 'publicTrade',
  table: 'ticks',
  idWindow: TRADES_REMEMBERED,
}
const quotes: StreamSpec = { ...plain, name: 'orderbook.1', table: 'bbo', follows: followsQuote }
/** Read where somebody else recorded it; a gap of trades cannot be seen, so nothing asks for it. */
const recentTrades: StreamSpec = {
  ...plain,
  name: 'recent-trade',
  table: 'ticks',
  route: null,
  idWindow: TRADES_REMEMBERED,
}

/** The endpoint of books, and so the name of the stream that asks for them. */
export const POLLED_BOOK = 'orderbook'
/** Any number of levels a side up to this. Source: docs of v5/market/orderbook. */
const POLLED_LEVELS_MAX = 1_000

/** Images of a book asked for by REST again and again, `depth` levels a side. */
export function polledBook(market: Market, depth = POLL_DEPTH): StreamSpec {
  const limit = Math.min(depth, POLLED_LEVELS_MAX)
  return polledImages(POLLED_BOOK, market, {
    levelsMax: POLLED_LEVELS_MAX,
    request: (symbol) => ({
      path: `/v5/market/orderbook?category=${market}&symbol=${encodeURIComponent(symbol)}&limit=${limit}`,
      weight: 1,
    }),
  })
}

/** Lists of instruments; without a status the exchange lists those that trade. Spot has neither pages nor statuses. */
function instruments(market: Market, status: string | null): StreamSpec {
  const page = market === 'spot' ? '' : '&limit=1000'
  const query = `${page}${status === null ? '' : `&status=${status}`}`
  const path = `/v5/market/instruments-info?category=${market}${query}`
  return {
    ...plain,
    name: status === null ? 'instruments-info' : `instruments-info/${status}`,
    table: 'instruments',
    scope: 'market',
    route: null,
    poll: {
      everyMs: HOUR_MS,
      request: () => ({ path, weight: 1 }),
      ...(market === 'spot' ? {} : pagesOf(path)),
    },
  }
}

/** The pages behind the first of a list. The token goes back as it came, so it is escaped like any other text. */
function pagesOf(path: string): Pick<PollSpec, 'nextPage'> {
  return {
    nextPage: (_symbol, body) => {
      const cursor = nextCursor(body)
      return cursor === null ? null : { path: `${path}&cursor=${encodeURIComponent(cursor)}`, weight: 1 }
    },
  }
}

function settledRates(market: Market): StreamSpec {
  const poll: PollSpec = {
    everyMs: HOUR_MS,
    request: (symbol) => ({
      path: `/v5/market/funding/history?category=${market}&symbol=${encodeURIComponent(symbol)}&limit=${SETTLED_ASKED}`,
      weight: 1,
    }),
  }
  const name = 'funding/history'
  return { ...plain, name, table: 'funding', route: null, idWindow: SETTLED_REMEMBERED, poll }
}

function futuresStreams(market: Market): readonly StreamSpec[] {
  return [
    trades,
    quotes,
    // 500 was taken away on 2025-09-11; recordings of before, and the exchange's own downloads, have it.
    ...[50, 200, 500, 1000].map((depth) => book(depth, 'futures_delta')),
    { ...plain, name: 'tickers', table: 'funding' },
    { ...plain, name: OPEN_INTEREST, table: 'open_interest', within: 'tickers' },
    { ...plain, name: 'allLiquidation', table: 'liquidations' },
    ...[null, 'PreLaunch', 'Delivering'].map((status) => instruments(market, status)),
    settledRates(market),
    recentTrades,
  ]
}

/** Streams by market. */
export const marketStreams: Readonly<Record<Market, readonly StreamSpec[]>> = {
  spot: [
    trades,
    quotes,
    ...[50, 200, 1000].map((depth) => book(depth, 'spot_delta')),
    instruments('spot', null),
    recentTrades,
  ],
  linear: futuresStreams('linear'),
  inverse: futuresStreams('inverse'),
}

/** Streams that fill a table of spot when nothing else is asked for. */
export const spotCollectors: Readonly<Partial<Record<TableName, readonly string[]>>> = {
  ticks: ['publicTrade'],
  spot_delta: ['orderbook.50'],
  spot_ob: ['orderbook.50'],
  bbo: ['orderbook.1'],
  instruments: ['instruments-info'],
}

/** The same of linear and inverse. Settled rates are asked for symbol by symbol, so only when they are wanted. */
export const futuresCollectors: Readonly<Partial<Record<TableName, readonly string[]>>> = {
  ticks: ['publicTrade'],
  futures_delta: ['orderbook.50'],
  futures_ob: ['orderbook.50'],
  bbo: ['orderbook.1'],
  liquidations: ['allLiquidation'],
  funding: ['tickers'],
  open_interest: [OPEN_INTEREST],
  instruments: ['instruments-info', 'instruments-info/PreLaunch', 'instruments-info/Delivering'],
}
