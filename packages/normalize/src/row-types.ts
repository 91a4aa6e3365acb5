import type {
  DeadLetterReason,
  EventBatch,
  ExchangeMarket,
  InstrumentKey,
  RowBuffer,
  TableName,
  tables,
} from '@cryptoflow/model'
import type { Book } from './book.ts'

/** Gives the buffer that a row of this table, exchange and event time belongs to. */
export type RowsFor = <T extends TableName>(
  table: T,
  exchange: string,
  eventUs: number,
) => RowBuffer<(typeof tables)[T]>

/** Whose clock `eventUs` is. */
export type TimeSource = 'engine' | 'sent' | 'received'

/** When something happened and which frame says so. Times in microseconds; `sentUs` NaN = absent. */
export interface Stamp {
  readonly eventUs: number
  readonly timeSource: TimeSource
  readonly sentUs: number
  readonly receivedUs: number
  readonly frame: number
}

/** A key with the ids of its words, so that rows of it are filled with small integers. */
export interface RowKey extends InstrumentKey {
  readonly exchangeId: number
  readonly marketId: number
  readonly symbolId: number
  readonly unitId: number
}

/** What our book was when an update came. */
export type BookLabel = 'waiting' | 'live' | 'stale' | 'resync'

export type GapCause = 'start' | 'disconnect' | 'sequence' | 'undecodable' | 'restart' | 'shutdown'

/** One row of `gaps`. NaN = null. */
export interface GapRow {
  readonly id: string
  readonly state: 'open' | 'closed'
  readonly table: TableName
  readonly stream: string
  readonly fromSeq: number
  readonly toSeq: number
  readonly fromUs: number
  readonly toUs: number
  readonly missing: number
  readonly cause: GapCause
  readonly detail: string | null
}

export interface DeadLetterRow {
  readonly market: ExchangeMarket
  readonly symbol: string
  readonly stream: string | null
  readonly connection: number
  readonly source: 'ws' | 'rest'
  readonly reason: DeadLetterReason
  readonly detail: string
  readonly decoderVersion: string
  /** Stored as a copy. */
  readonly raw: Uint8Array
  readonly receivedUs: number
  readonly frame: number
}

/** One row per level of a book image. */
export interface ImageRows {
  readonly kind: 'derived' | 'checkpoint'
  /** Levels a side at most. */
  readonly levels: number
  /** NaN = null. */
  readonly lastSeq: number
}

/** Fills row buffers; knows the spelling of every word in them and nothing about when a row is due. */
export interface RowWriter {
  trade(key: RowKey, stamp: Stamp, batch: EventBatch, event: number): void
  /** One row per level of the event, in wire order. */
  delta(key: RowKey, stamp: Stamp, batch: EventBatch, event: number, label: BookLabel): void
  /** The same for a full snapshot that the exchange sent in the stream or answered by REST. */
  snapshot(
    key: RowKey,
    stamp: Stamp,
    batch: EventBatch,
    event: number,
    label: BookLabel,
    source: 'ws' | 'rest',
  ): void
  image(key: RowKey, stamp: Stamp, book: Book, image: ImageRows): void
  gap(key: RowKey, receivedUs: number, frame: number, gap: GapRow): void
  deadLetter(row: DeadLetterRow): void
  /** Rows written so far. */
  written(): number
}
