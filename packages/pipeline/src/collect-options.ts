import type { MarketOptions } from '@cryptoflow/exchanges'
import type { IngestNotice } from '@cryptoflow/ingest'
import type { Market } from '@cryptoflow/model'
import type { ImageOptions } from '@cryptoflow/normalize'
import type { Backoff, Chance, Clock } from '@cryptoflow/runtime'
import type { CrashDrill } from './drill.ts'

/** What is collected of one market. */
export interface MarketCollection {
  readonly exchange: string
  readonly market: Market
  /** Addresses other than the exchange's own, for simulators and proxies. */
  readonly urls?: MarketOptions
  readonly symbols: readonly string[]
  /** Tables (`ticks`, `spot_delta`) or the exchange's own channels (`depth@500ms`); default all tables it can fill. */
  readonly streams?: readonly string[]
}

/** What one collecting process is told. */
export interface CollectOptions {
  /** One or more, each market once; they share the journal, and the exchange's limits where it counts them together. */
  readonly collections: readonly MarketCollection[]
  readonly warehouseDirectory: string
  readonly images: ImageOptions
  readonly compression: 'zstd' | 'snappy'
  /** A barrier at the latest after this many milliseconds or rows. */
  readonly sealEveryMs: number
  readonly sealRows: number
  readonly commitEveryMs: number
  /** 1: lane and publisher in threads of their own; 0: everything inline. */
  readonly threads: 0 | 1
  readonly backoff?: Backoff
  readonly clock: Clock
  readonly chance: Chance
  readonly drill: CrashDrill | null
  readonly notice: (notice: IngestNotice) => void
}
