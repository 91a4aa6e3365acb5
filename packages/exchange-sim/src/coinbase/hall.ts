import type { Session } from '../stage/house.ts'
import type { Peer } from '../stage/peer.ts'
import type { Product } from './product.ts'

/** What the sockets of a house have in common, as one conversation sees it. */
export interface Hall {
  /** Exchange time, milliseconds. */
  readonly nowMs: number
  readonly seed: number
  /** Undefined where nothing of this name is traded. */
  product(name: string): Product | undefined
  /** Subscribes and sends what the subscription begins with, unless it stands already. */
  begin(peer: Peer, channel: string, product: string): void
  end(peer: Peer, channel: string, product: string): void
}

/** A conversation on one of the sockets. */
export interface SocketSession extends Session {
  /** Something was subscribed at some time. */
  readonly isSubscribed: boolean
  /** Called once a second: says what is to be said by itself. */
  beat(nowMs: number): void
}

/** What a connection is subscribed to: products, as they were asked for, by channel. */
export type Subscriptions = Map<string, Set<string>>

export function productsOf(subscriptions: Subscriptions, channel: string): Set<string> {
  const products = subscriptions.get(channel) ?? new Set()
  subscriptions.set(channel, products)
  return products
}

/** A client's text as an object; null where it is none. */
export function readMessage(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const message: unknown = JSON.parse(text)
    const isObject = typeof message === 'object' && message !== null && !Array.isArray(message)
    return isObject ? (message as Readonly<Record<string, unknown>>) : null
  } catch {
    return null
  }
}

/** The texts of a list; none where it is no list. */
export function textsOf(list: unknown): string[] {
  return Array.isArray(list) ? list.filter((text) => typeof text === 'string') : []
}
