import { type EventBatch, Side } from '@cryptoflow/model'
import type { Book } from './book.ts'
import { fillNames, fillNumbers } from './column-arrays.ts'
import type { ImageRoom } from './rooms.ts'
import type { RowSource } from './row-ids.ts'
import { imageTableOf, isStored, type RowSink } from './row-sink.ts'
import type { BookLabel, DeltaTable, ImageKind, ImageTable, RowKey } from './row-types.ts'
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
  if (count === 0 || !isStored(sink, key, table)) return
  const rows = sink.rowsFor(table, key.exchange, stamp.eventUs)
  const room = sink.updates[table]
  if (!room.holds(rows, count)) {
    room.told = label
    room.enter(sink.names, rows, count, key, stamp, source)
  }
  const from = room.next
  const to = from + count
  room.common.writeAll(from, to, key, stamp, source)
  fillSides(sink, room.side, room.position, from, batch.side, start, count)
  room.price.copyAll(from, batch.price, start, count)
  room.quantity.copyAll(from, batch.quantity, start, count)
  fillNumbers(room.firstSeq, batch.firstSeq[event] as number, from, to)
  fillNumbers(room.lastSeq, batch.lastSeq[event] as number, from, to)
  const prevSeq = batch.prevSeq[event] as number
  if (!Number.isNaN(prevSeq)) fillNumbers(room.prevSeq, prevSeq, from, to)
  const { connectionSeq, checksum } = sink
  if (!Number.isNaN(connectionSeq)) fillNumbers(room.connectionSeq, connectionSeq, from, to)
  // Some exchanges send 0 where they have none.
  if (checksum > 0 || checksum < 0) fillNumbers(room.checksum, checksum, from, to)
  if (isSnapshot) room.isSnapshot.fill(1, from, to)
  if (label !== room.told) fillNames(room.bookState, sink.ids[label], from, to)
  room.leave(rows, count)
  sink.written += count
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
  if (count === 0 || !isStored(sink, key, table)) return
  const rows = sink.rowsFor(table, key.exchange, stamp.eventUs)
  const room = sink.images[table]
  if (!room.holds(rows, count)) room.enter(sink.names, rows, count, key, stamp, source)
  const from = room.next
  const to = from + count
  room.common.writeAll(from, to, key, stamp, source)
  const depth = fillSides(sink, room.side, room.level, from, batch.side, start, count)
  room.price.copyAll(from, batch.price, start, count)
  room.quantity.copyAll(from, batch.quantity, start, count)
  fillNumbers(room.knownDepth, Number.NaN, from, to)
  fillImage(sink, room, from, to, { kind: 'partial', lastSeq: batch.lastSeq[event] as number, depth, label })
  room.leave(rows, count)
  sink.written += count
}

/** Which image of our book is written. */
export interface ImageRows {
  readonly kind: Exclude<ImageKind, 'partial'>
  /** Levels a side at most. */
  readonly levels: number
  /** NaN = null. */
  readonly lastSeq: number
}

/** Writes one row per level of an image of our book, bids before asks. */
export function imageRows(sink: RowSink, key: RowKey, stamp: Stamp, book: Book, spec: ImageRows): void {
  const { kind, lastSeq } = spec
  const bids = Math.min(book.bids.count, spec.levels)
  const asks = Math.min(book.asks.count, spec.levels)
  const table = imageTableOf(key)
  if (bids + asks === 0 || !isStored(sink, key, table)) return
  const rows = sink.rowsFor(table, key.exchange, stamp.eventUs)
  const room = sink.images[table]
  if (!room.holds(rows, bids + asks)) room.enter(sink.names, rows, bids + asks, key, stamp, 'derived')
  const from = room.next
  const middle = from + bids
  const to = middle + asks
  room.common.writeAll(from, to, key, stamp, 'derived')
  fillNames(room.side, sink.ids.bid, from, middle)
  fillNames(room.side, sink.ids.ask, middle, to)
  for (let row = from; row < middle; row++) room.level[row] = row - from
  for (let row = middle; row < to; row++) room.level[row] = row - middle
  const { price, quantity } = rows.columns
  book.bids.write(price, quantity, from, bids)
  book.asks.write(price, quantity, middle, asks)
  fillNumbers(room.knownDepth, book.bids.knownDepth() ?? Number.NaN, from, middle)
  fillNumbers(room.knownDepth, book.asks.knownDepth() ?? Number.NaN, middle, to)
  fillImage(sink, room, from, to, { kind, lastSeq, depth: Math.max(bids, asks), label: 'live' })
  room.leave(rows, bids + asks)
  sink.written += bids + asks
}

/** What all rows of an image have in common. */
function fillImage(
  { ids }: RowSink,
  room: ImageRoom,
  from: number,
  to: number,
  {
    kind,
    lastSeq,
    depth,
    label,
  }: {
    readonly kind: ImageKind
    readonly lastSeq: number
    readonly depth: number
    readonly label: BookLabel
  },
): void {
  fillNumbers(room.lastSeq, lastSeq, from, to)
  fillNumbers(room.depth, depth, from, to)
  if (kind !== 'derived') fillNames(room.kind, ids[kind], from, to)
  if (label !== 'live') fillNames(room.bookState, ids[label], from, to)
}

/** Side names, and positions from 0 on each side, in wire order; answers the number of levels of the larger side. */
function fillSides(
  { sideIds }: RowSink,
  sides: Int32Array,
  positions: Float64Array,
  row: number,
  wireSides: Uint8Array,
  start: number,
  count: number,
): number {
  let bids = 0
  let asks = 0
  for (let i = 0; i < count; i++) {
    const side = wireSides[start + i] as number
    sides[row + i] = sideIds[side] as number
    positions[row + i] = side === Side.bid ? bids++ : asks++
  }
  return Math.max(bids, asks)
}
