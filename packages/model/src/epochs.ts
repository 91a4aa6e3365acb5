import type { TableName } from './tables.ts'

/**
 * A data file as it is offered for commit: what Iceberg's manifest entry needs, JSON-safe.
 * Bounds are Iceberg single-value bytes in lower-case hex, keyed by field id.
 */
export interface DataFileOffer {
  readonly location: string
  readonly bytes: number
  readonly rows: number
  /** Values of the partition fields in spec order: hours or days since 1970 as number, strings as they are. */
  readonly partition: readonly (number | string | null)[]
  readonly valueCounts: Readonly<Record<string, number>>
  readonly nullCounts: Readonly<Record<string, number>>
  readonly lowerBounds: Readonly<Record<string, string>>
  readonly upperBounds: Readonly<Record<string, string>>
  readonly splitOffsets: readonly number[]
  /** The table's schema and partition spec that the file was written with (R21). */
  readonly schemaId: number
  readonly specId: number
}

/** The commit request of one sealed journal range: all files for all tables. Immutable once sealed. */
export interface EpochRequest {
  /** Journal id. */
  readonly writer: string
  /** Dense from 1. */
  readonly epoch: number
  /** First and last record of the range. */
  readonly from: number
  readonly to: number
  readonly tables: Readonly<Partial<Record<TableName, readonly DataFileOffer[]>>>
  /** Last sequence sealed per `exchange NUL market NUL symbol NUL stream`. */
  readonly progress: Readonly<Record<string, number>>
  readonly sealedAtMs: number
  readonly version: string
  /** Per table earlier epochs of this writer whose rows are in these files, too: the table had them void (R16). */
  readonly replaces?: Readonly<Partial<Record<TableName, readonly number[]>>>
  /**
   * Per table an earlier epoch of this writer after which no other one before this names it; none ever did where a
   * table is not here. Entered when the request is sealed; absent in requests of older versions, which do not tell.
   */
  readonly lastNamed?: Readonly<Partial<Record<TableName, number>>>
}

/** A ledger slot: a request with its content hash and marks, or the fence that ends a writer. */
export type EpochItem =
  | {
      readonly kind: 'request'
      readonly hash: string
      readonly request: EpochRequest
      /** Per table the Iceberg snapshot that decided it. */
      readonly done: Readonly<Partial<Record<TableName, string>>>
      /** Tables that have passed over it without its rows; they stay here when the rows came under a later epoch. */
      readonly voids: readonly TableName[]
    }
  | { readonly kind: 'end' }

export interface WriterEntry {
  readonly writer: string
  readonly state: 'open' | 'closed' | 'retired'
  readonly name: string
  /** Of a retired writer: its last epoch (rule R18). */
  readonly lastEpoch?: number
}

/**
 * Index and mailbox between writers and committers: single-item conditional writes only.
 * Its marks are hints; whether an epoch is in a table is answered by the table's own map.
 */
export interface Ledger {
  register(writer: string, name: string): Promise<void>
  writers(): Promise<readonly WriterEntry[]>
  /** Puts the item if its slot is empty. `taken`: another hash stands there, or an end there or before (rule R12). */
  put(request: EpochRequest, hash: string): Promise<'stored' | 'present' | 'taken'>
  item(writer: string, epoch: number): Promise<EpochItem | null>
  /** Items `from, from + 1, ...` up to the first empty slot or end, at most `limit`. Strongly consistent. */
  consecutive(writer: string, from: number, limit: number): Promise<readonly EpochItem[]>
  mark(writer: string, epoch: number, table: TableName, snapshot: string): Promise<void>
}

/** The point of no return of the disk: the range, its request and the state after it are one durable fact. */
export interface SealEntry {
  readonly kind: 'seal'
  readonly epoch: number
  /** First and last record. */
  readonly from: number
  readonly to: number
  readonly request: EpochRequest
  /** Content hash of the request. */
  readonly hash: string
  /** Content hash of the state image at `to`. */
  readonly image: string
}

/** What a writer's control log remembers of its epochs, in the order it happened. */
export type ControlEntry =
  | SealEntry
  | { readonly kind: 'accepted'; readonly epoch: number }
  | { readonly kind: 'released'; readonly epoch: number }
  | { readonly kind: 'fenced'; readonly epoch: number; readonly reason: string }
