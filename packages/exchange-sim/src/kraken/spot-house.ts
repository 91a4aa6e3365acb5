import type { House, HouseAnswer, HouseMessage, HouseOptions, Session } from '../stage/house.ts'
import type { Peer } from '../stage/peer.ts'
import { spotDoor, Window } from './limits.ts'
import { bookName, counted, DEPTHS } from './spot-book.ts'
import { doneText, errorText, pongText, readSpotRequest, type SpotRequest } from './spot-control.ts'
import { HEARTBEAT, restNamesOf, statusText } from './spot-dialect.ts'
import { type Pair, pairContent, pairOf, pairsText } from './spot-pairs.ts'
import { SpotTeller } from './spot-symbol.ts'

/** Who says nothing for a minute is closed. Source: docs.kraken.com as copied 2026-05-27, guides/spot-ws-intro. */
const SILENCE_MS = 60_000
/** Requests within a second; the exchange does not say how many. Careful clients keep to 20. */
const REQUESTS_MAX = 40
const REQUESTS_MS = 1_000
const BEAT_MS = 1_000
/** Of every so many beats the engine is in another state for one. */
const STATUS_BEATS = 45
const DEPTH_DEFAULT = 10
/** Levels a side of a book by REST, where nothing is said and at most. Source as above, rest-api/get-order-book. */
const DEPTH_COUNT = 100
const DEPTH_COUNT_MAX = 500
const INSTRUMENT = 'instrument'

/** Spot, websocket version 2. */
export class SpotHouse implements House {
  readonly door = spotDoor
  private readonly options: HouseOptions
  private readonly tellers: ReadonlyMap<string, SpotTeller>
  /** Frames that everybody who is connected had got at the beat before. */
  private readonly peers = new Map<Peer, number>()
  /** By symbol, as the list was told last. */
  private readonly pairs = new Map<string, Pair>()
  private nowMs: number
  private nextBeatMs: number
  private beats = 0
  private hasList = false

  constructor(options: HouseOptions) {
    this.options = options
    this.nowMs = options.startMs
    this.nextBeatMs = options.startMs + BEAT_MS
    this.tellers = new Map(options.symbols.map((symbol, i) => [symbol, new SpotTeller(symbol, i, options)]))
    this.renewPairs()
  }

  open(streamName: string): boolean {
    if (streamName === INSTRUMENT) {
      this.hasList = true
      return true
    }
    const at = streamName.indexOf(':')
    const [channel, depth] = streamName.slice(0, at).split('-')
    const teller = this.tellers.get(streamName.slice(at + 1))
    if (teller === undefined) return false
    if (channel === 'trade') teller.openTrades()
    else teller.openBook(Number(depth))
    return true
  }

  step(nowMs: number): void {
    this.nowMs = nowMs
    const changed = this.renewPairs()
    if (changed.length > 0 && this.hasList) this.options.fanout.deliver(this.list(changed, 'update'), nowMs)
    for (const teller of this.tellers.values()) teller.step(nowMs)
    while (nowMs >= this.nextBeatMs) this.beat()
  }

  halt(toMs: number): void {
    this.nowMs = toMs
    this.nextBeatMs = Math.max(this.nextBeatMs, toMs)
    for (const teller of this.tellers.values()) teller.halt(toMs)
  }

  welcome(peer: Peer, url: URL): Session | null {
    if (url.pathname !== '/v2') return null
    const requests = new Window(REQUESTS_MAX, REQUESTS_MS)
    this.peers.set(peer, peer.frames)
    peer.send(statusText('online', peer.number))
    peer.closeUnlessHeard(SILENCE_MS, 'no activity')
    return { hear: (text) => this.hear(peer, requests, text) }
  }

  /** Books, and the two that tell whether anybody is there; what else the adapter needs comes in channels. */
  answer(url: URL): HouseAnswer | null {
    if (url.pathname === '/0/public/Depth') return this.depth(url.searchParams)
    const isTime = url.pathname === '/0/public/Time'
    if (!isTime && url.pathname !== '/0/public/SystemStatus') return null
    const time = new Date(this.nowMs).toISOString()
    const result = isTime
      ? `{"unixtime":${Math.floor(this.nowMs / 1000)}}`
      : `{"status":"online","timestamp":"${time}"}`
    return { status: 200, body: `{"error":[],"result":${result}}`, contents: [] }
  }

  /** Errors come with HTTP 200. */
  private depth(query: URLSearchParams): HouseAnswer {
    const pair = query.get('pair')
    const limit = Number(query.get('count') ?? DEPTH_COUNT)
    const teller = [...this.tellers.values()].find(({ listed }) => {
      const { base, quote } = listed.instrument
      return restNamesOf(base, quote).asked === pair
    })
    if (teller === undefined) return refused('EQuery:Unknown asset pair')
    if (!(limit >= 1 && limit <= DEPTH_COUNT_MAX)) return refused('EGeneral:Invalid arguments:count')
    const { body, content } = teller.answered(limit, this.nowMs)
    return { status: 200, body, contents: [content] }
  }

  private hear(peer: Peer, requests: Window, text: string): void {
    peer.closeUnlessHeard(SILENCE_MS, 'no activity')
    const isTooMany = !requests.take(this.clockMs)
    const request = readSpotRequest(text)
    if (request === null) {
      peer.reply(isTooMany ? '{"Error":"Exceeded msg rate"}' : '{"error":"Malformed request"}', false)
    } else if (isTooMany) this.refuse(peer, request, 'Exceeded msg rate', null)
    else if (request.method === 'ping') peer.reply(pongText(request, this.nowMs), true)
    else if (request.method === 'subscribe' || request.method === 'unsubscribe') this.heed(peer, request)
    else this.refuse(peer, request, 'Unsupported method', null)
  }

  /** Each symbol has an answer of its own, whatever becomes of the others. */
  private heed(peer: Peer, request: SpotRequest): void {
    const { method, channel, symbols } = request
    const isKnown = channel === INSTRUMENT || channel === 'book' || channel === 'trade'
    if (!isKnown) this.refuse(peer, request, 'Unsupported channel', null)
    else if (channel !== INSTRUMENT && symbols.length === 0) this.refuse(peer, request, 'No symbol', null)
    else
      for (const symbol of channel === INSTRUMENT ? [null] : symbols) {
        if (method === 'subscribe') this.subscribe(peer, request, symbol)
        else this.unsubscribe(peer, request, symbol)
      }
  }

  private subscribe(peer: Peer, request: SpotRequest, symbol: string | null): void {
    const objection = this.objection(peer, request, symbol)
    if (objection !== null) {
      this.refuse(peer, request, objection, symbol)
      return
    }
    const { channel, depth, snapshot } = withDefaults(request)
    const result = {
      channel,
      ...(symbol === null ? {} : { symbol }),
      ...(depth === null ? {} : { depth }),
      snapshot,
    }
    peer.reply(doneText(request, result, this.nowMs), true)
    peer.subscribe(streamNameOf(channel, symbol, depth))
    if (snapshot) this.begin(peer, symbol, depth)
  }

  private objection(peer: Peer, request: SpotRequest, symbol: string | null): string | null {
    const { channel, depth } = withDefaults(request)
    if (symbol !== null && !this.tellers.has(symbol)) return `Currency pair not supported ${symbol}`
    if (depth !== null && !DEPTHS.includes(depth)) return 'Subscription depth not supported'
    // Whether one connection may have a book at two depths is not documented; here it may not.
    const names =
      depth === null ? [streamNameOf(channel, symbol, null)] : DEPTHS.map((d) => bookName(symbol ?? '', d))
    return names.some((name) => peer.subscriptions.has(name)) ? 'Already subscribed' : null
  }

  /** Everything of before arrives before the first update. */
  private begin(peer: Peer, symbol: string | null, depth: number | null): void {
    const { fanout } = this.options
    const teller = symbol === null ? undefined : this.tellers.get(symbol)
    if (teller === undefined) fanout.deliverTo(peer, this.list([...this.pairs.values()], 'snapshot'))
    else if (depth !== null) fanout.deliverTo(peer, teller.wholeBook(depth, this.nowMs))
    else peer.send(teller.repeatedTrades())
  }

  /** A book's depth belongs to its name: without the right one there is nothing to end. */
  private unsubscribe(peer: Peer, request: SpotRequest, symbol: string | null): void {
    const { channel, depth } = withDefaults(request)
    const streamName = streamNameOf(channel, symbol, depth)
    if (!peer.subscriptions.has(streamName)) {
      this.refuse(peer, request, 'Subscription Not Found', symbol)
      return
    }
    peer.unsubscribe(streamName)
    const result = { channel, ...(symbol === null ? {} : { symbol }), ...(depth === null ? {} : { depth }) }
    peer.reply(doneText(request, result, this.nowMs), true)
  }

  private refuse(peer: Peer, request: SpotRequest, error: string, symbol: string | null): void {
    peer.reply(errorText(request, error, symbol, this.nowMs), false)
  }

  /** Pairs that are listed otherwise than a moment ago. */
  private renewPairs(): Pair[] {
    const { startMs } = this.options
    const changed = [...this.tellers].flatMap(([symbol, { listed }]) => {
      const pair = pairOf(listed, startMs, this.nowMs)
      return this.pairs.get(symbol)?.raw === pair.raw ? [] : [pair]
    })
    for (const pair of changed) this.pairs.set(pair.listed.instrument.symbol, pair)
    return changed
  }

  private list(pairs: readonly Pair[], type: 'snapshot' | 'update'): HouseMessage {
    const contents = pairs.map((pair) => pairContent(pair, this.nowMs))
    return { streamName: INSTRUMENT, kind: 'sampled', contents, textFor: counted(pairsText(pairs, type)) }
  }

  /** Who has a subscription and got nothing since the last beat is told that the connection stands. */
  private beat(): void {
    this.nextBeatMs += BEAT_MS
    this.beats += 1
    const state = this.beats % STATUS_BEATS
    for (const [peer, frames] of this.peers) {
      if (!peer.isOpen) {
        this.peers.delete(peer)
        continue
      }
      if (state <= 1 && this.beats > 1)
        peer.send(statusText(state === 0 ? 'post_only' : 'online', peer.number))
      if (peer.frames === frames && peer.subscriptions.size > 0) peer.send(HEARTBEAT)
      this.peers.set(peer, peer.frames)
    }
  }

  /** Limits count in time that goes on while the market stands still. */
  private get clockMs(): number {
    return Math.floor(this.options.clock.nowUs() / 1000)
  }
}

function refused(error: string): HouseAnswer {
  return { status: 200, body: JSON.stringify({ error: [error] }), contents: [] }
}

/** What is meant where it is not said: books and lists begin with a snapshot, trades do not. */
function withDefaults({ channel, depth, snapshot }: SpotRequest) {
  return {
    channel,
    depth: channel === 'book' ? (depth ?? DEPTH_DEFAULT) : null,
    snapshot: snapshot ?? channel !== 'trade',
  }
}

function streamNameOf(channel: string, symbol: string | null, depth: number | null): string {
  if (symbol === null) return channel
  return depth === null ? `${channel}:${symbol}` : bookName(symbol, depth)
}
