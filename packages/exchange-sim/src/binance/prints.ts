import type { MarketTrade } from '../market.ts'

/** Fills of one price and side that are told as one. Prices in ticks, quantities in lots, side is the taker's. */
export interface Aggregate {
  readonly id: number
  readonly price: number
  readonly quantity: number
  /** The part that was not filled by retail price improvement orders. */
  readonly normalQuantity: number
  /** Trade ids, without holes between them. */
  readonly first: number
  readonly last: number
  readonly timeMs: number
  readonly side: 'buy' | 'sell'
}

/**
 * Puts consecutive trades together: of one taker order, or of whatever falls between two calls of `take`.
 *
 * A print off the book is in no aggregate and ends the one before it, so that an aggregate's ids have no holes.
 */
export class Aggregator {
  private readonly byOrder: boolean
  private lastId: number
  private open: MarketTrade[] = []
  private readonly closed: Aggregate[] = []

  /** Aggregates are numbered from the id after `lastId`. */
  constructor(options: { readonly byOrder: boolean; readonly lastId: number }) {
    this.byOrder = options.byOrder
    this.lastId = options.lastId
  }

  add(trade: MarketTrade): void {
    const before = this.open.at(-1)
    if (before !== undefined && !this.belongs(before, trade)) this.close()
    if (!trade.isOffBook) this.open.push(trade)
  }

  /** The aggregates since the call before; the one that is open ends. */
  take(): Aggregate[] {
    this.close()
    return this.closed.splice(0)
  }

  private belongs(before: MarketTrade, trade: MarketTrade): boolean {
    if (trade.isOffBook || before.price !== trade.price || before.side !== trade.side) return false
    return !this.byOrder || before.order === trade.order
  }

  private close(): void {
    const first = this.open[0]
    const last = this.open.at(-1)
    if (first === undefined || last === undefined) return
    const quantity = this.open.reduce((sum, trade) => sum + trade.quantity, 0)
    this.lastId += 1
    const id = this.lastId
    const normalQuantity = id % RPI_EVERY === 0 ? quantity - Math.floor(quantity / 3) : quantity
    const { price, side, timeMs } = last
    this.closed.push({ id, price, quantity, normalQuantity, first: first.id, last: last.id, timeMs, side })
    this.open = []
  }
}

/** Every so many aggregates, a third was filled by retail price improvement orders. */
const RPI_EVERY = 7

/** The last so many of something, oldest first. */
export class Recent<T> {
  private readonly limit: number
  private readonly items: T[] = []

  constructor(limit: number) {
    this.limit = limit
  }

  add(item: T): void {
    this.items.push(item)
    if (this.items.length >= 2 * this.limit) this.items.splice(0, this.limit)
  }

  all(): readonly T[] {
    return this.items.slice(-this.limit)
  }
}
