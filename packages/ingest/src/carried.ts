import type { ExchangeMarket, StreamSpec, Subscription } from '@cryptoflow/model'
import { keyOf } from './first-messages.ts'
import { byWireName, carrierOf } from './wire.ts'

/** What a connection carries: wire names, and the streams that are listed under each. */
export interface Carried {
  /** In the order of subscribing. */
  readonly names: readonly string[]
  /** The listed streams that a wire name brings. */
  listed(name: string): readonly Subscription[]
  /** The wire name of a listed stream. */
  nameOf(subscription: Subscription): string | null
  /** What a message of this stream and symbol belongs to: streams of the whole market are listed without a symbol. */
  subscriptionOf(stream: string, symbol: string): Subscription
  /** The wire name that brings messages of a stream, whether it is listed or comes along with one that is; null: none. */
  bringing(subscription: Subscription): string | null
  /**
   * A hole in this wire name is noticed in every stream that it brings: by its next snapshot, or by its sequence.
   * Otherwise only the end of the connection tells.
   */
  isRenewable(name: string): boolean
}

/** Looks up what the subscriptions of a connection mean on the wire. */
export function carriedOf(market: ExchangeMarket, subscriptions: readonly Subscription[]): Carried {
  const specs = new Map(market.streams.map((spec) => [spec.name, spec]))
  const families = Map.groupBy(market.streams, (spec) => carrierOf(market, spec).name)
  const familyOf = ({ stream }: Subscription): readonly StreamSpec[] => {
    const spec = specs.get(stream)
    return spec === undefined ? [] : (families.get(carrierOf(market, spec).name) ?? [])
  }
  const byName = byWireName(market, subscriptions)
  const listed = new Map<string, string>()
  const brought = new Map<string, string>()
  for (const [name, own] of byName) {
    for (const subscription of own) {
      listed.set(keyOf(subscription), name)
      for (const spec of familyOf(subscription)) {
        const symbol = spec.scope === 'market' ? '' : subscription.symbol
        brought.set(keyOf({ stream: spec.name, symbol }), name)
      }
    }
  }
  const tellsHoles = ({ stream }: Subscription): boolean => {
    const spec = specs.get(stream)
    return spec !== undefined && (spec.book?.origin === 'stream' || spec.follows !== null)
  }
  return {
    names: [...byName.keys()],
    listed: (name) => byName.get(name) ?? [],
    nameOf: (subscription) => listed.get(keyOf(subscription)) ?? null,
    subscriptionOf: (stream, symbol) => ({
      stream,
      symbol: specs.get(stream)?.scope === 'market' ? '' : symbol,
    }),
    bringing: (subscription) => brought.get(keyOf(subscription)) ?? null,
    isRenewable: (name) => (byName.get(name) ?? []).every(tellsHoles),
  }
}
