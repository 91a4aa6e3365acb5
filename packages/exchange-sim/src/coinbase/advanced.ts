import { hashOf } from '../instruments.ts'
import type { Peer } from '../stage/peer.ts'
import { advancedFrame, errorText, heartbeatEvent, subscriptionsEvent } from './advanced-dialect.ts'
import type { Budget } from './budget.ts'
import {
  type Hall,
  productsOf,
  readMessage,
  type SocketSession,
  type Subscriptions,
  textsOf,
} from './hall.ts'
import { advancedChannels } from './product.ts'
import { bookNameOf } from './symbols.ts'

const HEARTBEATS = 'heartbeats'
/** Channels that need a key. */
const SECRET: ReadonlySet<string> = new Set(['user', 'futures_balance_summary'])
/** Without any frame for this long a connection is closed; "60 to 90 seconds" in the documents, read 2026-09-27. */
const IDLE_MS = 90_000

/**
 * One connection of the Advanced socket. Books, trades and heartbeats are played; other channels are refused.
 *
 * A request is for one channel, and is met or refused as a whole; how the exchange refuses a product is not documented.
 * What a subscription begins with comes before its acknowledgement or behind it: a book of 2026-09-07 was the first
 * frame of its connection.
 */
export class AdvancedSession implements SocketSession {
  private readonly hall: Hall
  private readonly peer: Peer
  private readonly messages: Budget
  private readonly subscriptions: Subscriptions = new Map()
  private requests = 0
  private beats = 0
  private framesSeen = 0
  private framesMs: number

  /** `messages`: what the client's address may still send. */
  constructor(hall: Hall, peer: Peer, messages: Budget) {
    this.hall = hall
    this.peer = peer
    this.messages = messages
    this.framesMs = hall.nowMs
  }

  get isSubscribed(): boolean {
    return this.subscriptions.size > 0
  }

  hear(text: string): void {
    const objection = this.messages.take(this.hall.nowMs) ? this.meet(text) : 'rate limit exceeded'
    if (objection !== null) this.peer.reply(errorText(objection), false)
  }

  beat(nowMs: number): void {
    const { peer } = this
    if ((this.subscriptions.get(HEARTBEATS)?.size ?? 0) > 0) {
      peer.send(advancedFrame(peer, HEARTBEATS, nowMs, heartbeatEvent(nowMs, this.beats)))
      this.beats += 1
    }
    if (peer.frames !== this.framesSeen) {
      this.framesSeen = peer.frames
      this.framesMs = nowMs
    } else if (nowMs - this.framesMs >= IDLE_MS) peer.close(1008, 'no updates', 'outage')
  }

  /** Answers why a request cannot be met; null when it was. */
  private meet(text: string): string | null {
    const { type, channel, product_ids } = readMessage(text) ?? {}
    if (type !== 'subscribe' && type !== 'unsubscribe') return 'invalid message'
    if (typeof channel !== 'string') return 'one channel is required'
    if (SECRET.has(channel)) return 'authentication failure'
    const products = channel === HEARTBEATS ? [HEARTBEATS] : textsOf(product_ids)
    const objection = channel === HEARTBEATS ? null : this.objection(channel, products)
    if (objection !== null) return objection
    if (type === 'subscribe') this.subscribe(channel, products)
    else this.unsubscribe(channel, products)
    return null
  }

  private objection(channel: string, products: readonly string[]): string | null {
    if (!advancedChannels.includes(channel)) return `unknown channel ${channel}`
    if (products.length === 0) return 'product_ids are required'
    const bad = products.find((product) => this.hall.product(bookNameOf(product)) === undefined)
    return bad === undefined ? null : `unknown product ${bad}`
  }

  private subscribe(channel: string, products: readonly string[]): void {
    const subscribed = productsOf(this.subscriptions, channel)
    for (const product of products) subscribed.add(product)
    this.requests += 1
    const draw = hashOf(`${this.hall.seed} ${this.peer.number} ${this.requests}`)
    const isDataFirst = draw % 2 === 0
    if (!isDataFirst) this.acknowledge()
    if (channel !== HEARTBEATS)
      for (const product of products) this.hall.begin(this.peer, channel, bookNameOf(product))
    if (isDataFirst) this.acknowledge()
  }

  /** A product that was also asked for by its other name goes on. */
  private unsubscribe(channel: string, products: readonly string[]): void {
    const subscribed = productsOf(this.subscriptions, channel)
    for (const product of products) subscribed.delete(product)
    const left = new Set([...subscribed].map(bookNameOf))
    for (const name of products.map(bookNameOf)) {
      if (channel !== HEARTBEATS && !left.has(name)) this.hall.end(this.peer, channel, name)
    }
    this.acknowledge()
  }

  private acknowledge(): void {
    const event = subscriptionsEvent(this.subscriptions)
    this.peer.reply(advancedFrame(this.peer, 'subscriptions', this.hall.nowMs, event), true)
  }
}
