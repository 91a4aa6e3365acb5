import { type BookTop, DecimalColumn, type TopSide } from '@cryptoflow/model'
import type { Book } from './book.ts'
import type { BookSide } from './book-side.ts'

/** With how many fraction digits an instrument list promises that prices and quantities are written. */
export interface Digits {
  readonly price: number
  readonly quantity: number
}

/** Until a list said it. */
export const UNKNOWN_DIGITS: Digits = { price: -1, quantity: -1 }

interface SideColumns extends TopSide {
  count: number
}

/** The best levels of a book as they were written, in columns that are filled again for every message. */
export class Top implements BookTop {
  readonly bids: SideColumns
  readonly asks: SideColumns
  priceScale = -1
  quantityScale = -1
  private readonly depth: number

  /** `depth`: levels a side at most. */
  constructor(depth: number) {
    this.depth = depth
    this.bids = sideColumns(depth)
    this.asks = sideColumns(depth)
  }

  /** What the book is now. */
  read(book: Book, digits: Digits): this {
    fill(this.bids, book.bids, this.depth)
    fill(this.asks, book.asks, this.depth)
    this.priceScale = digits.price
    this.quantityScale = digits.quantity
    return this
  }
}

function sideColumns(depth: number): SideColumns {
  const side = { count: 0, price: new DecimalColumn(), quantity: new DecimalColumn() }
  side.price.reserve(depth)
  side.quantity.reserve(depth)
  return side
}

function fill(into: SideColumns, side: BookSide, depth: number): void {
  into.count = Math.min(side.count, depth)
  side.write(into.price, into.quantity, 0, into.count)
}
