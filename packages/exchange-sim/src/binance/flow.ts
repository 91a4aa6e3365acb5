import type { Emission } from '../emission-log.ts'
import { type Instrument, instrumentOf } from '../instruments.ts'
import { type BookSnapshot, type DepthDiff, Market, type MarketTrade } from '../market.ts'
import {
  bookTickerMessage,
  depthMessage,
  levelTexts,
  priceText,
  quantityText,
  tradeMessage,
  wireName,
} from './wire.ts'

/** What is said of a message whatever becomes of it on its way. */
export type EmissionContent = Omit<Emission, 'copies' | 'connection' | 'fault' | 'wire'>

/** One message of one stream, generated whether anybody listens or not. */
export interface FlowMessage {
  readonly streamName: string
  /** The payload alone, without the combined wrapper. */
  readonly payload: string
  /** Null for streams that the log leaves out. */
  readonly content: EmissionContent | null
}

export interface FlowOptions {
  readonly symbols: readonly string[]
  readonly seed: number
  readonly startMs: number
  readonly depthEveryMs: number
  /** Mean per symbol. */
  readonly tradesPerSecond: number
  /** Mean of level changes per symbol between two diffs. */
  readonly levelsPerDiff: number
}

/** Longest stretch that is caught up with after the process stood still; beyond it, markets were halted. */
const CATCH_UP_MS_MAX = 10_000
const STEP_MS_MAX = 10

interface Listing {
  readonly market: Market
  /** Diffs are due at times with this remainder: symbols take turns instead of bursting together. */
  readonly phaseMs: number
  ticker: string
}

/**
 * All symbols' markets on one grid of time.
 *
 * Messages are a pure function of the options and of the grid times reached: how often and how late
 * `advance` is called changes nothing in them or in their order.
 */
export class Flow {
  readonly streamNames: readonly string[]
  /** Timers should call `advance` this often, milliseconds. */
  readonly stepMs: number
  private readonly depthEveryMs: number
  private readonly listings: ReadonlyMap<string, Listing>
  private reachedMs: number

  constructor(options: FlowOptions) {
    this.depthEveryMs = options.depthEveryMs
    this.stepMs = stepOf(options.depthEveryMs)
    this.reachedMs = options.startMs
    this.listings = new Map(
      options.symbols.map((symbol, index) => [symbol, this.list(symbol, index, options)]),
    )
    this.streamNames = options.symbols.flatMap((symbol) =>
      ['trade', 'depth@100ms', 'bookTicker'].map((stream) => wireName(symbol, stream)),
    )
  }

  /** Exchange time that all markets have reached, milliseconds. */
  get nowMs(): number {
    return this.reachedMs
  }

  get instruments(): Instrument[] {
    return [...this.listings.values()].map((listing) => listing.market.instrument)
  }

  /** Lets every market go on to `toMs` and hands over what it generates, in order. */
  advance(toMs: number, deliver: (message: FlowMessage) => void): void {
    if (toMs - this.reachedMs > CATCH_UP_MS_MAX) this.halt(toMs)
    while (this.reachedMs + this.stepMs <= toMs) {
      this.reachedMs += this.stepMs
      for (const listing of this.listings.values()) this.step(listing, deliver)
    }
  }

  /** The book of a symbol as it is now; null for a symbol that is not traded here. */
  snapshot(symbol: string, limit: number): { instrument: Instrument; book: BookSnapshot } | null {
    const market = this.listings.get(symbol)?.market
    return market === undefined ? null : { instrument: market.instrument, book: market.snapshot(limit) }
  }

  private list(symbol: string, index: number, options: FlowOptions): Listing {
    const market = new Market({
      instrument: instrumentOf(symbol),
      seed: options.seed,
      startMs: options.startMs,
      tradesPerSecond: options.tradesPerSecond,
      levelChangesPerSecond: (options.levelsPerDiff * 1000) / options.depthEveryMs,
    })
    const phaseMs = (options.startMs + index * this.stepMs) % options.depthEveryMs
    return { market, phaseMs, ticker: '' }
  }

  private step(listing: Listing, deliver: (message: FlowMessage) => void): void {
    const { market } = listing
    for (const trade of market.advance(this.reachedMs)) deliver(this.tradeOf(market.instrument, trade))
    if (this.reachedMs % this.depthEveryMs === listing.phaseMs) {
      const diff = market.takeDiff()
      if (diff !== null) deliver(this.depthOf(market.instrument, diff))
    }
    this.quote(listing, deliver)
  }

  private quote(listing: Listing, deliver: (message: FlowMessage) => void): void {
    const { instrument } = listing.market
    const top = listing.market.snapshot(1)
    const ticker = `${top.bids[0]} ${top.asks[0]}`
    if (ticker === listing.ticker) return
    listing.ticker = ticker
    const streamName = wireName(instrument.symbol, 'bookTicker')
    deliver({ streamName, payload: bookTickerMessage(instrument, top), content: null })
  }

  private tradeOf(instrument: Instrument, trade: MarketTrade): FlowMessage {
    const { symbol } = instrument
    const { id, timeMs: tradeMs, side } = trade
    const price = priceText(instrument, trade.price)
    const quantity = quantityText(instrument, trade.quantity)
    const eventMs = this.reachedMs
    return {
      streamName: wireName(symbol, 'trade'),
      payload: tradeMessage({ symbol, id, eventMs, tradeMs, price, quantity, side }),
      content: {
        ...contentOf(symbol, 'trade', { first: id, last: id, eventMs, tradeMs }),
        bids: [],
        asks: [],
        price,
        quantity,
        side,
      },
    }
  }

  private depthOf(instrument: Instrument, diff: DepthDiff): FlowMessage {
    const { symbol } = instrument
    const { first, last } = diff
    const bids = levelTexts(instrument, diff.bids)
    const asks = levelTexts(instrument, diff.asks)
    const eventMs = this.reachedMs
    return {
      streamName: wireName(symbol, 'depth@100ms'),
      payload: depthMessage({ symbol, eventMs, first, last, bids, asks }),
      content: bookContentOf(symbol, 'depth@100ms', { first, last, eventMs, bids, asks }),
    }
  }

  private halt(toMs: number): void {
    const steps = Math.floor((toMs - this.reachedMs) / this.stepMs)
    this.reachedMs += steps * this.stepMs
    for (const { market } of this.listings.values()) market.halt(this.reachedMs)
  }
}

/** What the log says of a book message or answer. */
export function bookContentOf(
  symbol: string,
  stream: 'depth@100ms' | 'snapshot',
  book: Pick<EmissionContent, 'first' | 'last' | 'bids' | 'asks'> & { readonly eventMs: number },
): EmissionContent {
  return {
    ...contentOf(symbol, stream, { ...book, tradeMs: null }),
    bids: book.bids,
    asks: book.asks,
    price: null,
    quantity: null,
    side: null,
  }
}

function contentOf(
  symbol: string,
  stream: string,
  at: {
    readonly first: number
    readonly last: number
    readonly eventMs: number
    readonly tradeMs: number | null
  },
): Omit<EmissionContent, 'bids' | 'asks' | 'price' | 'quantity' | 'side'> {
  return {
    exchange: 'binance',
    market: 'spot',
    symbol,
    stream,
    first: at.first,
    last: at.last,
    event_ms: at.eventMs,
    trade_ms: at.tradeMs,
  }
}

/** The longest step up to 10 ms that divides the diffs' interval. */
function stepOf(depthEveryMs: number): number {
  let step = Math.min(STEP_MS_MAX, depthEveryMs)
  while (depthEveryMs % step !== 0) step -= 1
  return step
}
