import type { Level } from '../book-side.ts'
import type { DepthDiff } from '../depth-tap.ts'
import type { EmissionContent } from '../emission-log.ts'
import { hashOf } from '../instruments.ts'
import { type BookFacts, bookContent } from '../stage/contents.ts'
import { ForcedOrders } from '../stage/forced.ts'
import type { HouseMessage, HouseOptions } from '../stage/house.ts'
import { type Feed, Listing } from '../stage/listing.ts'
import { marksOf } from '../stage/marks.ts'
import { deltaText, type LevelText, orderbookText, snapshotText, tradesText } from './futures-dialect.ts'
import { Prints } from './futures-prints.ts'
import { FUNDING_HOURS, tickerContents, tickerOf, tickerText } from './futures-ticker.ts'
import { shortest } from './numbers.ts'
import { type Listed, listed } from './symbols.ts'
import { ToldTrades } from './told-trades.ts'

/** What can be subscribed for a product and is kept by somebody. */
export const FEEDS = ['book', 'trade', 'ticker'] as const
export type FeedName = (typeof FEEDS)[number]

/** Changes are told as they happen, so far as a step of the stage shows them. */
const BOOK_MS = 10
const TICKER_MS = 1_000
/** Trades that a new subscription repeats. Source: docs.kraken.com as copied 2026-05-27, futures-api/websocket/trade. */
const TRADES_REPEATED = 100
/** More than any book has. */
const LEVELS_MAX = 100_000
const FIRST_SEQ = 326_072_249
/** One snapshot in so many has a level of quantity 0 at its end. */
const ZERO_SHARE = 3

/** One product and everything that is told of it. */
export class FuturesTeller {
  readonly listed: Listed
  private readonly options: HouseOptions
  private readonly listing: Listing
  private readonly feed: Feed
  private readonly forced: ForcedOrders
  private readonly prints: Prints
  private readonly told: ToldTrades
  private readonly live = new Set<FeedName>()
  private readonly name: string
  private nextTickerMs: number
  private seq = FIRST_SEQ

  constructor(symbol: string, index: number, options: HouseOptions) {
    const { market, seed, startMs, liquidationsPerMinute: perMinute } = options
    this.options = options
    this.listed = listed(market, symbol)
    this.name = `kraken ${market} ${symbol}`
    const { instrument } = this.listed
    const feeds = { book: BOOK_MS }
    this.listing = new Listing({ instrument, house: options, exchange: 'kraken', feeds, index })
    this.feed = this.listing.feeds[0] as Feed
    this.forced = new ForcedOrders({ listing: this.listing, name: this.name, seed, startMs, perMinute })
    this.prints = new Prints({
      place: { exchange: 'kraken', market, symbol },
      price: (ticks) => this.price(ticks),
      quantity: (lots) => this.quantity(lots),
    })
    this.told = new ToldTrades(TRADES_REPEATED, options)
    this.nextTickerMs = startMs + 100 + index * 10
  }

  /** The feed is told from now on. */
  open(feed: FeedName): void {
    this.live.add(feed)
  }

  step(nowMs: number): void {
    const { trades, updates } = this.listing.step(nowMs)
    for (const print of this.prints.take(trades, this.forced.take(nowMs), nowMs)) {
      if (!this.live.has('trade')) continue
      this.told.tell(this.message('trade', print), [print.text], nowMs)
    }
    for (const { diff } of updates) this.tellBook(diff, nowMs)
    if (nowMs < this.nextTickerMs) return
    this.nextTickerMs += TICKER_MS
    if (this.live.has('ticker')) this.tellTicker(nowMs)
  }

  halt(toMs: number): void {
    this.listing.halt(toMs)
    this.forced.take(toMs)
    this.nextTickerMs = Math.max(this.nextTickerMs, toMs)
  }

  /** The message of trades that a new subscription repeats. */
  repeatedTrades(): string {
    return tradesText(this.symbol, this.told.latest)
  }

  /** What a new subscriber of the book begins with: all levels. */
  wholeBook(nowMs: number): HouseMessage {
    const { symbol, seq } = this
    const { bids, asks } = this.feed.tap.bookBefore(LEVELS_MAX)
    const levels = { bids: this.levels(withZero(bids, `${this.name} ${nowMs}`)), asks: this.levels(asks) }
    const timeMs = this.feed.tap.takenMs
    const content = this.content({ ...levels, last: seq, isSnapshot: true }, timeMs, nowMs)
    const text = snapshotText({ symbol, timeMs, seq, ...levels })
    return this.message('book', { kind: 'guarded', text, contents: [content] })
  }

  /** All levels, for who asks by REST. */
  answered(nowMs: number): { readonly body: string; readonly content: EmissionContent } {
    const { market } = this.options
    const { bids, asks } = this.listing.market.snapshot(LEVELS_MAX)
    const book = { bids: this.levels(bids), asks: this.levels(asks) }
    const place = { exchange: 'kraken', market, symbol: this.symbol, atMs: nowMs }
    const stream = { stream: 'orderbook', table: 'futures_ob' } as const
    const content = bookContent({ ...place, ...stream }, { sentMs: nowMs }, { ...book, isSnapshot: false })
    return { body: orderbookText(book, nowMs), content }
  }

  /**
   * A message a level, each with the next number, whoever listens. What is gone comes first: the changes of a step are
   * not in the order in which they happened, and no book may look as if its best bid met its best ask.
   */
  private tellBook({ bids, asks, timeMs }: DepthDiff, nowMs: number): void {
    const changes = [
      ...bids.map((level) => ({ isBid: true, level })),
      ...asks.map((level) => ({ isBid: false, level })),
    ]
    const isGone = ({ level }: { readonly level: Level }): boolean => level[1] === 0
    const gone = changes.filter(isGone)
    for (const { isBid, level } of [...gone, ...changes.filter((change) => !isGone(change))]) {
      this.seq += 1
      if (this.live.has('book')) this.tellLevel(isBid, this.level(level), timeMs, nowMs)
    }
  }

  private tellLevel(isBid: boolean, level: LevelText, timeMs: number, nowMs: number): void {
    const { symbol, seq } = this
    const levels = { bids: isBid ? [level] : [], asks: isBid ? [] : [level] }
    const content = this.content({ ...levels, first: seq, last: seq, isSnapshot: false }, timeMs, nowMs)
    const text = deltaText({ symbol, isBid, seq, level, timeMs })
    this.options.fanout.deliver(this.message('book', { kind: 'guarded', text, contents: [content] }), nowMs)
  }

  private content(book: BookFacts, engineMs: number, atMs: number): EmissionContent {
    const { market } = this.options
    const stream = { stream: 'book', table: 'futures_delta' } as const
    return bookContent(
      { exchange: 'kraken', market, symbol: this.symbol, ...stream, atMs },
      { engineMs },
      book,
    )
  }

  private tellTicker(nowMs: number): void {
    const { symbol, listed, listing, name } = this
    const { expiryMs } = listed
    const marks = marksOf(name, listing, nowMs, FUNDING_HOURS)
    const openInterest = this.quantity(marks.openLots)
    const ticker = tickerOf(name, marks, { openInterest, isPerpetual: expiryMs === null, nowMs })
    const top = listing.market.snapshot(1)
    const [bid] = this.levels(top.bids) as [LevelText]
    const [ask] = this.levels(top.asks) as [LevelText]
    const text = tickerText({ symbol, timeMs: nowMs, ticker, bid, ask, expiryMs })
    const place = { exchange: 'kraken', market: this.options.market, symbol, atMs: nowMs }
    const contents = tickerContents(place, ticker, nowMs)
    this.options.fanout.deliver(this.message('ticker', { kind: 'sampled', text, contents }), nowMs)
  }

  private message(
    feed: FeedName,
    { kind, text, contents }: Pick<HouseMessage, 'kind' | 'contents'> & { readonly text: string },
  ): HouseMessage {
    return { streamName: `${feed}:${this.symbol}`, kind, contents, textFor: () => text }
  }

  private levels(levels: readonly Level[]): LevelText[] {
    return levels.map((level) => this.level(level))
  }

  private level([price, lots]: Level): LevelText {
    return [this.price(price), this.quantity(lots)]
  }

  private price(ticks: number): string {
    return shortest(this.listing.price(ticks))
  }

  private quantity(lots: number): string {
    return shortest(this.listing.quantity(lots * 10 ** this.listed.lotZeros))
  }

  private get symbol(): string {
    return this.listed.instrument.symbol
  }
}

/** Some books end in a level that is none. */
function withZero(bids: readonly Level[], moment: string): readonly Level[] {
  const worst = bids.at(-1)?.[0] ?? 0
  return worst > 1 && hashOf(moment) % ZERO_SHARE === 0 ? [...bids, [worst - 1, 0]] : bids
}
