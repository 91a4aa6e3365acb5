import { createRequire } from 'node:module'
import type { ExchangeMarket, Market } from '@cryptoflow/model'
import type { FrameSet } from './frames.ts'
import type { WireMessage } from './plain-rows.ts'

/** What we use of `tardis-dev`, the package of github.com/tardis-dev/tardis-node. */
export interface Tardis {
  normalizeTrades: MapperFactory
  normalizeBookChanges: MapperFactory
  normalizeBookTickers: MapperFactory
  OrderBook: new () => TardisBook
}

type MapperFactory = (exchange: string, localTimestamp: Date) => Mapper

interface Mapper {
  canHandle(message: unknown): boolean
  map(message: unknown, localTimestamp: Date): Iterable<MappedMessage> | undefined
}

export interface TardisLevel {
  readonly price: number
  readonly amount: number
}

export interface BookChange {
  readonly isSnapshot: boolean
  readonly bids: readonly TardisLevel[]
  readonly asks: readonly TardisLevel[]
}

export interface TardisBook {
  update(change: BookChange): void
  bids(): Iterable<TardisLevel>
  asks(): Iterable<TardisLevel>
}

export type MappedMessage =
  | ({ readonly type: 'book_change' } & BookChange)
  | { readonly type: 'trade'; readonly price: number; readonly amount: number }
  | {
      readonly type: 'book_ticker'
      readonly bidPrice: number
      readonly bidAmount: number
      readonly askPrice: number
      readonly askAmount: number
    }

/** Not a dependency of this package: it is installed beside the project, by the benchmark alone. */
const PACKAGE = 'tardis-dev'

/** Its names of the markets. */
const EXCHANGES: Readonly<Record<Market, string>> = {
  spot: 'binance',
  linear: 'binance-futures',
  inverse: 'binance-delivery',
}

export interface LoadedTardis {
  readonly tardis: Tardis
  readonly version: string
}

/** The package as `tools/bench` pins it; null where it is not installed. */
export function loadTardis(): LoadedTardis | null {
  const require = createRequire(new URL('../../../tools/bench/package.json', import.meta.url))
  try {
    const { version } = require(`${PACKAGE}/package.json`) as { version: string }
    return { tardis: require(PACKAGE) as Tardis, version }
  } catch {
    return null
  }
}

/**
 * Its mappers called directly, without the async iterator of its feeds and with one received time for all messages:
 * both make it faster than its users have it.
 */
export function openTardis(tardis: Tardis, set: FrameSet) {
  const receivedAt = new Date(0)
  const mappers = set.sources.map((market) => {
    const exchange = EXCHANGES[market.market]
    return [
      tardis.normalizeTrades(exchange, receivedAt),
      tardis.normalizeBookChanges(exchange, receivedAt),
      tardis.normalizeBookTickers(exchange, receivedAt),
    ]
  })
  loadBooks(set, mappers, receivedAt)
  return {
    /** Hands over what the frame's message is mapped to. */
    read(index: number, take: (mapped: MappedMessage) => void): void {
      const { bytes, source } = set.frames[index] as FrameSet['frames'][number]
      const message = JSON.parse(bytes.toString('utf8')) as WireMessage
      for (const mapper of mappers[source] as Mapper[]) {
        if (!mapper.canHandle(message)) continue
        const mapped = mapper.map(message, receivedAt)
        if (mapped) for (const item of mapped) take(item)
      }
    },
  }
}

/** It maps no diff before a snapshot that the first one joins: an empty one is made up for every book. */
function loadBooks(set: FrameSet, mappers: readonly Mapper[][], receivedAt: Date): void {
  const loaded = new Set<string>()
  for (const { bytes, source } of set.frames) {
    if (!bytes.includes('"depthUpdate"')) continue
    const { stream, data } = JSON.parse(bytes.toString('utf8')) as WireMessage
    const key = `${source} ${data.s}`
    if (loaded.has(key)) continue
    loaded.add(key)
    const market = (set.sources[source] as ExchangeMarket).market
    const lastUpdateId = market === 'spot' ? data.U - 1 : data.U
    const snapshot = {
      stream: stream.replace(/@.*$/, '@depthSnapshot'),
      data: { lastUpdateId, bids: [], asks: [] },
    }
    for (const mapper of mappers[source] as Mapper[]) {
      if (mapper.canHandle(snapshot)) Array.from(mapper.map(snapshot, receivedAt) ?? [])
    }
  }
}
