import type { House, HouseAnswer, HouseOptions, Session } from '../stage/house.ts'
import type { Peer } from '../stage/peer.ts'
import { listText, productContent, productOf } from './futures-list.ts'
import { FEEDS, type FeedName, FuturesTeller } from './futures-symbol.ts'
import { futuresDoor, Window } from './limits.ts'
import { objectOf } from './spot-control.ts'

/** Source: docs.kraken.com as copied 2026-05-27, guides/futures-rate-limits. */
const REQUESTS_MAX = 100
const REQUESTS_MS = 1_000
const BEAT_MS = 1_000
/** Who sends no ping of the protocol for a minute is closed. Source as above, futures-api/websocket. */
const PING_WITHIN_MS = 60_000
const BOOK_PATH = '/derivatives/api/v3/orderbook'
const LIST_PATH = '/derivatives/api/v3/instruments'

/** A futures market, whose requests have no ids. Linear and inverse speak alike; each has its own address here. */
export class FuturesHouse implements House {
  readonly door = futuresDoor
  private readonly options: HouseOptions
  private readonly tellers: ReadonlyMap<string, FuturesTeller>
  /** Who wants to hear that the connection stands. */
  private readonly beating = new Set<Peer>()
  private nowMs: number
  private nextBeatMs: number

  constructor(options: HouseOptions) {
    this.options = options
    this.nowMs = options.startMs
    this.nextBeatMs = options.startMs + BEAT_MS
    this.tellers = new Map(
      options.symbols.map((symbol, index) => [symbol, new FuturesTeller(symbol, index, options)]),
    )
  }

  open(streamName: string): boolean {
    const at = streamName.indexOf(':')
    const feed = feedOf(streamName.slice(0, at))
    const teller = this.tellers.get(streamName.slice(at + 1))
    if (feed === null || teller === undefined) return false
    teller.open(feed)
    return true
  }

  step(nowMs: number): void {
    this.nowMs = nowMs
    for (const teller of this.tellers.values()) teller.step(nowMs)
    while (nowMs >= this.nextBeatMs) this.beat()
  }

  halt(toMs: number): void {
    this.nowMs = toMs
    this.nextBeatMs = Math.max(this.nextBeatMs, toMs)
    for (const teller of this.tellers.values()) teller.halt(toMs)
  }

  welcome(peer: Peer, url: URL): Session | null {
    if (url.pathname !== '/ws/v1') return null
    const requests = new Window(REQUESTS_MAX, REQUESTS_MS)
    peer.send('{"event":"info","version":1}')
    const awaitPing = (): void => peer.closeUnlessHeard(PING_WITHIN_MS, 'no ping')
    awaitPing()
    return { hear: (text) => this.hear(peer, requests, text), pinged: awaitPing }
  }

  answer(url: URL): HouseAnswer | null {
    if (url.pathname === BOOK_PATH) return this.book(url.searchParams.get('symbol') ?? '')
    if (url.pathname !== LIST_PATH) return null
    const products = [...this.tellers.values()].map(({ listed }) => productOf(listed, this.nowMs))
    const contents = products.map((product) => productContent(product, this.nowMs))
    return { status: 200, body: listText(products, this.nowMs), contents }
  }

  /** How a product that is none is answered is not documented, but that errors say `error`. */
  private book(product: string): HouseAnswer {
    const teller = this.tellers.get(product)
    const time = new Date(this.nowMs).toISOString()
    const error = `{"result":"error","error":"contractNotFound","serverTime":"${time}"}`
    if (teller === undefined) return { status: 200, body: error, contents: [] }
    const { body, content } = teller.answered(this.nowMs)
    return { status: 200, body, contents: [content] }
  }

  private hear(peer: Peer, requests: Window, text: string): void {
    const nowMs = Math.floor(this.options.clock.nowUs() / 1000)
    const message = objectOf(text)
    const { event, feed, product_ids: listed } = message ?? {}
    if (!requests.take(nowMs)) refuse(peer, 'Exceeded msg rate')
    else if (message === null) refuse(peer, 'Json Error')
    else if (event !== 'subscribe' && event !== 'unsubscribe') refuse(peer, 'Bad websocket message')
    else if (feed === 'heartbeat') this.toggleBeats(peer, event)
    else this.heed(peer, { event, feed: feedOf(feed), products: textsOf(listed) })
  }

  /** One product that is none is the end of the whole request; so is one that is subscribed already. */
  private heed(
    peer: Peer,
    request: {
      readonly event: 'subscribe' | 'unsubscribe'
      readonly feed: FeedName | null
      readonly products: readonly string[]
    },
  ): void {
    const { event, feed, products } = request
    const areKnown = products.length > 0 && products.every((product) => this.tellers.has(product))
    if (feed === null) refuse(peer, 'Invalid feed')
    else if (!areKnown) refuse(peer, 'Invalid product id')
    else if (event === 'subscribe') this.subscribe(peer, feed, products)
    else this.unsubscribe(peer, feed, products)
  }

  private subscribe(peer: Peer, feed: FeedName, products: readonly string[]): void {
    const isNew = !products.some((product) => peer.subscriptions.has(`${feed}:${product}`))
    peer.reply(replyText(isNew ? 'subscribed' : 'subscribed_failed', feed, products), isNew)
    if (isNew) for (const product of products) this.begin(peer, feed, product)
  }

  private unsubscribe(peer: Peer, feed: FeedName, products: readonly string[]): void {
    const stands = products.every((product) => peer.subscriptions.has(`${feed}:${product}`))
    peer.reply(replyText(stands ? 'unsubscribed' : 'unsubscribed_failed', feed, products), stands)
    if (stands) for (const product of products) peer.unsubscribe(`${feed}:${product}`)
  }

  /** Everything of before arrives before the first update; a ticker has nothing of before. */
  private begin(peer: Peer, feed: FeedName, product: string): void {
    peer.subscribe(`${feed}:${product}`)
    const teller = this.tellers.get(product) as FuturesTeller
    if (feed === 'book') this.options.fanout.deliverTo(peer, teller.wholeBook(this.nowMs))
    else if (feed === 'trade') peer.send(teller.repeatedTrades())
  }

  private toggleBeats(peer: Peer, event: 'subscribe' | 'unsubscribe'): void {
    if (event === 'subscribe') this.beating.add(peer)
    else this.beating.delete(peer)
    peer.reply(`{"event":"${event}d","feed":"heartbeat"}`, true)
  }

  private beat(): void {
    for (const peer of this.beating) {
      if (!peer.send(`{"feed":"heartbeat","time":${this.nextBeatMs}}`)) this.beating.delete(peer)
    }
    this.nextBeatMs += BEAT_MS
  }
}

function feedOf(name: unknown): FeedName | null {
  return FEEDS.find((feed) => feed === name) ?? null
}

function textsOf(json: unknown): string[] {
  const texts = Array.isArray(json) ? json.filter((one) => typeof one === 'string') : []
  return [...new Set(texts)]
}

function refuse(peer: Peer, message: string): void {
  peer.reply(`{"event":"error","message":"${message}"}`, false)
}

function replyText(event: string, feed: FeedName, products: readonly string[]): string {
  return JSON.stringify({ event, feed, product_ids: products })
}
