import type { BookSide, Level } from './book-side.ts'

/** Levels changed since the diff before, as absolute quantities; 0 removes. Best price first. */
export interface DepthDiff {
  /** Update id of the first change. */
  readonly first: number
  readonly last: number
  /** Last update id of the diff before. */
  readonly prev: number
  /** Exchange time of the last change, milliseconds. */
  readonly timeMs: number
  readonly bids: readonly Level[]
  readonly asks: readonly Level[]
}

/** Quantities before the first change since the last diff, by price; 0 where there was no level. */
type Befores = Map<number, number>

/**
 * One stream's share of a book's changes: what has changed since it was last taken.
 *
 * Several streams of different speeds each have their own, so that each names its own predecessor.
 */
export class DepthTap {
  private readonly bids: BookSide
  private readonly asks: BookSide
  private readonly bidsBefore: Befores = new Map()
  private readonly asksBefore: Befores = new Map()
  private firstId = 0
  private lastId: number
  private takenId: number
  private takenTimeMs: number
  private changedMs: number

  constructor(options: {
    readonly bids: BookSide
    readonly asks: BookSide
    readonly lastUpdateId: number
    readonly startMs: number
  }) {
    this.bids = options.bids
    this.asks = options.asks
    this.lastId = options.lastUpdateId
    this.takenId = options.lastUpdateId
    this.takenTimeMs = options.startMs
    this.changedMs = options.startMs
  }

  /** Update id that the last diff ended with: the book as it is known downstream. */
  get takenTo(): number {
    return this.takenId
  }

  /** Exchange time of that update, milliseconds. */
  get takenMs(): number {
    return this.takenTimeMs
  }

  /** Notes a change; `before` is the level's quantity until now. */
  note(side: BookSide, price: number, before: number, id: number, timeMs: number): void {
    if (this.lastId === this.takenId) this.firstId = id
    this.lastId = id
    this.changedMs = timeMs
    const befores = side === this.bids ? this.bidsBefore : this.asksBefore
    if (!befores.has(price)) befores.set(price, before)
  }

  /** The changes since the diff before; null when there were none. Without levels when nobody reads them. */
  take(withLevels: boolean): DepthDiff | null {
    if (this.lastId === this.takenId) return null
    const diff = {
      first: this.firstId,
      last: this.lastId,
      prev: this.takenId,
      timeMs: this.changedMs,
      bids: withLevels ? changesOf(this.bids, this.bidsBefore, (a, b) => b - a) : [],
      asks: withLevels ? changesOf(this.asks, this.asksBefore, (a, b) => a - b) : [],
    }
    this.bidsBefore.clear()
    this.asksBefore.clear()
    this.takenId = this.lastId
    this.takenTimeMs = this.changedMs
    return diff
  }

  /** The best `limit` levels a side as they were at the last diff. */
  bookBefore(limit: number): { readonly bids: Level[]; readonly asks: Level[] } {
    return {
      bids: topBefore(this.bids, this.bidsBefore, limit, (a, b) => b[0] - a[0]),
      asks: topBefore(this.asks, this.asksBefore, limit, (a, b) => a[0] - b[0]),
    }
  }
}

function changesOf(side: BookSide, befores: Befores, order: (a: number, b: number) => number): Level[] {
  return [...befores.keys()].sort(order).map((price): Level => [price, side.quantity(price)])
}

/** Of the best `limit` + n levels now, n changed ones at most are not of before: enough remain. */
function topBefore(
  side: BookSide,
  befores: Befores,
  limit: number,
  order: (a: Level, b: Level) => number,
): Level[] {
  const unchanged = side.top(limit + befores.size).filter(([price]) => !befores.has(price))
  const changed = [...befores].filter(([, quantity]) => quantity > 0)
  return [...unchanged, ...changed].sort(order).slice(0, limit)
}
