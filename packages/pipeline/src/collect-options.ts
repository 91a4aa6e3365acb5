import type { IngestNotice } from '@cryptoflow/ingest'
import type { Market } from '@cryptoflow/model'
import type { ImageOptions } from '@cryptoflow/normalize'
import type { Backoff, Chance, Clock } from '@cryptoflow/runtime'
import type { CrashDrill } from './drill.ts'

/** What one collecting process is told. */
export interface CollectOptions {
  readonly exchange: string
  readonly market: Market
  /** Addresses other than the exchange's own, for simulators and proxies. */
  readonly urls?: { readonly wsUrl: string; readonly restUrl: string }
  readonly symbols: readonly string[]
  readonly streams: readonly string[]
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
