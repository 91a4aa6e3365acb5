import {
  assert,
  type ColumnsOf,
  type DecimalColumn,
  type EventBatch,
  type ExchangeMarket,
  type InstrumentKey,
  type RowBuffer,
  reserveRows,
  Side,
  type StringTable,
  type TableName,
  type tables,
  type ticks,
} from '@cryptoflow/model'
import type { Book } from './book.ts'
import type {
  BookLabel,
  DeadLetterRow,
  GapRow,
  ImageRows,
  RowKey,
  RowsFor,
  RowWriter,
  Stamp,
} from './row-types.ts'

export function rowKey(market: ExchangeMarket, symbol: string, names: StringTable): RowKey {
  return {
    exchange: market.exchange,
    market: market.market,
    symbol,
    exchangeId: nameId(names, market.exchange),
    marketId: nameId(names, market.market),
    symbolId: nameId(names, symbol),
    unitId: nameId(names, market.quantityUnit),
  }
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
  'trade',
  'waiting',
  'live',
  'stale',
  'resync',
  'checkpoint',
  'open',
  'closed',
] as const
type Word = (typeof WORDS)[number]

/** The rows of one journal. `names` must be the table that batches and row buffers use. */
export function createRowWriter(options: {
  readonly writer: string
  readonly names: StringTable
  readonly rowsFor: RowsFor
}): RowWriter {
  const { names, rowsFor } = options
  const writerId = nameId(names, options.writer)
  const ids = Object.fromEntries(WORDS.map((word) => [word, nameId(names, word)])) as Record<Word, number>
  let written = 0
  const sideIds = new Int32Array(4)
  for (const side of ['bid', 'ask', 'buy', 'sell'] as const) sideIds[Side[side]] = ids[side]

  function buffer<T extends TableName>(
    table: T,
    key: InstrumentKey,
    us: number,
    more: number,
  ): RowBuffer<(typeof tables)[T]> {
    const rows = rowsFor(table, key.exchange, us)
    assert(rows.names === names, 'row buffers and normalizer share one string table')
    reserveRows(rows, more)
    written += more
    return rows
  }

  function common(
    columns: CommonColumns,
    from: number,
    to: number,
    key: RowKey,
    stamp: Stamp,
    source: Word,
  ): void {
    columns.exchange.values.fill(key.exchangeId, from, to)
    columns.market.values.fill(key.marketId, from, to)
    columns.symbol.values.fill(key.symbolId, from, to)
    columns.instrument.values.fill(-1, from, to)
    columns.event_ts.values.fill(stamp.eventUs, from, to)
    columns.event_ts_source.values.fill(ids[stamp.timeSource], from, to)
    columns.sent_ts.values.fill(stamp.sentUs, from, to)
    columns.received_ts.values.fill(stamp.receivedUs, from, to)
    columns.source.values.fill(ids[source], from, to)
    columns.writer.values.fill(writerId, from, to)
    columns.frame.values.fill(stamp.frame, from, to)
  }

  function trade(key: RowKey, stamp: Stamp, batch: EventBatch, event: number): void {
    const rows = buffer('ticks', key, stamp.eventUs, 1)
    const { columns, count: row } = rows
    const entry = batch.entryStart[event] as number
    common(columns, row, row + 1, key, stamp, 'ws')
    const id = batch.firstSeq[event] as number
    columns.trade_id.values[row] = Number.isNaN(id) ? null : String(id)
    columns.kind.values[row] = ids.trade
    columns.side.values[row] = sideIds[batch.side[entry] as number] as number
    copyOne(columns.price, row, batch.price, entry)
    copyOne(columns.quantity, row, batch.quantity, entry)
    columns.quantity_unit.values[row] = key.unitId
    columns.trade_count.values[row] = Number.NaN
    columns.first_trade_id.values[row] = null
    columns.last_trade_id.values[row] = null
    columns.trade_type.values[row] = -1
    rows.count += 1
  }

  function update(
    key: RowKey,
    stamp: Stamp,
    batch: EventBatch,
    event: number,
    label: BookLabel,
    source: 'ws' | 'rest',
    isSnapshot: boolean,
  ): void {
    const start = batch.entryStart[event] as number
    const count = (batch.entryStart[event + 1] as number) - start
    if (count === 0) return
    const rows = buffer('spot_delta', key, stamp.eventUs, count)
    const { columns, count: from } = rows
    const to = from + count
    common(columns, from, to, key, stamp, source)
    sidesAndIndexes(columns.side.values, columns.level_index.values, from, batch.side, start, count)
    columns.price.copy(from, batch.price, start, count)
    columns.quantity.copy(from, batch.quantity, start, count)
    columns.quantity_unit.values.fill(key.unitId, from, to)
    columns.first_seq.values.fill(batch.firstSeq[event] as number, from, to)
    columns.last_seq.values.fill(batch.lastSeq[event] as number, from, to)
    columns.prev_seq.values.fill(batch.prevSeq[event] as number, from, to)
    columns.is_snapshot.values.fill(isSnapshot ? 1 : 0, from, to)
    columns.connection_seq.values.fill(Number.NaN, from, to)
    columns.checksum.values.fill(Number.NaN, from, to)
    columns.book_state.values.fill(ids[label], from, to)
    rows.count = to
  }

  /** Side names and positions from 0 on each side, in wire order. */
  function sidesAndIndexes(
    sides: Int32Array,
    indexes: Float64Array,
    row: number,
    wireSides: Uint8Array,
    start: number,
    count: number,
  ): void {
    let bids = 0
    let asks = 0
    for (let i = 0; i < count; i++) {
      const side = wireSides[start + i] as number
      sides[row + i] = sideIds[side] as number
      indexes[row + i] = side === Side.bid ? bids++ : asks++
    }
  }

  function image(key: RowKey, stamp: Stamp, book: Book, spec: ImageRows): void {
    const bids = Math.min(book.bids.count, spec.levels)
    const asks = Math.min(book.asks.count, spec.levels)
    if (bids + asks === 0) return
    const rows = buffer('spot_ob', key, stamp.eventUs, bids + asks)
    const { columns, count: from } = rows
    const middle = from + bids
    const to = middle + asks
    common(columns, from, to, key, stamp, 'derived')
    columns.kind.values.fill(ids[spec.kind], from, to)
    columns.side.values.fill(ids.bid, from, middle).fill(ids.ask, middle, to)
    for (let row = from; row < middle; row++) columns.level.values[row] = row - from
    for (let row = middle; row < to; row++) columns.level.values[row] = row - middle
    book.bids.write(columns.price, columns.quantity, from, bids)
    book.asks.write(columns.price, columns.quantity, middle, asks)
    columns.quantity_unit.values.fill(key.unitId, from, to)
    columns.last_seq.values.fill(spec.lastSeq, from, to)
    columns.depth.values.fill(Math.max(bids, asks), from, to)
    columns.known_depth.values
      .fill(book.bids.knownDepth() ?? Number.NaN, from, middle)
      .fill(book.asks.knownDepth() ?? Number.NaN, middle, to)
    columns.book_state.values.fill(ids.live, from, to)
    rows.count = to
  }

  function gap(key: RowKey, receivedUs: number, frame: number, spec: GapRow): void {
    const rows = buffer('gaps', key, receivedUs, 1)
    const { columns, count: row } = rows
    common(columns, row, row + 1, key, receivedStamp(receivedUs, frame), 'derived')
    columns.gap_id.values[row] = spec.id
    columns.state.values[row] = ids[spec.state]
    columns.table_name.values[row] = nameId(names, spec.table)
    columns.stream.values[row] = nameId(names, spec.stream)
    columns.from_seq.values[row] = spec.fromSeq
    columns.to_seq.values[row] = spec.toSeq
    columns.from_ts.values[row] = spec.fromUs
    columns.to_ts.values[row] = spec.toUs
    columns.missing.values[row] = spec.missing
    columns.cause.values[row] = nameId(names, spec.cause)
    columns.detail.values[row] = spec.detail
    rows.count += 1
  }

  function deadLetter(spec: DeadLetterRow): void {
    const key = rowKey(spec.market, spec.symbol, names)
    const rows = buffer('dead_letter', key, spec.receivedUs, 1)
    const { columns, count: row } = rows
    common(columns, row, row + 1, key, receivedStamp(spec.receivedUs, spec.frame), spec.source)
    const connection = `${key.exchange}.${key.market}.${spec.connection}`
    columns.connection.values[row] = nameId(names, connection)
    columns.stream.values[row] = spec.stream === null ? -1 : nameId(names, spec.stream)
    columns.reason.values[row] = nameId(names, spec.reason)
    columns.detail.values[row] = spec.detail
    columns.decoder_version.values[row] = nameId(names, spec.decoderVersion)
    columns.raw.values[row] = spec.raw.slice()
    rows.count += 1
  }

  return {
    trade,
    delta: (key, stamp, batch, event, label) => update(key, stamp, batch, event, label, 'ws', false),
    snapshot: (key, stamp, batch, event, label, source) =>
      update(key, stamp, batch, event, label, source, true),
    image,
    gap,
    deadLetter,
    written: () => written,
  }
}

function receivedStamp(receivedUs: number, frame: number): Stamp {
  return { eventUs: receivedUs, timeSource: 'received', sentUs: Number.NaN, receivedUs, frame }
}

/** Copies one decimal without making views. */
function copyOne(to: DecimalColumn, row: number, from: DecimalColumn, entry: number): void {
  to.mantissas[row] = from.mantissas[entry] as number
  to.scales[row] = from.scales[entry] as number
  if (to.wide.size > 0) to.wide.delete(row)
  if (from.wide.size === 0) return
  const wide = from.wide.get(entry)
  if (wide !== undefined) to.wide.set(row, wide)
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
