import { DecimalColumn, type EventBatch, grown, type RestBookRule } from '@cryptoflow/model'
import type { Levels } from './book.ts'
import { blankStamp, type Stamp, type TimeSource } from './stamps.ts'

/** A book delta kept until a snapshot comes: its levels are the rows `start ... end - 1` of those it stands beside. */
export interface HeldDelta {
  readonly firstSeq: number
  readonly lastSeq: number
  readonly prevSeq: number
  readonly stamp: Stamp
  readonly start: number
  readonly end: number
}

/** A delta of a batch as it is held; its levels stand beside it in the batch. */
export function deltaOf(batch: EventBatch, event: number, stamp: Stamp): HeldDelta {
  return {
    firstSeq: batch.firstSeq[event] as number,
    lastSeq: batch.lastSeq[event] as number,
    prevSeq: batch.prevSeq[event] as number,
    stamp,
    start: batch.entryStart[event] as number,
    end: batch.entryStart[event + 1] as number,
  }
}

export interface HeldBounds {
  readonly deltas: number
  readonly levels: number
}

/** At 100 ms a delta, seven minutes; a snapshot that takes longer is asked for anew. */
export const HELD_BOUNDS: HeldBounds = { deltas: 4_096, levels: 200_000 }

/** Numbers of a delta, one after the other: sequences, stamp, end of its levels. */
const FIELDS = 9
const TIME_SOURCES: readonly TimeSource[] = ['engine', 'sent', 'received']

/**
 * Deltas of one key waiting for a snapshot, each following the one before. Full: the oldest go.
 *
 * Hundreds of books may each hold minutes of deltas while they wait for their turn, so they lie in columns that all
 * deltas of the key share, and not in objects of their own.
 */
export class HeldDeltas implements Levels {
  readonly bounds: HeldBounds
  /** Of the levels of all held deltas, one behind the other; until the next push(). */
  side: Uint8Array<ArrayBuffer> = new Uint8Array(0)
  price = new DecimalColumn(0)
  quantity = new DecimalColumn(0)
  private fields: Float64Array<ArrayBuffer> = new Float64Array(0)
  /** The first that is still held, and the one behind the last. */
  private from = 0
  private to = 0

  constructor(bounds: HeldBounds) {
    this.bounds = bounds
  }

  get count(): number {
    return this.to - this.from
  }

  /** A copy of delta `at` of those that are held. */
  at(at: number): HeldDelta {
    const { fields } = this
    const field = (this.from + at) * FIELDS
    const stamp = blankStamp()
    stamp.eventUs = fields[field + 3] as number
    stamp.timeSource = TIME_SOURCES[fields[field + 4] as number] as TimeSource
    stamp.sentUs = fields[field + 5] as number
    stamp.receivedUs = fields[field + 6] as number
    stamp.frame = fields[field + 7] as number
    return {
      firstSeq: fields[field] as number,
      lastSeq: fields[field + 1] as number,
      prevSeq: fields[field + 2] as number,
      stamp,
      start: this.endOf(this.from + at - 1),
      end: fields[field + 8] as number,
    }
  }

  /** Keeps a copy of a delta whose levels are those rows of `levels`. Answers how many deltas had to go. */
  push(delta: HeldDelta, levels: Levels): number {
    const { firstSeq, lastSeq, prevSeq, stamp, start, end } = delta
    if (this.from > this.count) this.moveUp()
    const row = this.endOf(this.to - 1)
    const rows = row + end - start
    if (rows > this.side.length) this.side = grown(this.side, rows)
    this.side.set(levels.side.subarray(start, end), row)
    this.price.reserve(rows)
    this.price.copy(row, levels.price, start, end - start)
    this.quantity.reserve(rows)
    this.quantity.copy(row, levels.quantity, start, end - start)
    const field = this.to * FIELDS
    if (field + FIELDS > this.fields.length) this.fields = grown(this.fields, field + FIELDS)
    const { fields } = this
    fields[field] = firstSeq
    fields[field + 1] = lastSeq
    fields[field + 2] = prevSeq
    fields[field + 3] = stamp.eventUs
    fields[field + 4] = TIME_SOURCES.indexOf(stamp.timeSource)
    fields[field + 5] = stamp.sentUs
    fields[field + 6] = stamp.receivedUs
    fields[field + 7] = stamp.frame
    fields[field + 8] = rows
    this.to += 1
    return this.keepBounds()
  }

  /** Forgets the first `count` deltas. */
  forget(count: number): void {
    this.from += Math.min(count, this.count)
    if (this.count === 0) this.clear()
  }

  /**
   * How the held deltas stand to a snapshot.
   *
   * `joins`: the delta at index `at` is the first to be applied, all later ones follow. `ahead`: the snapshot is
   * newer than all of them. `tooOld`: what lies between the snapshot and them is missing.
   */
  standing(
    rule: RestBookRule,
    snapshotSeq: number,
  ): { readonly kind: 'joins' | 'ahead' | 'tooOld'; readonly at: number } {
    const { count, fields } = this
    for (let at = 0; at < count; at++) {
      const field = (this.from + at) * FIELDS
      const continuity = rule.joins(
        snapshotSeq,
        fields[field] as number,
        fields[field + 1] as number,
        fields[field + 2] as number,
      )
      if (continuity === 'gap') return { kind: 'tooOld', at }
      if (continuity === 'next') return { kind: 'joins', at }
    }
    return { kind: 'ahead', at: count }
  }

  private keepBounds(): number {
    const before = this.count
    const { deltas, levels } = this.bounds
    while (
      this.count > deltas ||
      (this.count > 0 && this.endOf(this.to - 1) - this.endOf(this.from - 1) > levels)
    ) {
      this.from += 1
    }
    const dropped = before - this.count
    if (this.count === 0) this.clear()
    return dropped
  }

  /** Row behind the levels of a delta by its place; of the one before the first: 0. */
  private endOf(place: number): number {
    return place < 0 ? 0 : (this.fields[place * FIELDS + FIELDS - 1] as number)
  }

  /** Most is forgotten: what is held moves to new columns. */
  private moveUp(): void {
    const { from, to, fields } = this
    const row = this.endOf(from - 1)
    const rows = this.endOf(to - 1) - row
    this.side = this.side.slice(row, row + rows)
    for (const name of ['price', 'quantity'] as const) {
      const column = new DecimalColumn(rows)
      column.copy(0, this[name], row, rows)
      this[name] = column
    }
    this.fields = fields.slice(from * FIELDS, to * FIELDS)
    for (let field = FIELDS - 1; field < this.fields.length; field += FIELDS) {
      this.fields[field] = (this.fields[field] as number) - row
    }
    this.from = 0
    this.to = to - from
  }

  private clear(): void {
    this.side = new Uint8Array(0)
    this.price = new DecimalColumn(0)
    this.quantity = new DecimalColumn(0)
    this.fields = new Float64Array(0)
    this.from = 0
    this.to = 0
  }
}
