import type { BookRule, Follows, Market, PollSpec, StreamSpec, TableName } from '@cryptoflow/model'
import { POLL_DEPTH, polledImages } from '../polled-book.ts'
import { followsGrowing, followsId, futuresBookRule, spotBookRule } from './rules.ts'

/**
 * What each market offers, as data. Sources: binance-spot-api-docs a5e0bc3 of 2026-07-21, web-socket-streams.md and
 * rest-api.md; developers.binance.com/docs/derivatives, read 2026-05-28; the routes of USD-M from its change notice
 * of 2026-03-05. `trade` and `depth@0ms` of futures are in no document any more, and still sent.
 */

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** Levels a side of the partial books. */
const imageDepths = [5, 10, 20]
/** Speeds behind the channel's name; without one spot sends every second, futures every 250 ms. */
const spotSpeeds = ['@100ms', '']
const futuresDiffSpeeds = ['@100ms', '@0ms', '@500ms', '']
const futuresImageSpeeds = ['@100ms', '@500ms', '']

function subscribed(name: string, table: TableName, route: string, follows: Follows | null): StreamSpec {
  const scope = name.startsWith('!') ? 'market' : 'symbol'
  return { name, table, scope, route, within: null, follows, idWindow: 0, book: null, poll: null }
}

function book(name: string, table: TableName, route: string, rule: BookRule): StreamSpec {
  return { ...subscribed(name, table, route, rule.follows), book: rule }
}

/** Asked for by REST: again and again with `poll`, else by need. */
function asked(
  name: string,
  table: TableName,
  scope: StreamSpec['scope'],
  poll: PollSpec | null,
): StreamSpec {
  return { name, table, scope, route: null, within: null, follows: null, idWindow: 0, book: null, poll }
}

function every(everyMs: number, endpoint: string, weight: number): PollSpec {
  return {
    everyMs,
    request: (symbol) => ({
      path: symbol === '' ? endpoint : `${endpoint}?symbol=${encodeURIComponent(symbol)}`,
      weight,
    }),
  }
}

const imageNames = (speeds: readonly string[]): string[] =>
  imageDepths.flatMap((depth) => speeds.map((speed) => `depth${depth}${speed}`))

/** Weight of a book by the levels a side that it is asked for with; spot takes any number up to the last. */
const spotDepthWeights = [
  [100, 5],
  [500, 25],
  [1000, 50],
  [5000, 250],
] as const
/** Futures take these numbers alone. */
const futuresDepthWeights = [
  [5, 2],
  [10, 2],
  [20, 2],
  [50, 2],
  [100, 5],
  [500, 10],
  [1000, 20],
] as const

/** Images of a book asked for by REST again and again, `depth` levels a side or the next that there are. */
export function polledBook(market: Market, depth = POLL_DEPTH): StreamSpec {
  const isSpot = market === 'spot'
  const weights = isSpot ? spotDepthWeights : futuresDepthWeights
  const [offered, weight] =
    weights.find(([limit]) => limit >= depth) ?? (weights.at(-1) as readonly [number, number])
  const limit = isSpot ? Math.min(depth, offered) : offered
  const request = (symbol: string) => ({
    path: `${depthPaths[market]}?symbol=${encodeURIComponent(symbol)}&limit=${limit}`,
    weight,
  })
  const levelsMax = (weights.at(-1) as readonly [number, number])[0]
  return polledImages(POLLED_BOOK, market, { levelsMax, request })
}

/** Its name: the endpoint's own is that of the update stream. */
export const POLLED_BOOK = 'depth@rest'

const depthPaths: Readonly<Record<Market, string>> = {
  spot: '/api/v3/depth',
  linear: '/fapi/v1/depth',
  inverse: '/dapi/v1/depth',
}

/** REST lists of trades: read where they fill a gap. */
const restTrades = [asked('trades', 'ticks', 'symbol', null), asked('aggTrades', 'ticks', 'symbol', null)]

/** Streams of Binance spot. */
export const spotStreams: readonly StreamSpec[] = [
  subscribed('trade', 'ticks', 'stream', followsId),
  subscribed('aggTrade', 'ticks', 'stream', followsId),
  ...spotSpeeds.map((speed) => book(`depth${speed}`, 'spot_delta', 'stream', spotBookRule)),
  subscribed('bookTicker', 'bbo', 'stream', followsGrowing),
  ...imageNames(spotSpeeds).map((name) => subscribed(name, 'spot_ob', 'stream', followsGrowing)),
  asked('exchangeInfo', 'instruments', 'market', every(HOUR_MS, '/api/v3/exchangeInfo', 20)),
  ...restTrades,
]

/** `api` is the path before an endpoint's name. */
function futuresStreams(api: string, fundingInfoWeight: number): readonly StreamSpec[] {
  const price = (name: string): StreamSpec => subscribed(name, 'funding', 'market', null)
  return [
    subscribed('trade', 'ticks', 'public', followsId),
    subscribed('aggTrade', 'ticks', 'market', followsId),
    ...futuresDiffSpeeds.map((speed) => book(`depth${speed}`, 'futures_delta', 'public', futuresBookRule)),
    subscribed('bookTicker', 'bbo', 'public', followsGrowing),
    subscribed('!bookTicker', 'bbo', 'public', followsGrowing),
    ...imageNames(futuresImageSpeeds).map((name) => subscribed(name, 'futures_ob', 'public', followsGrowing)),
    ...['markPrice', 'markPrice@1s', '!markPrice@arr', '!markPrice@arr@1s'].map(price),
    subscribed('forceOrder', 'liquidations', 'market', null),
    subscribed('!forceOrder@arr', 'liquidations', 'market', null),
    asked('exchangeInfo', 'instruments', 'market', every(HOUR_MS, `${api}/exchangeInfo`, 1)),
    asked('openInterest', 'open_interest', 'symbol', every(MINUTE_MS, `${api}/openInterest`, 1)),
    asked('premiumIndex', 'funding', 'market', every(MINUTE_MS, `${api}/premiumIndex`, 10)),
    asked('fundingInfo', 'funding', 'market', every(HOUR_MS, `${api}/fundingInfo`, fundingInfoWeight)),
    ...restTrades,
  ]
}

/** Streams of Binance USD-M. `fundingInfo` counts against another budget, 500 in five minutes. */
export const linearStreams: readonly StreamSpec[] = futuresStreams('/fapi/v1', 0)
/** Streams of Binance COIN-M. The weight of its `fundingInfo` is not documented. */
export const inverseStreams: readonly StreamSpec[] = futuresStreams('/dapi/v1', 1)

/** Streams by market. */
export const marketStreams: Readonly<Record<Market, readonly StreamSpec[]>> = {
  spot: spotStreams,
  linear: linearStreams,
  inverse: inverseStreams,
}

/** Streams that fill a table when nothing else is asked for. */
export const spotCollectors: Readonly<Partial<Record<TableName, readonly string[]>>> = {
  ticks: ['trade'],
  spot_delta: ['depth@100ms'],
  spot_ob: ['depth@100ms'],
  bbo: ['bookTicker'],
  instruments: ['exchangeInfo'],
}

/** The same of USD-M and COIN-M. Aggregates are the documented stream of futures trades. */
export const futuresCollectors: Readonly<Partial<Record<TableName, readonly string[]>>> = {
  ticks: ['aggTrade'],
  futures_delta: ['depth@100ms'],
  futures_ob: ['depth@100ms'],
  bbo: ['bookTicker'],
  liquidations: ['forceOrder'],
  funding: ['markPrice@1s', 'fundingInfo'],
  open_interest: ['openInterest'],
  instruments: ['exchangeInfo'],
}
