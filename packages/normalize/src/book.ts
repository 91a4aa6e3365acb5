import { type DecimalColumn, DecimalColumn as Decimals, Side } from '@cryptoflow/model'
import type { BookSide } from './book-side.ts'
import { ExactSide } from './exact-side.ts'
import { LevelSide } from './level-side.ts'

/** Levels as columns: what a delta, a snapshot or an image of a book consists of. */
export interface Levels {
  /** `Side.bid` or `Side.ask` per level. */
  readonly side: Uint8Array
  readonly price: DecimalColumn
  readonly quantity: DecimalColumn
}

/**
 * An order book with exact prices and quantities, at most `cap` levels a side.
 *
 * Each side begins as typed arrays and changes to exact big integers on the first number that does not fit
 * 2^53; it stays so until the book is made anew.
 */
export class Book {
  readonly cap: number
  bids: BookSide
  asks: BookSide
  private readonly topPrice = new Decimals()
  private readonly topQuantity = new Decimals()

  constructor(cap: number) {
    this.cap = cap
    this.bids = new LevelSide(1, cap)
    this.asks = new LevelSide(-1, cap)
  }

  /** Applies entries `from ... to - 1`: absolute quantities, 0 removes the level. */
  apply(levels: Levels, from: number, to: number): void {
    const { side, price, quantity } = levels
    for (let i = from; i < to; i++) {
      const own = side[i] === Side.bid ? this.bids : this.asks
      const p = price.mantissas[i] as number
      const q = quantity.mantissas[i] as number
      const ps = price.scales[i] as number
      const qs = quantity.scales[i] as number
      if (!(own instanceof LevelSide && own.set(p, ps, q, qs))) this.applyExactly(levels, i)
    }
  }

  /** Applies a whole snapshot and remembers how deep it knows each side. The book must be new. */
  load(levels: Levels, from: number, to: number): void {
    this.apply(levels, from, to)
    this.bids.sealKnown()
    this.asks.sealKnown()
  }

  /** Makes a new book wholly known: what comes next is a snapshot of all that the exchange keeps. */
  knowAll(): void {
    this.bids.knowAll()
    this.asks.knowAll()
  }

  /** Forgets all but the best `depth` levels a side. */
  cutTo(depth: number): void {
    this.bids.cutTo(depth)
    this.asks.cutTo(depth)
  }

  /** Best bid not below best ask: something is wrong with the book. */
  crossed(): boolean {
    const { bids, asks } = this
    if (bids.count === 0 || asks.count === 0) return false
    if (bids instanceof LevelSide && asks instanceof LevelSide && bids.keyScale() === asks.keyScale()) {
      return bids.bestKey() >= -asks.bestKey()
    }
    const price = this.topPrice
    bids.write(price, this.topQuantity, 0, 1)
    asks.write(price, this.topQuantity, 1, 1)
    return compareDecimals(price, 0, price, 1) >= 0
  }

  private applyExactly(levels: Levels, entry: number): void {
    const price = levels.price.mantissa(entry)
    const quantity = levels.quantity.mantissa(entry)
    if (price === null || quantity === null) return
    const priceScale = levels.price.scales[entry] as number
    const quantityScale = levels.quantity.scales[entry] as number
    this.exactSide(levels.side[entry] === Side.bid).set(price, priceScale, quantity, quantityScale)
  }

  /** The side as ExactSide, changed to one when it is none yet. */
  exactSide(isBid: boolean): ExactSide {
    const own = isBid ? this.bids : this.asks
    if (own instanceof ExactSide) return own
    const exact = toExact(own, isBid ? 1 : -1, this.cap)
    if (isBid) this.bids = exact
    else this.asks = exact
    return exact
  }
}

function toExact(side: BookSide, sign: 1 | -1, cap: number): ExactSide {
  const price = new Decimals()
  const quantity = new Decimals()
  price.reserve(side.count)
  quantity.reserve(side.count)
  side.write(price, quantity, 0, side.count)
  const exact = new ExactSide(sign, cap)
  for (let i = 0; i < side.count; i++) {
    exact.set(
      price.mantissa(i) as bigint,
      price.scales[i] as number,
      quantity.mantissa(i) as bigint,
      quantity.scales[i] as number,
    )
  }
  const known = side.known()
  if (known === 'all') exact.knowAll()
  else if (known !== null) exact.setKnown(known.mantissa, known.scale)
  return exact
}

/** Below 0, 0 or above 0 as two stored decimals compare by value, whatever their written scales. */
export function compareDecimals(a: DecimalColumn, i: number, b: DecimalColumn, j: number): number {
  const left = a.mantissas[i] as number
  const right = b.mantissas[j] as number
  if (a.scales[i] === b.scales[j] && !Number.isNaN(left - right)) return left - right
  const scale = Math.max(a.scales[i] as number, b.scales[j] as number)
  const difference = atScale(a, i, scale) - atScale(b, j, scale)
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

function atScale(column: DecimalColumn, row: number, scale: number): bigint {
  return (column.mantissa(row) ?? 0n) * 10n ** BigInt(scale - (column.scales[row] as number))
}
