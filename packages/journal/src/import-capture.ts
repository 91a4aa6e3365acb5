import { encodeAnswer, encodeNote, type Market, RecordKind, type Subscription } from '@cryptoflow/model'
import type { Clock } from '@cryptoflow/runtime'
import { type CaptureLine, captureError, payloadOf, readCapture } from './capture-file.ts'
import { type Disk, nodeDisk, usageError } from './disk.ts'
import type { Journal } from './journal.ts'
import { openJournal } from './opening.ts'
import type { JournalCompression } from './segment-writer.ts'

export interface ImportOptions {
  /** The new journal's; must hold no record yet. */
  readonly directory: string
  readonly clock: Clock
  /** Version of the product, for the start record. */
  readonly version: string
  readonly compression?: JournalCompression
  /** Our market for a recorder's word, null for one that is not known; default: our own words. */
  readonly marketOf?: (word: string) => Market | null
  /** What a connection was subscribed to where its first line does not say it; default: unknown. */
  readonly subscriptionsOf?: (line: CaptureLine) => readonly Subscription[]
  /** Bytes kept back for a full disk; default: none, nothing is collected here. */
  readonly reserveBytes?: number
  readonly disk?: Disk
}

export interface ImportReport {
  /** The new journal's id. */
  readonly id: string
  readonly frames: number
  readonly answers: number
  /** Answers left out, because their line does not say what they answer. */
  readonly unnamedAnswers: number
  readonly lastRecord: number
}

/** Bytes appended before a write is waited for: the import must not be held in memory. */
const PENDING_BYTES_MAX = 4 * 1024 * 1024

const ourMarkets = new Map<string, Market>([
  ['spot', 'spot'],
  ['linear', 'linear'],
  ['inverse', 'inverse'],
])

/**
 * Makes a journal of a capture file: a start, a connect before each connection's first frame, frames and answers in
 * order with their exact payloads and times, a stop. Times never go back; a line without one takes the last.
 *
 * Throws a CryptoFlowError: `data` naming file and line, `usage` when the journal holds records already, `disk` when
 * there is no room. After a throw the new journal holds a part: remove its directory.
 */
export async function importCapture(path: string, options: ImportOptions): Promise<ImportReport> {
  const { directory, version, clock, compression = 'none', reserveBytes = 0, disk = nodeDisk } = options
  const begunUs = await firstTimeUs(path)
  // The journal's first time is the capture's: a start stamped now would raise all that follow.
  const journal = await openJournal({
    directory,
    version,
    clock: {
      nowUs: () => begunUs,
      after: (ms, callback) => clock.after(ms, callback),
      every: (ms, callback) => clock.every(ms, callback),
    },
    compression,
    reserveBytes,
    disk,
  })
  try {
    if (journal.recovered.lastRecord > 0) {
      throw usageError('importing a capture found records in the journal, expected a new one', { directory })
    }
    return await appendLines(path, journal, begunUs, options)
  } finally {
    await journal.close()
  }
}

async function firstTimeUs(path: string): Promise<number> {
  for await (const { recv_ts_us } of readCapture(path)) if (recv_ts_us !== null) return recv_ts_us
  return 0
}

async function appendLines(
  path: string,
  journal: Journal,
  begunUs: number,
  options: ImportOptions,
): Promise<ImportReport> {
  const { marketOf = (word) => ourMarkets.get(word) ?? null, subscriptionsOf = () => [] } = options
  const report = { frames: 0, answers: 0, unnamedAnswers: 0 }
  const numbers = new Map<string, number>()
  let receivedUs = begunUs
  let at = 0
  for await (const line of readCapture(path)) {
    at += 1
    const market = marketOf(line.market)
    if (market === null) throw captureError(path, 'found a market of no known name', { line: at })
    receivedUs = line.recv_ts_us ?? receivedUs
    const { exchange } = line
    if (line.transport === 'ws') {
      const name = [line.conn, exchange, market].join('\0')
      const subscriptions = line.subscriptions ?? subscriptionsOf(line)
      const note = () => encodeNote({ exchange, market, subscriptions })
      const connection = numbers.get(name) ?? journal.append(RecordKind.connect, 0, receivedUs, note())
      numbers.set(name, connection)
      journal.append(RecordKind.frame, connection, receivedUs, payloadOf(line))
      report.frames += 1
    } else if (!isAnswer(line.answer)) {
      report.unnamedAnswers += 1
    } else {
      const { symbol, stream, resync, status } = line.answer
      const context = { exchange, market, symbol, stream, resync, status }
      journal.append(RecordKind.answer, 0, receivedUs, encodeAnswer(context, payloadOf(line)))
      report.answers += 1
    }
    if (journal.pendingBytes > PENDING_BYTES_MAX) await journal.flush()
  }
  journal.append(RecordKind.stop, 0, receivedUs, new Uint8Array(0))
  await journal.flush()
  return { id: journal.id, ...report, lastRecord: journal.lastRecord }
}

/** Lines of other recorders may use the word for something else. */
function isAnswer(answer: CaptureLine['answer']): answer is NonNullable<CaptureLine['answer']> {
  if (typeof answer !== 'object' || answer === null) return false
  const { symbol, stream, resync, status } = answer
  return (
    [symbol, stream].every((text) => typeof text === 'string') && [resync, status].every(Number.isInteger)
  )
}
