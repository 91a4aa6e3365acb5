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

/** Timers end at 24 days. */
const POLL_EVERY_MS_MAX = 7 * 24 * 60 * 60_000

/** The streams of one connection. One connection, one route: mixed ones lose frames silently on some exchanges. */
export interface ConnectionPlan {
  readonly route: string
  /** Goes to the journal as it is. */
  readonly note: ConnectNote
  /** Every stream on it knows its duplicates, so that a successor may be heard side by side with it. */
  readonly isOverlapSafe: boolean
}

/** A stream that is asked for again and again, for one symbol or (empty) for the market. */
export interface Poll {
  readonly spec: StreamSpec
  readonly poll: PollSpec
  readonly symbol: string
  readonly everyMs: number
}

/**
 * Spreads streams over connections: by route, those that can overlap apart from those that cannot, and as few
 * connections as the exchange's limit allows. Streams of the whole market come once and first, then a symbol's
 * streams side by side. Polled streams are on no connection.
 */
export function planConnections(
  market: ExchangeMarket,
  symbols: readonly string[],
  streams: readonly string[],
): ConnectionPlan[] {
  const specs = specsOf(market, streams).filter((spec) => spec.route !== null)
  const groups = Map.groupBy(specs, (spec) => `${spec.route}\0${isRuled(spec)}`)
  return [...groups.values()].flatMap((group) => {
    const [first] = group as [StreamSpec, ...StreamSpec[]]
    const route = first.route as string
    assert(Object.hasOwn(market.session.routes, route), 'the route of a stream is one of the session')
    const all = subscriptionsOf(group, symbols)
    refuseTooLong(market, all)
    return chunks(all, market.session.streamsPerConnectionMax.value).map((subscriptions) => ({
      route,
      note: { exchange: market.exchange, market: market.market, subscriptions },
      isOverlapSafe: isRuled(first),
    }))
  })
}

/** What is asked by REST, streams of the whole market first and instruments before everything. */
export function planPolls(
  market: ExchangeMarket,
  symbols: readonly string[],
  streams: readonly string[],
  everyMs: Readonly<Record<string, number>> = {},
): Poll[] {
  refuseUnknown(market, Object.keys(everyMs), 'a polling period')
  const rank = ({ table, scope }: StreamSpec): number =>
    table === 'instruments' ? 0 : scope === 'market' ? 1 : 2
  const specs = specsOf(market, streams).filter((spec) => spec.poll !== null)
  specs.sort((a, b) => rank(a) - rank(b))
  return specs.flatMap((spec) => {
    const poll = spec.poll as PollSpec
    const every = Object.hasOwn(everyMs, spec.name) ? (everyMs[spec.name] as number) : poll.everyMs
    if (!(every > 0 && every <= POLL_EVERY_MS_MAX)) {
      throw mistake(`a polling period must be above 0 ms and at most a week, found ${every} ms`, {
        stream: spec.name,
      })
    }
    return subscriptionsOf([spec], symbols).map(({ symbol }) => ({ spec, poll, symbol, everyMs: every }))
  })
}

/**
 * The subscribe frames of a connection, each within the exchange's frame size. Ids are 1, 2, ...
 *
 * A frame that is one byte too long gets no answer at all from some exchanges, so the size is checked on the
 * encoded text and not estimated.
 */
export function subscribeFrames(market: ExchangeMarket, subscriptions: readonly Subscription[]): string[] {
  const names = subscriptions.map(({ stream, symbol }) => market.session.streamName(stream, symbol))
  const bytesMax = market.session.subscribeFrameBytesMax.value
  const frames: string[] = []
  let chunk: string[] = []
  for (const name of names) {
    const longer = [...chunk, name]
    const size = Buffer.byteLength(market.session.subscribeFrame(longer, frames.length + 1))
    if (chunk.length > 0 && size > bytesMax) {
      frames.push(market.session.subscribeFrame(chunk, frames.length + 1))
      chunk = [name]
    } else {
      chunk = longer
    }
  }
  if (chunk.length > 0) frames.push(market.session.subscribeFrame(chunk, frames.length + 1))
  return frames
}

/** The streams by name, each once; a name that is not the market's, or that nothing collects, is a mistake. */
function specsOf(market: ExchangeMarket, streams: readonly string[]): StreamSpec[] {
  refuseUnknown(market, streams, 'streams to collect')
  return [...new Set(streams)].map((name) => {
    const spec = market.streams.find((known) => known.name === name) as StreamSpec
    if (spec.route !== null || spec.poll !== null) return spec
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
function refuseTooLong(market: ExchangeMarket, subscriptions: readonly Subscription[]): void {
  const bytesMax = market.session.subscribeFrameBytesMax.value
  // No connection needs more frames than it has streams, so no id is longer than this one.
  const id = Math.min(subscriptions.length, market.session.streamsPerConnectionMax.value)
  for (const { stream, symbol } of subscriptions) {
    const frame = market.session.subscribeFrame([market.session.streamName(stream, symbol)], id)
    if (Buffer.byteLength(frame) <= bytesMax) continue
    throw mistake('planning subscriptions: a subscription is longer than a frame may be', {
      stream,
      symbol,
      bytesMax,
    })
  }
}

function mistake(message: string, context: Readonly<Record<string, unknown>>): CryptoFlowError {
  return new CryptoFlowError(message, { kind: 'config', reaction: 'stop', context })
}

function isRuled(spec: StreamSpec): boolean {
  return spec.follows !== null || spec.book !== null
}

function subscriptionsOf(specs: readonly StreamSpec[], symbols: readonly string[]): Subscription[] {
  const once = specs.filter(({ scope }) => scope === 'market')
  const each = specs.filter(({ scope }) => scope === 'symbol')
  return [
    ...once.map(({ name }) => ({ symbol: '', stream: name })),
    ...[...new Set(symbols)].flatMap((symbol) => each.map(({ name }) => ({ symbol, stream: name }))),
  ]
}

function chunks<T>(all: readonly T[], most: number): T[][] {
  const parts: T[][] = []
  for (let i = 0; i < all.length; i += most) parts.push(all.slice(i, i + most))
  return parts
}
