import type { InstrumentKey, RowBuffer, TableName, tables } from '@cryptoflow/model'

/** Gives the buffer that a row of this table, exchange and event time belongs to. */
export type RowsFor = <T extends TableName>(
  table: T,
  exchange: string,
  eventUs: number,
) => RowBuffer<(typeof tables)[T]>

/** A key with the ids of its words, so that rows of it are filled with small integers. */
export interface RowKey extends InstrumentKey {
  readonly exchangeId: number
  readonly marketId: number
  readonly symbolId: number
  /** See model: one text for the market. */
  readonly marketText: string
  readonly unitId: number
  /** Of our name of what is traded, -1 until an instrument list says it. */
  instrumentId: number
  /** Tables in which a filter leaves no row of it; null: none. */
  hidden: ReadonlySet<TableName> | null
}

/** What our book was when an update came. */
export type BookLabel = 'waiting' | 'live' | 'stale' | 'resync'

/** What an image of a book is: the exchange's own, by stream or by REST, or ours of a moment or of all levels. */
export type ImageKind = 'partial' | 'rest' | 'derived' | 'checkpoint'

/** Tables of book updates, and of book images. */
export type DeltaTable = 'spot_delta' | 'futures_delta'
export type ImageTable = 'spot_ob' | 'futures_ob'
