import { assert } from '@cryptoflow/model'
import { type Chance, seededChance } from '@cryptoflow/runtime'
import { BookSide, type Level } from './book-side.ts'
import { DepthTap } from './depth-tap.ts'
import { hashOf, type Instrument } from './instruments.ts'

/** One print. Price in ticks, quantity in lots, side is the taker's. */
export interface MarketTrade {
  readonly id: number
  readonly timeMs: number
  readonly price: number
  readonly quantity: number
  readonly side: 'buy' | 'sell'
  /** Prints of one taker order share this number. */
  readonly order: number
  /** Settled off the book, without an order of the market: it takes no level. */
  readonly isOffBook: boolean
}

export interface BookSnapshot {
  /** Update id of the last change that the snapshot contains. */
  readonly last: number
  /** Exchange time of that change, milliseconds. */
  readonly timeMs: number
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
  /** Levels a side at the start, tended to later; by default 300 to 900 by seed. */
  readonly levels?: number
  /** Update ids grow by 1 to this; default 1, so that none is skipped. */
  readonly idStepMax?: number
  /** Share of taker orders before which something is settled off the book; default 0. */
  readonly offBookShare?: number
  /** Name that the seed is mixed with; default the symbol. */
  readonly seedName?: string
}

/** A side with fewer levels is refilled at once, so that no trade ever empties it. */
const LEVELS_MIN = 50
const LEVELS_MAX = 1000
/** Of these few levels there may be more than there were at the start. */
const LEVELS_GROWTH = 1.2
/** Share of fills of a level that are two trades, since two makers stand there. */
const SPLIT_SHARE = 0.2
/** Mean trades of a taker order, by the shares in `takeOrder`. */
const TRADES_PER_ORDER = (7 / 6) * (1 + SPLIT_SHARE)
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
  private readonly taps: DepthTap[] = []
  private readonly orderEveryMs: number
  private readonly changeEveryMs: number
  private readonly levelsTarget: number
  private readonly levelsMax: number
  private readonly reachTicks: number
  private readonly idStepMax: number
  private readonly offBookShare: number
  private nextOrderMs: number
  private nextChangeMs: number
  private nowMs: number
  private lastUpdateId: number
  private lastChangeMs: number
  private lastTradeId: number
  private orders = 0

  constructor(options: MarketOptions) {
    this.instrument = options.instrument
    this.chance = seededChance(options.seed ^ hashOf(options.seedName ?? options.instrument.symbol))
    this.orderEveryMs = (1000 * TRADES_PER_ORDER) / options.tradesPerSecond
    this.changeEveryMs = 1000 / options.levelChangesPerSecond
    this.nowMs = options.startMs
    this.lastChangeMs = options.startMs
    this.idStepMax = options.idStepMax ?? 1
    this.offBookShare = options.offBookShare ?? 0
    this.nextOrderMs = options.startMs + this.wait(this.orderEveryMs)
    this.nextChangeMs = options.startMs + this.wait(this.changeEveryMs)
    this.lastTradeId = TWO_32 + this.chance.below(TWO_32)
    this.lastUpdateId = 10 * TWO_32 + this.chance.below(TWO_32)
    const reach = Math.floor(options.instrument.startTicks / 4)
    this.reachTicks = Math.min(reach, Math.max(4000, 3 * (options.levels ?? 0)))
    const levels = options.levels ?? 300 + this.chance.below(600)
    this.levelsTarget = Math.min(levels, Math.floor(this.reachTicks / 3))
    this.levelsMax = Math.max(LEVELS_MAX, Math.floor(this.levelsTarget * LEVELS_GROWTH))
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
        this.changeLevel(Math.floor(atMs))
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

  /** A new share of the changes from now on, for one stream. */
  tap(): DepthTap {
    const { bids, asks, lastUpdateId, nowMs } = this
    const tap = new DepthTap({ bids, asks, lastUpdateId, startMs: nowMs })
    this.taps.push(tap)
    return tap
  }

  /** Update id of the last change. */
  get lastId(): number {
    return this.lastUpdateId
  }

  /** Exchange time of the last change, milliseconds. */
  get changedMs(): number {
    return this.lastChangeMs
  }

  /** The best `limit` levels a side, at this moment, changes not yet in a diff included. */
  snapshot(limit: number): BookSnapshot {
    return {
      last: this.lastUpdateId,
      timeMs: this.lastChangeMs,
      bids: this.bids.top(limit),
      asks: this.asks.top(limit),
    }
  }

  private takeOrder(timeMs: number, trades: MarketTrade[]): void {
    const isBuy = this.chance.hits(this.buyShare())
    const side = isBuy ? this.asks : this.bids
    this.orders += 1
    if (this.offBookShare > 0 && this.chance.hits(this.offBookShare)) this.settle(timeMs, isBuy, trades)
    const draw = this.chance.next()
    const wholeLevels = draw < 0.7 ? 0 : draw < 0.9 ? 1 : 1 + this.chance.below(3)
    for (let i = 0; i < wholeLevels; i++) this.fill(timeMs, isBuy, side.quantityAt(0), trades)
    if (wholeLevels !== 1) this.fill(timeMs, isBuy, 1 + this.chance.below(side.quantityAt(0)), trades)
    this.refill(side, timeMs)
  }

  /** A print that has the best price and an id like the others, and takes nothing from the book. */
  private settle(timeMs: number, isBuy: boolean, trades: MarketTrade[]): void {
    const price = (isBuy ? this.asks : this.bids).priceAt(0)
    this.lastTradeId += 1
    const side = isBuy ? 'buy' : 'sell'
    const order = this.orders
    trades.push({ id: this.lastTradeId, timeMs, price, quantity: this.lots(), side, order, isOffBook: true })
    this.orders += 1
  }

  /** One print or two of a quantity at the best price of the maker's side. */
  private fill(timeMs: number, isBuy: boolean, quantity: number, trades: MarketTrade[]): void {
    const first =
      quantity > 1 && this.chance.hits(SPLIT_SHARE) ? 1 + this.chance.below(quantity - 1) : quantity
    this.print(timeMs, isBuy, first, trades)
    if (first < quantity) this.print(timeMs, isBuy, quantity - first, trades)
  }

  /** One print at the best price of the maker's side. */
  private print(timeMs: number, isBuy: boolean, quantity: number, trades: MarketTrade[]): void {
    const maker = isBuy ? this.asks : this.bids
    const price = maker.priceAt(0)
    const left = maker.quantityAt(0) - quantity
    assert(left >= 0, 'a trade takes no more than the level has')
    this.lastTradeId += 1
    const taker = isBuy ? 'buy' : 'sell'
    trades.push({
      id: this.lastTradeId,
      timeMs,
      price,
      quantity,
      side: taker,
      order: this.orders,
      isOffBook: false,
    })
    this.setLevel(maker, price, left, timeMs)
  }

  /** Pulls the price back to where it started: a simulated market must not wander out of its tick grid. */
  private buyShare(): number {
    const start = this.instrument.startTicks
    const away = (this.bids.priceAt(0) - start) / start
    return 0.5 - Math.max(-0.4, Math.min(0.4, away * 50))
  }

  private changeLevel(timeMs: number): void {
    const isBid = this.chance.hits(0.5)
    const side = isBid ? this.bids : this.asks
    const worse = isBid ? -1 : 1
    const best = side.priceAt(0)
    const spread = this.asks.priceAt(0) - this.bids.priceAt(0)
    if (spread > 1 && this.chance.hits(spread > 20 ? 0.6 : 0.15)) {
      this.setLevel(side, best - worse * (1 + this.chance.below(spread - 1)), this.lots(), timeMs)
      return
    }
    const reach = this.chance.hits(0.85) ? this.reachTicks / 100 : this.reachTicks / 6
    const price = best + worse * Math.floor(this.wait(reach))
    if (price >= 1) this.changeLevelAt(side, price, timeMs)
  }

  private changeLevelAt(side: BookSide, price: number, timeMs: number): void {
    const before = side.quantity(price)
    if (before === 0 && side.count >= this.levelsMax) {
      this.setLevel(side, side.priceAt(side.count - 1), 0, timeMs)
    } else if (before > 0 && this.chance.hits(side.count > this.levelsTarget ? 0.65 : 0.35)) {
      this.setLevel(side, price, 0, timeMs)
      this.refill(side, timeMs)
    } else {
      const lots = this.lots()
      this.setLevel(side, price, lots === before ? lots + 1 : lots, timeMs)
    }
  }

  /** Adds levels behind the worst one until the side is deep enough. */
  private refill(side: BookSide, timeMs: number): void {
    const worse = side === this.bids ? -1 : 1
    while (side.count < LEVELS_MIN) {
      const price = side.priceAt(side.count - 1) + worse * (1 + this.chance.below(3))
      this.setLevel(side, price, this.lots(), timeMs)
    }
  }

  private setLevel(side: BookSide, price: number, quantity: number, timeMs: number): void {
    assert(price >= 1, 'a price is at least one tick')
    const before = side.quantity(price)
    side.set(price, quantity)
    this.lastUpdateId += this.idStepMax === 1 ? 1 : 1 + this.chance.below(this.idStepMax)
    this.lastChangeMs = timeMs
    for (const tap of this.taps) tap.note(side, price, before, this.lastUpdateId, timeMs)
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
