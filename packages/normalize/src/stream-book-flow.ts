import { EventKind } from '@cryptoflow/model'
import { closeAudit } from './book-audit.ts'
import { eventRows } from './event-rows.ts'
import {
  type FlowParts,
  isFiltered,
  labelOf,
  type Outcome,
  type RecordedEvent,
  reveal,
  sourceOf,
} from './flow-parts.ts'
import { revealsGap } from './gap-rows.ts'
import type { KeyState } from './key-state.ts'
import type { Stamp } from './stamps.ts'
import {
  breakStream,
  type Interruption,
  isBroken,
  isSequenced,
  judgeDelta,
  judgeSnapshot,
  moveOn,
  type Standing,
  type StreamState,
} from './stream.ts'
import type { BookFault, Candidate, StreamKeeper } from './stream-keeper.ts'

/** The way of messages of a book whose snapshots come in its stream. */

/** What a fault of the book says about a stream that has no sequence to say it better. */
const CAUSE_OF: Readonly<Record<BookFault, Interruption>> = { crossed: 'sequence', checksum: 'checksum' }

/** A delta or a snapshot whose time, in `stamp`, is believed. */
export function streamBookMessage(
  parts: FlowParts,
  state: KeyState,
  stream: StreamState,
  message: RecordedEvent,
  stamp: Stamp,
): Outcome {
  const { record, batch, event } = message
  const { counters, key } = state
  const keeper = keeperOf(state, stream)
  const kind = batch.kind[event] as number
  const candidate = kind === EventKind.bookSnapshot && keeper !== null ? keeper.open(batch, event) : null
  const stands = pass(parts, state, stream, message, candidate?.fault ?? null)
  counters.received += 1
  if (stands === 'duplicate') {
    counters.duplicates += 1
    return 'duplicate'
  }
  const outcome = isFiltered(state, stream.spec.table, batch, event) ? 'filtered' : 'stored'
  counters[outcome] += 1
  if (stands === 'late') counters.late += 1
  if (outcome === 'stored') {
    const label = labelOf(state, stream, kind, stands)
    const { sink } = parts
    if (stream.streamBook?.checksum) sink.checksum = batch.checksum[event] as number
    eventRows(sink, stream.spec.table, key, stamp, batch, event, label, sourceOf(record))
    sink.checksum = Number.NaN
  }
  if (keeper === null || stands === 'late') return outcome
  const fault = keep(parts, state, keeper, candidate, stands, message, stamp)
  if (keeper.audits.second !== null) closeAudit(parts, message.record, state, stream, keeper)
  // Asking for a snapshot ends the subscription for a moment, and no number would tell.
  if (fault !== null) breakStream(stream, CAUSE_OF[fault], keeper.proven)
  return outcome
}

/** A message of such a stream could not be stored: the book is not the exchange's any more. */
export function streamBookDamage(state: KeyState, stream: StreamState, isSnapshot: boolean): void {
  const keeper = keeperOf(state, stream)
  if (isSnapshot) keeper?.refusedSnapshot()
  // A sequence tells it with the next message.
  else if (!isSequenced(stream)) keeper?.damaged()
  breakStream(stream, 'undecodable', null)
}

/** No connection that can be trusted carries the stream any more: its book has nothing to go on with. */
export function cutStreamBook(state: KeyState, stream: StreamState): void {
  keeperOf(state, stream)?.cut()
}

/** Judges a message by its stream, writes the gap that it reveals, and makes it the stream's last one. */
function pass(
  parts: FlowParts,
  state: KeyState,
  stream: StreamState,
  message: RecordedEvent,
  fault: BookFault | null,
): Standing {
  const { record, batch, event } = message
  const lastSeq = batch.lastSeq[event] as number
  const isSnapshot = batch.kind[event] === EventKind.bookSnapshot
  let stands = isSnapshot
    ? judgeSnapshot(stream, lastSeq)
    : judgeDelta(stream, batch.firstSeq[event] as number, lastSeq, batch.prevSeq[event] as number)
  if (stands === 'duplicate' || stands === 'late') return stands
  if (stands === 'unruled' && !isProof(stream, isSnapshot, fault)) return stands
  // Nobody says what was between the last message and a book that replaces ours.
  if (stands === 'unruled' && isSnapshot && !isBroken(stream)) stands = 'anew'
  if (revealsGap(stream, stands)) reveal(parts, state, stream, stands, message)
  if (lastSeq < stream.lastSeq) keeperOf(state, stream)?.quotes.clear()
  moveOn(stream, lastSeq, record.number, record.receivedUs)
  return stands
}

/** Whether everything up to a message is known, in a stream without a sequence: a right snapshot ends its hole. */
function isProof(stream: StreamState, isSnapshot: boolean, fault: BookFault | null): boolean {
  return isSnapshot ? fault === null : !isBroken(stream)
}

/** Hands a message to the book. Answers what it shows to be wrong. */
function keep(
  { grid }: FlowParts,
  state: KeyState,
  keeper: StreamKeeper,
  candidate: Candidate | null,
  stands: Standing,
  { batch, event }: RecordedEvent,
  stamp: Stamp,
): BookFault | null {
  if (candidate === null) return keeper.delta(batch, event, stamp, stands)
  if (keeper.snapshot(candidate, batch.lastSeq[event] as number, stamp)) grid.checkpoint(state)
  return candidate.fault
}

/** The key's book, where it is this stream's. */
function keeperOf({ keeper }: KeyState, { spec }: StreamState): StreamKeeper | null {
  return keeper?.origin === 'stream' && keeper.stream === spec.name ? keeper : null
}
