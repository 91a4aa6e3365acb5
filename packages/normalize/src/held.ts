import { DecimalColumn, type EventBatch, type RestBookRule } from '@cryptoflow/model'
import type { Levels } from './book.ts'
import { blankStamp, copyStamp, type Stamp } from './stamps.ts'

/** A book delta kept until a snapshot comes. */
export interface HeldDelta extends Levels {
  readonly firstSeq: number
  readonly lastSeq: number
  readonly prevSeq: number
  readonly stamp: Stamp
  readonly count: number
}

export function holdDelta(batch: EventBatch, event: number, stamp: Stamp): HeldDelta {
  const start = batch.entryStart[event] as number
  const end = batch.entryStart[event + 1] as number
  // Hundreds of books may each hold minutes of deltas while they wait for their turn.
  const price = new DecimalColumn(end - start)
  const quantity = new DecimalColumn(end - start)
  price.copy(0, batch.price, start, end - start)
  quantity.copy(0, batch.quantity, start, end - start)
  return {
    firstSeq: batch.firstSeq[event] as number,
    lastSeq: batch.lastSeq[event] as number,
    prevSeq: batch.prevSeq[event] as number,
    stamp: copyStamp(blankStamp(), stamp),
    count: end - start,
    side: batch.side.slice(start, end),
    price,
    quantity,
  }
}

export interface HeldBounds {
  readonly deltas: number
  readonly levels: number
}

/** At 100 ms a delta, seven minutes; a snapshot that takes longer is asked for anew. */
export const HELD_BOUNDS: HeldBounds = { deltas: 4_096, levels: 200_000 }

/** Deltas of one key waiting for a snapshot, each following the one before. Full: the oldest go. */
export class HeldDeltas {
  readonly bounds: HeldBounds
  deltas: HeldDelta[] = []
  private levels = 0

  constructor(bounds: HeldBounds) {
    this.bounds = bounds
  }

  /** Answers how many deltas had to go. */
  push(delta: HeldDelta): number {
    this.deltas.push(delta)
    this.levels += delta.count
    let dropped = 0
    while (this.deltas.length - dropped > this.bounds.deltas || this.levels > this.bounds.levels) {
      const oldest = this.deltas[dropped]
      if (oldest === undefined) break
      this.levels -= oldest.count
      dropped += 1
    }
    if (dropped > 0) this.deltas.splice(0, dropped)
    return dropped
  }

  /** Forgets the first `count` deltas. */
  forget(count: number): void {
    for (const delta of this.deltas.splice(0, count)) this.levels -= delta.count
  }
}

/**
 * How held deltas stand to a snapshot.
 *
 * `joins`: the delta at index `at` is the first to be applied, all later ones follow. `ahead`: the snapshot is
 * newer than all of them. `tooOld`: what lies between the snapshot and them is missing.
 */
export function standing(
  rule: RestBookRule,
  snapshotSeq: number,
  deltas: readonly HeldDelta[],
): { readonly kind: 'joins' | 'ahead' | 'tooOld'; readonly at: number } {
  let at = 0
  for (; at < deltas.length; at++) {
    const { firstSeq, lastSeq, prevSeq } = deltas[at] as HeldDelta
    const continuity = rule.joins(snapshotSeq, firstSeq, lastSeq, prevSeq)
    if (continuity === 'gap') return { kind: 'tooOld', at }
    if (continuity === 'next') return { kind: 'joins', at }
  }
  return { kind: 'ahead', at }
}
