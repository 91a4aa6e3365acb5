import type { InterruptionCause, StreamSpec } from '@cryptoflow/model'
import { addHole, fillHole, type Hole } from './holes.ts'

/** Why a stream is not known to have gone on since its last message. */
export type Interruption = 'disconnect' | 'restart' | InterruptionCause

/** A hole whose first row is written and whose end is not known yet. */
export interface OpenGap {
  readonly id: string
  readonly cause: 'start' | 'shutdown'
}

/** What is remembered of one stream of one key. Plain data; what can change is part of the state image. */
export interface StreamState {
  readonly spec: StreamSpec
  /** How its sequence goes on, by its own rule or by its book's; null: it has no rule. */
  readonly follows: StreamSpec['follows']
  /** Whether a message is judged by what came before. All others stand for themselves. */
  readonly isRemembered: boolean
  /** Connections that carry it, by their record numbers. */
  connections: number[]
  heard: boolean
  /** Of the last message in sequence; NaN where it has none or nothing was heard. */
  lastSeq: number
  lastFrame: number
  lastReceivedUs: number
  /** Frame of the last message that went to dead_letter for what it said, 0 = none. */
  deadLetter: number
  interrupted: Interruption | null
  openGap: OpenGap | null
  holes: Hole[]
}

export function createStream(spec: StreamSpec): StreamState {
  return {
    spec,
    follows: spec.follows ?? spec.book?.follows ?? null,
    isRemembered: isCarried(spec) || spec.follows !== null || spec.book !== null,
    connections: [],
    heard: false,
    lastSeq: Number.NaN,
    lastFrame: 0,
    lastReceivedUs: Number.NaN,
    deadLetter: 0,
    interrupted: null,
    openGap: null,
    holes: [],
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
 * follows. `gap`: something is missing before it. `late`: it was missing until now. `duplicate`: it was heard
 * before. `unruled`: the stream has no continuity rule.
 */
export type Standing = 'first' | 'next' | 'unproven' | 'gap' | 'late' | 'duplicate' | 'unruled'

/**
 * Judges a message and, when it is late, takes it out of its hole. Sequences: NaN = absent.
 *
 * A full snapshot inside a stream is never late or a duplicate: its sequence may begin anew.
 */
export function judge(
  stream: StreamState,
  first: number,
  last: number,
  prev: number,
  isSnapshot: boolean,
): Standing {
  const { follows } = stream
  if (!stream.heard) return 'first'
  if (follows === null) return 'unruled'
  const continuity = follows(stream.lastSeq, first, last, prev)
  if (continuity === 'next') return Number.isNaN(first) && Number.isNaN(prev) ? 'unproven' : 'next'
  if (continuity === 'gap') return 'gap'
  if (isSnapshot) return 'next'
  return fillHole(stream.holes, beginOf(first, last), last, prev) ? 'late' : 'duplicate'
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

/** Marks a message as the stream's last one. */
export function moveOn(stream: StreamState, lastSeq: number, frame: number, receivedUs: number): void {
  stream.heard = true
  stream.interrupted = null
  stream.openGap = null
  stream.lastSeq = lastSeq
  stream.lastFrame = frame
  stream.lastReceivedUs = receivedUs
}

/** Marks that a connection carries the stream. */
export function joinConnection(stream: StreamState, connection: number): void {
  if (!stream.connections.includes(connection)) stream.connections.push(connection)
}

/** Marks that a connection ended; the stream is interrupted when no other carries it. */
export function leaveConnection(
  stream: StreamState,
  connection: number,
  cause: Interruption = 'disconnect',
): void {
  const at = stream.connections.indexOf(connection)
  if (at < 0) return
  stream.connections.splice(at, 1)
  if (stream.connections.length === 0) interrupt(stream, cause)
}

/** Marks that frames may have been missed from here on. The first cause stays; an open gap already says it. */
export function interrupt(stream: StreamState, cause: Interruption): void {
  if (!isCarried(stream.spec)) return
  if (stream.heard && stream.openGap === null) stream.interrupted ??= cause
}
