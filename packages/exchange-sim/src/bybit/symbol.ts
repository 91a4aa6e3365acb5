import type { Chance } from '@cryptoflow/runtime'
import { seededChance } from '@cryptoflow/runtime'
import type { EmissionContent, LevelText } from '../emission-log.ts'
import { hashOf } from '../instruments.ts'
import type { BookSnapshot, MarketTrade } from '../market.ts'
import { spoiledLevels } from '../spoiled-levels.ts'
import { bookContent, type Place, quoteContent, tradeContent } from '../stage/contents.ts'
import { ForcedOrders } from '../stage/forced.ts'
import type { HouseMessage, HouseOptions } from '../stage/house.ts'
import { type Feed, Listing } from '../stage/listing.ts'
import { marksOf } from '../stage/marks.ts'
import { DepthWindow } from '../stage/window.ts'
import { answeredBookJson, bookJson, flagsOf, headOf, idOf, tradeJson, withPlainZeros } from './dialect.ts'
import { type Listed, listed } from './symbols.ts'
import {
  changesOf,
  FUNDING_HOURS,
  liquidationContent,
  liquidationsText,
  type Ticker,
  tickerContents,
  tickerOf,
  tickerText,
} from './told.ts'

/** Distance of two updates by depth, milliseconds; the exchange's shallow books are told five times as often. */
const FEEDS: Readonly<Record<string, number>> = {
  'orderbook.50': 100,
  'orderbook.200': 100,
  'orderbook.1000': 200,
}
/** The stream whose updates a book that is asked for by REST counts. */
const DEEPEST = 'orderbook.1000'
const TICKER_MS = 1_000
const LIQUIDATIONS_MS = 500
/** Share of updates in place of which the service begins anew. */
const RESTART_SHARE = 0.002
const FIRST_SEQ = 7_961_638_724

/** A book stream as its subscribers know it; it is kept, and counts its updates, from its first subscriber on. */
interface Depth {
  readonly feed: Feed
  readonly window: DepthWindow
  updateId: number
}

/** One symbol of a market and everything that is told of it. */
export class SymbolTeller {
  readonly listed: Listed
  private readonly options: HouseOptions
  private readonly listing: Listing
  private readonly depths: ReadonlyMap<string, Depth>
  private readonly forced: ForcedOrders | null
  private readonly chance: Chance
  private readonly live = new Set<string>()
  private readonly name: string
  private nextTickerMs: number
  private nextLiquidationsMs: number
  private ticker: Ticker | null = null
  private seq = FIRST_SEQ
  private quoteId = 1

  constructor(symbol: string, index: number, options: HouseOptions) {
    const { market, seed, startMs } = options
    this.options = options
    this.listed = listed(market, symbol)
    this.name = `bybit ${market} ${symbol}`
    const { instrument } = this.listed
    this.listing = new Listing({ instrument, house: options, exchange: 'bybit', feeds: FEEDS, index })
    this.chance = seededChance(seed ^ hashOf(`restarts ${this.name}`))
    this.depths = new Map(this.listing.feeds.map((feed) => [feed.name, depthOf(feed, this.chance)]))
    this.nextTickerMs = startMs + 100 + index * 10
    this.nextLiquidationsMs = startMs + LIQUIDATIONS_MS
    this.forced =
      market === 'spot'
        ? null
        : new ForcedOrders({
            listing: this.listing,
            name: this.name,
            seed,
            startMs,
            perMinute: options.liquidationsPerMinute,
          })
  }

  /** Whether there is a stream of this name. */
  has(stream: string): boolean {
    if (stream === 'tickers' || stream === 'allLiquidation') return this.forced !== null
    return stream === 'publicTrade' || stream === 'orderbook.1' || this.depths.has(stream)
  }

  /** The same; from now on it is told. */
  open(stream: string): boolean {
    if (!this.has(stream)) return false
    const depth = this.depths.get(stream)
    if (depth !== undefined && !this.live.has(stream)) depth.window.move(this.topOf(depth))
    this.live.add(stream)
    return true
  }

  /** What a new subscriber of a stream begins with; null: nothing. */
  beginning(stream: string, nowMs: number): HouseMessage | null {
    const depth = this.depths.get(stream)
    if (depth !== undefined) return this.wholeBook(stream, depth, nowMs)
    if (stream === 'orderbook.1') return this.quote(nowMs)
    return stream === 'tickers' && this.ticker !== null
      ? this.tickerMessage('snapshot', this.ticker, nowMs)
      : null
  }

  step(nowMs: number): void {
    const { trades, updates, quote } = this.listing.step(nowMs)
    if (trades.length > 0 && this.live.has('publicTrade')) this.tell(this.trades(trades, nowMs))
    for (const { feed, diff } of updates) this.tellBook(feed.name, diff.timeMs, nowMs)
    if (quote !== null) {
      this.quoteId += 1
      if (this.live.has('orderbook.1')) this.tell(this.quote(nowMs))
    }
    if (this.forced !== null) this.tellFutures(nowMs, this.forced)
  }

  halt(toMs: number): void {
    this.listing.halt(toMs)
    this.forced?.take(toMs)
    this.nextTickerMs = Math.max(this.nextTickerMs, toMs)
    this.nextLiquidationsMs = Math.max(this.nextLiquidationsMs, toMs)
  }

  private tellFutures(nowMs: number, forced: ForcedOrders): void {
    if (nowMs >= this.nextTickerMs) {
      this.nextTickerMs += TICKER_MS
      const marks = marksOf(this.name, this.listing, nowMs, FUNDING_HOURS)
      const isPerpetual = this.listed.deliveryMs === null
      const ticker = tickerOf(marks, (lots) => this.listing.quantity(lots), isPerpetual)
      const changes = this.ticker === null ? ticker : changesOf(this.ticker, ticker)
      this.ticker = ticker
      if (this.live.has('tickers')) this.tell(this.tickerMessage('delta', changes, nowMs))
    }
    if (nowMs < this.nextLiquidationsMs) return
    this.nextLiquidationsMs += LIQUIDATIONS_MS
    const orders = forced.take(nowMs).map((order) => ({
      order,
      price: this.listing.price(order.price),
      quantity: this.listing.quantity(order.quantity),
    }))
    if (orders.length === 0 || !this.live.has('allLiquidation')) return
    const text = liquidationsText(this.symbol, orders, nowMs)
    const contents = orders.map((order) => liquidationContent(this.at(nowMs), order, nowMs))
    this.tell(this.message('allLiquidation', 'sampled', text, contents))
  }

  private tellBook(stream: string, timeMs: number, nowMs: number): void {
    const depth = this.depths.get(stream) as Depth
    if (!this.live.has(stream)) return
    const diff = depth.window.move(this.topOf(depth))
    if (diff === null) return
    this.seq += 1
    const isRestart = this.chance.hits(RESTART_SHARE)
    depth.updateId = isRestart ? 1 : depth.updateId + 1
    if (isRestart) {
      // A whole book that came twice cannot be told from two that are equal.
      this.tell({ ...this.wholeBook(stream, depth, nowMs), kind: 'sampled' })
      return
    }
    const bids = withPlainZeros(this.listing.levels(diff.bids))
    const asks = withPlainZeros(this.listing.levels(diff.asks))
    const told = { bids, asks, isSnapshot: false, timeMs, nowMs }
    const spoiled: HouseMessage['spoiled'] = (fault, chance) => {
      const levels = fault === 'wrongChecksum' ? null : spoiledLevels(told, fault, chance)
      return levels === null ? null : this.book(stream, depth, { ...told, ...levels })
    }
    this.tell({ ...this.book(stream, depth, told), spoiled })
  }

  /** The best `limit` levels a side, for who asks by REST. */
  answered(limit: number, nowMs: number): { readonly json: string; readonly content: EmissionContent } {
    const { symbol, listing, seq } = this
    const { updateId, window } = this.depths.get(DEEPEST) as Depth
    // Nobody counts the updates of a stream that is not told; the book's own count stands for it.
    const { last, timeMs, ...now } = listing.market.snapshot(limit)
    const isTold = this.live.has(DEEPEST)
    const sides = isTold ? window.known : now
    const book = {
      bids: listing.levels(sides.bids.slice(0, limit)),
      asks: listing.levels(sides.asks.slice(0, limit)),
      last: isTold ? updateId : last,
      isSnapshot: false,
    }
    const place: Place = {
      ...this.at(nowMs),
      stream: 'orderbook',
      table: this.isSpot ? 'spot_ob' : 'futures_ob',
    }
    return {
      json: answeredBookJson({ ...book, symbol, updateId: book.last, seq, timeMs }, nowMs),
      content: bookContent(place, { sentMs: nowMs, engineMs: timeMs }, book),
    }
  }

  private topOf({ window }: Depth): BookSnapshot {
    return this.listing.market.snapshot(window.depth)
  }

  private wholeBook(stream: string, depth: Depth, nowMs: number): HouseMessage {
    const { bids, asks } = depth.window.known
    return this.book(stream, depth, {
      bids: this.listing.levels(bids),
      asks: this.listing.levels(asks),
      isSnapshot: true,
      timeMs: this.listing.market.changedMs,
      nowMs,
    })
  }

  private book(
    stream: string,
    { updateId }: Depth,
    told: {
      readonly bids: readonly LevelText[]
      readonly asks: readonly LevelText[]
      readonly isSnapshot: boolean
      readonly timeMs: number
      readonly nowMs: number
    },
  ): HouseMessage {
    const { bids, asks, isSnapshot, timeMs, nowMs } = told
    const head = headOf(`${stream}.${this.symbol}`, isSnapshot ? 'snapshot' : 'delta', nowMs, this.isSpot)
    const text = head + bookJson({ symbol: this.symbol, bids, asks, updateId, seq: this.seq, timeMs })
    const content = bookContent(
      { ...this.at(nowMs), stream, table: this.isSpot ? 'spot_delta' : 'futures_delta' },
      { sentMs: nowMs, engineMs: timeMs },
      { bids, asks, isSnapshot, last: updateId, ...(isSnapshot ? {} : { first: updateId }) },
    )
    return this.message(stream, 'guarded', text, [content])
  }

  private quote(nowMs: number): HouseMessage {
    const { timeMs, ...top } = this.listing.market.snapshot(1)
    const [bid] = this.listing.levels(top.bids) as [LevelText]
    const [ask] = this.listing.levels(top.asks) as [LevelText]
    const head = headOf(`orderbook.1.${this.symbol}`, 'snapshot', nowMs, this.isSpot)
    const rest = bookJson({
      symbol: this.symbol,
      bids: [bid],
      asks: [ask],
      updateId: this.quoteId,
      seq: this.seq,
      timeMs,
    })
    const place: Place = { ...this.at(nowMs), stream: 'orderbook.1', table: 'bbo' }
    const content = quoteContent(place, { sentMs: nowMs, engineMs: timeMs }, { last: this.quoteId, bid, ask })
    return this.message('orderbook.1', 'sequenced', head + rest, [content])
  }

  private trades(trades: readonly MarketTrade[], nowMs: number): HouseMessage {
    const { symbol, isSpot, listing } = this
    const told = trades.map((trade) => ({
      trade,
      price: listing.price(trade.price),
      quantity: listing.quantity(trade.quantity),
    }))
    const rows = told.map((one) => tradeJson({ ...one, symbol, isSpot }))
    const place: Place = { ...this.at(nowMs), stream: 'publicTrade', table: 'ticks' }
    const contents = told.map(({ trade, price, quantity }) => {
      const { isBlock, isRpi } = flagsOf(trade, isSpot)
      return tradeContent(
        place,
        { sentMs: nowMs, engineMs: trade.timeMs },
        {
          id: idOf(symbol, trade.id, isSpot),
          kind: isBlock ? 'block' : 'trade',
          side: trade.side,
          price,
          quantity,
          ...(isRpi ? { type: 'RPI' } : {}),
        },
      )
    })
    const head = headOf(`publicTrade.${symbol}`, 'snapshot', nowMs, isSpot)
    return this.message('publicTrade', 'identified', `${head}[${rows.join(',')}]}`, contents)
  }

  private tickerMessage(type: 'snapshot' | 'delta', told: Partial<Ticker>, nowMs: number): HouseMessage {
    this.seq += 1
    const text = tickerText(this.symbol, type, told, { sentMs: nowMs, cs: this.seq })
    return this.message('tickers', 'sampled', text, tickerContents(this.at(nowMs), told, nowMs))
  }

  private message(
    stream: string,
    kind: HouseMessage['kind'],
    text: string,
    contents: readonly EmissionContent[],
  ): HouseMessage {
    return { streamName: `${stream}.${this.symbol}`, kind, contents, textFor: () => text }
  }

  private tell(message: HouseMessage): void {
    this.options.fanout.deliver(message, message.contents[0]?.at_ms ?? 0)
  }

  private at(atMs: number): Omit<Place, 'stream' | 'table'> {
    return { exchange: 'bybit', market: this.options.market, symbol: this.symbol, atMs }
  }

  private get symbol(): string {
    return this.listed.instrument.symbol
  }

  private get isSpot(): boolean {
    return this.options.market === 'spot'
  }
}

function depthOf(feed: Feed, chance: Chance): Depth {
  const depth = Number(feed.name.slice('orderbook.'.length))
  return { feed, window: new DepthWindow(depth, 'everything'), updateId: 1_000 + chance.below(1_000_000) }
}
