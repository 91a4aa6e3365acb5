import {
  assert,
  type ConnectNote,
  type ExchangeMarket,
  type PollSpec,
  type StreamSpec,
  type Subscription,
} from '@cryptoflow/model'
import { CryptoFlowError } from '@cryptoflow/runtime'
import { nearestName } from './nearest-name.ts'
import { byWireName, carrierOf } from './wire.ts'

/** Timers end at 24 days. */
const POLL_EVERY_MS_MAX = 7 * 24 * 60 * 60_000

/** The streams of one connection. One connection, one route: mixed ones lose frames silently on some exchanges. */
export interface ConnectionPlan {
  readonly route: string
  /** Goes to the journal as it is. */
  readonly note: ConnectNote
  /**
   * Every stream on it knows its duplicates and no book begins in its stream, so that a successor may be heard side by
   * side with it: the snapshots and sequences of two connections would mix.
   */
  readonly isOverlapSafe: boolean
}

/** A question that is asked again and again, for one symbol or (empty) for the market. */
export interface Poll {
  readonly poll: PollSpec
  readonly symbol: string
  /** Distance of two questions: the shortest of its streams. */
  readonly everyMs: number
  /** The streams that ask it, at least one: their requests are the same. Each gets an answer at its own distance. */
  readonly streams: readonly PolledStream[]
}

export interface PolledStream {
  readonly name: string
  readonly everyMs: number
}

/**
 * Spreads streams over connections: by route, those that can overlap apart from those that cannot, and as few
 * connections as the exchange's limit allows, which counts wire names. Streams of the whole market come once and
 * first, then a symbol's streams side by side; streams that come with one wire name stay together. Polled streams are
 * on no connection.
 */
export function planConnections(
  market: ExchangeMarket,
  symbols: readonly string[],
  streams: readonly string[],
): ConnectionPlan[] {
  const bundles = bundlesOf(market, symbols, streams)
  refuseTooLong(market, bundles)
  const groups = Map.groupBy(bundles, ({ route, isOverlapSafe }) => `${route}\0${isOverlapSafe}`)
  return [...groups.values()].flatMap((group) => {
    const { route, isOverlapSafe } = group[0] as Bundle
    return chunks(group, market.session.streamsPerConnectionMax.value).map((chunk) => {
      const subscriptions = chunk.flatMap((bundle) => bundle.subscriptions)
      const note = { exchange: market.exchange, market: market.market, subscriptions }
      return { route, note, isOverlapSafe }
    })
  })
}

/** What one wire name brings of what is asked for. */
interface Bundle {
  readonly name: string
  readonly route: string
  readonly isOverlapSafe: boolean
  readonly subscriptions: readonly Subscription[]
}

function bundlesOf(market: ExchangeMarket, symbols: readonly string[], streams: readonly string[]): Bundle[] {
  const specs = specsOf(market, streams).filter((spec) => spec.route !== null)
  const specOf = new Map(specs.map((spec) => [spec.name, spec]))
  const byName = byWireName(market, subscriptionsOf(specs, symbols))
  return [...byName].map(([name, subscriptions]) => {
    const own = subscriptions.map(({ stream }) => specOf.get(stream) as StreamSpec)
    const route = own[0]?.route as string
    assert(Object.hasOwn(market.session.routes, route), 'the route of a stream is one of the session')
    return { name, route, isOverlapSafe: own.every(knowsDuplicates), subscriptions }
  })
}

/** What it says twice, on two connections, is told apart; books that begin in their stream would mix. */
function knowsDuplicates({ follows, idWindow, book }: StreamSpec): boolean {
  if (book !== null) return book.origin === 'rest'
  return follows !== null || idWindow > 0
}

/** What is asked by REST, streams of the whole market first and instruments before everything; nothing twice. */
export function planPolls(
  market: ExchangeMarket,
  symbols: readonly string[],
  streams: readonly string[],
  everyMs: Readonly<Record<string, number>> = {},
): Poll[] {
  refuseUnknown(market, Object.keys(everyMs), 'a polling period')
  const rank = ({ table, scope }: StreamSpec): number =>
    table === 'instruments' ? 0 : scope === 'market' ? 1 : 2
  const carriers = new Set(specsOf(market, streams).map((spec) => carrierOf(market, spec)))
  const specs = [...carriers].filter((spec) => spec.poll !== null)
  specs.sort((a, b) => rank(a) - rank(b))
  const asked = specs.flatMap((spec) => {
    const poll = spec.poll as PollSpec
    const every = Object.hasOwn(everyMs, spec.name) ? (everyMs[spec.name] as number) : poll.everyMs
    if (!(every > 0 && every <= POLL_EVERY_MS_MAX)) {
      throw mistake(`a polling period must be above 0 ms and at most a week, found ${every} ms`, {
        stream: spec.name,
      })
    }
    const stream = { name: spec.name, everyMs: every }
    return subscriptionsOf([spec], symbols).map(({ symbol }) => ({ poll, symbol, stream }))
  })
  const questions = Map.groupBy(asked, ({ poll, symbol }) => `${poll.request(symbol).path} ${symbol}`)
  return [...questions.values()].map((same) => {
    const { poll, symbol } = same[0] as (typeof same)[number]
    const own = same.map(({ stream }) => stream)
    return { poll, symbol, everyMs: Math.min(...own.map((stream) => stream.everyMs)), streams: own }
  })
}

/** The streams by name, each once; a name that is not the market's, or that nothing collects, is a mistake. */
function specsOf(market: ExchangeMarket, streams: readonly string[]): StreamSpec[] {
  refuseUnknown(market, streams, 'streams to collect')
  return [...new Set(streams)].map((name) => {
    const spec = market.streams.find((known) => known.name === name) as StreamSpec
    if (spec.route !== null || carrierOf(market, spec).poll !== null) return spec
    throw mistake('this stream can be read but not collected: it has neither a websocket nor a poll', {
      stream: name,
    })
  })
}

function refuseUnknown(market: ExchangeMarket, names: readonly string[], what: string): void {
  const known = market.streams.map(({ name }) => name)
  for (const stream of names) {
    if (known.includes(stream)) continue
    const nearest = nearestName(stream, known)
    const hint = nearest === null ? '' : `, did you mean "${nearest}"?`
    throw mistake(`reading ${what}: ${market.exchange} ${market.market} has no stream "${stream}"${hint}`, {
      stream,
      nearest,
      known: known.join(' '),
    })
  }
}

/** A subscription that does not fit into a frame of its own would never be answered. */
function refuseTooLong({ session }: ExchangeMarket, bundles: readonly Bundle[]): void {
  const bytesMax = session.subscribeFrameBytesMax.value
  // No connection needs more frames than it has streams, so no id is longer than this one.
  const id = Math.min(bundles.length, session.streamsPerConnectionMax.value)
  for (const { name, subscriptions } of bundles) {
    if (Buffer.byteLength(session.subscribeFrame([name], id)) <= bytesMax) continue
    throw mistake('planning subscriptions: a subscription is longer than a frame may be', {
      ...subscriptions[0],
      bytesMax,
    })
  }
}

function mistake(message: string, context: Readonly<Record<string, unknown>>): CryptoFlowError {
  return new CryptoFlowError(message, { kind: 'config', reaction: 'stop', context })
}

function subscriptionsOf(specs: readonly StreamSpec[], symbols: readonly string[]): Subscription[] {
  const once = specs.filter(({ scope }) => scope === 'market')
  const each = specs.filter(({ scope }) => scope === 'symbol')
  return [
    ...once.map(({ name }) => ({ symbol: '', stream: name })),
    ...[...new Set(symbols)].flatMap((symbol) => each.map((spec) => ({ symbol, ...named(spec) }))),
  ]
}

function named({ name, book }: StreamSpec): Pick<Subscription, 'stream' | 'depth'> {
  const depth = book?.origin === 'stream' ? book.subscribed : undefined
  return depth === undefined ? { stream: name } : { stream: name, depth }
}

function chunks<T>(all: readonly T[], most: number): T[][] {
  const parts: T[][] = []
  for (let i = 0; i < all.length; i += most) parts.push(all.slice(i, i + most))
  return parts
}
