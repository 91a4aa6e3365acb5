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
  /** Levels at or inside the price to which the side is known; null when nothing says so. */
  knownDepth(): number | null
  /** That price, exactly. */
  known(): { readonly mantissa: bigint; readonly scale: number } | null
}

/** 10^0 ... 10^18, each exact in a float64. */
export const POWERS_OF_TEN = Float64Array.from({ length: 19 }, (_, digits) => 10 ** digits)
