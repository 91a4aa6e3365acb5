import type { EmissionContent } from '../emission-log.ts'
import { hashOf } from '../instruments.ts'
import type { MarketTrade } from '../market.ts'
import type { HouseMessage, HouseOptions } from '../stage/house.ts'
import { Listing } from '../stage/listing.ts'
import type { Peer } from '../stage/peer.ts'
import { bookMessage, type Message, restBookText, type StreamType, tradeMessage } from './dialect.ts'
import { type Image, imageOf, isSameImage, tellImage } from './images.ts'
import { Numbering, type Print, printOf } from './prints.ts'
import { listed } from './symbols.ts'

const EXCHANGE = 'upbit'
/** Distance of two images, milliseconds; the exchange names none. */
const BOOK_MS = 100
const TRADE = 'trade'

/** Levels a side by the name that a book stream has among the subscriptions of a connection. */
const depths: ReadonlyMap<string, number> = new Map(
  [1, 5, 15, 30].map((depth) => [`orderbook.${depth}`, depth]),
)

/** Says a message in the format that a client has asked for. */
export type Say = (peer: Peer, message: Message) => string

/** One symbol and everything that is told of it. */
export class SymbolTeller {
  readonly listing: Listing
  private readonly options: HouseOptions
  private readonly say: Say
  private readonly numbering: Numbering
  private readonly live = new Set<string>()
  private image: Image
  /** The last trade, and whether the log has a line of it. */
  private latest: Print
  private isLogged = false
  /** The last trade that somebody was sent: the only one that may be repeated. */
  private delivered: Print | null = null

  constructor(symbol: string, index: number, options: HouseOptions, say: Say) {
    const { market, startMs } = options
    this.options = options
    this.say = say
    const instrument = listed(market, symbol)
    this.listing = new Listing({
      instrument,
      house: options,
      exchange: EXCHANGE,
      feeds: { orderbook: BOOK_MS },
      index,
    })
    this.numbering = new Numbering(symbol)
    this.image = imageOf(this.listing, startMs)
    this.latest = this.opening(startMs)
  }

  has(stream: string): boolean {
    return stream === TRADE || depths.has(stream)
  }

  /** Answers whether there is a stream of this name, which is told from now on. */
  open(stream: string): boolean {
    if (this.has(stream)) this.live.add(stream)
    return this.has(stream)
  }

  /** Sends what a subscription begins with: the book of now, and the last trade if there is an honest one. */
  begin(stream: string, peer: Peer, nowMs: number): void {
    const depth = depths.get(stream)
    if (depth !== undefined) {
      const image = imageOf(this.listing, nowMs)
      this.options.fanout.deliverTo(peer, this.book(stream, image, 'SNAPSHOT'))
    } else if (!this.isLogged) this.tellLatestTo(peer, nowMs)
    else if (this.delivered !== null) this.repeatTo(peer, this.delivered)
  }

  /** The book of now, for who asks by REST. */
  answered(depth: number, nowMs: number): { readonly json: string; readonly content: EmissionContent } {
    const { text, content } = tellImage(this.listing, imageOf(this.listing, nowMs), depth, 'orderbook@rest')
    return { json: restBookText(text), content }
  }

  step(nowMs: number): void {
    const { trades, updates } = this.listing.step(nowMs)
    const ids = this.numbering.idsOf(trades)
    for (const [i, trade] of trades.entries()) this.take(trade, ids[i] as string, nowMs)
    if (updates.length > 0) this.tellBooks(nowMs)
  }

  halt(toMs: number): void {
    this.listing.halt(toMs)
  }

  private take(trade: MarketTrade, id: string, nowMs: number): void {
    this.latest = printOf(this.listing, trade, id, nowMs)
    this.isLogged = this.live.has(TRADE)
    if (this.isLogged) this.tellTrade(this.latest, nowMs)
  }

  private tellTrade(print: Print, nowMs: number): void {
    const { fanout, counters } = this.options
    const { framesSent } = counters
    const { malformed } = counters.faults
    let asked = 0
    const message = this.trade(print, 'REALTIME', [print.content])
    const counted = (peer: Peer): string => {
      asked += 1
      return message.textFor(peer)
    }
    fanout.deliver({ ...message, textFor: counted }, nowMs)
    const isWhole = counters.faults.malformed === malformed
    if (asked > 0 && counters.framesSent > framesSent && isWhole) this.delivered = print
  }

  /** The last trade happened while nobody listened: it is told for the first time. */
  private tellLatestTo(peer: Peer, nowMs: number): void {
    const { fanout, counters } = this.options
    const { framesSent } = counters
    const content = { ...this.latest.content, at_ms: nowMs }
    fanout.deliverTo(peer, this.trade(this.latest, 'SNAPSHOT', [content]))
    this.isLogged = true
    if (counters.framesSent > framesSent) this.delivered = this.latest
  }

  /** A copy of an emission that the log has already, delivered as it was: it is no new one. */
  private repeatTo(peer: Peer, print: Print): void {
    this.options.fanout.deliverTo(peer, this.trade(print, 'SNAPSHOT', []))
  }

  private tellBooks(nowMs: number): void {
    const before = this.image
    this.image = imageOf(this.listing, nowMs)
    for (const [stream, depth] of depths) {
      if (!this.live.has(stream) || isSameImage(before, this.image, depth)) continue
      this.options.fanout.deliver(this.book(stream, this.image, 'REALTIME'), nowMs)
    }
  }

  private book(stream: string, image: Image, type: StreamType): HouseMessage {
    const { text, content } = tellImage(this.listing, image, depths.get(stream) as number)
    const message = bookMessage(text, type)
    return {
      streamName: this.nameOf(stream),
      kind: 'sampled',
      contents: [content],
      textFor: (peer) => this.say(peer, message),
    }
  }

  private trade({ text }: Print, type: StreamType, contents: readonly EmissionContent[]): HouseMessage {
    const message = tradeMessage(text, type)
    return {
      streamName: this.nameOf(TRADE),
      kind: 'identified',
      contents,
      textFor: (peer) => this.say(peer, message),
    }
  }

  /** The trade that was the last one when the simulator began, so that every subscription has one to begin with. */
  private opening(startMs: number): Print {
    const { instrument, market } = this.listing
    const isBuy = hashOf(`opening ${instrument.symbol}`) % 2 === 0
    const { bids, asks } = market.snapshot(1)
    const price = (isBuy ? asks : bids)[0]?.[0] ?? instrument.startTicks
    const trade: MarketTrade = {
      id: 0,
      timeMs: startMs,
      price,
      quantity: instrument.typicalLots,
      side: isBuy ? 'buy' : 'sell',
      order: 0,
      isOffBook: false,
    }
    const [id] = this.numbering.idsOf([trade])
    return printOf(this.listing, trade, id as string, startMs)
  }

  private nameOf(stream: string): string {
    return `${stream}:${this.listing.instrument.symbol}`
  }
}
