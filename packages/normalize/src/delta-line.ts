import { EventBatch, EventKind, type Follows, type StringTable } from '@cryptoflow/model'
import { deltaOf, type HeldBounds, type HeldDelta, HeldDeltas } from './held.ts'
import type { Stamp } from './stamps.ts'

/** At 100 ms a delta far more than a hole waits; a book that is faster is begun anew. */
const LINE_BOUNDS: HeldBounds = { deltas: 1_024, levels: 50_000 }

/** A delta whose turn has come: an event of the batch that `takeDue` made. */
export interface DueDelta {
  readonly event: number
  readonly stamp: Stamp
  readonly stands: 'next' | 'gap'
}

/**
 * Deltas of a book behind a hole that may still be filled, as they were heard: the book takes them in the order of their
 * numbers. Part of the state image.
 */
export class DeltaLine {
  readonly deltas = new HeldDeltas(LINE_BOUNDS)
  /** Of the last delta that the book was given. */
  lastSeq: number

  constructor(lastSeq: number) {
    this.lastSeq = lastSeq
  }

  get count(): number {
    return this.deltas.count
  }

  /** Keeps a copy of a delta. False: the line was full, and the oldest is gone. */
  add(batch: EventBatch, event: number, stamp: Stamp): boolean {
    return this.deltas.push(deltaOf(batch, event, stamp), batch) === 0
  }

  /** Takes the deltas up to a sequence out of the line, in their order, into a batch of their own. */
  takeDue(until: number, follows: Follows, names: StringTable): { batch: EventBatch; due: DueDelta[] } {
    const { deltas } = this
    const { side, price, quantity } = deltas
    const all = Array.from({ length: deltas.count }, (_, at) => deltas.at(at))
    all.sort((a, b) => a.lastSeq - b.lastSeq)
    // Columns that are forgotten are replaced, not overwritten.
    deltas.forget(deltas.count)
    const batch = new EventBatch(names)
    const due: DueDelta[] = []
    for (const delta of all) {
      if (delta.lastSeq > until) {
        deltas.push(delta, { side, price, quantity })
        continue
      }
      const { firstSeq, lastSeq, prevSeq, stamp } = delta
      const stands = follows(this.lastSeq, firstSeq, lastSeq, prevSeq) === 'gap' ? 'gap' : 'next'
      due.push({ event: append(batch, delta, { side, price, quantity }), stamp, stands })
      this.lastSeq = lastSeq
    }
    return { batch, due }
  }
}

/** Answers the place of the delta in the batch. Only what a book reads of a delta is set. */
function append(
  batch: EventBatch,
  { firstSeq, lastSeq, prevSeq, start, end }: HeldDelta,
  levels: Pick<HeldDeltas, 'side' | 'price' | 'quantity'>,
): number {
  const event = batch.count
  const count = end - start
  batch.reserveEvent()
  batch.reserveEntries(count)
  batch.kind[event] = EventKind.bookDelta
  batch.firstSeq[event] = firstSeq
  batch.lastSeq[event] = lastSeq
  batch.prevSeq[event] = prevSeq
  batch.side.set(levels.side.subarray(start, end), batch.entryCount)
  batch.price.copy(batch.entryCount, levels.price, start, count)
  batch.quantity.copy(batch.entryCount, levels.quantity, start, count)
  batch.entryCount += count
  batch.endEvent()
  return event
}
