import {
  assert,
  type ColumnsOf,
  createRowBuffer,
  type DecimalColumn,
  type ExchangeMarket,
  marketText,
  type RowBuffer,
  reserveRows,
  Side,
  type StoredTables,
  type StringTable,
  type TableName,
  tables,
  type ticks,
} from '@cryptoflow/model'
import type { ImageTable, RowKey, RowsFor } from './row-types.ts'
import type { Stamp } from './stamps.ts'

const WORDS = [
  'engine',
  'sent',
  'received',
  'ws',
  'rest',
  'derived',
  'bid',
  'ask',
  'buy',
  'sell',
  'long',
  'short',
  'trade',
  'aggregate',
  'waiting',
  'live',
  'stale',
  'resync',
  'checkpoint',
  'partial',
  'open',
  'closed',
] as const
type Word = (typeof WORDS)[number]

/** Whom a row comes from. */
export type RowSource = 'ws' | 'rest' | 'derived'

/** Rows for which there is room from one reservation on: it walks over all columns, too dear for every row. */
const ROOM_ROWS = 256

/** The buffer that a table's last row went to, and the row up to which it has room. */
interface Room {
  rows: RowBuffer | null
  until: number
}

/** Where the rows of one journal go, and the ids of the words in them. */
export interface RowSink {
  readonly names: StringTable
  readonly rowsFor: RowsFor
  readonly writerId: number
  readonly ids: Readonly<Record<Word, number>>
  /** Ids of side names by `Side`. */
  readonly sideIds: Int32Array
  readonly rooms: Readonly<Record<TableName, Room>>
  /** Rows written so far. */
  written: number
  /** By exchange and market; null: every table of every market is stored. */
  stored: ReadonlyMap<string, ReadonlySet<TableName>> | null
  /** Where rows of tables go that are not stored, to be written over. */
  readonly unstored: Map<TableName, RowBuffer>
}

/** `names` must be the table that batches and row buffers use. */
export function createRowSink(options: {
  readonly writer: string
  readonly names: StringTable
  readonly rowsFor: RowsFor
}): RowSink {
  const { names, rowsFor } = options
  const ids = Object.fromEntries(WORDS.map((word) => [word, nameId(names, word)])) as Record<Word, number>
  const rooms = Object.fromEntries(Object.keys(tables).map((table) => [table, { rows: null, until: 0 }]))
  const sideIds = new Int32Array(4)
  for (const side of ['bid', 'ask', 'buy', 'sell'] as const) sideIds[Side[side]] = ids[side]
  return {
    names,
    rowsFor,
    writerId: nameId(names, options.writer),
    ids,
    sideIds,
    rooms: rooms as Record<TableName, Room>,
    written: 0,
    stored: null,
    unstored: new Map(),
  }
}

/** From now on only these tables are stored; what is missing and what could not be read always is. */
export function storeOnly(sink: RowSink, stored: StoredTables | undefined): void {
  sink.stored =
    stored === undefined
      ? null
      : new Map(Object.entries(stored).map(([market, names]) => [market, new Set(names)]))
}

/** Whether rows of this table are stored of the key's market. */
export function isStored({ stored }: RowSink, key: RowKey, table: TableName): boolean {
  if (stored === null || table === 'gaps' || table === 'dead_letter') return true
  return stored.get(key.marketText)?.has(table) ?? true
}

/** The buffer for `more` rows of a key at a time, with room for them. */
export function openRows<T extends TableName>(
  sink: RowSink,
  table: T,
  key: RowKey,
  us: number,
  more: number,
): RowBuffer<(typeof tables)[T]> {
  if (sink.stored !== null && !isStored(sink, key, table)) return unstoredRows(sink, table, more)
  const rows = sink.rowsFor(table, key.exchange, us)
  assert(rows.names === sink.names, 'row buffers and normalizer share one string table')
  const room = sink.rooms[table]
  if (room.rows !== rows || rows.count + more > room.until) makeRoom(room, rows, more)
  sink.written += more
  return rows
}

/** Where images of our own book of the key go. */
export function imageTableOf({ market }: RowKey): ImageTable {
  return market === 'spot' ? 'spot_ob' : 'futures_ob'
}

function unstoredRows<T extends TableName>(
  { unstored, names }: RowSink,
  table: T,
  more: number,
): RowBuffer<(typeof tables)[T]> {
  const rows = unstored.get(table) ?? (createRowBuffer(tables[table], names) as RowBuffer)
  unstored.set(table, rows)
  rows.count = 0
  reserveRows(rows, more)
  return rows as unknown as RowBuffer<(typeof tables)[T]>
}

function makeRoom(room: Room, rows: RowBuffer, more: number): void {
  const ahead = Math.max(more, ROOM_ROWS)
  reserveRows(rows, ahead)
  room.rows = rows
  room.until = rows.count + ahead
}

type CommonColumns = Pick<
  ColumnsOf<typeof ticks>,
  | 'exchange'
  | 'market'
  | 'symbol'
  | 'instrument'
  | 'event_ts'
  | 'event_ts_source'
  | 'sent_ts'
  | 'received_ts'
  | 'source'
  | 'writer'
  | 'frame'
>

/** Fills the columns that every table begins with, in rows `from ... to - 1`. */
export function fillCommon(
  sink: RowSink,
  columns: CommonColumns,
  from: number,
  to: number,
  key: RowKey,
  stamp: Stamp,
  source: RowSource,
): void {
  const { ids } = sink
  fill(columns.exchange.values, key.exchangeId, from, to)
  fill(columns.market.values, key.marketId, from, to)
  fill(columns.symbol.values, key.symbolId, from, to)
  fill(columns.instrument.values, key.instrumentId, from, to)
  fill(columns.event_ts.values, stamp.eventUs, from, to)
  fill(columns.event_ts_source.values, ids[stamp.timeSource], from, to)
  fill(columns.sent_ts.values, stamp.sentUs, from, to)
  fill(columns.received_ts.values, stamp.receivedUs, from, to)
  fill(columns.source.values, ids[source], from, to)
  fill(columns.writer.values, sink.writerId, from, to)
  fill(columns.frame.values, stamp.frame, from, to)
}

/** Fewest rows for which the call of a typed array's own `fill` pays. */
const FILL_ROWS_MIN = 32

/** The same value in rows `from ... to - 1`. */
export function fill(
  values: Float64Array | Int32Array | Uint8Array,
  value: number,
  from: number,
  to: number,
): void {
  if (to - from >= FILL_ROWS_MIN) values.fill(value, from, to)
  else for (let row = from; row < to; row++) values[row] = value
}

/** Copies one decimal without making views. */
export function copyDecimal(to: DecimalColumn, row: number, from: DecimalColumn, entry: number): void {
  to.mantissas[row] = from.mantissas[entry] as number
  to.scales[row] = from.scales[entry] as number
  if (to.wide.size > 0) to.wide.delete(row)
  if (from.wide.size === 0) return
  const wide = from.wide.get(entry)
  if (wide !== undefined) to.wide.set(row, wide)
}

/** A key with its words; no instrument list has named it yet. */
export function rowKey(market: ExchangeMarket, symbol: string, names: StringTable): RowKey {
  return {
    exchange: market.exchange,
    market: market.market,
    symbol,
    exchangeId: nameId(names, market.exchange),
    marketId: nameId(names, market.market),
    symbolId: nameId(names, symbol),
    marketText: marketText(market),
    unitId: nameId(names, market.quantityUnit),
    instrumentId: -1,
  }
}

/**
 * The id of a word that must go into a row.
 *
 * Names from the wire can fill the table; a word that finds no place is then stored as the empty text rather than
 * stopping the process. The empty text itself is interned when the normalizer is made.
 */
export function nameId(names: StringTable, text: string): number {
  const id = names.idOf(text)
  return id >= 0 ? id : names.idOf('')
}
