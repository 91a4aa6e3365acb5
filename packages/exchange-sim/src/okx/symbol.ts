import { type Chance, seededChance } from '@cryptoflow/runtime'
import type { EmissionContent } from '../emission-log.ts'
import { hashOf } from '../instruments.ts'
import type { MarketTrade } from '../market.ts'
import type { MessageKind } from '../mischief.ts'
import { bookContent, type Place, quoteContent, tradeContent } from '../stage/contents.ts'
import type { HouseMessage, HouseOptions } from '../stage/house.ts'
import { Listing } from '../stage/listing.ts'
import { type Marks, marksOf } from '../stage/marks.ts'
import { BookTeller } from './books.ts'
import { aggregatesOf, imageJson, messageText, plain, plainLevels, sourceOf, tradeJson } from './dialect.ts'
import { type Beat, isDue, messageOf, type Outlet } from './outlet.ts'
import { SequenceIds } from './sequence.ts'
import type { Listed } from './symbols.ts'
import { fundingHours, fundingRate, markPrice, openInterest, type Told } from './told.ts'

/** Distance of two updates, milliseconds. Source: okx.com/docs-v5, "WS / Order book channel", as of 2026-07-07. */
const FEEDS: Readonly<Record<string, number>> = { books: 100, books5: 100 }
const IMAGE_DEPTH = 5
/** Source of these: okx.com/docs-v5, as of 2026-02-23; that of the funding channel as of 2026-07-19. */
const MARK_MS = 200
/** A price that does not change is told again after this long. */
const MARK_AGAIN_MS = 10_000
const OPEN_INTEREST_MS = 3_000
const FUNDING_MS_MIN = 30_000
const FUNDING_MS_MORE = 60_000

const CHANNELS: readonly string[] = ['books', 'books5', 'bbo-tbt', 'trades', 'trades-all', 'mark-price']

/** One symbol of a market and everything that is told of it alone. */
export class SymbolTeller {
  readonly listed: Listed
  readonly listing: Listing
  private readonly options: HouseOptions
  private readonly outlet: Outlet
  private readonly ids: SequenceIds
  private readonly book: BookTeller
  private readonly chance: Chance
  private readonly live = new Set<string>()
  private readonly name: string
  private readonly markBeat: Beat
  private readonly interestBeat: Beat
  private nextFundingMs: number
  private imageText = ''
  private marked = { price: '', atMs: 0 }

  constructor(listed: Listed, index: number, options: HouseOptions, outlet: Outlet) {
    const { market, seed, startMs } = options
    const { instrument } = listed
    this.listed = listed
    this.options = options
    this.outlet = outlet
    this.name = `okx ${market} ${instrument.symbol}`
    this.listing = new Listing({ instrument, house: options, exchange: 'okx', feeds: FEEDS, index })
    this.chance = seededChance(seed ^ hashOf(`beats ${this.name}`))
    this.ids = new SequenceIds(this.listing.market.lastId, 1_000_000_000 + this.chance.below(1_000_000_000))
    const place = { exchange: 'okx', market, symbol: instrument.symbol }
    this.book = new BookTeller({ outlet, listing: this.listing, ids: this.ids, seed, place })
    this.markBeat = { everyMs: MARK_MS, nextMs: startMs + MARK_MS + ((index * 10) % MARK_MS) }
    this.interestBeat = { everyMs: OPEN_INTEREST_MS, nextMs: startMs + OPEN_INTEREST_MS }
    this.nextFundingMs = startMs + this.drawFunding()
  }

  /** Whether there is a channel of this name; of dated contracts there is none of funding. */
  has(channel: string): boolean {
    if (CHANNELS.includes(channel)) return true
    if (channel === 'open-interest') return this.listed.type !== 'SPOT'
    return channel === 'funding-rate' && this.listed.type === 'SWAP'
  }

  /** The channel is told from now on. */
  open(channel: string, nowMs: number): void {
    this.live.add(channel)
    if (channel === 'books') this.book.open(nowMs)
  }

  /**
   * What a new subscriber begins with: the present state, so that nobody waits for the next change to know it; null
   * for trades, which are told as they come.
   */
  beginning(channel: string, nowMs: number): HouseMessage | null {
    switch (channel) {
      case 'books':
        return this.book.whole(nowMs)
      case 'books5':
        return this.image(nowMs)
      case 'bbo-tbt':
        return this.quote(nowMs)
      case 'mark-price':
        return this.told(channel, markPrice(this.listed, this.marks(nowMs), this.at(nowMs)))
      case 'funding-rate':
        return this.told(channel, fundingRate(this.listed, this.marks(nowMs), this.at(nowMs)))
      case 'open-interest':
        return this.told(channel, this.interest(channel, nowMs))
      default:
        return null
    }
  }

  /** The best price comes before the book, and the book before its image, as the order of pushes is documented. */
  step(nowMs: number): void {
    const { trades, updates, quote } = this.listing.step(nowMs)
    this.tellTrades(trades, nowMs)
    if (quote !== null && this.live.has('bbo-tbt')) this.tell(this.quote(nowMs), nowMs)
    for (const { feed } of updates) {
      if (feed.name === 'books') this.tell(this.book.update(nowMs), nowMs)
      else if (this.live.has('books5')) this.tellImage(nowMs)
    }
    this.tell(this.book.quiet(nowMs), nowMs)
    this.tellByTheClock(nowMs)
  }

  halt(toMs: number): void {
    this.listing.halt(toMs)
  }

  /** Positions open at a moment. */
  interest(stream: 'open-interest' | `public/open-interest/${string}`, nowMs: number): Told {
    const contracts = plain(this.listing.quantity(this.marks(nowMs).openLots))
    return openInterest(this.listed, contracts, stream, this.at(nowMs))
  }

  private tellByTheClock(nowMs: number): void {
    if (isDue(this.markBeat, nowMs) && this.live.has('mark-price')) {
      const told = markPrice(this.listed, this.marks(nowMs), this.at(nowMs))
      const price = told.content.values?.mark_price ?? ''
      if (price !== this.marked.price || nowMs - this.marked.atMs >= MARK_AGAIN_MS) {
        this.marked = { price, atMs: nowMs }
        this.tell(this.told('mark-price', told), nowMs)
      }
    }
    if (isDue(this.interestBeat, nowMs) && this.live.has('open-interest'))
      this.tell(this.told('open-interest', this.interest('open-interest', nowMs)), nowMs)
    if (nowMs < this.nextFundingMs) return
    this.nextFundingMs = nowMs + this.drawFunding()
    if (!this.live.has('funding-rate')) return
    this.tell(this.told('funding-rate', fundingRate(this.listed, this.marks(nowMs), this.at(nowMs))), nowMs)
  }

  private tellTrades(trades: readonly MarketTrade[], nowMs: number): void {
    if (this.live.has('trades')) {
      for (const group of aggregatesOf(trades)) this.tell(this.trades('trades', group, nowMs), nowMs)
    }
    if (!this.live.has('trades-all')) return
    for (const trade of trades) this.tell(this.trades('trades-all', [trade], nowMs), nowMs)
  }

  /** One message for the fills of one order at one price. */
  private trades(
    channel: 'trades' | 'trades-all',
    group: readonly MarketTrade[],
    nowMs: number,
  ): HouseMessage {
    const [first, last] = [group[0] as MarketTrade, group.at(-1) as MarketTrade]
    const price = plain(this.listing.price(last.price))
    const lots = group.reduce((sum, trade) => sum + trade.quantity, 0)
    const quantity = plain(this.listing.quantity(lots))
    const source = sourceOf(last)
    const counted =
      channel === 'trades' ? { count: group.length, seq: this.ids.of(this.listing.market.lastId) } : null
    const isAggregate = group.length > 1
    const content = tradeContent(
      this.placeOf(channel, 'ticks', nowMs),
      { engineMs: last.timeMs },
      {
        id: String(last.id),
        kind: isAggregate ? 'aggregate' : 'trade',
        side: last.side,
        price,
        quantity,
        first: first.id,
        last: last.id,
        type: source,
        ...(isAggregate
          ? { firstTradeId: String(first.id), lastTradeId: String(last.id), count: group.length }
          : {}),
      },
    )
    const json = tradeJson(this.symbol, { last, price, quantity, source }, counted)
    return this.message(channel, 'sequenced', json, content)
  }

  private quote(nowMs: number): HouseMessage {
    const { last, timeMs, ...top } = this.listing.market.snapshot(1)
    const [bids, asks] = [top.bids, top.asks].map((side) => plainLevels(this.listing.levels(side)))
    const seq = this.ids.of(last)
    const [bid = null, ask = null] = [bids?.[0], asks?.[0]]
    const content = quoteContent(
      this.placeOf('bbo-tbt', 'bbo', nowMs),
      { engineMs: timeMs },
      { last: seq, bid, ask },
    )
    const json = imageJson({ bids: bids ?? [], asks: asks ?? [] }, { timeMs, seq })
    return this.message('bbo-tbt', 'sampled', json, content)
  }

  private tellImage(nowMs: number): void {
    const message = this.image(nowMs)
    const { bids, asks } = message.contents[0] as EmissionContent
    const text = JSON.stringify([bids, asks])
    if (text !== this.imageText) this.tell(message, nowMs)
    this.imageText = text
  }

  private image(nowMs: number): HouseMessage {
    const { told, content } = this.top('books5', IMAGE_DEPTH, nowMs)
    return this.message('books5', 'sampled', imageJson(told, { ...told, symbol: this.symbol }), content)
  }

  /** The best `limit` levels a side, for who asks by REST. */
  answered(limit: number, nowMs: number): Told {
    const { told, content } = this.top('market/books', limit, nowMs)
    return { json: imageJson(told, told), content }
  }

  /** The best levels a side as a stream tells them. */
  private top(stream: string, limit: number, nowMs: number) {
    const { last, timeMs, ...sides } = this.listing.market.snapshot(limit)
    const bids = plainLevels(this.listing.levels(sides.bids))
    const asks = plainLevels(this.listing.levels(sides.asks))
    const seq = this.ids.of(last)
    const table = this.listed.type === 'SPOT' ? 'spot_ob' : 'futures_ob'
    const content = bookContent(
      this.placeOf(stream, table, nowMs),
      { engineMs: timeMs },
      { last: seq, bids, asks, isSnapshot: false },
    )
    return { told: { bids, asks, timeMs, seq }, content }
  }

  private told(channel: string, { json, content }: Told): HouseMessage {
    return this.message(channel, 'sampled', json, content)
  }

  private message(channel: string, kind: MessageKind, json: string, content: EmissionContent): HouseMessage {
    const { symbol } = this
    const text = messageText({ channel, symbol }, [json])
    return messageOf(this.outlet, { streamName: `${channel}:${symbol}`, kind, text, contents: [content] })
  }

  private tell(message: HouseMessage | null, nowMs: number): void {
    if (message !== null) this.outlet.fanout.deliver(message, nowMs)
  }

  private marks(nowMs: number): Marks {
    return marksOf(this.name, this.listing, nowMs, fundingHours(this.listed))
  }

  private drawFunding(): number {
    return FUNDING_MS_MIN + this.chance.below(FUNDING_MS_MORE)
  }

  private at(atMs: number): Omit<Place, 'stream' | 'table'> {
    return { exchange: 'okx', market: this.options.market, symbol: this.symbol, atMs }
  }

  private placeOf(stream: string, table: Place['table'], nowMs: number): Place {
    return { ...this.at(nowMs), stream, table }
  }

  private get symbol(): string {
    return this.listed.instrument.symbol
  }
}
