import { type EventBatch, EventKind, type JournalRecord } from '@cryptoflow/model'
import { closeAudit } from './book-audit.ts'
import type { BookKeeper } from './book-keeper.ts'
import { DeltaLine } from './delta-line.ts'
import type { FlowParts, RecordedEvent } from './flow-parts.ts'
import { declareHole } from './gap-rows.ts'
import type { KeyState } from './key-state.ts'
import type { Stamp } from './stamps.ts'
import { beginOf, type Standing, type StreamState } from './stream.ts'
import { dueOf, fillRest, isPassed, WAITING_HOLES_MAX, type WaitingHole } from './waiting-hole.ts'

/**
 * Streams that several connections carry (D16): a hole is declared when every connection has passed it or ended, or when
 * it is overdue. The key's book waits with it, where it is live, and takes the deltas in the order of their numbers.
 *
 *     hole found ──> waits ──┬── all of it came ────────────────────────────> no row
 *                            └── passed by all, ended, overdue, too many ──> the row, as it was found
 */

/** A message of the stream came, whatever became of it: it may fill holes, and its connection has come so far. */
export function legHeard(
  parts: FlowParts,
  state: KeyState,
  stream: StreamState,
  stands: Standing,
  { record, batch, event }: RecordedEvent,
): void {
  const firstSeq = batch.firstSeq[event] as number
  const lastSeq = batch.lastSeq[event] as number
  const prevSeq = batch.prevSeq[event] as number
  if (stands === 'late') {
    const isDense = !Number.isNaN(firstSeq) && Number.isNaN(prevSeq)
    for (const hole of stream.waiting) fillRest(hole, beginOf(firstSeq, lastSeq), lastSeq, prevSeq, isDense)
  }
  // Numbers that begin anew end the holes of the old ones.
  const isAnew = stands !== 'late' && stands !== 'duplicate' && lastSeq < stream.lastSeq
  settle(parts, state, stream, record, (hole) => isAnew || isPassed(hole, record.connection, lastSeq))
}

/** A connection ended: nobody waits for it any more. */
export function legEnded(
  parts: FlowParts,
  state: KeyState,
  stream: StreamState,
  record: JournalRecord,
  connection: number,
): void {
  if (stream.waiting.length === 0) return
  settle(parts, state, stream, record, (hole) => isPassed(hole, connection, Number.POSITIVE_INFINITY))
  releaseLine(parts, state, stream, record)
}

/** No connection is there any more: what is missing stays so. */
export function legsEnded(parts: FlowParts, record: JournalRecord): void {
  settleWhere(parts, record, () => true)
}

/** Declares the holes that have waited for too long. */
export function legsOverdue(parts: FlowParts, record: JournalRecord): void {
  settleWhere(parts, record, (hole) => dueOf(hole) <= record.receivedUs)
}

function settleWhere(parts: FlowParts, record: JournalRecord, isOver: (hole: WaitingHole) => boolean): void {
  let dueUs = Number.POSITIVE_INFINITY
  for (const state of parts.index.keys) {
    for (const stream of state.streams) {
      if (stream.waiting.length === 0) continue
      settle(parts, state, stream, record, isOver)
      releaseLine(parts, state, stream, record)
      for (const hole of stream.waiting) dueUs = Math.min(dueUs, dueOf(hole))
    }
  }
  parts.legs.dueUs = dueUs
}

/** Ends holes: those of which nothing is missing any more without a row. */
function settle(
  { sink }: FlowParts,
  state: KeyState,
  stream: StreamState,
  record: JournalRecord,
  isOver: (hole: WaitingHole) => boolean,
): void {
  const tooMany = stream.waiting.length - WAITING_HOLES_MAX
  stream.waiting = stream.waiting.filter((hole, at) => {
    if (hole.rest.length === 0) return false
    if (!isOver(hole) && at >= tooMany) return true
    declareHole(sink, state, stream, record, hole)
    return false
  })
}

/**
 * Whether a delta that was judged has to stand in line: it came behind a hole that its live book waits with, `isWaiting`
 * says with it, or fills one.
 */
export function standsInLine(
  { keeper }: KeyState,
  stream: StreamState,
  batch: EventBatch,
  event: number,
  isWaiting: boolean,
): boolean {
  if (batch.kind[event] !== EventKind.bookDelta || keeper?.origin !== 'rest') return false
  if (keeper.stream !== stream.name) return false
  const { line } = stream
  if (line === null) return isWaiting && keeper.live
  return (batch.lastSeq[event] as number) > line.lastSeq
}

/** Puts a delta into the line of its book. */
export function lineUp(
  parts: FlowParts,
  state: KeyState,
  stream: StreamState,
  { record, batch, event }: RecordedEvent,
  stamp: Stamp,
): void {
  stream.line ??= new DeltaLine(stream.waiting.at(-1)?.fromSeq ?? Number.NaN)
  if (!stream.line.add(batch, event, stamp)) release(parts, state, stream, record, Number.POSITIVE_INFINITY)
}

/** Gives a book what stands in line before the first number that is still missing. */
export function releaseLine(
  parts: FlowParts,
  state: KeyState,
  stream: StreamState,
  record: JournalRecord,
): void {
  if (stream.line === null) return
  release(parts, state, stream, record, stream.waiting[0]?.rest[0]?.from ?? Number.POSITIVE_INFINITY)
}

function release(
  parts: FlowParts,
  state: KeyState,
  stream: StreamState,
  record: JournalRecord,
  until: number,
): void {
  const { keeper } = state
  const { line, follows } = stream
  if (line === null || follows === null || keeper?.origin !== 'rest') return
  const { batch, due } = line.takeDue(until, follows, parts.names)
  if (line.count === 0) stream.line = null
  for (const { event, stamp, stands } of due) {
    bookDelta(parts, state, stream, keeper, { record, batch, event, index: 0 }, stamp, stands)
  }
}

/** Hands a delta whose turn it is to its book. */
export function bookDelta(
  parts: FlowParts,
  state: KeyState,
  stream: StreamState,
  keeper: BookKeeper,
  { record, batch, event }: RecordedEvent,
  stamp: Stamp,
  stands: Standing,
): void {
  if (keeper.delta(batch, event, stamp, stands)) parts.grid.checkpoint(state)
  if (keeper.audits.second !== null) closeAudit(parts, record, state, stream, keeper)
}
