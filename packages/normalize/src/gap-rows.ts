import type { JournalRecord, StreamSpec, TableName } from '@cryptoflow/model'
import { addHole } from './holes.ts'
import type { KeyState } from './key-state.ts'
import { imageTableOf, isStored, type RowSink } from './row-sink.ts'
import type { RowKey } from './row-types.ts'
import { beginOf, isCarried, type OpenGap, type Standing, type StreamState } from './stream.ts'
import { type GapCause, type GapRow, gapRow } from './truth-rows.ts'

/** A message as the sequence of its stream sees it. NaN = absent. */
export interface SequencedMessage {
  readonly record: JournalRecord
  /** Position among the events of its frame. */
  readonly index: number
  readonly firstSeq: number
  readonly lastSeq: number
  readonly prevSeq: number
  /** Frame of the last dead letter on the same connection, 0 = none. */
  readonly deadLetter: number
}

/** Whether a message shows that something before it is missing, or closes what is open. */
export function revealsGap(stream: StreamState, stands: Standing): boolean {
  if (stream.openGap !== null || stands === 'gap' || stands === 'first') return true
  return stream.interrupted !== null && (stands === 'unruled' || stands === 'unproven')
}

/** Writes what such a message reveals about its stream, and remembers the hole. */
export function revealGap(
  sink: RowSink,
  writer: string,
  state: KeyState,
  stream: StreamState,
  stands: Standing,
  message: SequencedMessage,
): void {
  const { openGap } = stream
  if (isCarried(stream.spec)) {
    const cause = causeOf(stream, stands, message)
    const id = openGap?.id ?? gapId(writer, state, stream, message.record, message.index)
    if (openGap === null) state.counters.gaps += 1
    writeGap(sink, state, stream, message.record, closedGap(stream, id, cause, stands, message))
  }
  if (stands === 'next' || stands === 'unruled') return
  const from = stream.heard ? stream.lastSeq : Number.NEGATIVE_INFINITY
  addHole(stream.holes, from, beginOf(message.firstSeq, message.lastSeq))
}

/** Writes that nothing more will be heard for now. A gap that is open already stays as it is. */
export function openAtStop(
  sink: RowSink,
  writer: string,
  state: KeyState,
  stream: StreamState,
  record: JournalRecord,
): void {
  if (stream.openGap !== null || !isCarried(stream.spec)) return
  const cause = stream.heard ? 'shutdown' : 'start'
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
  { record, firstSeq, lastSeq, prevSeq, deadLetter }: SequencedMessage,
): Omit<GapRow, 'table' | 'stream'> {
  return {
    ...borders(stream, id, cause),
    state: 'closed',
    toSeq: beginOf(firstSeq, lastSeq),
    toUs: record.receivedUs,
    missing: missingOf(stands, stream.lastSeq, firstSeq, prevSeq),
    detail: cause === 'undecodable' ? `frame ${deadLetter}` : null,
  }
}

/** How many sequence numbers are missing; NaN where ids may skip and where a border is unknown. */
function missingOf(stands: Standing, lastSeq: number, firstSeq: number, prevSeq: number): number {
  if (stands === 'next') return 0
  const isCountable = stands === 'gap' && Number.isNaN(prevSeq)
  return isCountable ? Math.max(firstSeq - lastSeq - 1, 0) : Number.NaN
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
  { key }: KeyState,
  { spec }: StreamState,
  record: JournalRecord,
  gap: Omit<GapRow, 'table' | 'stream'>,
): void {
  const table = tableOfGap(sink, key, spec)
  if (table === null) return
  gapRow(sink, key, record.receivedUs, record.number, { ...gap, table, stream: spec.name })
}

/** The table that misses rows: a book's images where its deltas are not stored; null where neither is. */
function tableOfGap(sink: RowSink, key: RowKey, { table, book }: StreamSpec): TableName | null {
  if (isStored(sink, key, table)) return table
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
