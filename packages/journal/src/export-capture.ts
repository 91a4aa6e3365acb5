import {
  type ConnectNote,
  decodeAnswerPayload,
  decodeNote,
  type JournalRecord,
  RecordKind,
} from '@cryptoflow/model'
import { type CaptureLine, rawOf, writeCapture } from './capture-file.ts'
import { type Disk, nodeDisk } from './disk.ts'
import { catJournal } from './inspect.ts'

export interface ExportOptions {
  /** First and last record; what is not there is left out. Default: all. */
  readonly from?: number
  readonly to?: number
  readonly disk?: Disk
}

export interface ExportReport {
  /** Lines written: frames and answers. */
  readonly frames: number
  readonly answers: number
  /**
   * Frames left out, because the record that opened their connection was retired: nothing says any more which
   * exchange sent them.
   */
  readonly unnamedFrames: number
}

/**
 * Writes a journal's frames and answers as a capture file, compressed whatever its name. Every payload is exact;
 * clock ticks and disconnects have no line. Throws as openJournalReader and its blocks do; then there is no file.
 */
export async function exportCapture(
  directory: string,
  path: string,
  { from = 1, to = Number.MAX_SAFE_INTEGER, disk = nodeDisk }: ExportOptions = {},
): Promise<ExportReport> {
  const report = { frames: 0, answers: 0, unnamedFrames: 0 }
  await writeCapture(path, captureLines())
  return report

  async function* captureLines(): AsyncGenerator<CaptureLine> {
    const connections = new Map<number, ConnectNote>()
    const begun = new Set<number>()
    // From the first record on: a connection was opened before its frames.
    for await (const record of catJournal(directory, { to, disk })) {
      const { kind, number, connection } = record
      if (kind === RecordKind.connect) connections.set(number, decodeNote<ConnectNote>(record.payload))
      if (kind === RecordKind.disconnect) forgetSubscriptions(connections, connection)
      if (number < from) continue
      if (kind === RecordKind.answer) {
        report.answers += 1
        yield answerLine(record)
      } else if (kind === RecordKind.frame) {
        const note = connections.get(connection)
        report[note === undefined ? 'unnamedFrames' : 'frames'] += 1
        if (note !== undefined) yield frameLine(record, note, !begun.has(connection))
        begun.add(connection)
      }
    }
  }
}

/** A journal has many connections in its life; what an ended one was subscribed to is told already. */
function forgetSubscriptions(connections: Map<number, ConnectNote>, connection: number): void {
  const note = connections.get(connection)
  if (note !== undefined) connections.set(connection, { ...note, subscriptions: [] })
}

function frameLine(
  { connection, receivedUs, payload }: JournalRecord,
  note: ConnectNote,
  isFirst: boolean,
): CaptureLine {
  const { exchange, market, subscriptions } = note
  const place = { conn: String(connection), recv_ts_us: receivedUs, url: null }
  const line = { exchange, market, transport: 'ws', ...place, ...rawOf(payload) } as const
  return isFirst ? { ...line, subscriptions } : line
}

function answerLine({ connection, receivedUs, payload }: JournalRecord): CaptureLine {
  const { context, body } = decodeAnswerPayload(payload)
  const { exchange, market, ...answer } = context
  const place = { conn: String(connection), recv_ts_us: receivedUs, url: null }
  return { exchange, market, transport: 'rest', ...place, ...rawOf(body), answer }
}
