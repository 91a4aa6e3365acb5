import type { Level } from '../book-side.ts'
import type { DepthDiff, DepthTap } from '../depth-tap.ts'
import type { LevelText } from '../emission-log.ts'
import { fixedText } from '../fixed-text.ts'
import type { Instrument } from '../instruments.ts'
import { type BookSnapshot, Market, type MarketTrade } from '../market.ts'
import type { HouseOptions } from './house.ts'

/** A book stream's share of a listing: what has changed since it was last told. */
export interface Feed {
  readonly name: string
  /** Distance of two updates, milliseconds. */
  readonly everyMs: number
  readonly tap: DepthTap
  nextMs: number
}

/** What happened to a listing in one step. */
export interface Happening {
  readonly trades: readonly MarketTrade[]
  /** Feeds that are due and have something to tell. */
  readonly updates: readonly { readonly feed: Feed; readonly diff: DepthDiff }[]
  /** The best bid and offer, when it is another one than at the step before. */
  readonly quote: BookSnapshot | null
}

export interface ListingOptions {
  readonly instrument: Instrument
  readonly house: Pick<
    HouseOptions,
    'market' | 'seed' | 'startMs' | 'tradesPerSecond' | 'levelChangesPerSecond' | 'bookLevels'
  >
  /** Mixed into the seed, so that equal symbols of two exchanges differ. */
  readonly exchange: string
  /** Book streams by name, with the distance of their updates, milliseconds. */
  readonly feeds: Readonly<Record<string, number>>
  /** Which of the house's symbols it is, from 0: symbols take turns. */
  readonly index: number
}

/** One symbol of a house: its market, and what of it is due to be told. */
export class Listing {
  readonly instrument: Instrument
  readonly market: Market
  readonly feeds: readonly Feed[]
  private quoted = ''

  constructor({ instrument, house, exchange, feeds, index }: ListingOptions) {
    const { market, seed, startMs, tradesPerSecond, levelChangesPerSecond, bookLevels } = house
    this.instrument = instrument
    this.market = new Market({
      instrument,
      seed,
      seedName: `${exchange} ${market} ${instrument.symbol}`,
      startMs,
      tradesPerSecond,
      levelChangesPerSecond,
      ...(bookLevels === null ? {} : { levels: bookLevels }),
    })
    this.feeds = Object.entries(feeds).map(([name, everyMs]) => ({
      name,
      everyMs,
      tap: this.market.tap(),
      nextMs: startMs + everyMs + ((index * 10) % everyMs),
    }))
  }

  /** Lets the market go on to `nowMs`. */
  step(nowMs: number): Happening {
    const trades = this.market.advance(nowMs)
    const updates = this.feeds.flatMap((feed) => {
      if (nowMs < feed.nextMs) return []
      while (feed.nextMs <= nowMs) feed.nextMs += feed.everyMs
      const diff = feed.tap.take(true)
      return diff === null ? [] : [{ feed, diff }]
    })
    const top = this.market.snapshot(1)
    const quote = JSON.stringify([top.bids, top.asks])
    const isNew = quote !== this.quoted
    this.quoted = quote
    return { trades, updates, quote: isNew ? top : null }
  }

  /** Jumps to `toMs` without anything happening in between. */
  halt(toMs: number): void {
    this.market.halt(toMs)
    for (const feed of this.feeds) feed.nextMs = Math.max(feed.nextMs, toMs + feed.everyMs)
  }

  /** The best `limit` levels a side as they were at a feed's last update: what a new subscriber of it begins with. */
  bookOf(feed: Feed, limit: number): { readonly bids: LevelText[]; readonly asks: LevelText[] } {
    const { bids, asks } = feed.tap.bookBefore(limit)
    return { bids: this.levels(bids), asks: this.levels(asks) }
  }

  /** Ticks as decimal text. */
  price(ticks: number): string {
    const { priceDigits } = this.instrument
    return fixedText(ticks, priceDigits, priceDigits)
  }

  /** Lots as decimal text. */
  quantity(lots: number): string {
    const { quantityDigits } = this.instrument
    return fixedText(lots, quantityDigits, quantityDigits)
  }

  levels(levels: readonly Level[]): LevelText[] {
    return levels.map(([price, lots]) => [this.price(price), this.quantity(lots)])
  }
}
