import { type EventBatch, Side } from '@cryptoflow/model'
import type { Book } from './book.ts'
import { fillHeads, fillNames, fillNumbers } from './column-arrays.ts'
import type { ImageRoom, UpdateRoom } from './rooms.ts'
import { labelId, type RowSource } from './row-ids.ts'
import { imageTableOf, isWritten, type RowSink } from './row-sink.ts'
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
  if (count === 0 || !isWritten(sink, key, table)) return
  const room = table === 'spot_delta' ? sink.updates.spot_delta : sink.updates.futures_delta
  room.open(key, stamp, count)
  const head = room.nextHead()
  room.common.write(head, key, stamp, source)
  room.firstSeq[head] = batch.firstSeq[event] as number
  room.lastSeq[head] = batch.lastSeq[event] as number
  room.prevSeq[head] = batch.prevSeq[event] as number
  room.isSnapshot[head] = isSnapshot ? 1 : 0
  room.connectionSeq[head] = sink.connectionSeq
  // Some exchanges send 0 where they have none.
  room.checksum[head] = sink.checksum === 0 ? Number.NaN : sink.checksum
  room.bookState[head] = labelId(sink.ids, label)
  copyLevels(sink, room, room.position, head, batch, start, count)
  room.leave(count)
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
  if (count === 0 || !isWritten(sink, key, table)) return
  const room = sink.images[table]
  room.open(key, stamp, count)
  const head = room.nextHead()
  room.common.write(head, key, stamp, source)
  const depth = copyLevels(sink, room, room.level, head, batch, start, count)
  fillNumbers(room.knownDepth, Number.NaN, room.next, room.next + count)
  const kind = source === 'rest' ? 'rest' : 'partial'
  writeImage(sink, room, head, { kind, lastSeq: batch.lastSeq[event] as number, depth, label })
  room.leave(count)
  sink.written += count
}

/** Which image of our book is written. */
export interface ImageRows {
  readonly kind: Exclude<ImageKind, 'partial' | 'rest'>
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
  if (bids + asks === 0 || !isWritten(sink, key, table)) return
  const room = sink.images[table]
  room.open(key, stamp, bids + asks)
  const from = room.next
  const middle = from + bids
  const to = middle + asks
  const head = room.nextHead()
  room.common.write(head, key, stamp, 'derived')
  fillHeads(room.heads, head, from, to)
  fillNames(room.side, sink.ids.bid, from, middle)
  fillNames(room.side, sink.ids.ask, middle, to)
  for (let row = from; row < middle; row++) room.level[row] = row - from
  for (let row = middle; row < to; row++) room.level[row] = row - middle
  const price = room.price.column
  const quantity = room.quantity.column
  book.bids.write(price, quantity, from, bids)
  book.asks.write(price, quantity, middle, asks)
  fillNumbers(room.knownDepth, book.bids.knownDepth() ?? Number.NaN, from, middle)
  fillNumbers(room.knownDepth, book.asks.knownDepth() ?? Number.NaN, middle, to)
  writeImage(sink, room, head, { kind, lastSeq, depth: Math.max(bids, asks), label: 'live' })
  room.leave(bids + asks)
  sink.written += bids + asks
}

/** What an image says beside its levels. */
function writeImage(
  { ids }: RowSink,
  room: ImageRoom,
  head: number,
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
  room.lastSeq[head] = lastSeq
  room.depth[head] = depth
  room.kind[head] = ids[kind]
  room.bookState[head] = labelId(ids, label)
}

/**
 * Levels as the message has them: sides, positions from 0 on each side, prices and quantities; answers the number of
 * levels of the larger side. All columns in one loop, since most messages have few levels.
 */
function copyLevels(
  { sideIds }: RowSink,
  { next, heads, side, price, quantity }: UpdateRoom | ImageRoom,
  positions: Float64Array,
  head: number,
  batch: EventBatch,
  start: number,
  count: number,
): number {
  const { mantissas: prices, scales: priceScales } = price
  const { mantissas: quantities, scales: quantityScales } = quantity
  const { side: wireSides } = batch
  const { mantissas: wirePrices, scales: wirePriceScales } = batch.price
  const { mantissas: wireQuantities, scales: wireQuantityScales } = batch.quantity
  let bids = 0
  let asks = 0
  for (let i = 0; i < count; i++) {
    const row = next + i
    const entry = start + i
    const wireSide = wireSides[entry] as number
    heads[row] = head
    side[row] = sideIds[wireSide] as number
    positions[row] = wireSide === Side.bid ? bids++ : asks++
    prices[row] = wirePrices[entry] as number
    priceScales[row] = wirePriceScales[entry] as number
    quantities[row] = wireQuantities[entry] as number
    quantityScales[row] = wireQuantityScales[entry] as number
  }
  price.column.copyWide(next, batch.price, start, count)
  quantity.column.copyWide(next, batch.quantity, start, count)
  return Math.max(bids, asks)
}
