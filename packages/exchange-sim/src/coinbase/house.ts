import type { DoorRules } from '../stage/door.ts'
import type { House, HouseAnswer, HouseFactory, HouseOptions, Session } from '../stage/house.ts'
import type { Peer } from '../stage/peer.ts'
import { AdvancedSession } from './advanced.ts'
import { Budget } from './budget.ts'
import { ExchangeSession } from './exchange.ts'
import { type Hall, readMessage, type SocketSession } from './hall.ts'
import { Product } from './product.ts'
import { Rest } from './rest.ts'

const CONNECTS = { value: 8, source: 'docs.cdp.coinbase.com, WebSocket rate limits', read: '2026-09-27' }
/** What one connection too many is met with is not documented: as by REST, 429 without a word about when. */
const door: DoorRules = {
  connects: { most: CONNECTS, withinMs: 1_000 },
  withOrigin: null,
  openMax: null,
  shutMs: null,
  status: 429,
  tellsWhen: false,
}
/**
 * Texts that an address may send a second on either socket. Source: docs.cdp.coinbase.com, rate limits of Advanced
 * Trade and Exchange WebSockets, read 2026-09-27.
 */
const ADVANCED_MESSAGES = { burst: 8, perSecond: 8 }
const EXCHANGE_MESSAGES = { burst: 100, perSecond: 100 }
/** The first subscription must come within this. Source: overviews of both sockets, read 2026-09-27. */
const SUBSCRIBE_WITHIN_MS = 5_000
/** Heartbeats of all connections. */
const BEAT_MS = 1_000

/**
 * Spot with both of its sockets, or the contracts, which the Advanced socket alone has.
 *
 * The exchange has a host for each socket. Here `/advanced` and `/exchange` are the two, and at `/` a client's first
 * request, `channel` or `channels`, tells which of them it means.
 */
export const coinbaseHouse: HouseFactory = (options) => new CoinbaseHouse(options)

class CoinbaseHouse implements House, Hall {
  readonly door = door
  readonly seed: number
  nowMs: number
  private readonly options: HouseOptions
  private readonly products: ReadonlyMap<string, Product>
  private readonly rest: Rest
  private readonly sessions = new Map<Peer, SocketSession>()
  private readonly advancedMessages: Budget
  private readonly exchangeMessages: Budget
  private nextBeatMs: number

  constructor(options: HouseOptions) {
    const { symbols, startMs, seed } = options
    this.options = options
    this.seed = seed
    this.nowMs = startMs
    this.nextBeatMs = startMs + BEAT_MS
    this.products = new Map(symbols.map((symbol, index) => [symbol, new Product(symbol, index, options)]))
    this.rest = new Rest(options, [...this.products.values()])
    this.advancedMessages = new Budget({ ...ADVANCED_MESSAGES, startMs })
    this.exchangeMessages = new Budget({ ...EXCHANGE_MESSAGES, startMs })
  }

  open(streamName: string): boolean {
    const at = streamName.indexOf(':')
    return this.product(streamName.slice(at + 1))?.open(streamName.slice(0, at)) ?? false
  }

  step(nowMs: number): void {
    this.nowMs = nowMs
    for (const product of this.products.values()) product.step(nowMs)
    this.rest.step(nowMs)
    if (nowMs < this.nextBeatMs) return
    this.nextBeatMs += BEAT_MS
    for (const [peer, session] of this.sessions) {
      if (peer.isOpen) session.beat(nowMs)
      else this.sessions.delete(peer)
    }
  }

  halt(toMs: number): void {
    this.nowMs = toMs
    this.nextBeatMs = Math.max(this.nextBeatMs, toMs)
    for (const product of this.products.values()) product.halt(toMs)
  }

  welcome(peer: Peer, { pathname }: URL): Session | null {
    const isSpot = this.options.market === 'spot'
    if (pathname !== '/' && pathname !== '/advanced' && !(isSpot && pathname === '/exchange')) return null
    peer.after(SUBSCRIBE_WITHIN_MS, () => {
      if (!this.sessions.get(peer)?.isSubscribed) peer.close(1008, 'no subscription in time', 'outage')
    })
    if (pathname === '/' && isSpot) return this.undecided(peer)
    return this.seat(peer, pathname === '/exchange')
  }

  answer(url: URL): HouseAnswer | null {
    return this.rest.answer(url, this.nowMs)
  }

  product(name: string): Product | undefined {
    return this.products.get(name)
  }

  begin(peer: Peer, channel: string, name: string): void {
    const streamName = `${channel}:${name}`
    if (!peer.isOpen || peer.subscriptions.has(streamName)) return
    peer.subscribe(streamName)
    this.product(name)?.begin(channel, peer, this.nowMs)
  }

  end(peer: Peer, channel: string, name: string): void {
    peer.unsubscribe(`${channel}:${name}`)
  }

  private seat(peer: Peer, isExchange: boolean): Session {
    const session = isExchange
      ? new ExchangeSession(this, peer, this.exchangeMessages)
      : new AdvancedSession(this, peer, this.advancedMessages)
    this.sessions.set(peer, session)
    return session
  }

  private undecided(peer: Peer): Session {
    let session: Session | null = null
    return {
      hear: (text, isBinary) => {
        session ??= this.seat(peer, readMessage(text)?.channels !== undefined)
        session.hear(text, isBinary)
      },
    }
  }
}
