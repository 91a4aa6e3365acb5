import type { SimCounters } from '../counters.ts'
import type { MarketTrade } from '../market.ts'

/** Trades of a product that can be shown again, newest last. */
export interface Print {
  readonly trade: MarketTrade
  readonly price: string
  readonly quantity: string
}

/** What a subscriber is shown of the past. */
export interface Past {
  /** In order of id. */
  readonly prints: readonly Print[]
  /** They happened before the stream had its first subscriber, so nobody was ever told of them. */
  readonly isNews: boolean
}

/**
 * The past of one stream of trades, as a new subscriber is shown it.
 *
 * Until the first subscriber came nothing was told; what happened then is news to that subscriber. To later ones only
 * trades are repeated that were delivered to somebody: what was withheld stays withheld.
 */
export class Tape {
  private readonly depth: number
  private known: Print[] = []
  private isOpened = false

  /** Remembers `depth` trades. */
  constructor(depth: number) {
    this.depth = depth
  }

  /** Trades that happened while nobody had subscribed yet, or that were delivered. */
  keep(prints: readonly Print[]): void {
    this.known = [...this.known, ...prints].slice(-this.depth)
  }

  /** Shows the past to a subscriber; `show` answers whether it was delivered. */
  open(show: (past: Past) => boolean): void {
    const isNews = !this.isOpened
    this.isOpened = true
    const isDelivered = this.known.length === 0 || show({ prints: this.known, isNews })
    if (isNews && !isDelivered) this.known = []
  }
}

/** Whether what `send` hands to the fan-out reached somebody whole; false where that cannot be told. */
export function isDelivered(counters: Readonly<SimCounters>, send: () => void): boolean {
  const { framesSent } = counters
  const { malformed, duplicateAfterReconnect } = counters.faults
  send()
  const isTold = counters.faults.duplicateAfterReconnect === duplicateAfterReconnect
  return isTold && counters.framesSent > framesSent && counters.faults.malformed === malformed
}
