import type { JournalRecord } from '@cryptoflow/model'
import { addHole } from './holes.ts'
import type { KeyState } from './key-state.ts'
import type { GapCause, GapRow, RowWriter } from './row-types.ts'
import type { OpenGap, Standing, StreamState } from './stream.ts'

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

/** Writes what a message reveals about its stream, then makes it the stream's last one. */
export function passMessage(
  rows: RowWriter,
  writer: string,
  state: KeyState,
  stream: StreamState,
  stands: Standing,
  message: SequencedMessage,
): void {
  const cause = causeOf(stream, stands, message)
  if (cause !== null) {
    const { openGap } = stream
    const id = openGap?.id ?? gapId(writer, state, stream, message.record, message.index)
    if (openGap === null) state.counters.gaps += 1
    writeGap(rows, state, stream, message.record, closedGap(stream, id, cause, message))
    const from = stream.heard ? stream.lastSeq : Number.NEGATIVE_INFINITY
    if (stands === 'first' || stands === 'gap') addHole(stream.holes, from, message.firstSeq)
  }
  stream.heard = true
  stream.interrupted = null
  stream.openGap = null
  stream.lastSeq = message.lastSeq
  stream.lastFrame = message.record.number
  stream.lastReceivedUs = message.record.receivedUs
}

/** Writes that nothing more will be heard for now. A gap that is open already stays as it is. */
export function openAtStop(
  rows: RowWriter,
  writer: string,
  state: KeyState,
  stream: StreamState,
  record: JournalRecord,
): void {
  if (stream.openGap !== null || stream.spec.table === null) return
  const cause = stream.heard ? 'shutdown' : 'start'
  const openGap: OpenGap = { id: gapId(writer, state, stream, record, 0), cause }
  state.counters.gaps += 1
  stream.openGap = openGap
  stream.interrupted = null
  writeGap(rows, state, stream, record, {
    ...borders(stream, openGap.id, cause),
    state: 'open',
    toSeq: Number.NaN,
    toUs: Number.NaN,
    missing: Number.NaN,
    detail: null,
  })
}

/** Why a row is due, null when none is. An open gap is closed by the first message that goes on. */
function causeOf(stream: StreamState, stands: Standing, message: SequencedMessage): GapCause | null {
  if (stream.openGap !== null) return stream.openGap.cause
  switch (stands) {
    case 'first':
      return 'start'
    case 'gap':
      if (stream.interrupted !== null) return stream.interrupted
      return message.deadLetter > stream.lastFrame ? 'undecodable' : 'sequence'
    case 'unruled':
      return stream.interrupted
    case 'next':
    case 'late':
    case 'duplicate':
      return null
  }
}

function closedGap(
  stream: StreamState,
  id: string,
  cause: GapCause,
  { record, firstSeq, prevSeq, deadLetter }: SequencedMessage,
): Omit<GapRow, 'table' | 'stream'> {
  const between = firstSeq - stream.lastSeq - 1
  return {
    ...borders(stream, id, cause),
    state: 'closed',
    toSeq: firstSeq,
    toUs: record.receivedUs,
    missing: Number.isNaN(prevSeq) ? Math.max(between, 0) : prevSeq === stream.lastSeq ? 0 : Number.NaN,
    detail: cause === 'undecodable' ? `frame ${deadLetter}` : null,
  }
}

function borders(
  stream: StreamState,
  id: string,
  cause: GapCause,
): Pick<GapRow, 'id' | 'cause' | 'fromSeq' | 'fromUs'> {
  return { id, cause, fromSeq: stream.lastSeq, fromUs: stream.lastReceivedUs }
}

function writeGap(
  rows: RowWriter,
  state: KeyState,
  stream: StreamState,
  record: JournalRecord,
  gap: Omit<GapRow, 'table' | 'stream'>,
): void {
  const { table, name } = stream.spec
  if (table === null) return
  rows.gap(state.key, record.receivedUs, record.number, { ...gap, table, stream: name })
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
