import { openHall } from '@cryptoflow/exchange-sim/memory'
import { findMarket } from '@cryptoflow/exchanges'
import { planConnections, subscribeFrames } from '@cryptoflow/ingest'
import { blockOf } from '@cryptoflow/journal'
import { encodeAnswer, encodeNote, type JournalRecord, RecordKind } from '@cryptoflow/model'
import { imageDefaults, resolveCollection } from '@cryptoflow/pipeline'
import { manualClock } from '@cryptoflow/runtime'
import { memoryLane, type TableFile } from './memory-lane.ts'
import type { Venue } from './simulation/plan.ts'
import { type Row, readFiles } from './simulation/stored-rows.ts'

export interface CalmRun {
  readonly events: number
  /** What was stored of them, what was a dead letter, and every gap row but those of the first messages. */
  readonly rows: number
  readonly deadLetters: number
  readonly gaps: readonly Row[]
  /** Of them those before a book that the exchange told anew by itself, as it does when prices get another digit. */
  readonly replaced: number
  /** Streams that were heard, by their first gap row: each has one, back to the beginning. */
  readonly streams: number
}

const STEP_MS = 10
const BLOCK_RECORDS = 4_096
/** A market that is left alone is begun anew after so many events: its log is held. */
const EVENTS_MAX = 125_000

/** Lets a market play without faults until so many events were told, and reads every frame in big blocks. */
export async function playCalm(venue: Venue, seed: number, events: number): Promise<CalmRun> {
  const total = { events: 0, rows: 0, deadLetters: 0, gaps: [] as Row[], replaced: 0, streams: 0 }
  for (let part = 0; total.events < events; part++) {
    const run = await playOnce(venue, seed * 1_000 + part, Math.min(EVENTS_MAX, events - total.events))
    total.events += run.events
    total.rows += run.rows
    total.deadLetters += run.deadLetters
    total.gaps.push(...run.gaps)
    total.replaced += run.replaced
    total.streams += run.streams
  }
  return total
}

async function playOnce(
  { exchange, market, symbols }: Venue,
  seed: number,
  events: number,
): Promise<CalmRun> {
  const clock = manualClock()
  const startMs = clock.nowUs() / 1000
  const own = findMarket(exchange, market)
  const hall = openHall({
    exchange,
    market,
    symbols,
    seed,
    tradesPerSecond: 3_000,
    levelChangesPerSecond: 500,
    liquidationsPerMinute: 30,
    bookLevels: 50,
    clock,
  })
  let records: JournalRecord[] = []
  let last = 0
  const append = (kind: RecordKind, connection: number, payload: Uint8Array): number => {
    last += 1
    records.push({ number: last, kind, connection, receivedUs: clock.nowUs(), payload })
    return last
  }
  const { lane, cut } = memoryLane({
    images: { ...imageDefaults, derivedLevels: 0 },
    keeps: ({ table }) => table === 'gaps',
  })
  append(RecordKind.start, 0, encodeNote({ lastRecord: 0, clean: true, version: 't' }))
  const { streams } = resolveCollection({ exchange, market, symbols })
  for (const { route, note } of planConnections(own, symbols, streams)) {
    const number = append(RecordKind.connect, 0, encodeNote(note))
    const heard = ({ bytes }: { readonly bytes: Uint8Array }): void =>
      void append(RecordKind.frame, number, bytes)
    const peer = hall.connect(own.session.routes[route] as string, { heard, closed: () => {} })
    for (const text of subscribeFrames(own, note.subscriptions)) peer?.say(text)
  }
  const files: TableFile[] = []
  const counts = { rows: 0, deadLetters: 0 }
  const read = async (): Promise<void> => {
    const { wanted, rows, deadLetters } = lane.accept(blockOf(records))
    records = []
    Object.assign(counts, { rows, deadLetters })
    for (const want of wanted) {
      const answer = hall.ask(own.session.restUrl + own.session.snapshotRequest?.(want.symbol).path)
      if (answer !== null) append(RecordKind.answer, 0, encodeAnswer({ ...want, status: 200 }, answer.body))
    }
    files.push(...(await cut()).files)
  }
  for (let at = STEP_MS; hall.records.length < events; at += STEP_MS) {
    clock.advance(STEP_MS)
    hall.step(startMs + at)
    if (records.length >= BLOCK_RECORDS || at === STEP_MS) await read()
  }
  if (records.length > 0) await read()
  const gaps = (await readFiles(files)).get('gaps') ?? []
  const first = gaps.filter(({ cause, from_ts }) => cause === 'start' && from_ts === null)
  return {
    events: hall.records.length,
    ...counts,
    gaps: gaps.filter((gap) => !first.includes(gap)),
    replaced: gaps.filter(({ detail }) => detail === 'snapshot').length,
    streams: first.length,
  }
}
