import type { EventBatch, ExchangeMarket, Subscription } from '@cryptoflow/model'
import type { CaptureLine } from './capture-lines.ts'
import { type LineTally, type LineVerdict, openLineTally } from './capture-verdict.ts'
import type { FrameTally } from './tally.ts'

/** One of ours: a recorder's socket as one market hears it. */
export interface CaptureConnection {
  readonly market: ExchangeMarket
  /** By symbol and stream. */
  readonly streams: Map<string, Subscription>
  /** Of lines that are frames of this connection alone. */
  readonly fate: LineFate
}

/** What a recorded REST answer answers: a stream, or the book of one. */
export interface AnswerPlace {
  readonly market: ExchangeMarket
  readonly symbol: string
  readonly stream: string
  /** A book that waits for its snapshot: the answer belongs to one of its resyncs. */
  readonly isAwaited: boolean
}

/** Whose a line is. One that several markets read is a record of each of them. */
export interface LineFate {
  readonly session: CaptureSession
  readonly frames: readonly CaptureConnection[]
  readonly answers: readonly AnswerPlace[]
}

/** A socket of the recorder, or the requests that it kept under one name. */
export interface CaptureSession {
  /** The recorder's own word. */
  readonly exchange: string
  readonly connections: Map<ExchangeMarket, CaptureConnection>
  /** Of lines that have a place in the socket's own count: frames of all its connections. */
  readonly counted: LineFate & { readonly frames: CaptureConnection[] }
  /** Of lines without an event: frames of its first connection. */
  readonly aside: LineFate & { readonly frames: CaptureConnection[] }
  /** Market of a line without an event that was heard first; null while there was none. */
  asideMarket: ExchangeMarket | null
  /** Something else than REST answers was heard. */
  hasFrames: boolean
  /** It speaks a protocol that the exchange has given up: nothing of it counts. */
  isObsolete: boolean
  messages: number
  /** Messages that the recorder made itself. */
  generated: number
  readonly tally: LineTally
}

/** Lines of one session have the same one of these. */
export function sessionName({ conn, exchange }: CaptureLine): string {
  return `${conn}\0${exchange}`
}

/** A session of which nothing was heard yet. */
export function openSession({ exchange }: CaptureLine): CaptureSession {
  const session: Omit<CaptureSession, 'counted' | 'aside'> = {
    exchange,
    connections: new Map(),
    asideMarket: null,
    hasFrames: false,
    isObsolete: false,
    messages: 0,
    generated: 0,
    tally: openLineTally(),
  }
  const opened = session as CaptureSession
  return Object.assign(opened, {
    counted: { session: opened, frames: [], answers: [] },
    aside: { session: opened, frames: [], answers: [] },
  })
}

/** The session's connection to a market, opened when it is asked for first. */
export function connectionIn(session: CaptureSession, market: ExchangeMarket): CaptureConnection {
  const known = session.connections.get(market)
  if (known !== undefined) return known
  const frames: CaptureConnection[] = []
  const connection = { market, streams: new Map(), fate: { session, frames, answers: [] } }
  frames.push(connection)
  session.counted.frames.push(connection)
  session.connections.set(market, connection)
  return connection
}

/** Notes that a connection brings the streams and symbols of these events. */
export function learnStreams({ market, streams }: CaptureConnection, batch: EventBatch): void {
  for (let i = 0; i < batch.count; i++) {
    const stream = batch.names.text(batch.stream[i] as number)
    const isWide = market.streams.find(({ name }) => name === stream)?.scope === 'market'
    const symbol = isWide ? '' : batch.names.text(batch.symbol[i] as number)
    streams.set(`${symbol}\0${stream}`, { symbol, stream })
  }
}

/** Counts a line of the session, whose verdict may still fall with it. */
export function countLine(session: CaptureSession, verdict: LineVerdict): void {
  session.messages += 1
  session.tally.add(verdict)
  if (verdict.kind !== 'refused') return
  session.isObsolete ||= verdict.reason === 'obsolete_protocol'
  if (verdict.reason === 'generated') session.generated += 1
}

/**
 * Settles what only the whole file tells. Requests that were kept beside nothing but sockets of an obsolete protocol
 * belong to it.
 */
export function endSessions(sessions: readonly CaptureSession[]): void {
  for (const session of sessions) {
    if (session.connections.size === 0 && session.asideMarket !== null) {
      connectionIn(session, session.asideMarket)
    }
    const [first] = session.connections.values()
    if (first !== undefined) session.aside.frames.push(first)
  }
  for (const own of Map.groupBy(sessions, ({ exchange }) => exchange).values()) {
    const sockets = own.filter(({ hasFrames }) => hasFrames)
    if (sockets.length === 0 || sockets.some(({ isObsolete }) => !isObsolete)) continue
    for (const session of own) session.isObsolete = true
  }
}

/** A line's verdict when the whole session is known. */
export function finalVerdict(session: CaptureSession, verdict: LineVerdict): LineVerdict {
  const isGenerated = verdict.kind === 'refused' && verdict.reason === 'generated'
  return session.isObsolete && !isGenerated ? OBSOLETE : verdict
}

/** The session's lines by their final verdicts. */
export function sessionTally({ isObsolete, messages, generated, tally }: CaptureSession): FrameTally {
  if (!isObsolete) return tally.read()
  const refusals = openLineTally()
  for (let i = 0; i < messages; i++) refusals.add(i < generated ? GENERATED : OBSOLETE)
  return refusals.read()
}

const OBSOLETE: LineVerdict = { kind: 'refused', reason: 'obsolete_protocol' }
const GENERATED: LineVerdict = { kind: 'refused', reason: 'generated' }
