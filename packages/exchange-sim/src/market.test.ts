import { describe, expect, it } from 'vitest'
import { listed } from './binance/symbols.ts'
import type { Level } from './book-side.ts'
import type { DepthDiff } from './depth-tap.ts'
import { type BookSnapshot, Market, type MarketTrade } from './market.ts'

const SEEDS = [1, 2, 3, 77, 4_000_000_001]
const START_MS = 1_700_000_000_000

function marketOf(seed: number, symbol = 'BTCUSDT'): Market {
  return new Market({
    instrument: listed('spot', symbol),
    seed,
    startMs: START_MS,
    tradesPerSecond: 40,
    levelChangesPerSecond: 200,
  })
}

function tradingOnly(seed: number): Market {
  const instrument = listed('spot', 'BTCUSDT')
  return new Market({ instrument, seed, startMs: START_MS, tradesPerSecond: 20, levelChangesPerSecond: 0 })
}

/** A plain second book: what a careful client would hold. */
class PlainBook {
  readonly bids: Map<number, number>
  readonly asks: Map<number, number>

  constructor(snapshot: BookSnapshot) {
    this.bids = new Map(snapshot.bids)
    this.asks = new Map(snapshot.asks)
  }

  apply(diff: DepthDiff): void {
    applyLevels(this.bids, diff.bids)
    applyLevels(this.asks, diff.asks)
  }

  bestBid(): number {
    return Math.max(...this.bids.keys())
  }

  bestAsk(): number {
    return Math.min(...this.asks.keys())
  }

  sides(): { bids: Level[]; asks: Level[] } {
    return {
      bids: [...this.bids].sort((a, b) => b[0] - a[0]),
      asks: [...this.asks].sort((a, b) => a[0] - b[0]),
    }
  }
}

function applyLevels(side: Map<number, number>, levels: readonly Level[]): void {
  for (const [price, quantity] of levels) {
    if (quantity === 0) side.delete(price)
    else side.set(price, quantity)
  }
}

const WHOLE = Number.POSITIVE_INFINITY

describe('a market', () => {
  it.each(SEEDS)('equals a snapshot taken at any moment plus the diffs that follow it (seed %i)', (seed) => {
    const market = marketOf(seed)
    const tap = market.tap()
    let nowMs = START_MS
    for (let round = 0; round < 10; round++) {
      nowMs += 37
      market.advance(nowMs)
      const snapshot = market.snapshot(WHOLE)
      const book = new PlainBook(snapshot)
      let last = snapshot.last
      for (let step = 0; step < 60; step++) {
        nowMs += 100
        market.advance(nowMs)
        const diff = tap.take(true)
        if (diff === null || diff.last <= last) continue
        expect(diff.first).toBeLessThanOrEqual(last + 1)
        book.apply(diff)
        last = diff.last
      }
      const { last: end, timeMs: _, ...sides } = market.snapshot(WHOLE)
      expect(last).toBe(end)
      expect(book.sides()).toEqual(sides)
    }
  })

  it.each(SEEDS)('counts every level change in contiguous update ids above 2^32 (seed %i)', (seed) => {
    const market = marketOf(seed)
    const tap = market.tap()
    let last = market.snapshot(0).last
    expect(last).toBeGreaterThan(2 ** 32)
    for (let step = 1; step <= 2_000; step++) {
      market.advance(START_MS + step * 50)
      const diff = tap.take(true)
      if (diff === null) continue
      expect(diff.first).toBe(last + 1)
      const levels = diff.bids.length + diff.asks.length
      expect(levels).toBeGreaterThan(0)
      expect(diff.last - diff.first + 1).toBeGreaterThanOrEqual(levels)
      last = diff.last
    }
  })

  it('gives an update id to each print and to nothing else when nobody else acts', () => {
    const market = tradingOnly(1)
    const before = market.snapshot(0).last
    const trades = market.advance(START_MS + 5_000)
    expect(trades.length).toBeGreaterThan(50)
    expect(market.snapshot(0).last - before).toBe(trades.length)
  })

  it.each(SEEDS)('prints at the opposite best price and takes what was there (seed %i)', (seed) => {
    const trading = tradingOnly(seed)
    const tap = trading.tap()
    const book = new PlainBook(trading.snapshot(WHOLE))
    for (let step = 1; step <= 1_000; step++) {
      for (const trade of trading.advance(START_MS + step * 20)) {
        const maker = trade.side === 'buy' ? book.asks : book.bids
        expect(trade.price).toBe(trade.side === 'buy' ? book.bestAsk() : book.bestBid())
        const left = (maker.get(trade.price) as number) - trade.quantity
        expect(left).toBeGreaterThanOrEqual(0)
        applyLevels(maker, [[trade.price, left]])
      }
      const diff = tap.take(true)
      if (diff !== null) book.apply(diff)
    }
    const { last: _, timeMs: __, ...sides } = trading.snapshot(WHOLE)
    expect(book.sides()).toEqual(sides)
  })

  it.each(SEEDS)('never crosses, never runs dry and stays on its tick grid (seed %i)', (seed) => {
    const symbols = ['BTCUSDT', 'ETHBTC', 'MADEUPUSDT']
    for (const market of symbols.map((symbol) => marketOf(seed, symbol))) {
      for (let step = 1; step <= 1_000; step++) {
        market.advance(START_MS + step * 300)
        const { bids, asks } = market.snapshot(1)
        expect(bids[0]![0]).toBeLessThan(asks[0]![0])
      }
      const { bids, asks } = market.snapshot(WHOLE)
      for (const side of [bids, asks]) {
        expect(side.length).toBeGreaterThanOrEqual(50)
        expect(side.length).toBeLessThanOrEqual(1000)
        for (const value of side.flat()) expect(Number.isSafeInteger(value) && value > 0).toBe(true)
      }
      const drift = Math.abs(bids[0]![0] - market.instrument.startTicks) / market.instrument.startTicks
      expect(drift).toBeLessThan(0.1)
    }
  })

  it('numbers trades one by one from above 2^32, in order of time', () => {
    const trades = marketOf(9).advance(START_MS + 60_000)
    expect(trades.length).toBeGreaterThan(60 * 40 * 0.8)
    expect(trades.length).toBeLessThan(60 * 40 * 1.2)
    trades.reduce((before, trade) => {
      expect(trade.id).toBe(before.id + 1)
      expect(trade.timeMs).toBeGreaterThanOrEqual(before.timeMs)
      return trade
    })
    expect(trades[0]!.id).toBeGreaterThan(2 ** 32)
    expect(trades[0]!.timeMs).toBeGreaterThanOrEqual(START_MS)
    expect(trades.at(-1)!.timeMs).toBeLessThanOrEqual(START_MS + 60_000)
  })

  it('flows the same from the same seed, whatever the steps, and otherwise from another seed', () => {
    const flow = (market: Market, stepMs: number): MarketTrade[] => {
      const trades: MarketTrade[] = []
      for (let ms = 0; ms <= 30_000; ms += stepMs) trades.push(...market.advance(START_MS + ms))
      return trades
    }
    const market = marketOf(5)
    const tap = market.tap()
    const trades = flow(market, 10)
    const other = marketOf(5)
    const otherTap = other.tap()
    expect(flow(other, 1_000)).toEqual(trades)
    expect(otherTap.take(true)).toEqual(tap.take(true))
    expect(flow(marketOf(6), 10)).not.toEqual(trades)
    expect(flow(marketOf(5, 'ETHUSDT'), 10)).not.toEqual(trades)
  })

  it('starts with a book of some hundred to 1000 levels a side', () => {
    const { bids, asks } = marketOf(3).snapshot(WHOLE)
    for (const side of [bids, asks]) {
      expect(side.length).toBeGreaterThanOrEqual(300)
      expect(side.length).toBeLessThanOrEqual(1000)
    }
  })

  it('has no events during a halt and goes on where it stopped', () => {
    const halted = marketOf(4)
    const plain = marketOf(4)
    halted.advance(START_MS + 5_000)
    plain.advance(START_MS + 5_000)
    halted.halt(START_MS + 65_000)
    expect(halted.advance(START_MS + 65_000)).toEqual([])
    const shifted = halted.advance(START_MS + 70_000).map((trade) => trade.timeMs - 60_000)
    expect(shifted).toEqual(plain.advance(START_MS + 10_000).map((trade) => trade.timeMs))
  })

  it('is opened with as many levels as asked for', () => {
    const instrument = listed('spot', 'BTCUSDT')
    const options = { instrument, seed: 1, startMs: START_MS, tradesPerSecond: 0, levelChangesPerSecond: 0 }
    for (const levels of [50, 3_000]) {
      const { bids, asks } = new Market({ ...options, levels }).snapshot(WHOLE)
      expect([bids.length, asks.length]).toEqual([levels, levels])
    }
  })

  it('settles off the book with the next trade id and takes nothing', () => {
    const instrument = listed('linear', 'BTCUSDT')
    const rates = { tradesPerSecond: 40, levelChangesPerSecond: 0 }
    const market = new Market({ instrument, seed: 1, startMs: START_MS, ...rates, offBookShare: 0.2 })
    const before = market.lastId
    const trades = market.advance(START_MS + 20_000)
    const settled = trades.filter(({ isOffBook }) => isOffBook)
    expect(settled.length).toBeGreaterThan(50)
    trades.reduce((last, trade) => {
      expect(trade.id).toBe(last.id + 1)
      return trade
    })
    expect(market.lastId - before).toBe(trades.length - settled.length)
    const orders = new Set(settled.map(({ order }) => order))
    expect(trades.some(({ order, isOffBook }) => !isOffBook && orders.has(order))).toBe(false)
  })

  it('skips update ids when it is told to, and never goes back', () => {
    const instrument = listed('linear', 'BTCUSDT')
    const rates = { tradesPerSecond: 10, levelChangesPerSecond: 100 }
    const market = new Market({ instrument, seed: 1, startMs: START_MS, ...rates, idStepMax: 9 })
    const tap = market.tap()
    let skipped = 0
    let last = market.lastId
    for (let ms = 10; ms <= 5_000; ms += 10) {
      market.advance(START_MS + ms)
      const diff = tap.take(true)
      if (diff === null) continue
      expect(diff.prev).toBe(last)
      expect(diff.first).toBeGreaterThan(last)
      if (diff.first > last + 1) skipped += 1
      last = diff.last
    }
    expect(last).toBe(market.lastId)
    expect(skipped).toBeGreaterThan(50)
  })
})
