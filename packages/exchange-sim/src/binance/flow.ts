import type { Market as MarketName } from '@cryptoflow/model'
import type { BookSnapshot } from '../market.ts'
import { futuresFieldsOf } from './futures-dialect.ts'
import { type Deliver, Listing } from './listing.ts'
import { Sampler } from './sampler.ts'
import type { BinanceSimSettings } from './settings.ts'
import { streamsOf } from './streams.ts'
import { listed } from './symbols.ts'
import { wireName } from './text.ts'

export type { Deliver, FlowMessage } from './listing.ts'

export type FlowOptions = Pick<
  BinanceSimSettings,
  | 'seed'
  | 'markets'
  | 'tradesPerSecond'
  | 'levelsPerDiff'
  | 'depthEveryMs'
  | 'bookLevels'
  | 'liquidationsPerMinute'
  | 'since'
> & { readonly startMs: number }

/** Longest stretch that is caught up with after the process stood still; beyond it, markets were halted. */
const CATCH_UP_MS_MAX = 10_000
const STEP_MS_MAX = 10
/** Speeds in the names of book streams are meant for this distance of diffs. */
const DEPTH_EVERY_MS = 100
const LIQUIDATIONS_PER_MINUTE = 12
const ALL_FIELDS = '9999-12-31'

/** How a subscription's name leads to what generates it. */
interface Opening {
  readonly stream: string
  /** Null for a stream of the whole market. */
  readonly listing: Listing | null
}

/**
 * All markets' symbols on one grid of time.
 *
 * What a stream says is a pure function of the options and of the grid times reached: how often and how late
 * `advance` is called, who subscribed and when changes nothing in it or in the order of messages. A stream begins to
 * be told when it is opened.
 */
export class Flow {
  /** Timers should call `advance` this often, milliseconds. */
  readonly stepMs: number
  private readonly markets: ReadonlyMap<MarketName, ReadonlyMap<string, Listing>>
  private readonly openings: ReadonlyMap<MarketName, ReadonlyMap<string, Opening>>
  private readonly listings: readonly Listing[]
  private readonly sampler: Sampler
  /** Books of before, to be answered once in place of the present ones. */
  private readonly staleBooks = new Map<Listing, BookSnapshot>()
  private reachedMs: number

  constructor(options: FlowOptions) {
    this.stepMs = stepOf(options.depthEveryMs ?? DEPTH_EVERY_MS)
    this.reachedMs = options.startMs
    this.markets = new Map(
      options.markets.map(({ market, symbols }) => [
        market,
        new Map(symbols.map((symbol, index) => [symbol, this.list(market, symbol, index, options)])),
      ]),
    )
    this.listings = [...this.markets.values()].flatMap((listings) => [...listings.values()])
    this.openings = new Map(
      [...this.markets].map(([market, listings]) => [market, openingsOf(market, listings)]),
    )
    const futures = [...this.markets.keys()].filter((market) => market !== 'spot')
    this.sampler = new Sampler({ markets: futures, listings: this.listings, startMs: options.startMs })
  }

  /** Exchange time that all markets have reached, milliseconds. */
  get nowMs(): number {
    return this.reachedMs
  }

  /** Answers whether a market has a stream; if so, it is told from now on. */
  open(market: MarketName, streamName: string): boolean {
    const opening = this.openings.get(market)?.get(streamName)
    if (opening === undefined) return false
    if (opening.listing === null) this.sampler.open(market, opening.stream)
    else opening.listing.open(opening.stream)
    return true
  }

  /** Null for a symbol that is not traded there. */
  listing(market: MarketName, symbol: string): Listing | null {
    return this.markets.get(market)?.get(symbol) ?? null
  }

  /** All symbols of a market, in the order of the settings. */
  listingsOf(market: MarketName): readonly Listing[] {
    return [...(this.markets.get(market)?.values() ?? [])]
  }

  /** Lets every market go on to `toMs` and hands over what is told, in order. */
  advance(toMs: number, deliver: Deliver): void {
    if (toMs - this.reachedMs > CATCH_UP_MS_MAX) this.halt(toMs)
    while (this.reachedMs + this.stepMs <= toMs) {
      this.reachedMs += this.stepMs
      for (const listing of this.listings) listing.step(this.reachedMs, deliver)
      this.sampler.step(this.reachedMs, deliver)
    }
  }

  /** Keeps a symbol's book as it is now, for the next time it is asked for. */
  rememberBook(market: MarketName, symbol: string, limit: number): void {
    const listing = this.listing(market, symbol)
    if (listing !== null) this.staleBooks.set(listing, listing.book.snapshot(limit))
  }

  /** The remembered book of a symbol, once; null when there is none or when nothing has happened since. */
  takeStaleBook(listing: Listing): BookSnapshot | null {
    const book = this.staleBooks.get(listing)
    this.staleBooks.delete(listing)
    return book === undefined || book.last === listing.book.lastId ? null : book
  }

  private list(market: MarketName, symbol: string, index: number, options: FlowOptions): Listing {
    const depthEveryMs = options.depthEveryMs ?? DEPTH_EVERY_MS
    return new Listing({
      listed: listed(market, symbol),
      seed: options.seed,
      startMs: options.startMs,
      phaseMs: index * this.stepMs,
      bookPace: depthEveryMs / DEPTH_EVERY_MS,
      tradesPerSecond: options.tradesPerSecond,
      levelChangesPerSecond: (options.levelsPerDiff * 1000) / depthEveryMs,
      liquidationsPerMinute: options.liquidationsPerMinute ?? LIQUIDATIONS_PER_MINUTE,
      bookLevels: options.bookLevels ?? null,
      fields: futuresFieldsOf(options.since ?? ALL_FIELDS),
    })
  }

  private halt(toMs: number): void {
    const haltedMs = Math.floor((toMs - this.reachedMs) / this.stepMs) * this.stepMs
    this.reachedMs += haltedMs
    for (const listing of this.listings) listing.halt(this.reachedMs, haltedMs)
    this.sampler.halt(haltedMs)
  }
}

function openingsOf(market: MarketName, listings: ReadonlyMap<string, Listing>): Map<string, Opening> {
  const openings = new Map<string, Opening>()
  for (const { name, scope } of streamsOf(market)) {
    if (scope === 'market') {
      openings.set(name, { stream: name, listing: null })
      continue
    }
    for (const [symbol, listing] of listings) openings.set(wireName(symbol, name), { stream: name, listing })
  }
  return openings
}

/** The longest step up to 10 ms that divides the diffs' interval. */
function stepOf(depthEveryMs: number): number {
  let step = Math.min(STEP_MS_MAX, depthEveryMs)
  while (depthEveryMs % step !== 0) step -= 1
  return step
}
