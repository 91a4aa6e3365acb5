import { type Chance, seededChance } from '@cryptoflow/runtime'
import { hashOf } from '../instruments.ts'
import type { Listing } from './listing.ts'

/** An order that closed a position by force. Price in ticks, quantity in lots. */
export interface Forced {
  /** Of the order: `sell` closes a long position. */
  readonly side: 'buy' | 'sell'
  readonly price: number
  readonly quantity: number
  readonly timeMs: number
}

const MINUTE_MS = 60_000

/** A listing's forced orders, a Poisson process of its own. */
export class ForcedOrders {
  private readonly listing: Listing
  private readonly chance: Chance
  private readonly everyMs: number
  private nextMs: number

  constructor(options: {
    readonly listing: Listing
    readonly name: string
    readonly seed: number
    readonly startMs: number
    /** Mean; 0 for none. */
    readonly perMinute: number
  }) {
    this.listing = options.listing
    this.chance = seededChance(options.seed ^ hashOf(`forced ${options.name}`))
    this.everyMs = MINUTE_MS / options.perMinute
    this.nextMs = options.startMs + this.wait()
  }

  /** The orders up to `toMs` that were not taken yet, at the best prices of now. */
  take(toMs: number): Forced[] {
    const orders: Forced[] = []
    while (this.nextMs <= toMs) {
      orders.push(this.orderAt(Math.floor(this.nextMs)))
      this.nextMs += this.wait()
    }
    return orders
  }

  private orderAt(timeMs: number): Forced {
    const { bids, asks } = this.listing.market.snapshot(1)
    const isSell = this.chance.hits(0.5)
    const price = (isSell ? bids : asks)[0]?.[0] ?? 1
    const quantity = 1 + this.chance.below(this.listing.instrument.typicalLots)
    return { side: isSell ? 'sell' : 'buy', price, quantity, timeMs }
  }

  private wait(): number {
    return this.everyMs === Number.POSITIVE_INFINITY
      ? this.everyMs
      : -Math.log(1 - this.chance.next()) * this.everyMs
  }
}
