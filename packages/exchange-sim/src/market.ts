import { assert } from '@cryptoflow/model'
import { type Chance, seededChance } from '@cryptoflow/runtime'
import { BookSide, type Level } from './book-side.ts'
import { hashOf, type Instrument } from './instruments.ts'

/** One print. Price in ticks, quantity in lots, side is the taker's. */
export interface MarketTrade {
  readonly id: number
  readonly timeMs: number
  readonly price: number
  readonly quantity: number
  readonly side: 'buy' | 'sell'
}

/** Levels changed since the diff before, as absolute quantities; 0 removes. Best price first. */
export interface DepthDiff {
  /** Update id of the first change; always one more than `last` of the diff before. */
  readonly first: number
  readonly last: number
  readonly bids: readonly Level[]
  readonly asks: readonly Level[]
}

export interface BookSnapshot {
  /** Update id of the last change that the snapshot contains. */
  readonly last: number
  readonly bids: readonly Level[]
  readonly asks: readonly Level[]
}

export interface MarketOptions {
  readonly instrument: Instrument
  readonly seed: number
  /** Exchange time at which the market opens, milliseconds. */
  readonly startMs: number
  /** Mean; 0 for none. */
  readonly tradesPerSecond: number
  /** Mean of level changes apart from those that trades cause; 0 for none. */
  readonly levelChangesPerSecond: number
}

/** A side with fewer levels is refilled at once, so that no trade ever empties it. */
const LEVELS_MIN = 50
const LEVELS_MAX = 1000
/** Mean trades of a taker order, by the shares in `takeOrder`. */
const TRADES_PER_ORDER = 7 / 6
const TWO_32 = 4294967296

/**
 * A seeded order flow on one limit order book. Pure: no clock, no I/O; the same seed gives the same flow,
 * whatever steps it is advanced by.
 *
 * Taker orders and level changes come as two Poisson processes. A taker order prints at the opposite best
 * prices and reduces them. Every change of a level, whoever made it, has the next update id.
 */
export class Market {
  readonly instrument: Instrument
  private readonly chance: Chance
  private readonly bids = new BookSide('bid')
  private readonly asks = new BookSide('ask')
  private readonly changedBids = new Set<number>()
  private readonly changedAsks = new Set<number>()
  private readonly orderEveryMs: number
  private readonly changeEveryMs: number
  private readonly levelsTarget: number
  private readonly reachTicks: number
  private nextOrderMs: number
  private nextChangeMs: number
  private nowMs: number
  private lastUpdateId: number
  private lastTradeId: number
  private diffedId: number

  constructor(options: MarketOptions) {
    this.instrument = options.instrument
    this.chance = seededChance(options.seed ^ hashOf(options.instrument.symbol))
    this.orderEveryMs = (1000 * TRADES_PER_ORDER) / options.tradesPerSecond
    this.changeEveryMs = 1000 / options.levelChangesPerSecond
    this.nowMs = options.startMs
    this.nextOrderMs = options.startMs + this.wait(this.orderEveryMs)
    this.nextChangeMs = options.startMs + this.wait(this.changeEveryMs)
    this.lastTradeId = TWO_32 + this.chance.below(TWO_32)
    this.lastUpdateId = 10 * TWO_32 + this.chance.below(TWO_32)
    this.diffedId = this.lastUpdateId
    this.reachTicks = Math.min(4000, Math.floor(options.instrument.startTicks / 4))
    this.levelsTarget = Math.min(300 + this.chance.below(600), Math.floor(this.reachTicks / 3))
    this.open()
  }

  /** Lets the market go on to exchange time `toMs` and answers the trades on the way, in order of id. */
  advance(toMs: number): MarketTrade[] {
    const trades: MarketTrade[] = []
    for (;;) {
      const atMs = Math.min(this.nextOrderMs, this.nextChangeMs)
      if (atMs > toMs) break
      if (this.nextOrderMs <= this.nextChangeMs) {
        this.takeOrder(Math.floor(atMs), trades)
        this.nextOrderMs = atMs + this.wait(this.orderEveryMs)
      } else {
        this.changeLevel()
        this.nextChangeMs = atMs + this.wait(this.changeEveryMs)
      }
    }
    this.nowMs = Math.max(this.nowMs, toMs)
    return trades
  }

  /** Jumps to `toMs` without anything happening in between: the market was halted. */
  halt(toMs: number): void {
    const halted = Math.max(0, toMs - this.nowMs)
    this.nextOrderMs += halted
    this.nextChangeMs += halted
    this.nowMs += halted
  }

  /** The changes since the diff before; null when there were none. */
  takeDiff(): DepthDiff | null {
    if (this.lastUpdateId === this.diffedId) return null
    const diff = {
      first: this.diffedId + 1,
      last: this.lastUpdateId,
      bids: changesOf(this.bids, this.changedBids, (a, b) => b - a),
      asks: changesOf(this.asks, this.changedAsks, (a, b) => a - b),
    }
    this.diffedId = this.lastUpdateId
    return diff
  }

  /** The best `limit` levels a side, at this moment, changes not yet in a diff included. */
  snapshot(limit: number): BookSnapshot {
    return { last: this.lastUpdateId, bids: this.bids.top(limit), asks: this.asks.top(limit) }
  }

  private takeOrder(timeMs: number, trades: MarketTrade[]): void {
    const isBuy = this.chance.hits(this.buyShare())
    const side = isBuy ? this.asks : this.bids
    const draw = this.chance.next()
    const wholeLevels = draw < 0.7 ? 0 : draw < 0.9 ? 1 : 1 + this.chance.below(3)
    for (let i = 0; i < wholeLevels; i++) this.print(timeMs, isBuy, side.quantityAt(0), trades)
    if (wholeLevels !== 1) this.print(timeMs, isBuy, 1 + this.chance.below(side.quantityAt(0)), trades)
    this.refill(side)
  }

  /** One print at the best price of the maker's side. */
  private print(timeMs: number, isBuy: boolean, quantity: number, trades: MarketTrade[]): void {
    const maker = isBuy ? this.asks : this.bids
    const price = maker.priceAt(0)
    const left = maker.quantityAt(0) - quantity
    assert(left >= 0, 'a trade takes no more than the level has')
    this.lastTradeId += 1
    trades.push({ id: this.lastTradeId, timeMs, price, quantity, side: isBuy ? 'buy' : 'sell' })
    this.setLevel(maker, price, left)
  }

  /** Pulls the price back to where it started: a simulated market must not wander out of its tick grid. */
  private buyShare(): number {
    const start = this.instrument.startTicks
    const away = (this.bids.priceAt(0) - start) / start
    return 0.5 - Math.max(-0.4, Math.min(0.4, away * 50))
  }

  private changeLevel(): void {
    const isBid = this.chance.hits(0.5)
    const side = isBid ? this.bids : this.asks
    const worse = isBid ? -1 : 1
    const best = side.priceAt(0)
    const spread = this.asks.priceAt(0) - this.bids.priceAt(0)
    if (spread > 1 && this.chance.hits(spread > 20 ? 0.6 : 0.15)) {
      this.setLevel(side, best - worse * (1 + this.chance.below(spread - 1)), this.lots())
      return
    }
    const reach = this.chance.hits(0.85) ? this.reachTicks / 100 : this.reachTicks / 6
    const price = best + worse * Math.floor(this.wait(reach))
    if (price >= 1) this.changeLevelAt(side, price)
  }

  private changeLevelAt(side: BookSide, price: number): void {
    const before = side.quantity(price)
    if (before === 0 && side.count >= LEVELS_MAX) {
      this.setLevel(side, side.priceAt(side.count - 1), 0)
    } else if (before > 0 && this.chance.hits(side.count > this.levelsTarget ? 0.65 : 0.35)) {
      this.setLevel(side, price, 0)
      this.refill(side)
    } else {
      const lots = this.lots()
      this.setLevel(side, price, lots === before ? lots + 1 : lots)
    }
  }

  /** Adds levels behind the worst one until the side is deep enough. */
  private refill(side: BookSide): void {
    const worse = side === this.bids ? -1 : 1
    while (side.count < LEVELS_MIN) {
      this.setLevel(side, side.priceAt(side.count - 1) + worse * (1 + this.chance.below(3)), this.lots())
    }
  }

  private setLevel(side: BookSide, price: number, quantity: number): void {
    assert(price >= 1, 'a price is at least one tick')
    side.set(price, quantity)
    const changed = side === this.bids ? this.changedBids : this.changedAsks
    changed.add(price)
    this.lastUpdateId += 1
  }

  private open(): void {
    const gap = Math.max(1, Math.floor(this.reachTicks / this.levelsTarget / 2))
    for (const [side, worse] of [
      [this.bids, -1],
      [this.asks, 1],
    ] as const) {
      let price = this.instrument.startTicks + worse
      for (let i = 0; i < this.levelsTarget; i++) {
        side.set(price, this.lots())
        price += worse * (1 + this.chance.below(gap * 2))
      }
    }
  }

  /** A level's quantity: mostly around the typical one, now and then much more, never 0. */
  private lots(): number {
    return 1 + Math.floor(this.wait(this.instrument.typicalLots))
  }

  /** Exponentially distributed with the given mean. */
  private wait(mean: number): number {
    return mean === Number.POSITIVE_INFINITY ? mean : -Math.log(1 - this.chance.next()) * mean
  }
}

function changesOf(side: BookSide, changed: Set<number>, order: (a: number, b: number) => number): Level[] {
  const levels = [...changed].sort(order).map((price): Level => [price, side.quantity(price)])
  changed.clear()
  return levels
}
