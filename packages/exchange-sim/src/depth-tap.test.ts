import { describe, expect, it } from 'vitest'
import { listed } from './binance/symbols.ts'
import { Market } from './market.ts'

const START_MS = 1_700_000_000_000

function marketOf(seed: number): Market {
  const rates = { tradesPerSecond: 40, levelChangesPerSecond: 200 }
  return new Market({ instrument: listed('linear', 'BTCUSDT'), seed, startMs: START_MS, ...rates })
}

describe('a depth tap', () => {
  it('names its own predecessor, whatever other taps of the book do', () => {
    const market = marketOf(1)
    const [fast, slow] = [market.tap(), market.tap()]
    let fastLast = market.lastId
    let slowLast = market.lastId
    for (let step = 1; step <= 200; step++) {
      market.advance(START_MS + step * 50)
      const diff = fast.take(true)
      if (diff !== null) {
        expect(diff.prev).toBe(fastLast)
        fastLast = diff.last
      }
      if (step % 4 !== 0) continue
      const slower = slow.take(false)
      expect([slower!.prev, slower!.last, slower!.bids]).toEqual([slowLast, market.lastId, []])
      slowLast = slower!.last
    }
  })

  it('gives nothing when nothing has changed', () => {
    const market = marketOf(2)
    const tap = market.tap()
    expect(tap.take(true)).toBeNull()
    market.advance(START_MS + 1_000)
    expect(tap.take(true)).not.toBeNull()
    expect(tap.take(true)).toBeNull()
  })

  it('still knows the book as it was when it was last taken', () => {
    for (const limit of [5, 100, Number.POSITIVE_INFINITY]) {
      const market = marketOf(3)
      const tap = market.tap()
      for (let step = 1; step <= 100; step++) {
        market.advance(START_MS + step * 100)
        tap.take(false)
        const { last, timeMs, ...sides } = market.snapshot(limit)
        market.advance(START_MS + step * 100 + 70)
        expect([tap.takenTo, tap.takenMs]).toEqual([last, timeMs])
        expect(tap.bookBefore(limit)).toEqual(sides)
      }
    }
  })
})
