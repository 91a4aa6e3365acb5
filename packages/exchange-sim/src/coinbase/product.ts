import type { TableName } from '@cryptoflow/model'
import type { EmissionContent } from '../emission-log.ts'
import type { MarketTrade } from '../market.ts'
import { bookContent, type Place } from '../stage/contents.ts'
import type { HouseMessage, HouseOptions } from '../stage/house.ts'
import { type Feed, type Happening, Listing } from '../stage/listing.ts'
import type { Peer } from '../stage/peer.ts'
import { advancedBook, advancedUpdate, type BookMoment, batchBook, batchUpdate } from './books.ts'
import { restBookText, restPriceBookText } from './exchange-dialect.ts'
import { lastMatch, matchMessage, pastTrades, tradesMessage } from './prints.ts'
import { type Listed, listed } from './symbols.ts'
import { isDelivered, type Past, type Print, Tape } from './tape.ts'

/** Channels by socket, as subscriptions name them; the contracts are on the Advanced socket only. */
export const advancedChannels: readonly string[] = ['level2', 'market_trades']
export const exchangeChannels: readonly string[] = ['matches', 'level2_batch']

/** Trades are told together every so often. Source: docs.cdp.coinbase.com, Advanced Trade channels, read 2026-09-27. */
const TRADES_MS = 250
/** The same of books: the Exchange socket's documents say 50; here it holds for both. */
const BOOK_MS = 50
/** Trades that a subscription of `market_trades` begins with; how many the exchange shows is not documented. */
const PAST_TRADES = 50
/** The longest page of trades by REST. */
const HISTORY_MAX = 1_000

/** One product and everything that is told of it. Streams are named `<channel>:<product>`. */
export class Product {
  readonly listed: Listed
  readonly listing: Listing
  private readonly options: HouseOptions
  private readonly feeds: ReadonlyMap<string, Feed>
  private readonly live = new Set<string>()
  private readonly tapes = { market_trades: new Tape(PAST_TRADES), matches: new Tape(1) }
  private untold: Print[] = []
  private past: Print[] = []
  private nextTradesMs: number
  /** Of the last change in an update of `level2`. */
  private changedMs: number
  private sequence = 0

  constructor(symbol: string, index: number, options: HouseOptions) {
    const { market, startMs } = options
    this.options = options
    this.listed = listed(market, symbol)
    const feeds = market === 'spot' ? { level2: BOOK_MS, level2_batch: BOOK_MS } : { level2: BOOK_MS }
    const { instrument } = this.listed
    this.listing = new Listing({ instrument, house: options, exchange: 'coinbase', feeds, index })
    this.feeds = new Map(this.listing.feeds.map((feed) => [feed.name, feed]))
    this.nextTradesMs = startMs + TRADES_MS + ((index * 30) % TRADES_MS)
    this.changedMs = startMs
  }

  get symbol(): string {
    return this.listed.instrument.symbol
  }

  /** The last thousand trades, in order of id. */
  get history(): readonly Print[] {
    return this.past.slice(-HISTORY_MAX)
  }

  /** Place in the count of all that happens to the product, and id of its last trade, 0 before the first. */
  get state(): { readonly sequence: number; readonly lastTradeId: number } {
    return { sequence: this.sequence, lastTradeId: this.past.at(-1)?.trade.id ?? 0 }
  }

  /** The best `limit` levels a side, for who asks by REST. */
  answered(limit: number, nowMs: number): { readonly body: string; readonly content: EmissionContent } {
    const { timeMs, ...sides } = this.listing.market.snapshot(limit)
    const levels = { bids: this.listing.levels(sides.bids), asks: this.listing.levels(sides.asks) }
    const isSpot = this.options.market === 'spot'
    const place: Place = {
      ...this.placeOf(isSpot ? 'book' : 'product_book', nowMs),
      table: isSpot ? 'spot_ob' : 'futures_ob',
    }
    const book = { ...levels, ...(isSpot ? { last: this.sequence } : {}), isSnapshot: false }
    return {
      body: isSpot
        ? restBookText(levels, { timeMs, sequence: this.sequence })
        : restPriceBookText(this.symbol, levels, timeMs),
      content: bookContent(place, { engineMs: timeMs }, book),
    }
  }

  /** Whether there is such a channel; from now on it is told. */
  open(channel: string): boolean {
    const isPlayed = advancedChannels.includes(channel) || exchangeChannels.includes(channel)
    if (!isPlayed || (exchangeChannels.includes(channel) && this.options.market !== 'spot')) return false
    this.live.add(channel)
    return true
  }

  /** Sends a new subscriber of a channel what its subscription begins with. */
  begin(channel: string, peer: Peer, nowMs: number): void {
    const { fanout, counters } = this.options
    const place = this.placeOf(channel, nowMs)
    const feed = this.feeds.get(channel)
    if (feed !== undefined) {
      const moment: BookMoment = { listing: this.listing, feed, place }
      fanout.deliverTo(peer, channel === 'level2' ? advancedBook(moment) : batchBook(moment))
      return
    }
    const show = (past: Past): boolean => {
      const message = channel === 'matches' ? lastMatch(place, past, this.sequence) : pastTrades(place, past)
      return isDelivered(counters, () => fanout.deliverTo(peer, message))
    }
    this.tapes[channel === 'matches' ? 'matches' : 'market_trades'].open(show)
  }

  step(nowMs: number): void {
    const { trades, updates } = this.listing.step(nowMs)
    this.sequence = Math.max(this.sequence, this.listing.market.lastId)
    this.happened(trades, nowMs)
    for (const update of updates) this.tellBook(update, nowMs)
    if (nowMs < this.nextTradesMs) return
    while (this.nextTradesMs <= nowMs) this.nextTradesMs += TRADES_MS
    const prints = this.untold
    this.untold = []
    if (prints.length === 0) return
    this.tellTrades('market_trades', prints, nowMs, () =>
      tradesMessage(this.placeOf('market_trades', nowMs), prints),
    )
  }

  halt(toMs: number): void {
    this.listing.halt(toMs)
    this.nextTradesMs = Math.max(this.nextTradesMs, toMs)
  }

  private happened(trades: readonly MarketTrade[], nowMs: number): void {
    for (const trade of trades) {
      const { listing } = this
      const print = { trade, price: listing.price(trade.price), quantity: listing.quantity(trade.quantity) }
      this.sequence += 1
      this.past.push(print)
      this.untold.push(print)
      this.tellTrades('matches', [print], nowMs, () =>
        matchMessage(this.placeOf('matches', nowMs), print, this.sequence),
      )
    }
    if (this.past.length > 2 * HISTORY_MAX) this.past = this.past.slice(-HISTORY_MAX)
  }

  private tellBook({ feed, diff }: Happening['updates'][number], nowMs: number): void {
    const isAdvanced = feed.name === 'level2'
    const sinceMs = this.changedMs
    if (isAdvanced) this.changedMs = diff.timeMs
    if (!this.live.has(feed.name)) return
    const moment: BookMoment = { listing: this.listing, feed, place: this.placeOf(feed.name, nowMs) }
    this.tell(isAdvanced ? advancedUpdate(moment, diff, sinceMs) : batchUpdate(moment, diff), nowMs)
  }

  private tellTrades(
    stream: 'market_trades' | 'matches',
    prints: readonly Print[],
    nowMs: number,
    message: () => HouseMessage,
  ): void {
    const isKnown =
      !this.live.has(stream) || isDelivered(this.options.counters, () => this.tell(message(), nowMs))
    if (isKnown) this.tapes[stream].keep(prints)
  }

  private tell(message: HouseMessage, nowMs: number): void {
    this.options.fanout.deliver(message, nowMs)
  }

  private placeOf(channel: string, atMs: number): Place {
    const { market } = this.options
    const book: TableName = market === 'spot' ? 'spot_delta' : 'futures_delta'
    const table = this.feeds.has(channel) ? book : 'ticks'
    return { exchange: 'coinbase', market, symbol: this.symbol, stream: channel, table, atMs }
  }
}
