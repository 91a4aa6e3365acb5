import { DecimalColumn, EventBatch, Side, type TopSide } from '@cryptoflow/model'
import { compareDecimals } from './book.ts'
import { updateRows } from './book-rows.ts'
import { isWritten, type RowSink } from './row-sink.ts'
import type { BookLabel, DeltaTable, RowKey } from './row-types.ts'
import type { Stamp } from './stamps.ts'
import type { StreamState } from './stream.ts'

/**
 * Deltas of books that are told as whole images: what is different from the image before.
 *
 *     image after nothing, or after a hole    all its levels, `is_snapshot`
 *     any other                               new and changed levels as the image has them, and with quantity 0 those
 *                                             that are in it no more: removed, or out of the depth that is sent
 *
 * Whoever applies the rows of a key in the order of their frames, and begins anew with each snapshot, has the image of
 * every frame. A level is its price and its quantity as numbers: 1.0 and 1.00 are one.
 */

/** An image by its sides, best level first: no price twice, no quantity 0. */
export interface KnownImage {
  readonly bids: TopSide
  readonly asks: TopSide
}

/** Writes what changes between the images of streams that want it. */
export class ImageChanges {
  private readonly sink: RowSink
  /** One event of the rows at hand. */
  private readonly batch: EventBatch

  constructor(sink: RowSink) {
    this.sink = sink
    this.batch = new EventBatch(sink.names)
  }

  /** Takes the next image of the stream; `isFirst`: nothing was heard of it before. */
  write(
    key: RowKey,
    stream: StreamState,
    table: DeltaTable,
    stamp: Stamp,
    from: EventBatch,
    event: number,
    isFirst: boolean,
  ): void {
    if (!isWritten(this.sink, key, table)) return
    const { batch } = this
    batch.clear()
    batch.reserveEvent()
    for (const seq of [batch.firstSeq, batch.lastSeq, batch.prevSeq]) seq[0] = Number.NaN
    const before = stream.image
    const now = imageOf(from, event)
    appendChanges(batch, Side.bid, before?.bids ?? NOTHING, now.bids)
    appendChanges(batch, Side.ask, before?.asks ?? NOTHING, now.asks)
    batch.endEvent()
    // A book without a level cannot be a snapshot, which has at least one row: the next one is.
    stream.image = before === null && batch.entryCount === 0 ? null : now
    const label: BookLabel = before !== null ? 'live' : isFirst ? 'waiting' : 'resync'
    updateRows(this.sink, table, key, stamp, batch, 0, label, 'derived', before === null)
  }
}

const NOTHING: TopSide = { count: 0, price: new DecimalColumn(), quantity: new DecimalColumn() }

/** The image that an event tells. */
export function imageOf(batch: EventBatch, event: number): KnownImage {
  return { bids: sideOf(batch, event, Side.bid), asks: sideOf(batch, event, Side.ask) }
}

/** Of two levels of one price the later one counts, as it does for whoever applies them one by one. */
function sideOf(batch: EventBatch, event: number, side: number): TopSide {
  const { price, quantity } = batch
  const rows: number[] = []
  for (let row = batch.entryStart[event] as number; row < (batch.entryStart[event + 1] as number); row++) {
    if (batch.side[row] === side) rows.push(row)
  }
  rows.sort((a, b) => orderOf(side, price, a, price, b) || b - a)
  const last = rows.filter(
    (row, i) => i === 0 || compareDecimals(price, rows[i - 1] as number, price, row) !== 0,
  )
  const levels = last.filter((row) => quantity.mantissas[row] !== 0)
  const known = { count: levels.length, price: new DecimalColumn(), quantity: new DecimalColumn() }
  known.price.reserve(levels.length)
  known.quantity.reserve(levels.length)
  for (const [to, row] of levels.entries()) {
    known.price.copy(to, price, row, 1)
    known.quantity.copy(to, quantity, row, 1)
  }
  return known
}

/** Appends what is different in `now`, best level first. */
function appendChanges(batch: EventBatch, side: number, before: TopSide, now: TopSide): void {
  batch.reserveEntries(before.count + now.count)
  let old = 0
  let next = 0
  while (old < before.count || next < now.count) {
    const order = orderAt(side, before, old, now, next)
    if (order < 0) {
      append(batch, side, before, old, true)
    } else if (order > 0 || compareDecimals(before.quantity, old, now.quantity, next) !== 0) {
      append(batch, side, now, next, false)
    }
    if (order <= 0) old += 1
    if (order >= 0) next += 1
  }
}

/** Below 0: the old level is the better one, or the only one left; above 0: the new one is. */
function orderAt(side: number, before: TopSide, old: number, now: TopSide, next: number): number {
  if (old === before.count) return 1
  return next === now.count ? -1 : orderOf(side, before.price, old, now.price, next)
}

/** Below 0: the price `a` is better. */
function orderOf(side: number, price: DecimalColumn, a: number, other: DecimalColumn, b: number): number {
  const order = compareDecimals(price, a, other, b)
  return side === Side.bid ? -order : order
}

function append(batch: EventBatch, side: number, from: TopSide, level: number, isGone: boolean): void {
  const row = batch.entryCount
  batch.side[row] = side
  batch.price.copy(row, from.price, level, 1)
  if (isGone) batch.quantity.set(row, 0n, 0)
  else batch.quantity.copy(row, from.quantity, level, 1)
  batch.entryCount = row + 1
}
