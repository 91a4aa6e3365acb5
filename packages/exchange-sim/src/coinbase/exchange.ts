import type { Peer } from '../stage/peer.ts'
import type { Budget } from './budget.ts'
import { failureText, heartbeatText, subscriptionsText } from './exchange-dialect.ts'
import {
  type Hall,
  productsOf,
  readMessage,
  type SocketSession,
  type Subscriptions,
  textsOf,
} from './hall.ts'
import { exchangeChannels } from './product.ts'

const HEARTBEAT = 'heartbeat'
/** Channels that need a key since 2023-08-01, and what is said of it. */
const SECRET: ReadonlySet<string> = new Set(['level2', 'level3', 'full', 'user'])
const NEEDS_KEY =
  'level2, level3, and full channels now require authentication. https://docs.cloud.coinbase.com/exchange/docs/websocket-auth'

/** What a request asks for: products of a channel. */
interface Wish {
  readonly channel: string
  readonly products: readonly string[]
}

/**
 * One connection of the Exchange socket. Matches, the batched book and heartbeats are played; other channels are
 * refused. A request is met or refused as a whole, and answered with all that is subscribed either way.
 */
export class ExchangeSession implements SocketSession {
  private readonly hall: Hall
  private readonly peer: Peer
  private readonly messages: Budget
  private readonly subscriptions: Subscriptions = new Map()

  /** `messages`: what the client's address may still send. */
  constructor(hall: Hall, peer: Peer, messages: Budget) {
    this.hall = hall
    this.peer = peer
    this.messages = messages
  }

  get isSubscribed(): boolean {
    return this.subscriptions.size > 0
  }

  hear(text: string): void {
    const objection = this.messages.take(this.hall.nowMs) ? this.meet(text) : 'rate limit exceeded'
    if (objection === null) return
    this.peer.reply(failureText(objection), false)
    this.peer.send(subscriptionsText(this.subscriptions))
  }

  beat(nowMs: number): void {
    for (const name of this.subscriptions.get(HEARTBEAT) ?? []) {
      const product = this.hall.product(name)
      if (product !== undefined) this.peer.send(heartbeatText(name, { nowMs, ...product.state }))
    }
  }

  /** Answers why a request cannot be met; null when it was. */
  private meet(text: string): string | null {
    const message = readMessage(text)
    if (message === null) return 'malformed JSON'
    const { type } = message
    if (type !== 'subscribe' && type !== 'unsubscribe') return 'unknown type'
    const wishes = wishesOf(message)
    const objection = this.objection(wishes)
    if (objection !== null) return objection
    if (type === 'subscribe') this.subscribe(wishes)
    else this.unsubscribe(wishes)
    return null
  }

  private objection(wishes: readonly Wish[]): string | null {
    if (wishes.some(({ channel }) => SECRET.has(channel))) return NEEDS_KEY
    const bad = wishes.find(({ channel }) => channel !== HEARTBEAT && !exchangeChannels.includes(channel))
    if (bad !== undefined) return `${bad.channel} is not a valid channel`
    const products = wishes.flatMap((wish) => wish.products)
    if (products.length === 0) return 'no product ids'
    const unknown = products.find((name) => this.hall.product(name) === undefined)
    return unknown === undefined ? null : `${unknown} is not a valid product`
  }

  private subscribe(wishes: readonly Wish[]): void {
    for (const { channel, products } of wishes) {
      const subscribed = productsOf(this.subscriptions, channel)
      for (const product of products) subscribed.add(product)
    }
    this.peer.reply(subscriptionsText(this.subscriptions), true)
    for (const { channel, products } of wishes) {
      if (channel === HEARTBEAT) continue
      for (const product of products) this.hall.begin(this.peer, channel, product)
    }
  }

  private unsubscribe(wishes: readonly Wish[]): void {
    for (const { channel, products } of wishes) {
      const subscribed = productsOf(this.subscriptions, channel)
      for (const product of products) {
        subscribed.delete(product)
        if (channel !== HEARTBEAT) this.hall.end(this.peer, channel, product)
      }
    }
    this.peer.reply(subscriptionsText(this.subscriptions), true)
  }
}

/** A channel is a name, for the products of the whole request, or an object that has products of its own. */
function wishesOf(message: Readonly<Record<string, unknown>>): Wish[] {
  const common = textsOf(message.product_ids)
  const channels = Array.isArray(message.channels) ? message.channels : []
  return channels.map((channel: unknown) => {
    if (typeof channel === 'string') return { channel, products: common }
    const { name, product_ids } = (channel ?? {}) as Readonly<Record<string, unknown>>
    return { channel: String(name), products: product_ids === undefined ? common : textsOf(product_ids) }
  })
}
