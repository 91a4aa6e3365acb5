/**
 * The data contract: names, columns, field ids, layout. Spelled exactly as `docs/tables.md` says.
 *
 * Field ids are given once and never reused. A changed column is an ADR, a schema version and a test
 * that opens old data.
 */

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
  /** Width of the time partition on `event_ts`; with `byExchange`, exchange is the second partition field. */
  readonly partition: { readonly time: 'hour' | 'day'; readonly byExchange: boolean }
  /** Columns that rows are sorted by inside a file, ascending. */
  readonly sort: readonly string[]
}

/** A ColumnSpec that keeps its type as a literal, so that a row buffer's columns are typed one by one. */
type Spec<T extends ColumnType> = ColumnSpec & { readonly type: T }

const required = <T extends ColumnType>(id: number, type: T): Spec<T> => ({ id, type, nullable: false })
const optional = <T extends ColumnType>(id: number, type: T): Spec<T> => ({ id, type, nullable: true })
const scaleOf = (id: number, of: string): Spec<'scale'> => ({ id, type: 'scale', nullable: false, of })

/** Columns that every market-data table begins with. */
const common = {
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

/** Trades. */
export const ticks = {
  name: 'ticks',
  schemaVersion: '1.0.0',
  schemaId: 0,
  specId: 0,
  columns: {
    ...common,
    trade_id: optional(20, 'text'),
    kind: required(21, 'name'),
    side: optional(22, 'name'),
    price: required(23, 'decimal'),
    price_scale: scaleOf(24, 'price'),
    quantity: required(25, 'decimal'),
    quantity_scale: scaleOf(26, 'quantity'),
    quantity_unit: required(27, 'name'),
    trade_count: optional(28, 'int'),
    first_trade_id: optional(29, 'text'),
    last_trade_id: optional(30, 'text'),
    trade_type: optional(31, 'name'),
  },
  partition: { time: 'day', byExchange: true },
  sort: ['market', 'symbol', 'event_ts', 'frame'],
} as const satisfies TableContract

/** One row per level of a book update. */
export const spotDelta = {
  name: 'spot_delta',
  schemaVersion: '1.0.0',
  schemaId: 0,
  specId: 0,
  columns: {
    ...common,
    side: required(20, 'name'),
    price: required(21, 'decimal'),
    price_scale: scaleOf(22, 'price'),
    quantity: required(23, 'decimal'),
    quantity_scale: scaleOf(24, 'quantity'),
    quantity_unit: required(25, 'name'),
    first_seq: optional(26, 'long'),
    last_seq: optional(27, 'long'),
    prev_seq: optional(28, 'long'),
    is_snapshot: required(29, 'boolean'),
    level_index: required(30, 'int'),
    connection_seq: optional(31, 'long'),
    checksum: optional(32, 'long'),
    book_state: required(33, 'name'),
  },
  partition: { time: 'hour', byExchange: true },
  sort: ['market', 'symbol', 'event_ts', 'last_seq', 'frame'],
} as const satisfies TableContract

/** One row per level of a book image. */
export const spotOb = {
  name: 'spot_ob',
  schemaVersion: '1.0.0',
  schemaId: 0,
  specId: 0,
  columns: {
    ...common,
    kind: required(20, 'name'),
    side: required(21, 'name'),
    level: required(22, 'int'),
    price: required(23, 'decimal'),
    price_scale: scaleOf(24, 'price'),
    quantity: required(25, 'decimal'),
    quantity_scale: scaleOf(26, 'quantity'),
    quantity_unit: required(27, 'name'),
    last_seq: optional(28, 'long'),
    depth: required(29, 'int'),
    known_depth: optional(30, 'int'),
    book_state: required(31, 'name'),
  },
  partition: { time: 'hour', byExchange: true },
  sort: ['market', 'symbol', 'event_ts', 'last_seq', 'frame'],
} as const satisfies TableContract

/** A hole of one stream of one key. */
export const gaps = {
  name: 'gaps',
  schemaVersion: '1.0.0',
  schemaId: 0,
  specId: 0,
  columns: {
    ...common,
    gap_id: required(20, 'text'),
    state: required(21, 'name'),
    table_name: required(22, 'name'),
    stream: required(23, 'name'),
    from_seq: optional(24, 'long'),
    to_seq: optional(25, 'long'),
    from_ts: optional(26, 'timestamp'),
    to_ts: optional(27, 'timestamp'),
    missing: optional(28, 'long'),
    cause: required(29, 'name'),
    detail: optional(30, 'text'),
  },
  partition: { time: 'day', byExchange: false },
  sort: ['exchange', 'market', 'symbol', 'event_ts'],
} as const satisfies TableContract

/** A frame that could not be read, with its bytes. */
export const deadLetter = {
  name: 'dead_letter',
  schemaVersion: '1.0.0',
  schemaId: 0,
  specId: 0,
  columns: {
    ...common,
    connection: required(20, 'name'),
    stream: optional(21, 'name'),
    reason: required(22, 'name'),
    detail: required(23, 'text'),
    decoder_version: required(24, 'name'),
    raw: required(25, 'bytes'),
  },
  partition: { time: 'day', byExchange: false },
  sort: ['exchange', 'market', 'symbol', 'event_ts'],
} as const satisfies TableContract

/** Every table by its name, in the order that reports list them. */
export const tables = {
  ticks,
  spot_delta: spotDelta,
  spot_ob: spotOb,
  gaps,
  dead_letter: deadLetter,
} as const satisfies Record<string, TableContract>

export type TableName = keyof typeof tables
