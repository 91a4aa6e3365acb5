import type { JournalRecord, StreamSpec, TableName } from '@cryptoflow/model'
import { addHole } from './holes.ts'
import type { KeyState } from './key-state.ts'
import { addHoleTo, type Ledger, ledgerOf, minuteOf, openMinute } from './minutes.ts'
import { imageTableOf, isStored, type RowSink } from './row-sink.ts'
import type { RowKey } from './row-types.ts'
import { beginOf, isBroken, isCarried, type OpenGap, type Standing, type StreamState } from './stream.ts'
import { type GapCause, type GapRow, gapRow } from './truth-rows.ts'
import { missingIn, type WaitingHole } from './waiting-hole.ts'

/** A message as the sequence of its stream sees it. NaN = absent. */
export interface SequencedMessage {
  readonly record: JournalRecord
  /** Position among the events of its frame. */
  readonly index: number
  readonly firstSeq: number
  readonly lastSeq: number
  readonly prevSeq: number
  /** Of a book, in its stream. */
  readonly isSnapshot: boolean
  /** Frame of the last dead letter on the same connection, 0 = none. */
  readonly deadLetter: number
}

/** Whether a message shows that something before it is missing, or closes what is open. */
export function revealsGap(stream: StreamState, stands: Standing): boolean {
  if (stream.openGap !== null || stands === 'gap' || stands === 'first' || stands === 'anew') return true
  return stream.interrupted !== null && (stands === 'unruled' || stands === 'unproven')
}

/**
 * Writes what such a message reveals about its stream, and remembers the hole. One that another connection may still
 * fill is not written: it waits, and is answered.
 */
export function revealGap(
  sink: RowSink,
  writer: string,
  state: KeyState,
  stream: StreamState,
  stands: Standing,
  message: SequencedMessage,
): WaitingHole | null {
  const { openGap } = stream
  let waiting: WaitingHole | null = null
  if (isCarried(stream.spec)) {
    const cause = causeOf(stream, stands, message)
    const id = openGap?.id ?? gapId(writer, state, stream, message.record, message.index)
    const gap = closedGap(stream, id, cause, stands, message)
    const awaited = legsBehind(stream, stands, message)
    if (awaited.length > 0) {
      waiting = waitingHole(gap, awaited, message)
      stream.waiting.push(waiting)
    } else {
      if (openGap === null) state.counters.gaps += 1
      writeGap(sink, state, stream, message.record, gap)
    }
  }
  if (stands === 'next' || stands === 'unruled' || Number.isNaN(borderOf(message))) return waiting
  const from = stream.heard ? stream.lastSeq : Number.NEGATIVE_INFINITY
  // A snapshot is the state after the delta of its number, which is missing itself.
  addHole(stream.holes, from, borderOf(message) + (message.isSnapshot ? 1 : 0))
  return waiting
}

/** Writes a hole that nobody can fill any more. */
export function declareHole(
  sink: RowSink,
  state: KeyState,
  stream: StreamState,
  record: JournalRecord,
  hole: WaitingHole,
): void {
  state.counters.gaps += 1
  writeGap(sink, state, stream, record, { ...hole, state: 'closed', missing: missingIn(hole) })
}

/**
 * Connections that may bring what is missing before a message, in a stream whose numbers say what that is. Books that
 * begin in their stream are never carried twice, since snapshots of two connections would replace each other.
 */
function legsBehind(stream: StreamState, stands: Standing, message: SequencedMessage): number[] {
  if (stands !== 'gap' || stream.openGap !== null || stream.streamBook !== null) return []
  if (!(borderOf(message) - stream.lastSeq > 1)) return []
  return stream.connections.filter((leg) => leg !== message.record.connection)
}

function waitingHole(
  gap: Omit<GapRow, 'table' | 'stream'>,
  awaited: readonly number[],
  { firstSeq, prevSeq }: SequencedMessage,
): WaitingHole {
  const { id, cause, detail, fromSeq, toSeq, fromUs, toUs } = gap
  const isDense = !Number.isNaN(firstSeq) && Number.isNaN(prevSeq)
  const rest = [{ from: fromSeq, to: toSeq, prev: prevSeq, isDense }]
  return { id, cause, detail, fromSeq, toSeq, fromUs, toUs, awaited, rest }
}

/** Writes that nothing more will be heard for now. A gap that is open already stays as it is. */
export function openAtStop(
  sink: RowSink,
  writer: string,
  state: KeyState,
  stream: StreamState,
  record: JournalRecord,
): void {
  if (stream.openGap === null && isCarried(stream.spec)) {
    openGap(sink, writer, state, stream, record, causeAtStop(stream))
  }
}

/** Writes that a stream is not known to go on for so long that its hole must be shown before its end is known. */
export function openOverdue(
  sink: RowSink,
  writer: string,
  state: KeyState,
  stream: StreamState,
  record: JournalRecord,
): void {
  if (!stream.heard) openGap(sink, writer, state, stream, record, 'start')
  else if (stream.interrupted !== null) openGap(sink, writer, state, stream, record, stream.interrupted)
}

function openGap(
  sink: RowSink,
  writer: string,
  state: KeyState,
  stream: StreamState,
  record: JournalRecord,
  cause: OpenGap['cause'],
): void {
  const openGap: OpenGap = { id: gapId(writer, state, stream, record, 0), cause }
  state.counters.gaps += 1
  stream.openGap = openGap
  stream.interrupted = null
  writeGap(sink, state, stream, record, {
    ...borders(stream, openGap.id, cause),
    state: 'open',
    toSeq: Number.NaN,
    toUs: Number.NaN,
    missing: Number.NaN,
    detail: null,
  })
}

/** A hole that is open already keeps its cause. */
function causeAtStop(stream: StreamState): OpenGap['cause'] {
  if (!stream.heard) return 'start'
  return isBroken(stream) && stream.interrupted !== null ? stream.interrupted : 'shutdown'
}

/** Why a row is due. An open gap is closed by the first message that goes on. */
function causeOf(stream: StreamState, stands: Standing, message: SequencedMessage): GapCause {
  if (stream.openGap !== null) return stream.openGap.cause
  if (stands === 'first') return 'start'
  if (stream.interrupted !== null) return stream.interrupted
  return message.deadLetter > stream.lastFrame ? 'undecodable' : 'sequence'
}

function closedGap(
  stream: StreamState,
  id: string,
  cause: GapCause,
  stands: Standing,
  message: SequencedMessage,
): Omit<GapRow, 'table' | 'stream'> {
  const { record, firstSeq, prevSeq, deadLetter } = message
  const isAnew = cause === 'sequence' && stands === 'anew'
  return {
    ...borders(stream, id, cause),
    state: 'closed',
    toSeq: borderOf(message),
    toUs: record.receivedUs,
    missing: missingOf(stands, stream.lastSeq, firstSeq, prevSeq),
    detail: cause === 'undecodable' ? `frame ${deadLetter}` : isAnew ? 'snapshot' : null,
  }
}

/** The sequence at which a message ends what is missing before it. */
function borderOf({ isSnapshot, firstSeq, lastSeq }: SequencedMessage): number {
  return isSnapshot ? lastSeq : beginOf(firstSeq, lastSeq)
}

/** How many sequence numbers are missing; NaN where ids may skip and where a border is unknown. */
function missingOf(stands: Standing, lastSeq: number, firstSeq: number, prevSeq: number): number {
  if (stands === 'next') return 0
  const isCountable = stands === 'gap' && Number.isNaN(prevSeq) && firstSeq > lastSeq
  return isCountable ? firstSeq - lastSeq - 1 : Number.NaN
}

function borders(
  stream: StreamState,
  id: string,
  cause: GapCause,
): Pick<GapRow, 'id' | 'cause' | 'fromSeq' | 'fromUs'> {
  return { id, cause, fromSeq: stream.lastSeq, fromUs: stream.lastReceivedUs }
}

function writeGap(
  sink: RowSink,
  { key, ledgers }: KeyState,
  { spec }: StreamState,
  record: JournalRecord,
  gap: Omit<GapRow, 'table' | 'stream'>,
): void {
  const table = tableOfGap(sink, key, spec)
  if (table === null) return
  gapRow(sink, key, record.receivedUs, record.number, { ...gap, table, stream: spec.name })
  if (gap.state === 'closed') markMinutes(ledgerOf(ledgers, table), gap, minuteOf(record.receivedUs))
}

/** Tells the minutes that are not written yet, the one at hand among them. What is open is told when they are. */
export function markMinutes(
  ledger: Ledger,
  { fromUs, toUs, cause }: Pick<GapRow, 'fromUs' | 'toUs' | 'cause'>,
  minute: number,
): void {
  const from = Number.isNaN(fromUs) ? Number.NEGATIVE_INFINITY : fromUs
  openMinute(ledger, minute)
  for (const open of ledger.minutes) addHoleTo(open, from, toUs, cause)
}

/**
 * The table that misses rows: a book's images where its deltas are not stored, what changes between images where they
 * are not; null where neither is.
 */
export function tableOfGap(
  sink: RowSink,
  key: RowKey,
  { table, book, changes }: StreamSpec,
): TableName | null {
  if (isStored(sink, key, table)) return table
  if (changes !== undefined && isStored(sink, key, changes)) return changes
  const images = imageTableOf(key)
  return book !== null && isStored(sink, key, images) ? images : null
}

/**
 * A name for a hole, the same in every replay: the frames on both sides, the message's place in the second, and
 * the stream. The symbol stands last because only it can hold any character.
 */
function gapId(
  writer: string,
  { key }: KeyState,
  stream: StreamState,
  record: JournalRecord,
  index: number,
): string {
  const frames = `${stream.lastFrame}-${record.number}.${index}`
  return `${writer}/${frames}/${key.exchange}/${key.market}/${stream.spec.name}/${key.symbol}`
}
