import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { exchangeMarkets } from '@cryptoflow/exchanges'
import type { ExchangeMarket } from '@cryptoflow/model'
import { placeOf } from './capture-answers.ts'
import { captureLines } from './capture-lines.ts'
import { AMBIGUOUS } from './capture-opinions.ts'
import { type LineReading, openLineReader } from './capture-reading.ts'
import {
  type AnswerPlace,
  type CaptureSession,
  connectionIn,
  countLine,
  endSessions,
  finalVerdict,
  type LineFate,
  learnStreams,
  openSession,
  sessionName,
  sessionTally,
} from './capture-sessions.ts'
import { type LineVerdict, sumOfCounts, sumOfTallies } from './capture-verdict.ts'
import type { FrameTally } from './tally.ts'

/** What a capture file holds, learnt in one pass over it. */
export interface CaptureFile {
  readonly path: string
  /** Stands in for the journal id: the same file always replays under the same id. */
  readonly writer: string
  readonly messages: number
  /** Its messages by what they became, each once, however many markets read it. */
  readonly tally: FrameTally
  /** The same message by message; null for a capture of more than LINES_LISTED_MAX. */
  readonly lines: readonly LineVerdict[] | null
  readonly sessions: readonly CaptureSession[]
  /** By line, from 0: whose it is; null for lines that are refused. */
  readonly fates: readonly (LineFate | null)[]
}

/** Longest capture of which every message's verdict is kept. */
export const LINES_LISTED_MAX = 1_000

/** A line as it was read, in an order of its own: answers are counted when all frames have been heard. */
interface Counted {
  readonly at: number
  readonly session: CaptureSession
  readonly verdict: LineVerdict
}

/** An answer whose symbol may be told by frames that come after it. */
interface Pending {
  readonly at: number
  readonly session: CaptureSession
  readonly reading: LineReading
}

/**
 * Reads a capture file once to learn whose its lines are, and their streams and symbols. Throws `data`, naming file
 * and line, for a line that is no message.
 */
export async function openCapture(
  path: string,
  markets: readonly ExchangeMarket[] = exchangeMarkets,
): Promise<CaptureFile> {
  const read = openLineReader(markets)
  const sessions = new Map<string, CaptureSession>()
  const fates: (LineFate | null)[] = []
  const list: Counted[] = []
  const pending: Pending[] = []
  const count = (counted: Counted): void => {
    countLine(counted.session, counted.verdict)
    if (list.length <= LINES_LISTED_MAX) list.push(counted)
  }
  for await (const line of captureLines(path)) {
    const session = sessions.get(sessionName(line)) ?? openSession(line)
    sessions.set(sessionName(line), session)
    const reading = read(line, (market, batch) => learnStreams(connectionIn(session, market), batch))
    const at = fates.push(frameFate(session, reading)) - 1
    session.hasFrames ||= line.transport === 'ws' && reading.answers.length === 0
    if (reading.answers.length > 0) pending.push({ at, session, reading })
    else count({ at, session, verdict: reading.verdict })
  }
  for (const { at, session, reading } of pending) {
    const { answers, verdict } = placed(sessions.values(), session, reading)
    if (answers.length > 0) fates[at] = { session, frames: [], answers }
    count({ at, session, verdict })
  }
  const all = [...sessions.values()]
  endSessions(all)
  const messages = fates.length
  const lines = messages > LINES_LISTED_MAX ? null : linesOf(list)
  const tally = sumOfTallies(all.map(sessionTally))
  return { path, writer: await contentId(path), messages, tally, lines, sessions: all, fates }
}

/** Whose frame it is; null where it is none. A frame that could not be read is a dead letter of who tried best. */
function frameFate(session: CaptureSession, { verdict, frames, isCounted }: LineReading): LineFate | null {
  const [first] = frames
  if (first === undefined) return null
  if (verdict.kind === 'ignored') session.asideMarket ??= first
  if (isCounted && verdict.kind !== 'dead_letter') return session.counted
  if (verdict.kind === 'ignored') return session.aside
  const connections = frames.map((market) => connectionIn(session, market))
  const [only] = connections
  return connections.length === 1 && only !== undefined
    ? only.fate
    : { session, frames: connections, answers: [] }
}

/** The places of an answer, of which only those count whose symbol is known. */
function placed(
  sessions: Iterable<CaptureSession>,
  session: CaptureSession,
  { verdict, answers }: LineReading,
): { answers: AnswerPlace[]; verdict: LineVerdict } {
  const all = [...sessions]
  const places = answers.flatMap(({ market, found, rows }) => {
    const place = placeOf(all, session, market, found)
    return place === null ? [] : [{ place, rows }]
  })
  if (places.length === 0) return { answers: [], verdict: { kind: 'refused', reason: 'no_symbol' } }
  const learnt = answers.every(({ found }) => found.symbol === null)
  if (learnt && new Set(places.map(({ place }) => place.symbol)).size < places.length) {
    return { answers: [], verdict: AMBIGUOUS }
  }
  const rows = sumOfCounts(places.map((one) => one.rows))
  return {
    answers: places.map(({ place }) => place),
    verdict: verdict.kind === 'decoded' ? { kind: 'decoded', rows } : verdict,
  }
}

function linesOf(list: readonly Counted[]): LineVerdict[] {
  const inOrder = list.toSorted((a, b) => a.at - b.at)
  return inOrder.map(({ session, verdict }) => finalVerdict(session, verdict))
}

async function contentId(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return `capture${hash.digest('hex').slice(0, 24)}`
}
