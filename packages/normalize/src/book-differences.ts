import { DecimalColumn } from '@cryptoflow/model'
import { type Book, compareDecimals } from './book.ts'
import type { BookSide, KnownPrice } from './book-side.ts'

/** A number as a whole one and its fraction digits; null: there is no such level. */
export type Exact = { readonly mantissa: bigint; readonly scale: number } | null

/** A price at which two books have different quantities. */
export interface WrongLevel {
  readonly side: 'bid' | 'ask'
  readonly price: NonNullable<Exact>
  readonly ours: Exact
  readonly theirs: Exact
}

export interface BookDifferences {
  /** Prices at which either book has a level, as deep as both are known. */
  readonly compared: number
  readonly wrong: readonly WrongLevel[]
}

/** Compares two books of one update by value, side by side, down to the price to which both are known. */
export function compareBooks(ours: Book, theirs: Book): BookDifferences {
  const bids = compareSides('bid', ours.bids, theirs.bids)
  const asks = compareSides('ask', ours.asks, theirs.asks)
  return { compared: bids.compared + asks.compared, wrong: [...bids.wrong, ...asks.wrong] }
}

/** A side's levels, best first; numbers that are compared are in the same columns. */
interface Levels {
  readonly price: DecimalColumn
  readonly quantity: DecimalColumn
  readonly count: number
}

function compareSides(side: 'bid' | 'ask', ours: BookSide, theirs: BookSide): BookDifferences {
  const sign = side === 'bid' ? 1 : -1
  const own = levelsOf(ours)
  const other = levelsOf(theirs)
  const isKnown = knownBy([ours.known(), theirs.known()], sign)
  const wrong: WrongLevel[] = []
  let compared = 0
  let i = 0
  let j = 0
  while (i < own.count || j < other.count) {
    // Below 0: our next level is better than theirs.
    const order = orderOf(own, i, other, j, sign)
    const [levels, at] = order <= 0 ? [own, i] : [other, j]
    if (!isKnown(levels.price, at)) break
    compared += 1
    const isSame = order === 0 && compareDecimals(own.quantity, i, other.quantity, j) === 0
    if (!isSame) {
      const price = exactOf(levels.price, at) as NonNullable<Exact>
      const held = order <= 0 ? exactOf(own.quantity, i) : null
      wrong.push({ side, price, ours: held, theirs: order >= 0 ? exactOf(other.quantity, j) : null })
    }
    if (order <= 0) i += 1
    if (order >= 0) j += 1
  }
  return { compared, wrong }
}

function levelsOf(side: BookSide): Levels {
  const { count } = side
  const price = new DecimalColumn()
  const quantity = new DecimalColumn()
  price.reserve(count)
  quantity.reserve(count)
  side.write(price, quantity, 0, count)
  return { price, quantity, count }
}

function orderOf(own: Levels, i: number, other: Levels, j: number, sign: 1 | -1): number {
  if (i >= own.count) return 1
  if (j >= other.count) return -1
  return -sign * compareDecimals(own.price, i, other.price, j)
}

/** Whether a price lies at or inside all of these; where a side does not know how deep it is, nothing does. */
function knownBy(
  borders: readonly (KnownPrice | 'all' | null)[],
  sign: 1 | -1,
): (price: DecimalColumn, at: number) => boolean {
  const column = new DecimalColumn()
  column.reserve(borders.length)
  const rows: number[] = []
  for (const [row, border] of borders.entries()) {
    if (border === null) return () => false
    if (border === 'all') continue
    column.set(row, border.mantissa, border.scale)
    rows.push(row)
  }
  return (price, at) => rows.every((row) => sign * compareDecimals(price, at, column, row) >= 0)
}

function exactOf(column: DecimalColumn, row: number): Exact {
  const mantissa = column.mantissa(row)
  return mantissa === null ? null : { mantissa, scale: column.scales[row] as number }
}
