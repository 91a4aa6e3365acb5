import {
  assert,
  type ExchangeMarket,
  type SessionSpec,
  type StreamSpec,
  type Subscription,
} from '@cryptoflow/model'

/** A request to the exchange about streams, as it goes over the wire. */
export interface StreamRequest {
  readonly id: number
  /** Wire names. */
  readonly names: readonly string[]
  readonly text: string
}

/** The end of a subscription and its new beginning, sent one after the other. */
export interface Resubscription {
  readonly end: StreamRequest
  readonly again: StreamRequest
}

/** The stream that is subscribed or polled to get this one: itself, or the one whose messages bring it. */
export function carrierOf(market: ExchangeMarket, spec: StreamSpec): StreamSpec {
  let carrier = spec
  for (let steps = 0; carrier.within !== null; steps++) {
    const outer = market.streams.find(({ name }) => name === carrier.within)
    assert(outer !== undefined, 'a stream comes within one of the same market')
    assert(outer.route === carrier.route, 'a stream comes on the route of the one that brings it')
    assert(steps < market.streams.length, 'no stream comes within itself')
    carrier = outer
  }
  return carrier
}

/** What is written on the wire to subscribe a stream: the name of the one that brings it. */
export function wireNameOf(market: ExchangeMarket, { stream, symbol }: Subscription): string {
  const spec = market.streams.find(({ name }) => name === stream)
  if (spec === undefined) return market.session.streamName(stream, symbol)
  const { name, scope } = carrierOf(market, spec)
  return market.session.streamName(name, scope === 'market' ? '' : symbol)
}

/** The subscriptions by wire name, both in the order in which they were given. */
export function byWireName(
  market: ExchangeMarket,
  subscriptions: readonly Subscription[],
): Map<string, Subscription[]> {
  return Map.groupBy(subscriptions, (subscription) => wireNameOf(market, subscription))
}

/** The subscribe frames of a connection, as texts; see `subscribeRequests`. Ids are 1, 2, ... */
export function subscribeFrames(market: ExchangeMarket, subscriptions: readonly Subscription[]): string[] {
  const names = [...byWireName(market, subscriptions).keys()]
  return subscribeRequests(market.session, names, 1).map(({ text }) => text)
}

/**
 * The requests that subscribe these wire names, in order: one group each, as many names as the exchange allows, and
 * within its frame size. Ids are dense from `firstId`.
 *
 * A frame that is one byte too long gets no answer at all from some exchanges, so the size is checked on the encoded
 * text and not estimated.
 */
export function subscribeRequests(
  session: SessionSpec,
  names: readonly string[],
  firstId: number,
): StreamRequest[] {
  const textsOf = (some: readonly string[], index: number): string[] => [
    session.subscribeFrame(some, firstId + index),
  ]
  return framed(session, names, textsOf).map((some, index) => ({
    id: firstId + index,
    names: some,
    text: session.subscribeFrame(some, firstId + index),
  }))
}

/**
 * The requests that end these subscriptions and begin them again, pair by pair; null where the exchange has no end of
 * a subscription. Ids are dense from `firstId`.
 */
export function resubscribeRequests(
  session: SessionSpec,
  names: readonly string[],
  firstId: number,
): Resubscription[] | null {
  const endOf = (some: readonly string[], index: number): string | null =>
    session.unsubscribeFrame(some, firstId + 2 * index)
  const againOf = (some: readonly string[], index: number): string =>
    session.subscribeFrame(some, firstId + 2 * index + 1)
  const pairs: Resubscription[] = []
  const parts = framed(session, names, (some, index) => [endOf(some, index) ?? '', againOf(some, index)])
  for (const [index, some] of parts.entries()) {
    const end = endOf(some, index)
    if (end === null) return null
    const id = firstId + 2 * index
    pairs.push({
      end: { id, names: some, text: end },
      again: { id: id + 1, names: some, text: againOf(some, index) },
    })
  }
  return pairs
}

/** Splits names so that the texts of every part fit into frames. */
function framed(
  session: SessionSpec,
  names: readonly string[],
  textsOf: (names: readonly string[], index: number) => readonly string[],
): string[][] {
  const parts: string[][] = []
  for (const group of Map.groupBy(names, (name) => session.subscribeGroup(name)).values()) {
    for (let from = 0; from < group.length; ) {
      const fits = (count: number): boolean =>
        textsOf(group.slice(from, from + count), parts.length).every(
          (text) => Buffer.byteLength(text) <= session.subscribeFrameBytesMax.value,
        )
      const count = most(Math.min(group.length - from, session.streamsPerFrameMax?.value ?? Infinity), fits)
      parts.push(group.slice(from, from + count))
      from += count
    }
  }
  return parts
}

/** The most, from 1 to `limit`, that fits; 1 also when nothing does. More never needs less room. */
function most(limit: number, fits: (count: number) => boolean): number {
  if (fits(limit)) return limit
  let good = 1
  let bad = limit
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2)
    if (fits(middle)) good = middle
    else bad = middle
  }
  return good
}
