/** What a table's contract consists of. */

/** `long`, `int` and `timestamp` live in a LongColumn; `scale` is read from the decimal column it names. */
export type ColumnType =
  | 'name'
  | 'text'
  | 'int'
  | 'long'
  | 'timestamp'
  | 'decimal'
  | 'boolean'
  | 'bytes'
  | 'scale'

export interface ColumnSpec {
  readonly id: number
  readonly type: ColumnType
  readonly nullable: boolean
  /** For `scale`: the decimal column whose written fraction digits this is. */
  readonly of?: string
}

export interface TableContract {
  readonly name: string
  readonly schemaVersion: string
  /** Iceberg's ids of this schema and of its partition spec, in tables that we made. */
  readonly schemaId: number
  readonly specId: number
  readonly columns: Readonly<Record<string, ColumnSpec>>
  /**
   * Width of the time partition on `event_ts`; with `byExchange`, exchange is the second partition field.
   * Null: the table has no partitions.
   */
  readonly partition: { readonly time: 'hour' | 'day'; readonly byExchange: boolean } | null
  /** Columns that rows are sorted by inside a file, ascending. */
  readonly sort: readonly string[]
  /**
   * Where an event has a row per level: the columns that may differ from level to level. All others are of the event,
   * and in a row buffer they stand only in its first row. Absent: every row is an event of its own.
   */
  readonly levelColumns?: readonly string[]
}

/** A ColumnSpec that keeps its type as a literal, so that a row buffer's columns are typed one by one. */
type Spec<T extends ColumnType> = ColumnSpec & { readonly type: T }

/** A column that every row has. */
export const required = <T extends ColumnType>(id: number, type: T): Spec<T> => ({
  id,
  type,
  nullable: false,
})
/** A column that may be null. */
export const optional = <T extends ColumnType>(id: number, type: T): Spec<T> => ({ id, type, nullable: true })
/** The fraction digits that were written, of a decimal that every row has. */
export const scaleOf = (id: number, of: string): Spec<'scale'> => ({ id, type: 'scale', nullable: false, of })
/** The same of one that may be null: null where it is. */
export const optionalScaleOf = (id: number, of: string): Spec<'scale'> => ({
  id,
  type: 'scale',
  nullable: true,
  of,
})

/** Columns that every market-data table begins with. */
export const common = {
  exchange: required(1, 'name'),
  market: required(2, 'name'),
  symbol: required(3, 'name'),
  instrument: optional(4, 'name'),
  event_ts: required(5, 'timestamp'),
  event_ts_source: required(6, 'name'),
  sent_ts: optional(7, 'timestamp'),
  received_ts: required(8, 'timestamp'),
  source: required(9, 'name'),
  writer: required(10, 'name'),
  frame: required(11, 'long'),
} as const
