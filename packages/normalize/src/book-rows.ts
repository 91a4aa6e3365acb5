import { type EventBatch, Side } from '@cryptoflow/model'
import type { Book } from './book.ts'
import { fill, fillCommon, imageTableOf, openRows, type RowSink, type RowSource } from './row-sink.ts'
import type { BookLabel, DeltaTable, ImageTable, RowKey } from './row-types.ts'
import type { Stamp } from './stamps.ts'

/** Writes one row per level of a delta or of a full snapshot, in wire order. */
export function updateRows(
  sink: RowSink,
  table: DeltaTable,
  key: RowKey,
  stamp: Stamp,
  batch: EventBatch,
  event: number,
  label: BookLabel,
  source: RowSource,
  isSnapshot: boolean,
): void {
  const start = batch.entryStart[event] as number
  const count = (batch.entryStart[event + 1] as number) - start
  if (count === 0) return
  const rows = openRows(sink, table, key, stamp.eventUs, count)
  const { columns, count: from } = rows
  const to = from + count
  fillCommon(sink, columns, from, to, key, stamp, source)
  fillSides(sink, columns.side.values, columns.level_index.values, from, batch.side, start, count)
  columns.price.copy(from, batch.price, start, count)
  columns.quantity.copy(from, batch.quantity, start, count)
  fill(columns.quantity_unit.values, key.unitId, from, to)
  fill(columns.first_seq.values, batch.firstSeq[event] as number, from, to)
  fill(columns.last_seq.values, batch.lastSeq[event] as number, from, to)
  fill(columns.prev_seq.values, batch.prevSeq[event] as number, from, to)
  fill(columns.is_snapshot.values, isSnapshot ? 1 : 0, from, to)
  fill(columns.connection_seq.values, Number.NaN, from, to)
  fill(columns.checksum.values, Number.NaN, from, to)
  fill(columns.book_state.values, sink.ids[label], from, to)
  rows.count = to
}

/** Writes one row per level of a book of limited depth that the exchange sent, best first as it wrote them. */
export function partialRows(
  sink: RowSink,
  table: ImageTable,
  key: RowKey,
  stamp: Stamp,
  batch: EventBatch,
  event: number,
  label: BookLabel,
  source: RowSource,
): void {
  const start = batch.entryStart[event] as number
  const count = (batch.entryStart[event + 1] as number) - start
  if (count === 0) return
  const rows = openRows(sink, table, key, stamp.eventUs, count)
  const { columns, count: from } = rows
  const to = from + count
  fillCommon(sink, columns, from, to, key, stamp, source)
  fill(columns.kind.values, sink.ids.partial, from, to)
  const depth = fillSides(sink, columns.side.values, columns.level.values, from, batch.side, start, count)
  columns.price.copy(from, batch.price, start, count)
  columns.quantity.copy(from, batch.quantity, start, count)
  fill(columns.quantity_unit.values, key.unitId, from, to)
  fill(columns.last_seq.values, batch.lastSeq[event] as number, from, to)
  fill(columns.depth.values, depth, from, to)
  fill(columns.known_depth.values, Number.NaN, from, to)
  fill(columns.book_state.values, sink.ids[label], from, to)
  rows.count = to
}

/** Which image of our book is written. */
export interface ImageRows {
  readonly kind: 'derived' | 'checkpoint'
  /** Levels a side at most. */
  readonly levels: number
  /** NaN = null. */
  readonly lastSeq: number
}

/** Writes one row per level of an image of our book, bids before asks. */
export function imageRows(sink: RowSink, key: RowKey, stamp: Stamp, book: Book, spec: ImageRows): void {
  const bids = Math.min(book.bids.count, spec.levels)
  const asks = Math.min(book.asks.count, spec.levels)
  if (bids + asks === 0) return
  const table = imageTableOf(key)
  const rows = openRows(sink, table, key, stamp.eventUs, bids + asks)
  const { columns, count: from } = rows
  const middle = from + bids
  const to = middle + asks
  fillCommon(sink, columns, from, to, key, stamp, 'derived')
  fill(columns.kind.values, sink.ids[spec.kind], from, to)
  fill(columns.side.values, sink.ids.bid, from, middle)
  fill(columns.side.values, sink.ids.ask, middle, to)
  for (let row = from; row < middle; row++) columns.level.values[row] = row - from
  for (let row = middle; row < to; row++) columns.level.values[row] = row - middle
  book.bids.write(columns.price, columns.quantity, from, bids)
  book.asks.write(columns.price, columns.quantity, middle, asks)
  fill(columns.quantity_unit.values, key.unitId, from, to)
  fill(columns.last_seq.values, spec.lastSeq, from, to)
  fill(columns.depth.values, Math.max(bids, asks), from, to)
  fill(columns.known_depth.values, book.bids.knownDepth() ?? Number.NaN, from, middle)
  fill(columns.known_depth.values, book.asks.knownDepth() ?? Number.NaN, middle, to)
  fill(columns.book_state.values, sink.ids.live, from, to)
  rows.count = to
}

/** Side names, and positions from 0 on each side, in wire order; answers the number of levels of the larger side. */
function fillSides(
  sink: RowSink,
  sides: Int32Array,
  positions: Float64Array,
  row: number,
  wireSides: Uint8Array,
  start: number,
  count: number,
): number {
  const { sideIds } = sink
  let bids = 0
  let asks = 0
  for (let i = 0; i < count; i++) {
    const side = wireSides[start + i] as number
    sides[row + i] = sideIds[side] as number
    positions[row + i] = side === Side.bid ? bids++ : asks++
  }
  return Math.max(bids, asks)
}
