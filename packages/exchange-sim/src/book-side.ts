/** A price in ticks and a quantity in lots, both whole numbers. */
export type Level = readonly [price: number, quantity: number]

/**
 * One side of a book: levels sorted by price, the best at index 0 of every question.
 *
 * Kept as sorted arrays with the best level at their end, because nearly every change is near the best.
 */
export class BookSide {
  /** +1 for bids, -1 for asks: a key is the price times this, so that keys always grow towards the best. */
  private readonly sign: 1 | -1
  private readonly keys: number[] = []
  private readonly quantities: number[] = []

  constructor(side: 'bid' | 'ask') {
    this.sign = side === 'bid' ? 1 : -1
  }

  get count(): number {
    return this.keys.length
  }

  /** Price of the level at `index` from the best; NaN when there is none. */
  priceAt(index: number): number {
    return (this.keys[this.keys.length - 1 - index] ?? Number.NaN) * this.sign
  }

  /** Quantity of the level at `index` from the best; 0 when there is none. */
  quantityAt(index: number): number {
    return this.quantities[this.quantities.length - 1 - index] ?? 0
  }

  /** Quantity at a price, 0 when the price has no level. */
  quantity(price: number): number {
    const at = this.indexOf(price * this.sign)
    return this.keys[at] === price * this.sign ? (this.quantities[at] as number) : 0
  }

  /** Puts an absolute quantity at a price; 0 removes the level. */
  set(price: number, quantity: number): void {
    const key = price * this.sign
    const at = this.indexOf(key)
    const exists = this.keys[at] === key
    if (quantity === 0) {
      if (!exists) return
      this.keys.splice(at, 1)
      this.quantities.splice(at, 1)
    } else if (exists) {
      this.quantities[at] = quantity
    } else {
      this.keys.splice(at, 0, key)
      this.quantities.splice(at, 0, quantity)
    }
  }

  /** The best `limit` levels, best first. */
  top(limit: number): Level[] {
    const levels: Level[] = []
    const count = Math.min(limit, this.count)
    for (let index = 0; index < count; index++) levels.push([this.priceAt(index), this.quantityAt(index)])
    return levels
  }

  /** Where a key is, or would be. */
  private indexOf(key: number): number {
    let low = 0
    let high = this.keys.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.keys[middle] as number) < key) low = middle + 1
      else high = middle
    }
    return low
  }
}
