import { type Chance, seededChance } from '@cryptoflow/runtime'
import { hashOf } from '../instruments.ts'
import type { Listed } from './symbols.ts'

/** An order that closes a position by force. Prices in ticks, quantities in lots. */
export interface ForcedOrder {
  /** Of the order: `sell` closes a long position. */
  readonly side: 'buy' | 'sell'
  readonly price: number
  readonly averagePrice: number
  readonly quantity: number
  readonly filled: number
  readonly lastFilled: number
  readonly timeMs: number
}

const MINUTE_MS = 60_000

/** A symbol's forced orders, a Poisson process of its own; of each second only the largest is told. */
export class ForcedOrders {
  private readonly chance: Chance
  private readonly typicalLots: number
  private readonly everyMs: number
  private nextMs: number
  private largest: ForcedOrder | null = null

  constructor(options: {
    readonly listed: Listed
    readonly seed: number
    readonly startMs: number
    readonly perMinute: number
  }) {
    const { listed, seed, startMs, perMinute } = options
    this.chance = seededChance(seed ^ hashOf(`forced ${listed.market} ${listed.symbol}`))
    this.typicalLots = listed.typicalLots
    this.everyMs = MINUTE_MS / perMinute
    this.nextMs = startMs + this.wait()
  }

  /** Lets orders happen up to `toMs`, at the best prices of that moment. */
  advance(toMs: number, bestBid: number, bestAsk: number): void {
    while (this.nextMs <= toMs) {
      const order = this.orderAt(Math.floor(this.nextMs), bestBid, bestAsk)
      if (this.largest === null || order.quantity > this.largest.quantity) this.largest = order
      this.nextMs += this.wait()
    }
  }

  /** Jumps over a halt. */
  halt(haltedMs: number): void {
    this.nextMs += haltedMs
  }

  /** The largest order since the call before. */
  take(): ForcedOrder | null {
    const order = this.largest
    this.largest = null
    return order
  }

  private orderAt(timeMs: number, bestBid: number, bestAsk: number): ForcedOrder {
    const isSell = this.chance.hits(0.5)
    const quantity = 1 + this.chance.below(this.typicalLots * 3)
    const filled = this.chance.hits(0.8) ? quantity : 1 + this.chance.below(quantity)
    const lastFilled = 1 + this.chance.below(filled)
    const averagePrice = isSell ? bestBid : bestAsk
    const away = this.chance.below(1 + Math.floor(averagePrice / 200))
    const price = Math.max(1, isSell ? averagePrice - away : averagePrice + away)
    return { side: isSell ? 'sell' : 'buy', price, averagePrice, quantity, filled, lastFilled, timeMs }
  }

  private wait(): number {
    if (this.everyMs === Number.POSITIVE_INFINITY) return this.everyMs
    return -Math.log(1 - this.chance.next()) * this.everyMs
  }
}
