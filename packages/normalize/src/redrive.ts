import {
  assert,
  type EventBatch,
  type ExchangeMarket,
  type JournalRecord,
  type RedriveNote,
  type TableName,
} from '@cryptoflow/model'
import { eventRows } from './event-rows.ts'
import { minuteOf } from './minutes.ts'
import { nameId } from './row-ids.ts'
import { type RowSink, rowKey } from './row-sink.ts'
import type { RowKey } from './row-types.ts'
import { blankStamp, readStamp } from './stamps.ts'
import { coverageRow, redriveRow } from './truth-rows.ts'

/** What a minute of a key and table has more or less than was told when it was closed. */
interface Correction {
  readonly key: RowKey
  readonly table: TableName
  readonly counts: { received: number; stored: number; duplicates: number; deadLetters: number }
}

/**
 * Writes the rows of a dead letter that is read again: those of the events that were decided on, with the times of the
 * frame and under the record's own number; one row of `redrives`; and rows of `coverage` that correct its minute.
 *
 * No stream and no book moves: the frame's place in its stream is long over, so updates of books are `stale`.
 */
export function redriveRows(
  sink: RowSink,
  record: JournalRecord,
  market: ExchangeMarket,
  note: RedriveNote,
  batch: EventBatch,
): void {
  const frame: JournalRecord = { ...record, receivedUs: note.receivedUs }
  const stamp = blankStamp()
  const corrections = new Map<string, Correction>()
  sink.connectionSeq = batch.connectionSeq
  for (const [events, outcome] of [
    [note.store, 'stored'],
    [note.known, 'duplicates'],
  ] as const) {
    for (const event of events) {
      const key = keyOf(sink, market, batch.names.text(batch.symbol[event] as number), note)
      const table = tableOf(market, batch, event)
      correct(corrections, key, table)[outcome] += 1
      if (outcome !== 'stored') continue
      readStamp(stamp, frame, batch, event)
      eventRows(sink, table, key, stamp, batch, event, 'stale', note.source)
    }
  }
  sink.connectionSeq = Number.NaN
  const key = keyOf(sink, market, note.symbol, note)
  redriveRow(sink, key, record.number, note, market.decoderVersion)
  for (const one of balanced(corrections, key, market, note)) {
    const open = { minute: minuteOf(note.receivedUs), filtered: 0, holes: [], causes: CAUSES }
    coverageRow(sink, one.key, one.table, { ...open, ...one.counts }, record)
  }
}

function tableOf(market: ExchangeMarket, batch: EventBatch, event: number): TableName {
  const name = batch.names.text(batch.stream[event] as number)
  const spec = market.streams.find((stream) => stream.name === name)
  assert(spec !== undefined, 'an event that is redriven is of a stream of its market')
  return spec.table
}

function keyOf(sink: RowSink, market: ExchangeMarket, symbol: string, note: RedriveNote): RowKey {
  const key = rowKey(market, symbol, sink.names)
  const name = Object.hasOwn(note.instruments, symbol) ? note.instruments[symbol] : undefined
  return name === undefined ? key : { ...key, instrumentId: nameId(sink.names, name) }
}

function correct(corrections: Map<string, Correction>, key: RowKey, table: TableName): Correction['counts'] {
  const text = `${key.symbol}\0${table}`
  const counts = { received: 0, stored: 0, duplicates: 0, deadLetters: 0 }
  const known = corrections.get(text) ?? { key, table, counts }
  corrections.set(text, known)
  return known.counts
}

/**
 * The events were received where the letters were counted: under their key and table, or as frames that name none. So
 * that every row's equation holds, those that had no count of their own are received now, and the letters are gone.
 */
function balanced(
  corrections: Map<string, Correction>,
  key: RowKey,
  market: ExchangeMarket,
  note: RedriveNote,
): Iterable<Correction> {
  const spec = market.streams.find(({ name }) => name === note.stream)
  const place = correct(corrections, key, spec?.table ?? 'dead_letter')
  place.deadLetters -= note.letters
  for (const { counts } of corrections.values()) {
    counts.received = counts.stored + counts.duplicates + counts.deadLetters
  }
  return corrections.values()
}

/** Its cause tells a correction from what was recorded of the minute. */
const CAUSES: ReadonlySet<string> = new Set(['redriven'])
