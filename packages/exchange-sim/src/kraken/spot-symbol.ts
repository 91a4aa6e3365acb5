import type { Level } from '../book-side.ts'
import type { EmissionContent, LevelText } from '../emission-log.ts'
import { fixedText } from '../fixed-text.ts'
import type { MarketTrade } from '../market.ts'
import { bookContent, type Place, tradeContent } from '../stage/contents.ts'
import type { HouseMessage, HouseOptions } from '../stage/house.ts'
import { type Feed, Listing } from '../stage/listing.ts'
import { counted, SpotBook } from './spot-book.ts'
import { depthText, orderTypeOf, restNamesOf, tradeJson, tradesText } from './spot-dialect.ts'
import { priceDigitsOf, QUANTITY_DIGITS } from './spot-pairs.ts'
import { type Listed, listed } from './symbols.ts'
import { ToldTrades } from './told-trades.ts'

const BOOK_MS = 50
/** Trades that a new subscription repeats. Source: docs.kraken.com as copied 2026-05-27, websocket-v2/trade. */
const TRADES_REPEATED = 50

/** One pair and everything that is told of it. */
export class SpotTeller {
  readonly listed: Listed
  private readonly options: HouseOptions
  private readonly listing: Listing
  private readonly feed: Feed
  private readonly told: ToldTrades
  /** By depth; those that somebody has subscribed. */
  private readonly books = new Map<number, SpotBook>()
  private priceDigits: number
  private hasTrades = false

  constructor(symbol: string, index: number, options: HouseOptions) {
    this.options = options
    this.listed = listed('spot', symbol)
    const { instrument } = this.listed
    const feeds = { book: BOOK_MS }
    this.listing = new Listing({ instrument, house: options, exchange: 'kraken', feeds, index })
    this.feed = this.listing.feeds[0] as Feed
    this.told = new ToldTrades(TRADES_REPEATED, options)
    this.priceDigits = priceDigitsOf(this.listed, options.startMs, options.startMs)
  }

  /** Trades are told from now on. */
  openTrades(): void {
    this.hasTrades = true
  }

  /** The book of an offered depth is told from now on. */
  openBook(depth: number): void {
    if (this.books.has(depth)) return
    const { symbol, typicalLots } = this.listed.instrument
    const before = (levels: number) => this.feed.tap.bookBefore(levels)
    const top = (levels: number) => this.listing.market.snapshot(levels)
    const texts = (levels: readonly Level[]) => this.levels(levels)
    this.books.set(
      depth,
      new SpotBook({ symbol, depth, usual: this.quantity(typicalLots), before, top, texts }),
    )
  }

  /** What a subscriber of an open book begins with. */
  wholeBook(depth: number, nowMs: number): HouseMessage {
    const book = this.books.get(depth) as SpotBook
    return book.whole({ timeMs: this.feed.tap.takenMs, nowMs })
  }

  /** The message of trades that a new subscription repeats. */
  repeatedTrades(): string {
    return tradesText(this.told.latest, 'snapshot')
  }

  step(nowMs: number): void {
    this.refine(nowMs)
    const { trades, updates } = this.listing.step(nowMs)
    if (trades.length > 0 && this.hasTrades) this.tellTrades(trades, nowMs)
    for (const { diff } of updates) this.tellBooks(diff.timeMs, nowMs)
  }

  halt(toMs: number): void {
    this.listing.halt(toMs)
  }

  /**
   * Where prices get another digit, books are told anew. That they are is an assumption: documents only advise to
   * subscribe again.
   */
  private refine(nowMs: number): void {
    const digits = priceDigitsOf(this.listed, this.options.startMs, nowMs)
    if (digits === this.priceDigits) return
    this.priceDigits = digits
    for (const depth of this.books.keys()) this.options.fanout.deliver(this.wholeBook(depth, nowMs), nowMs)
  }

  private tellBooks(timeMs: number, nowMs: number): void {
    for (const book of this.books.values()) {
      const update = book.update({ timeMs, nowMs })
      if (update !== null) this.options.fanout.deliver(update, nowMs)
    }
  }

  private tellTrades(trades: readonly MarketTrade[], nowMs: number): void {
    const { symbol } = this.listed.instrument
    const place = { exchange: 'kraken', market: 'spot', symbol, stream: 'trade', table: 'ticks' } as const
    const told = trades.map((trade) => ({
      symbol,
      trade,
      price: this.price(trade.price),
      quantity: this.quantity(trade.quantity),
    }))
    const contents = told.map((one) => contentOf({ ...place, atMs: nowMs }, one))
    const rows = told.map(tradeJson)
    const textFor = counted(tradesText(rows, 'update'))
    this.told.tell({ streamName: `trade:${symbol}`, kind: 'sequenced', contents, textFor }, rows, nowMs)
  }

  /** The best `limit` levels a side, for who asks by REST. */
  answered(limit: number, nowMs: number): { readonly body: string; readonly content: EmissionContent } {
    const { symbol, base, quote } = this.listed.instrument
    const { timeMs, ...sides } = this.listing.market.snapshot(limit)
    const book = { bids: this.levels(sides.bids), asks: this.levels(sides.asks) }
    const place = { exchange: 'kraken', market: 'spot', symbol, stream: 'Depth', table: 'spot_ob' } as const
    return {
      body: depthText(restNamesOf(base, quote).answered, book, timeMs),
      content: bookContent({ ...place, atMs: nowMs }, {}, { ...book, isSnapshot: false }),
    }
  }

  private levels(levels: readonly Level[]): LevelText[] {
    return levels.map(([price, lots]) => [this.price(price), this.quantity(lots)])
  }

  /** With all digits that the list of pairs promises, zeros included. */
  private price(ticks: number): string {
    return fixedText(ticks, this.listed.instrument.priceDigits, this.priceDigits)
  }

  private quantity(lots: number): string {
    return fixedText(lots, this.listed.instrument.quantityDigits, QUANTITY_DIGITS)
  }
}

function contentOf(
  place: Place,
  {
    trade,
    price,
    quantity,
  }: { readonly trade: MarketTrade; readonly price: string; readonly quantity: string },
) {
  const { id, side, timeMs } = trade
  const type = orderTypeOf(trade)
  return tradeContent(
    place,
    { engineMs: timeMs },
    { id: String(id), side, price, quantity, first: id, last: id, type },
  )
}
