import type { Chance } from '@cryptoflow/runtime'
import type { DepthTap } from '../depth-tap.ts'
import type { EmissionContent } from '../emission-log.ts'
import type { SimMessage, Spoiling } from '../fanout.ts'
import { hashOf } from '../instruments.ts'
import { type BookSnapshot, Market, type MarketTrade } from '../market.ts'
import { spoiledLevels } from '../spoiled-levels.ts'
import { aggregateContent, bookContent, diffContent, quoteContent, tradeContent } from './contents.ts'
import type { BookMessage, Dialect, QuoteMessage } from './dialect.ts'
import { ForcedOrders } from './forced-orders.ts'
import { type FuturesDialect, type FuturesFields, futuresDialect } from './futures-dialect.ts'
import { type Aggregate, Aggregator, Recent } from './prints.ts'
import { spotDialect } from './spot-dialect.ts'
import { type StreamDefinition, streamsOf } from './streams.ts'
import type { Listed } from './symbols.ts'
import { levelTexts, type WireText, wireName } from './text.ts'

/** One message of one stream of one host; of a message of both markets it has only the events of the host's own. */
export interface FlowMessage extends SimMessage {
  /** The host that it goes out on. */
  readonly market: Listed['market']
  /** The message alone, without the combined wrapper. */
  readonly text: WireText
  /** A diff with this fault; null where it cannot have it. */
  readonly spoiled?: (fault: Spoiling, chance: Chance) => FlowMessage | null
}

export type Deliver = (message: FlowMessage) => void

export interface ListingOptions {
  readonly listed: Listed
  readonly seed: number
  readonly startMs: number
  /** Added to the start for everything that goes by the clock, so that symbols take turns. */
  readonly phaseMs: number
  /** What one millisecond in the name of a book stream takes, milliseconds. */
  readonly bookPace: number
  readonly tradesPerSecond: number
  readonly levelChangesPerSecond: number
  readonly liquidationsPerMinute: number
  readonly bookLevels: number | null
  readonly fields: FuturesFields
}

/** Futures update ids skip; source: captures of 2021 and 2024, where diffs of few levels span hundreds of ids. */
const FUTURES_ID_STEP_MAX = 9
const OFF_BOOK_SHARE = 0.02
/** How many trades, and aggregates, REST still knows. */
const RECENT_MAX = 2000
const TWO_31 = 2147483648

/** Book streams of one speed, which share what changed. */
interface Speed {
  readonly tap: DepthTap
  readonly everyMs: number
  nextMs: number
  readonly streams: readonly StreamDefinition[]
}

/**
 * One symbol: its market and everything that is told of it as it happens.
 *
 * A stream's messages are written only once somebody has subscribed to it, but what they say does not depend on
 * when that was.
 */
export class Listing {
  readonly listed: Listed
  readonly book: Market
  /** Of futures symbols. */
  readonly forced: ForcedOrders | null
  readonly trades = new Recent<MarketTrade>(RECENT_MAX)
  readonly aggregates = new Recent<Aggregate>(RECENT_MAX)
  private readonly dialect: Dialect
  private readonly live = new Set<string>()
  private readonly names: ReadonlyMap<string, string>
  private readonly speeds: readonly Speed[]
  private readonly aggregator: Aggregator
  private readonly aggregateEveryMs: number
  private nextAggregateMs: number
  private quotedId = 0
  private quoted: readonly number[] = []

  constructor(options: ListingOptions) {
    const { listed, seed, startMs, phaseMs } = options
    const isSpot = listed.market === 'spot'
    const definitions = streamsOf(listed.market).filter(({ scope }) => scope === 'symbol')
    this.listed = listed
    this.dialect = isSpot ? spotDialect(listed) : futuresDialect(listed, options.fields)
    this.names = new Map(definitions.map(({ name }) => [name, wireName(listed.symbol, name)]))
    this.book = new Market({
      instrument: listed,
      seed,
      seedName: `${listed.market} ${listed.symbol}`,
      startMs,
      tradesPerSecond: options.tradesPerSecond,
      levelChangesPerSecond: options.levelChangesPerSecond,
      ...(options.bookLevels === null ? {} : { levels: options.bookLevels }),
      ...(isSpot ? {} : { idStepMax: FUTURES_ID_STEP_MAX, offBookShare: OFF_BOOK_SHARE }),
    })
    this.speeds = speedsOf(definitions, this.book, options)
    const lastId = TWO_31 + hashOf(`aggregates ${listed.market} ${listed.symbol}`)
    this.aggregator = new Aggregator({ byOrder: isSpot, lastId })
    this.aggregateEveryMs = definitions.find(({ kind }) => kind === 'aggTrade')?.everyMs ?? 0
    this.nextAggregateMs = firstDue(startMs, phaseMs, this.aggregateEveryMs)
    this.forced = isSpot
      ? null
      : new ForcedOrders({ listed, seed, startMs, perMinute: options.liquidationsPerMinute })
  }

  /** How futures symbols write what is told by the clock. */
  get futures(): FuturesDialect {
    return this.dialect as FuturesDialect
  }

  /** From now on the stream's messages are written. */
  open(stream: string): void {
    this.live.add(stream)
  }

  isLive(stream: string): boolean {
    return this.live.has(stream)
  }

  /** Lets the market go on to `nowMs` and hands over what is told of it. */
  step(nowMs: number, deliver: Deliver): void {
    for (const trade of this.book.advance(nowMs)) {
      this.trades.add(trade)
      this.aggregator.add(trade)
      if (this.isLive('trade')) this.tellTrade(trade, nowMs, deliver)
    }
    if (nowMs >= this.nextAggregateMs) this.tellAggregates(nowMs, deliver)
    for (const speed of this.speeds) if (nowMs >= speed.nextMs) this.tellBook(speed, nowMs, deliver)
    if (this.quotedId !== this.book.lastId) this.tellQuote(nowMs, deliver)
    this.forced?.advance(nowMs, this.quoted[0] as number, this.quoted[2] as number)
  }

  /** Jumps to `toMs` without anything happening in between. */
  halt(toMs: number, haltedMs: number): void {
    this.book.halt(toMs)
    this.forced?.halt(haltedMs)
    this.nextAggregateMs += haltedMs
    for (const speed of this.speeds) speed.nextMs += haltedMs
  }

  /** The book as it was when the fastest regular diff stream last told of it. */
  bookTold(limit: number): BookSnapshot {
    const tap = (this.speeds.find(({ everyMs }) => everyMs > 0) as Speed).tap
    return { last: tap.takenTo, timeMs: tap.takenMs, ...tap.bookBefore(limit) }
  }

  /** The best level of each side, in ticks. */
  best(): { readonly bid: number; readonly ask: number } {
    const { bids, asks } = this.book.snapshot(1)
    return { bid: bids[0]?.[0] ?? 1, ask: asks[0]?.[0] ?? 1 }
  }

  /** The best bid and offer as a message. */
  quote(sentMs: number): QuoteMessage {
    const top = this.book.snapshot(1)
    const [bid, ask] = [levelTexts(this.listed, top.bids)[0], levelTexts(this.listed, top.asks)[0]]
    return { last: top.last, timeMs: top.timeMs, sentMs, bid: bid ?? ['0', '0'], ask: ask ?? ['0', '0'] }
  }

  private tellTrade(trade: MarketTrade, nowMs: number, deliver: Deliver): void {
    const content = tradeContent(this.place('trade', 'ticks', nowMs), trade)
    deliver(this.message('trade', this.dialect.trade(trade, nowMs), content))
  }

  private tellAggregates(nowMs: number, deliver: Deliver): void {
    while (this.aggregateEveryMs > 0 && this.nextAggregateMs <= nowMs)
      this.nextAggregateMs += this.aggregateEveryMs
    for (const aggregate of this.aggregator.take()) {
      this.aggregates.add(aggregate)
      if (!this.isLive('aggTrade')) continue
      const content = aggregateContent(this.place('aggTrade', 'ticks', nowMs), aggregate)
      deliver(this.message('aggTrade', this.dialect.aggregate(aggregate, nowMs), content))
    }
  }

  /** The diff and the images of one speed; there are none when nothing has changed. */
  private tellBook(speed: Speed, nowMs: number, deliver: Deliver): void {
    while (speed.everyMs > 0 && speed.nextMs <= nowMs) speed.nextMs += speed.everyMs
    const live = speed.streams.filter(({ name }) => this.isLive(name))
    const diff = speed.tap.take(live.some(({ kind }) => kind === 'diff'))
    if (diff === null || live.length === 0) return
    const deepest = Math.max(...live.map(({ levels }) => levels))
    const top = this.book.snapshot(deepest)
    const image = { bids: levelTexts(this.listed, top.bids), asks: levelTexts(this.listed, top.asks) }
    for (const { name, kind, table, levels } of live) {
      const place = this.place(name, table, nowMs)
      if (kind === 'diff') {
        const bids = levelTexts(this.listed, diff.bids)
        const book: BookMessage = { ...diff, sentMs: nowMs, bids, asks: levelTexts(this.listed, diff.asks) }
        deliver(this.diff(place, book))
      } else {
        const sides = { bids: image.bids.slice(0, levels), asks: image.asks.slice(0, levels) }
        const book: BookMessage = { ...diff, sentMs: nowMs, ...sides }
        deliver(this.message(name, this.dialect.image(book), bookContent(place, book)))
      }
    }
  }

  private diff(place: ReturnType<Listing['place']>, book: BookMessage): FlowMessage {
    const content = diffContent(place, book)
    return {
      ...this.message(place.stream, this.dialect.diff(book), content),
      kind: 'diff',
      spoiled: (fault, chance) => {
        const levels = fault === 'wrongChecksum' ? null : spoiledLevels(book, fault, chance)
        return levels === null ? null : this.diff(place, { ...book, ...levels })
      },
    }
  }

  /** A message when the best bid or offer is another one than at the step before. */
  private tellQuote(nowMs: number, deliver: Deliver): void {
    const { last, bids, asks } = this.book.snapshot(1)
    this.quotedId = last
    const best = [bids[0]?.[0] ?? 0, bids[0]?.[1] ?? 0, asks[0]?.[0] ?? 0, asks[0]?.[1] ?? 0]
    if (best.every((value, index) => value === this.quoted[index])) return
    this.quoted = best
    if (!this.isLive('bookTicker')) return
    const quote = this.quote(nowMs)
    const content = quoteContent(this.place('bookTicker', 'bbo', nowMs), quote)
    deliver(this.message('bookTicker', this.dialect.quote(quote), content))
  }

  private place(stream: string, table: EmissionContent['table'], atMs: number) {
    return { listed: this.listed, stream, table, atMs }
  }

  private message(stream: string, text: WireText, content: EmissionContent): FlowMessage {
    const streamName = this.names.get(stream) as string
    return { market: this.listed.market, streamName, text, contents: [content], kind: 'sequenced' }
  }
}

function speedsOf(
  definitions: readonly StreamDefinition[],
  book: Market,
  { startMs, phaseMs, bookPace }: ListingOptions,
): Speed[] {
  const streams = definitions.filter(({ kind }) => kind === 'diff' || kind === 'image')
  return [...new Set(streams.map(({ everyMs }) => everyMs))].map((speedMs) => {
    const everyMs = Math.round(speedMs * bookPace)
    return {
      tap: book.tap(),
      everyMs,
      nextMs: firstDue(startMs, phaseMs, everyMs),
      streams: streams.filter((definition) => definition.everyMs === speedMs),
    }
  })
}

/** First time on a symbol's own grid that is after the start. */
function firstDue(startMs: number, phaseMs: number, everyMs: number): number {
  if (everyMs === 0) return startMs
  return startMs + (phaseMs % everyMs === 0 ? everyMs : phaseMs % everyMs)
}
