import {
  EventBatch,
  type ExchangeMarket,
  encodeAnswer,
  encodeNote,
  type JournalRecord,
  RecordKind,
  StringTable,
} from '@cryptoflow/model'
import type { CaptureFile } from './capture.ts'
import { carriers } from './capture-answers.ts'
import { type CaptureLine, captureLines, lineBytes } from './capture-lines.ts'
import type { AnswerPlace, CaptureConnection, CaptureSession, LineFate } from './capture-sessions.ts'

/** Answers which resync a book waits for once every record before its snapshot has been read. */
export type ResyncOf = (market: ExchangeMarket, symbol: string, stream: string) => Promise<number>

/**
 * The records that a journal would hold had we received the capture ourselves: start, connects, frames,
 * answers, stop, numbered from 1. Lines that were refused are left out; one that several markets read is a record
 * of each of them.
 *
 * A line without a received time takes the last one of its session, else its message's own time, else
 * `receivedAtUs`; captures are exempt from the check against absurd times. A journal's times never go back, so
 * neither do these.
 */
export async function* captureRecords(
  file: CaptureFile,
  resyncOf: ResyncOf,
  receivedAtUs = 0,
): AsyncGenerator<JournalRecord> {
  const numbers = new Map<CaptureConnection, number>()
  const timeOf = openTimes(receivedAtUs)
  let number = 0
  let receivedUs = 0
  let at = -1
  const record = (kind: RecordKind, connection: number, payload: Uint8Array): JournalRecord => {
    number += 1
    return { number, kind, connection, receivedUs, payload }
  }
  const open = (connection: CaptureConnection): JournalRecord => {
    const { exchange, market } = connection.market
    const note = { exchange, market, subscriptions: [...connection.streams.values()] }
    const opened = record(RecordKind.connect, 0, encodeNote(note))
    numbers.set(connection, opened.number)
    return opened
  }
  yield record(RecordKind.start, 0, encodeNote({ lastRecord: 0, clean: true, version: 'capture' }))
  for await (const line of captureLines(file.path)) {
    at += 1
    const fate = file.fates[at]
    if (fate === null || fate === undefined || fate.session.isObsolete) continue
    const bytes = lineBytes(line)
    receivedUs = Math.max(receivedUs, timeOf(fate, line, bytes))
    for (const connection of fate.frames) {
      if (!numbers.has(connection)) yield open(connection)
      yield record(RecordKind.frame, numbers.get(connection) as number, bytes)
    }
    for (const place of fate.answers) {
      // The recorder listened before it fetched a book: what carries the stream is open.
      for (const carrier of carriers(file.sessions, place.market)) {
        if (!numbers.has(carrier) && carrier.streams.has(`${place.symbol}\0${place.stream}`)) {
          yield open(carrier)
        }
      }
      const resync = place.isAwaited ? await resyncOf(place.market, place.symbol, place.stream) : 0
      yield record(RecordKind.answer, 0, encodeAnswer(contextOf(place, resync), bytes))
    }
  }
  yield record(RecordKind.stop, 0, new Uint8Array(0))
}

function contextOf(
  { market, symbol, stream }: AnswerPlace,
  resync: number,
): Parameters<typeof encodeAnswer>[0] {
  return { exchange: market.exchange, market: market.market, symbol, stream, resync, status: 200 }
}

/** When a line was received, as far as anything tells. */
function openTimes(receivedAtUs: number): (fate: LineFate, line: CaptureLine, bytes: Uint8Array) => number {
  const lastUs = new Map<CaptureSession, number>()
  const batch = new EventBatch(new StringTable())
  return ({ session, frames }, { recv_ts_us }, bytes) => {
    if (recv_ts_us !== null) lastUs.set(session, recv_ts_us)
    const [first] = frames
    const ownUs = (): number | null => (first === undefined ? null : ownTimeUs(first.market, bytes, batch))
    return lastUs.get(session) ?? ownUs() ?? receivedAtUs
  }
}

/** A frame's own time: its first event's engine or send time; null when it has none. */
function ownTimeUs(market: ExchangeMarket, frame: Uint8Array, batch: EventBatch): number | null {
  batch.clear()
  market.decodeFrame(frame, batch)
  if (batch.count === 0) return null
  const us = Number.isNaN(batch.engineUs[0]) ? batch.sentUs[0] : batch.engineUs[0]
  return us === undefined || Number.isNaN(us) ? null : us
}
