import {
  type AuditPlan,
  BOOKS_IN_A_ROW_MAX,
  byWireName,
  paceMs,
  planAudits,
  planConnections,
  planPolls,
  subscribeFrames,
  WEIGHT_SHARE,
} from '@cryptoflow/ingest'
import type { ExchangeMarket, StreamSpec } from '@cryptoflow/model'
import { type MarketCollection, resolveCollection } from '@cryptoflow/pipeline'

const MINUTE_MS = 60_000

/** Connections of one route. */
export interface RoutePlan {
  readonly route: string
  readonly address: string
  readonly connections: number
  /** Streams of all its connections, and of the fullest. */
  readonly streams: number
  readonly streamsMax: number
  readonly streamsAllowed: number
  readonly subscribeFrames: number
  /** Seconds until the last frame of the fullest connection is sent, at our share of the exchange's pace. */
  readonly subscribeSeconds: number
}

/** What is asked by REST again and again. */
export interface PollPlan {
  readonly stream: string
  readonly questions: number
  readonly everyMs: number
  readonly weightPerMinute: number
}

/** What collecting a market asks of its exchange. */
export interface MarketPlan {
  readonly exchange: string
  readonly market: string
  readonly symbols: number
  readonly channels: readonly string[]
  readonly routes: readonly RoutePlan[]
  readonly connections: number
  readonly connectsPerFiveMinutesMax: number
  readonly polls: readonly PollPlan[]
  readonly books: number
  /** Weight of one book's snapshot by REST; null where books begin in their streams, and cost no weight. */
  readonly bookWeight: number | null
  readonly restPool: string
}

/** A REST budget; markets that the exchange counts together share it. */
export interface BudgetPlan {
  readonly pool: string
  /** What the exchange allows, and how much of it we use. */
  readonly weightPerMinuteMax: number
  readonly weightPerMinuteUsed: number
  readonly pollWeightPerMinute: number
  /** How many times longer than asked for the periods of polls become; 1: all fit. */
  readonly pollStretch: number
  /** Books that begin with a snapshot by REST. */
  readonly books: number
  /** Weight of the first questions and snapshots. */
  readonly startWeight: number
  /** Seconds from the first connection until the last snapshot may be asked for. */
  readonly booksLiveSeconds: number
}

/** A market with the channels that are collected of it, as a plan and a forecast need it. */
export interface PlannedMarket {
  readonly market: ExchangeMarket
  readonly collection: MarketCollection
  readonly specs: readonly StreamSpec[]
  /** Distance of two audits of one book that is asked for, milliseconds; null: none. */
  readonly auditEveryMs: number | null
}

/** The channels behind what is asked for: tables by their usual channels, channels as they are. */
export function plannedMarket(
  collection: MarketCollection,
  auditEveryMs: number | null = null,
): PlannedMarket {
  const { market, streams, pollEveryMs } = resolveCollection(collection)
  const specs = market.streams.filter(({ name }) => streams.includes(name))
  return { market, collection: { ...collection, pollEveryMs }, specs, auditEveryMs }
}

/** Connections, questions and books of one market. */
export function planMarket({ market, collection, specs, auditEveryMs }: PlannedMarket): MarketPlan {
  const { session } = market
  const symbols = [...new Set(collection.symbols)]
  const channels = specs.map(({ name }) => name)
  const plans = planConnections(market, symbols, channels)
  const routes = [...Map.groupBy(plans, ({ route }) => route)].map(([route, own]): RoutePlan => {
    const frames = own.map(({ note }) => subscribeFrames(market, note.subscriptions).length)
    const opening = session.openingFrames[route]?.length ?? 0
    const streams = own.map(({ note }) => byWireName(market, note.subscriptions).size)
    return {
      route,
      address: session.routes[route] ?? '',
      connections: own.length,
      streams: sum(streams),
      streamsMax: Math.max(...streams),
      streamsAllowed: session.streamsPerConnectionMax.value,
      subscribeFrames: sum(frames),
      subscribeSeconds: ((Math.max(...frames) + opening - 1) * paceMs(market)) / 1000,
    }
  })
  const polls = planPolls(market, symbols, channels, collection.pollEveryMs)
  const audits = planAudits(market, symbols, channels, auditEveryMs)
  const books = specs.filter(({ book }) => book !== null).length * symbols.length
  return {
    exchange: market.exchange,
    market: market.market,
    symbols: symbols.length,
    channels,
    routes,
    connections: plans.length,
    connectsPerFiveMinutesMax: session.connectsPerFiveMinutesMax.value,
    polls: [...pollPlans(polls), ...(audits === null ? [] : [auditPlan(audits, symbols.length)])],
    books,
    bookWeight: session.snapshotRequest?.(symbols[0] ?? '').weight ?? null,
    restPool: session.restPool,
  }
}

function auditPlan({ stream, everyMs, weightPerMinute }: AuditPlan, questions: number): PollPlan {
  const own = stream.book?.origin === 'stream' ? ', a connection each' : ''
  return { stream: `audits of books${own}`, questions, everyMs, weightPerMinute }
}

function pollPlans(polls: ReturnType<typeof planPolls>): PollPlan[] {
  return [...Map.groupBy(polls, ({ streams }) => streams.map(({ name }) => name).join(', '))].map(
    ([stream, own]) => ({
      stream,
      questions: own.length,
      everyMs: own[0]?.everyMs ?? 0,
      weightPerMinute: sum(
        own.map(({ poll, symbol, everyMs }) => (poll.request(symbol).weight * MINUTE_MS) / everyMs),
      ),
    }),
  )
}

/** The budgets behind markets, each once. */
export function planBudgets(markets: readonly PlannedMarket[]): BudgetPlan[] {
  const pools = Map.groupBy(markets, ({ market }) => market.session.restPool)
  return [...pools].map(([pool, own]) => {
    const max = Math.min(...own.map(({ market }) => market.session.restWeightPerMinute.value))
    const budget = max * WEIGHT_SHARE
    const plans = own.map(planMarket)
    const pollWeight = sum(plans.flatMap(({ polls }) => polls.map((poll) => poll.weightPerMinute)))
    const firstPolls = sum(own.map(firstPollWeight))
    const bookWeights = plans.flatMap(({ books, bookWeight }) =>
      bookWeight === null ? [] : Array<number>(books).fill(bookWeight),
    )
    return {
      pool,
      weightPerMinuteMax: max,
      weightPerMinuteUsed: budget,
      pollWeightPerMinute: pollWeight,
      pollStretch: Math.max(1, pollWeight / budget),
      books: bookWeights.length,
      startWeight: firstPolls + sum(bookWeights),
      booksLiveSeconds: secondsUntilAsked(bookWeights, {
        budget,
        firstPolls,
        polls: pollsBesideBooks(own, budget, pollWeight),
      }),
    }
  })
}

function firstPollWeight({ market, collection, specs }: PlannedMarket): number {
  const symbols = [...new Set(collection.symbols)]
  const names = specs.map(({ name }) => name)
  const polls = planPolls(market, symbols, names, collection.pollEveryMs)
  return sum(polls.map(({ poll, symbol }) => poll.request(symbol).weight))
}

interface Spending {
  readonly budget: number
  readonly firstPolls: number
  /** What polls spend in a minute while books wait. */
  readonly polls: number
}

/**
 * Seconds until the last book may be asked for. Every minute has its budget: the first questions are taken to come
 * before all books, which is the longer answer, and later polls take their turns.
 */
function secondsUntilAsked(weights: readonly number[], { budget, firstPolls, polls }: Spending): number {
  const room = budget - polls
  let left = budget - firstPolls
  let minutes = 0
  for (const weight of weights) {
    // What is dearer than a minute holds waits for an untouched one.
    const bounded = Math.min(weight, room)
    while (bounded > left) {
      left = Math.min(0, left) + room
      minutes += 1
    }
    left -= bounded
  }
  return minutes * 60
}

/** Weight that polls get of a minute in which books wait as well: all they want, or one question in nine. */
function pollsBesideBooks(markets: readonly PlannedMarket[], budget: number, wanted: number): number {
  const polls = markets.flatMap(({ specs }) =>
    specs.flatMap(({ poll }) => (poll === null ? [] : [poll.request('').weight])),
  )
  const dearest = Math.max(0, ...polls)
  const books = markets.flatMap(({ market }) => market.session.snapshotRequest?.('').weight ?? [])
  if (books.length === 0) return wanted
  const turn = BOOKS_IN_A_ROW_MAX * Math.min(...books) + dearest
  return Math.min(wanted, (budget * dearest) / turn)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
