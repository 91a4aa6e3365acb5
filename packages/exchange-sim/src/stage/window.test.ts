import { seededChance } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import type { Level } from '../book-side.ts'
import { Market } from '../market.ts'
import { instrumentOf } from './assets.ts'
import { DepthWindow } from './window.ts'

function applied(book: Map<number, number>, levels: readonly Level[]): void {
  for (const [price, quantity] of levels) {
    if (quantity === 0) book.delete(price)
    else book.set(price, quantity)
  }
}

/** The best of a book, as a subscriber who cuts it would keep them. */
function best(book: Map<number, number>, depth: number, order: (a: number, b: number) => number): Level[] {
  return [...book].sort(([a], [b]) => order(a, b)).slice(0, depth)
}

describe('a window of limited depth', () => {
  it.each(['everything', 'deleted'] as const)('tells what a subscriber needs to know (%s)', (tells) => {
    for (const seed of [1, 2, 3]) {
      const market = new Market({
        instrument: instrumentOf('BTC-USD', 'BTC', 'USD'),
        seed,
        startMs: 0,
        tradesPerSecond: 40,
        levelChangesPerSecond: 300,
      })
      const window = new DepthWindow(10, tells)
      const bids = new Map<number, number>()
      const asks = new Map<number, number>()
      const chance = seededChance(seed)
      for (let nowMs = 0; nowMs < 20_000; nowMs += 10 + chance.below(100)) {
        market.advance(nowMs)
        const top = market.snapshot(10)
        const diff = window.move(top)
        if (diff === null) continue
        applied(bids, diff.bids)
        applied(asks, diff.asks)
        const known = { bids: best(bids, 10, (a, b) => b - a), asks: best(asks, 10, (a, b) => a - b) }
        expect(known).toEqual({ bids: top.bids, asks: top.asks })
        if (tells === 'everything') expect([bids.size, asks.size]).toEqual([10, 10])
        for (const [book, levels] of [
          [bids, known.bids],
          [asks, known.asks],
        ] as const) {
          book.clear()
          applied(book, levels)
        }
      }
    }
  })
})
