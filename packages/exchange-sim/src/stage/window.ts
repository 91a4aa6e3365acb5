import type { Level } from '../book-side.ts'

/** Levels that changed; quantity 0 removes. Best price first. */
export interface WindowDiff {
  readonly bids: readonly Level[]
  readonly asks: readonly Level[]
}

/**
 * The best levels a side as the subscribers of a stream of limited depth know them, and what they must be told.
 *
 * A level that is pushed out of the window by better ones is told as removed (`everything`), or not at all
 * (`deleted`: only levels that are gone from the book are): then it is told again when it comes back.
 */
export class DepthWindow {
  readonly depth: number
  private readonly tells: 'everything' | 'deleted'
  private bids: readonly Level[] = []
  private asks: readonly Level[] = []

  constructor(depth: number, tells: 'everything' | 'deleted') {
    this.depth = depth
    this.tells = tells
  }

  /** What subscribers know at present. */
  get known(): WindowDiff {
    return { bids: this.bids, asks: this.asks }
  }

  /** Moves on to a book's best levels, `depth` a side at most; null when nothing is to be told. */
  move({ bids, asks }: WindowDiff): WindowDiff | null {
    const diff = {
      bids: this.changes(this.bids, bids, (a, b) => b - a),
      asks: this.changes(this.asks, asks, (a, b) => a - b),
    }
    this.bids = bids
    this.asks = asks
    return diff.bids.length + diff.asks.length === 0 ? null : diff
  }

  /** `order` sorts prices, the best first. */
  private changes(
    before: readonly Level[],
    after: readonly Level[],
    order: (a: number, b: number) => number,
  ): readonly Level[] {
    const old = new Map(before)
    const now = new Map(after)
    const set = after.filter(([price, quantity]) => old.get(price) !== quantity)
    const worst = after.length < this.depth ? undefined : after.at(-1)?.[0]
    const isGone = (price: number): boolean =>
      this.tells === 'everything' || worst === undefined || order(price, worst) < 0
    const removed = before.filter(([price]) => !now.has(price) && isGone(price))
    return [...set, ...removed.map(([price]): Level => [price, 0])].sort(([a], [b]) => order(a, b))
  }
}
