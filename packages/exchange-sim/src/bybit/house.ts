import type { DoorRules } from '../stage/door.ts'
import type { House, HouseAnswer, HouseFactory, HouseOptions, Session } from '../stage/house.ts'
import type { Peer } from '../stage/peer.ts'
import { readRequest, replyText } from './control.ts'
import { answerText, BAD_CURSOR, BAD_LIMIT, BAD_SYMBOL, entryOf, instrumentContent, pageOf } from './lists.ts'
import { SymbolTeller } from './symbol.ts'

/** Topics of one request, as documented for spot; here it holds everywhere. */
const TOPICS_MAX = 10
/** All `args` of one connection. Source: bybit-exchange/docs 2026-07-24, v5/ws/connect. */
const ARGS_CHARACTERS_MAX = 21_000
/** A connection on which nothing is asked is closed after about ten minutes. Source as above. */
const SILENCE_MS = 10 * 60_000

/** Levels a side of a book by REST; without a number spot answers 1, contracts 25. Source: v5/market/orderbook of 2026-07-24. */
const BOOK_LIMIT_MAX = 1_000

const READ = { source: 'bybit-exchange/docs 2026-07-24, v5/ws/connect', read: '2026-07-24' }
/** Who may connect: one too many is refused with 403. */
const door: DoorRules = {
  connects: { most: { value: 500, ...READ }, withinMs: 5 * 60_000 },
  withOrigin: null,
  // Counted separately for each category.
  openMax: { value: 1_000, ...READ },
  // How long a refusal lasts is documented for REST only.
  shutMs: null,
  status: 403,
  tellsWhen: false,
}

/** One category of the exchange: a socket and a list of instruments of its own. */
export const bybitHouse: HouseFactory = (options) => new BybitHouse(options)

class BybitHouse implements House {
  readonly door = door
  private readonly options: HouseOptions
  private readonly tellers: ReadonlyMap<string, SymbolTeller>
  private nowMs: number

  constructor(options: HouseOptions) {
    this.options = options
    this.nowMs = options.startMs
    this.tellers = new Map(
      options.symbols.map((symbol, index) => [symbol, new SymbolTeller(symbol, index, options)]),
    )
  }

  open(topic: string): boolean {
    const { stream, teller } = this.find(topic)
    return teller?.open(stream) ?? false
  }

  step(nowMs: number): void {
    this.nowMs = nowMs
    for (const teller of this.tellers.values()) teller.step(nowMs)
  }

  halt(toMs: number): void {
    this.nowMs = toMs
    for (const teller of this.tellers.values()) teller.halt(toMs)
  }

  welcome(peer: Peer, url: URL): Session | null {
    if (url.pathname !== `/v5/public/${this.options.market}`) return null
    peer.closeUnlessHeard(SILENCE_MS, 'no activity')
    return { hear: (text) => this.hear(peer, text) }
  }

  answer(url: URL): HouseAnswer | null {
    const { market } = this.options
    if (url.pathname === '/v5/market/time') {
      const result = `{"timeSecond":"${Math.floor(this.nowMs / 1000)}","timeNano":"${this.nowMs}000000"}`
      return { status: 200, body: answerText(result, this.nowMs), contents: [] }
    }
    if (url.searchParams.get('category') !== market) return null
    if (url.pathname === '/v5/market/orderbook') return this.book(url.searchParams)
    if (url.pathname !== '/v5/market/instruments-info') return null
    const wanted = url.searchParams.get('status') ?? 'Trading'
    const stream = wanted === 'Trading' ? 'instruments-info' : `instruments-info/${wanted}`
    const entries = [...this.tellers.values()].map(({ listed }) => entryOf(listed, this.nowMs))
    const found = entries.filter(({ status }) => status === wanted)
    const page = market === 'spot' ? { entries: found, cursor: null } : pageOf(found, url.searchParams)
    if (page === null) return { status: 200, body: BAD_CURSOR, contents: [] }
    const contents = page.entries.map((entry) =>
      instrumentContent({ exchange: 'bybit', market, stream, atMs: this.nowMs }, entry, this.nowMs),
    )
    const cursor = page.cursor === null ? '' : `,"nextPageCursor":"${page.cursor}"`
    const result = `{"category":"${market}","list":[${page.entries.map(({ raw }) => raw).join(',')}]${cursor}}`
    return { status: 200, body: answerText(result, this.nowMs), contents }
  }

  private book(query: URLSearchParams): HouseAnswer {
    const limit = Number(query.get('limit') ?? (this.options.market === 'spot' ? 1 : 25))
    const teller = this.tellers.get(query.get('symbol') ?? '')
    if (teller === undefined) return { status: 200, body: BAD_SYMBOL, contents: [] }
    if (!(limit >= 1 && limit <= BOOK_LIMIT_MAX)) return { status: 200, body: BAD_LIMIT, contents: [] }
    const { json, content } = teller.answered(limit, this.nowMs)
    return { status: 200, body: answerText(json, this.nowMs), contents: [content] }
  }

  private hear(peer: Peer, text: string): void {
    peer.closeUnlessHeard(SILENCE_MS, 'no activity')
    const request = readRequest(text)
    const reply = { op: request?.op ?? '', id: request?.id ?? '', connection: peer.number }
    if (request?.op === 'ping') {
      peer.reply(replyText(reply, null), true)
    } else if (request?.op === 'subscribe') {
      const error = this.objection(peer, request.topics)
      peer.reply(replyText(reply, error), error === null)
      if (error === null) for (const topic of request.topics) this.subscribe(peer, topic)
    } else if (request?.op === 'unsubscribe') {
      for (const topic of request.topics) peer.unsubscribe(topic)
      peer.reply(replyText(reply, null), true)
    } else peer.reply(replyText(reply, 'Request format error'), false)
  }

  /** One bad topic is the end of the whole request. */
  private objection(peer: Peer, topics: readonly string[]): string | null {
    if (topics.length > TOPICS_MAX) return `args size >${TOPICS_MAX}`
    const characters = [...peer.subscriptions, ...topics].reduce((sum, topic) => sum + topic.length + 3, 0)
    if (characters > ARGS_CHARACTERS_MAX) return 'args is too long'
    const bad = topics.find((topic) => !this.exists(topic))
    if (bad !== undefined) return `error:handler not found,topic:${bad}`
    const again = topics.find((topic) => peer.subscriptions.has(topic))
    return again === undefined ? null : `error:already subscribed,topic:${again}`
  }

  /** Everything of before arrives before the first update. */
  private subscribe(peer: Peer, topic: string): void {
    peer.subscribe(topic)
    const { stream, teller } = this.find(topic)
    const beginning = teller?.beginning(stream, this.nowMs) ?? null
    if (beginning !== null) this.options.fanout.deliverTo(peer, beginning)
  }

  private exists(topic: string): boolean {
    const { stream, teller } = this.find(topic)
    return teller?.has(stream) ?? false
  }

  private find(topic: string): { readonly stream: string; readonly teller: SymbolTeller | null } {
    const at = topic.lastIndexOf('.')
    return { stream: topic.slice(0, at), teller: this.tellers.get(topic.slice(at + 1)) ?? null }
  }
}
