import type { Market as MarketName } from '@cryptoflow/model'
import type { EmissionContent } from '../emission-log.ts'
import { forcedOrderContent, marksContent, type Place, quoteContent } from './contents.ts'
import type { Deliver, Listing } from './listing.ts'
import { marksOf } from './marks.ts'
import { WireText, wireName } from './text.ts'

const SECOND_MS = 1000
/** Every so many seconds: the slower mark prices, and the quotes of all symbols. */
const SLOW_MARK_SECONDS = 3
const QUOTES_SECONDS = 5

/** One symbol's part in a message of all symbols. */
interface Element {
  readonly listing: Listing
  readonly json: string
  readonly content: (stream: string) => EmissionContent
}

/**
 * What futures symbols tell by the clock: mark prices, forced orders and the quotes of all, every so many seconds.
 *
 * Streams of the whole market carry the symbols of both markets on both hosts.
 */
export class Sampler {
  private readonly markets: readonly MarketName[]
  private readonly listings: readonly Listing[]
  private readonly live: ReadonlyMap<MarketName, Set<string>>
  private readonly quotedIds = new Map<Listing, number>()
  private nextMs: number
  private seconds = 0

  constructor(options: {
    readonly markets: readonly MarketName[]
    /** Those of other markets are left out. */
    readonly listings: readonly Listing[]
    readonly startMs: number
  }) {
    this.markets = options.markets
    this.listings = options.listings.filter(({ listed }) => options.markets.includes(listed.market))
    this.live = new Map(options.markets.map((market) => [market, new Set()]))
    this.nextMs = options.startMs + SECOND_MS
  }

  /** From now on a stream of the whole market is told on its host. */
  open(market: MarketName, stream: string): void {
    this.live.get(market)?.add(stream)
  }

  step(nowMs: number, deliver: Deliver): void {
    if (nowMs < this.nextMs) return
    this.nextMs += SECOND_MS
    this.seconds += 1
    for (const listing of this.listings) this.tellForcedOrder(listing, nowMs, deliver)
    this.tellMarks('@1s', nowMs, deliver)
    if (this.seconds % SLOW_MARK_SECONDS === 0) this.tellMarks('', nowMs, deliver)
    if (this.seconds % QUOTES_SECONDS === 0) this.tellQuotes(nowMs, deliver)
  }

  halt(haltedMs: number): void {
    this.nextMs += haltedMs
  }

  private tellForcedOrder(listing: Listing, nowMs: number, deliver: Deliver): void {
    const order = listing.forced?.take() ?? null
    if (order === null) return
    const text = listing.futures.forceOrder(order, nowMs)
    const content = (stream: string): EmissionContent =>
      forcedOrderContent(placeOf(listing, stream, 'liquidations', nowMs), order)
    this.tellOne(listing, 'forceOrder', text, content, deliver)
    this.tellAll('!forceOrder@arr', [{ listing, content }], text, deliver)
  }

  /** Mark prices of one speed; those of other underlyings than crypto assets come in an array of their own. */
  private tellMarks(speed: '' | '@1s', nowMs: number, deliver: Deliver): void {
    const ofAll = `!markPrice@arr${speed}`
    const isForAll = this.markets.some((market) => this.live.get(market)?.has(ofAll))
    const elements: Element[] = []
    for (const listing of this.listings) {
      if (!isForAll && !listing.isLive(`markPrice${speed}`)) continue
      const marks = marksOf(listing.listed, listing.best(), nowMs)
      const json = listing.futures.markPrice(marks, nowMs)
      const content = (stream: string): EmissionContent =>
        marksContent(placeOf(listing, stream, 'funding', nowMs), marks, 'stream')
      this.tellOne(listing, `markPrice${speed}`, new WireText(() => json), content, deliver)
      elements.push({ listing, json, content })
    }
    if (!isForAll) return
    for (const isTradFi of [false, true]) {
      const part = elements.filter(
        ({ listing }) => (listing.listed.contractType === 'TRADIFI_PERPETUAL') === isTradFi,
      )
      if (part.length === 0) continue
      const text = new WireText(() => `[${part.map(({ json }) => json).join(',')}]`)
      this.tellAll(ofAll, part, text, deliver)
    }
  }

  /** The quotes that are other ones than when they were last told here. */
  private tellQuotes(nowMs: number, deliver: Deliver): void {
    for (const listing of this.listings) {
      if (this.quotedIds.get(listing) === listing.book.lastId) continue
      this.quotedIds.set(listing, listing.book.lastId)
      const quote = listing.quote(nowMs)
      const content = (stream: string): EmissionContent =>
        quoteContent(placeOf(listing, stream, 'bbo', nowMs), quote)
      this.tellAll('!bookTicker', [{ listing, content }], listing.futures.quote(quote), deliver)
    }
  }

  private tellOne(
    listing: Listing,
    stream: string,
    text: WireText,
    content: Element['content'],
    deliver: Deliver,
  ): void {
    if (!listing.isLive(stream)) return
    const { market, symbol } = listing.listed
    const contents = [content(stream)]
    deliver({ market, streamName: wireName(symbol, stream), text, contents, kind: 'sampled' })
  }

  /** One message on every host that has the stream, with the events of that host's own market. */
  private tellAll(
    stream: string,
    elements: readonly Pick<Element, 'listing' | 'content'>[],
    text: WireText,
    deliver: Deliver,
  ): void {
    for (const market of this.markets) {
      if (!this.live.get(market)?.has(stream)) continue
      const own = elements.filter(({ listing }) => listing.listed.market === market)
      const contents = own.map(({ content }) => content(stream))
      deliver({ market, streamName: stream, text, contents, kind: 'sampled' })
    }
  }
}

function placeOf(listing: Listing, stream: string, table: Place['table'], atMs: number): Place {
  return { listed: listing.listed, stream, table, atMs }
}
