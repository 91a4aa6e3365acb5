import type { DecimalColumn } from '@cryptoflow/model'

/**
 * One side of a book: levels by exact price, bounded in number.
 *
 * Equal prices are one level however they are written (1.0 and 1.00); the way they were written last is kept.
 * Two implementations say the same: LevelSide for numbers up to 2^53, ExactSide for all others.
 */
export interface BookSide {
  /** Levels held. */
  readonly count: number
  /** Writes the best `levels` levels, best first, to rows `to ...`; the rows are reserved. */
  write(prices: DecimalColumn, quantities: DecimalColumn, to: number, levels: number): void
  /** Says that the side is known as deep as it is now: the snapshot has been loaded. */
  sealKnown(): void
  /** Says of an empty side that it is known wholly, whatever comes: the exchange tells every level that it keeps. */
  knowAll(): void
  /** Levels at or inside the price to which the side is known; null when nothing says so. */
  knownDepth(): number | null
  /** That price, exactly; `all`: there is none, no level was given up. */
  known(): KnownPrice | 'all' | null
  /** Forgets all but the best `depth` levels; it is known as deep as before, since the exchange forgets them too. */
  cutTo(depth: number): void
}

/** A price as a whole number and its fraction digits. */
export interface KnownPrice {
  readonly mantissa: bigint
  readonly scale: number
}

/** 10^0 ... 10^18, each exact in a float64. */
export const POWERS_OF_TEN = Float64Array.from({ length: 19 }, (_, digits) => 10 ** digits)
