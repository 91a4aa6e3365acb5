import type { LevelText } from '../emission-log.ts'
import type { MarketTrade } from '../market.ts'
import type { Aggregate } from './prints.ts'
import type { WireText } from './text.ts'

/** A book message: a diff with what changed, or an image with the best levels. Times in exchange milliseconds. */
export interface BookMessage {
  readonly first: number
  readonly last: number
  readonly prev: number
  /** Of the last change. */
  readonly timeMs: number
  readonly sentMs: number
  readonly bids: readonly LevelText[]
  readonly asks: readonly LevelText[]
}

/** The best level of each side. */
export interface QuoteMessage {
  readonly last: number
  readonly timeMs: number
  readonly sentMs: number
  readonly bid: LevelText
  readonly ask: LevelText
}

/** How a market writes its messages: their keys, order and units. */
export interface Dialect {
  trade(trade: MarketTrade, sentMs: number): WireText
  aggregate(aggregate: Aggregate, sentMs: number): WireText
  diff(book: BookMessage): WireText
  image(book: BookMessage): WireText
  quote(quote: QuoteMessage): WireText
}
