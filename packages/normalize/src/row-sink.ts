import {
  assert,
  createRowBuffer,
  type ExchangeMarket,
  marketText,
  type RowBuffer,
  reserveRows,
  Side,
  type StoredTables,
  type StringTable,
  type TableName,
  tables,
} from '@cryptoflow/model'
import type { CommonColumns } from './column-arrays.ts'
import { ImageRoom, QuoteRoom, TickRoom, UpdateRoom } from './rooms.ts'
import { nameId, type RowIds, type RowSource, rowIds, sourceId, timeSourceId } from './row-ids.ts'
import type { DeltaTable, ImageTable, RowKey, RowsFor } from './row-types.ts'
import type { Stamp } from './stamps.ts'

/** Where the rows of one journal go, and the ids of the words in them. */
export interface RowSink {
  readonly names: StringTable
  readonly rowsFor: RowsFor
  readonly ids: RowIds
  /** Ids of side names by `Side`. */
  readonly sideIds: Int32Array
  readonly quotes: QuoteRoom
  readonly ticks: TickRoom
  readonly updates: Readonly<Record<DeltaTable, UpdateRoom>>
  readonly images: Readonly<Record<ImageTable, ImageRoom>>
  /** Of the frame at hand: its place in the exchange's count over the connection; NaN: it has none. */
  connectionSeq: number
  /** Of the book event at hand, as sent; NaN: it has none. */
  checksum: number
  /** Ids of the intervals of bars, by their texts: making one out of a text costs as much as a row. */
  readonly intervalIds: Map<string, number>
  /** Rows written so far. */
  written: number
  /** By exchange and market; null: every table of every market is stored. */
  stored: ReadonlyMap<string, ReadonlySet<TableName>> | null
  /** Where rows of rare tables go that are not stored, to be written over. */
  readonly unstored: Map<TableName, RowBuffer>
}

/** `names` must be the table that batches and row buffers use. */
export function createRowSink(options: {
  readonly writer: string
  readonly names: StringTable
  readonly rowsFor: RowsFor
}): RowSink {
  const { names, rowsFor } = options
  const ids = rowIds(names, options.writer)
  const sideIds = new Int32Array(4)
  const source = { ids, names, rowsFor }
  for (const side of ['bid', 'ask', 'buy', 'sell'] as const) sideIds[Side[side]] = ids[side]
  return {
    names,
    rowsFor,
    ids,
    sideIds,
    quotes: new QuoteRoom('bbo', source),
    ticks: new TickRoom('ticks', source),
    updates: {
      spot_delta: new UpdateRoom('spot_delta', source),
      futures_delta: new UpdateRoom('futures_delta', source),
    },
    images: { spot_ob: new ImageRoom('spot_ob', source), futures_ob: new ImageRoom('futures_ob', source) },
    connectionSeq: Number.NaN,
    checksum: Number.NaN,
    intervalIds: new Map(),
    written: 0,
    stored: null,
    unstored: new Map(),
  }
}

/** From now on only these tables are stored; what is missing, what came and what could not be read always is. */
export function storeOnly(sink: RowSink, stored: StoredTables | undefined): void {
  sink.stored =
    stored === undefined
      ? null
      : new Map(Object.entries(stored).map(([market, names]) => [market, new Set(names)]))
}

/** Tables that say what the others are worth. */
const truths: ReadonlySet<TableName> = new Set(['gaps', 'coverage', 'dead_letter', 'book_audit'])

/** Whether rows of this table are stored of the key's market. */
export function isStored({ stored }: RowSink, key: RowKey, table: TableName): boolean {
  // Bars are stored where they are made.
  if (stored === null || table === 'bars' || truths.has(table)) return true
  return stored.get(key.marketText)?.has(table) ?? true
}

/** Whether rows of this table are stored of this very key. */
export function isWritten(sink: RowSink, key: RowKey, table: TableName): boolean {
  return (key.hidden === null || !key.hidden.has(table)) && isStored(sink, key, table)
}

/** The buffer for a row of a table that has no room of its own: such rows are rare, and written plainly. */
export function openRow<T extends TableName>(
  sink: RowSink,
  table: T,
  key: RowKey,
  us: number,
): RowBuffer<(typeof tables)[T]> {
  if (!isWritten(sink, key, table)) return unstoredRow(sink, table)
  const rows = sink.rowsFor(table, key.exchange, us)
  assert(rows.names === sink.names, 'row buffers and normalizer share one string table')
  reserveRows(rows as unknown as RowBuffer, 1)
  sink.written += 1
  return rows
}

/** Where images of our own book of the key go. */
export function imageTableOf({ market }: RowKey): ImageTable {
  return market === 'spot' ? 'spot_ob' : 'futures_ob'
}

function unstoredRow<T extends TableName>(
  { unstored, names }: RowSink,
  table: T,
): RowBuffer<(typeof tables)[T]> {
  const rows = unstored.get(table) ?? (createRowBuffer(tables[table], names) as RowBuffer)
  unstored.set(table, rows)
  rows.count = 0
  reserveRows(rows, 1)
  return rows as unknown as RowBuffer<(typeof tables)[T]>
}

/** Fills the columns that every table begins with, in a row of a table without a room. */
export function writeCommon(
  { ids }: RowSink,
  columns: Omit<CommonColumns, 'quantity_unit'>,
  row: number,
  key: RowKey,
  stamp: Stamp,
  source: RowSource,
): void {
  columns.exchange.values[row] = key.exchangeId
  columns.market.values[row] = key.marketId
  columns.symbol.values[row] = key.symbolId
  columns.instrument.values[row] = key.instrumentId
  columns.event_ts.values[row] = stamp.eventUs
  columns.event_ts_source.values[row] = timeSourceId(ids, stamp.timeSource)
  columns.sent_ts.values[row] = stamp.sentUs
  columns.received_ts.values[row] = stamp.receivedUs
  columns.source.values[row] = sourceId(ids, source)
  columns.writer.values[row] = ids.writer
  columns.frame.values[row] = stamp.frame
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
    hidden: null,
  }
}
