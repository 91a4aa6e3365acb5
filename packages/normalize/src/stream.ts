import {
  type InterruptionCause,
  isUsualNext,
  type StreamBookRule,
  type StreamSpec,
  type TableName,
  type UsualNext,
} from '@cryptoflow/model'
import type { DeltaLine } from './delta-line.ts'
import { addHole, fillHole, type Hole } from './holes.ts'
import { IdWindow } from './id-window.ts'
import type { KnownImage } from './image-changes.ts'
import type { WaitingHole } from './waiting-hole.ts'

/** Why a stream is not known to have gone on since its last message. */
export type Interruption =
  | 'disconnect'
  | 'restart'
  | 'sequence'
  | 'checksum'
  | 'undecodable'
  | InterruptionCause

/** A hole whose first row is written and whose end is not known yet. */
export interface OpenGap {
  readonly id: string
  readonly cause: 'start' | 'shutdown' | Interruption
}

/** What is remembered of one stream of one key. Plain data; what can change is part of the state image. */
export interface StreamState {
  readonly spec: StreamSpec
  /** The spec's: specs are made in many ways, and what every message asks for is found faster here. */
  readonly name: string
  readonly table: TableName
  /** Null where none are derived from its images. */
  readonly changes: Exclude<StreamSpec['changes'], undefined> | null
  /** How its sequence goes on, by its own rule or by its book's; null: it has no rule. */
  readonly follows: StreamSpec['follows']
  /** What the rule says of nearly all messages; null: nothing. */
  readonly usual: UsualNext | null
  /** Its book's rule, where snapshots of the book come in the stream. */
  readonly streamBook: StreamBookRule | null
  /** What its last messages were called, where they have names that are no sequence. */
  readonly ids: IdWindow | null
  /** Whether a message is judged by what came before. All others stand for themselves. */
  readonly isRemembered: boolean
  /** Connections that carry it, by their record numbers. */
  connections: number[]
  /** Last minute (see minutes.ts) in which it was subscribed; Infinity: it is. */
  wantedUntil: number
  heard: boolean
  /** Of the last message in sequence; NaN where it has none or nothing was heard. */
  lastSeq: number
  lastFrame: number
  lastReceivedUs: number
  /** Frame of the last dead letter that was a message of it or may have been one, 0 = none. */
  deadLetter: number
  interrupted: Interruption | null
  openGap: OpenGap | null
  holes: Hole[]
  /** Holes that another connection may still fill, ascending; none of them has a row. */
  waiting: WaitingHole[]
  /** Deltas of its book behind the first of them; null: none stand there. */
  line: DeltaLine | null
  /** The last image, where changes are derived from it; null: the next one begins anew. */
  image: KnownImage | null
}

/** `ids`: how many of them are remembered, where the stream remembers any. */
export function createStream(spec: StreamSpec, ids: number | null = null): StreamState {
  const { follows, book, idWindow } = spec
  return {
    spec,
    name: spec.name,
    table: spec.table,
    changes: spec.changes ?? null,
    follows: follows ?? book?.follows ?? null,
    usual: (follows ?? book?.follows)?.usual ?? null,
    streamBook: book?.origin === 'stream' ? book : null,
    ids: idWindow > 0 ? new IdWindow(ids ?? idWindow) : null,
    isRemembered: isCarried(spec) || follows !== null || book !== null || idWindow > 0,
    connections: [],
    wantedUntil: -1,
    heard: false,
    lastSeq: Number.NaN,
    lastFrame: 0,
    lastReceivedUs: Number.NaN,
    deadLetter: 0,
    interrupted: null,
    openGap: null,
    holes: [],
    waiting: [],
    line: null,
    image: null,
  }
}

/** Whether a connection carries the stream, so that it can end; others are asked for message by message. */
export function isCarried(spec: StreamSpec): boolean {
  return spec.route !== null
}

/**
 * How a message stands to its stream.
 *
 * `first`: nothing was heard before. `next`: it follows. `unproven`: it is newer, and nothing in it says that it
 * follows. `gap`: something is missing before it. `anew`: a snapshot with which the sequence begins anew. `late`: it
 * was missing until now. `duplicate`: it was heard before. `unruled`: the stream has no continuity rule.
 */
export type Standing = 'first' | 'next' | 'unproven' | 'gap' | 'anew' | 'late' | 'duplicate' | 'unruled'

/** Judges a message and, when it is late, takes it out of its hole. Sequences: NaN = absent. */
export function judge(stream: StreamState, first: number, last: number, prev: number): Standing {
  if (!stream.heard) return 'first'
  const { follows, usual, lastSeq } = stream
  if (follows === null) return 'unruled'
  // To call a rule, one of many, costs as much as all else here.
  const isUsual = usual !== null && isUsualNext(usual, lastSeq, first, last, prev)
  const continuity = isUsual ? 'next' : follows(lastSeq, first, last, prev)
  if (continuity === 'next') return Number.isNaN(first) && Number.isNaN(prev) ? 'unproven' : 'next'
  if (continuity === 'gap') return 'gap'
  return fillHole(stream.holes, beginOf(first, last), last, prev) ? 'late' : 'duplicate'
}

/**
 * Judges a snapshot inside a stream: never late and never a duplicate, since its sequence may begin anew. The number
 * of the last message proves that nothing happened in between; any other number, also the next one, proves nothing.
 */
export function judgeSnapshot(stream: StreamState, last: number): Standing {
  if (!stream.heard) return 'first'
  if (stream.follows === null || (Number.isNaN(last) && !isSequenced(stream))) return 'unruled'
  return last === stream.lastSeq ? 'next' : 'anew'
}

/** Judges a delta of a book whose snapshots come in the stream. Old recordings of a stream may have no numbers yet. */
export function judgeDelta(stream: StreamState, first: number, last: number, prev: number): Standing {
  const isPlain = Number.isNaN(last) && Number.isNaN(prev)
  return stream.heard && isPlain && !isSequenced(stream) ? 'unruled' : judge(stream, first, last, prev)
}

/** Whether a stream that was heard has a sequence that says what is missing. */
export function isSequenced(stream: StreamState): boolean {
  return stream.follows !== null && !Number.isNaN(stream.lastSeq)
}

/** Where a message begins: at its end when it says only that. */
export function beginOf(first: number, last: number): number {
  return Number.isNaN(first) ? last : first
}

/**
 * Remembers the numbers that a message skipped, where two connections carry the stream: most were never given, but
 * the slower connection may still bring one that the faster, subscribed in between, did not.
 */
export function noteSkip(stream: StreamState, first: number, last: number): void {
  if (stream.connections.length > 1) addHole(stream.holes, stream.lastSeq, beginOf(first, last))
}

/** Marks a message as the stream's last one. Where its number is smaller, the holes of the old numbers are of no use. */
export function moveOn(stream: StreamState, lastSeq: number, frame: number, receivedUs: number): void {
  if (lastSeq < stream.lastSeq) stream.holes = []
  stream.heard = true
  stream.interrupted = null
  stream.openGap = null
  stream.lastSeq = lastSeq
  stream.lastFrame = frame
  stream.lastReceivedUs = receivedUs
}

/** Marks that a connection carries the stream: it is subscribed from now on, whatever becomes of the connection. */
export function joinConnection(stream: StreamState, connection: number): void {
  stream.wantedUntil = Number.POSITIVE_INFINITY
  if (!stream.connections.includes(connection)) stream.connections.push(connection)
}

/** Marks that a connection ended. True when no other carries the stream: it is interrupted. */
export function leaveConnection(
  stream: StreamState,
  connection: number,
  cause: Interruption = 'disconnect',
): boolean {
  const at = stream.connections.indexOf(connection)
  if (at < 0) return false
  stream.connections.splice(at, 1)
  if (stream.connections.length > 0) return false
  interrupt(stream, cause)
  return true
}

/** Marks that frames may have been missed from here on. The first cause stays; an open gap already says it. */
export function interrupt(stream: StreamState, cause: Interruption): void {
  if (!isCarried(stream.spec)) return
  if (stream.heard && stream.openGap === null) stream.interrupted ??= cause
}

/**
 * Whether a hole of a stream without a sequence is open. It lasts until the next snapshot, whatever deltas come, and
 * until then the stream's last message is the one before the hole.
 */
export function isBroken(stream: StreamState): boolean {
  const isPlain = stream.streamBook !== null && stream.heard && !isSequenced(stream)
  return isPlain && (stream.interrupted !== null || stream.openGap !== null)
}

/**
 * Begins such a hole behind the message `after`; null: behind the last one. One that is open already stays as it is.
 */
export function breakStream(
  stream: StreamState,
  cause: Interruption,
  after: { readonly frame: number; readonly receivedUs: number } | null,
): void {
  if (stream.streamBook === null || isSequenced(stream) || isBroken(stream)) return
  interrupt(stream, cause)
  if (after === null || stream.interrupted === null) return
  stream.lastFrame = after.frame
  stream.lastReceivedUs = after.receivedUs
}
