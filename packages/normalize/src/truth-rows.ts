import type { DeadLetterReason, JournalRecord, RedriveNote, TableName } from '@cryptoflow/model'
import { holeUs, MINUTE_US, type OpenMinute } from './minutes.ts'
import { nameId, type RowSource } from './row-ids.ts'
import { openRow, type RowSink, writeCommon } from './row-sink.ts'
import type { RowKey } from './row-types.ts'
import { receivedStamp } from './stamps.ts'
import type { Interruption } from './stream.ts'

/** Rows about the data: what is missing and what could not be read. */

export type GapCause = 'start' | 'shutdown' | 'audit' | Interruption

/** One row of `gaps`. NaN = null. */
export interface GapRow {
  readonly id: string
  readonly state: 'open' | 'closed'
  readonly table: TableName
  readonly stream: string
  readonly fromSeq: number
  readonly toSeq: number
  readonly fromUs: number
  readonly toUs: number
  readonly missing: number
  readonly cause: GapCause
  readonly detail: string | null
}

export interface DeadLetterRow {
  readonly stream: string | null
  readonly connection: number
  readonly source: RowSource
  readonly reason: DeadLetterReason
  readonly detail: string
  readonly decoderVersion: string
  /** Stored as a copy. */
  readonly raw: Uint8Array
  readonly receivedUs: number
  readonly frame: number
}

export function gapRow(sink: RowSink, key: RowKey, receivedUs: number, frame: number, gap: GapRow): void {
  const { names, ids } = sink
  const rows = openRow(sink, 'gaps', key, receivedUs)
  const { columns, count: row } = rows
  writeCommon(sink, columns, row, key, receivedStamp(receivedUs, frame), 'derived')
  columns.gap_id.values[row] = gap.id
  columns.state.values[row] = ids[gap.state]
  columns.table_name.values[row] = nameId(names, gap.table)
  columns.stream.values[row] = nameId(names, gap.stream)
  columns.from_seq.values[row] = gap.fromSeq
  columns.to_seq.values[row] = gap.toSeq
  columns.from_ts.values[row] = gap.fromUs
  columns.to_ts.values[row] = gap.toUs
  columns.missing.values[row] = gap.missing
  columns.cause.values[row] = nameId(names, gap.cause)
  columns.detail.values[row] = gap.detail
  rows.count += 1
}

/** A minute that is closed by this record. */
export function coverageRow(
  sink: RowSink,
  key: RowKey,
  table: TableName,
  open: Omit<OpenMinute, 'causes'> & { readonly causes: ReadonlySet<string> },
  { receivedUs, number: frame }: Pick<JournalRecord, 'receivedUs' | 'number'>,
): void {
  const { names } = sink
  const eventUs = open.minute * MINUTE_US
  const rows = openRow(sink, 'coverage', key, eventUs)
  const { columns, count: row } = rows
  writeCommon(sink, columns, row, key, { ...receivedStamp(receivedUs, frame), eventUs }, 'derived')
  columns.table_name.values[row] = nameId(names, table)
  columns.minute.values[row] = eventUs
  columns.received.values[row] = open.received
  columns.stored.values[row] = open.stored
  columns.duplicates.values[row] = open.duplicates
  columns.filtered.values[row] = open.filtered
  columns.dead_letters.values[row] = open.deadLetters
  columns.gap_seconds.set(row, BigInt(holeUs(open)), 6)
  const causes = [...open.causes].sort().join(',')
  columns.causes.values[row] = causes === '' ? -1 : nameId(names, causes)
  rows.count += 1
}

/** `key` has an empty symbol when nothing names it. */
export function deadLetterRow(sink: RowSink, key: RowKey, letter: DeadLetterRow): void {
  const { names } = sink
  const { receivedUs, frame } = letter
  const rows = openRow(sink, 'dead_letter', key, receivedUs)
  const { columns, count: row } = rows
  writeCommon(sink, columns, row, key, receivedStamp(receivedUs, frame), letter.source)
  const connection = `${key.exchange}.${key.market}.${letter.connection}`
  columns.connection.values[row] = nameId(names, connection)
  columns.stream.values[row] = letter.stream === null ? -1 : nameId(names, letter.stream)
  columns.reason.values[row] = nameId(names, letter.reason)
  columns.detail.values[row] = letter.detail
  columns.decoder_version.values[row] = nameId(names, letter.decoderVersion)
  columns.raw.values[row] = letter.raw.slice()
  rows.count += 1
}

/** A frame of `dead_letter` that was read after all. Times are those of the frame. */
export function redriveRow(
  sink: RowSink,
  key: RowKey,
  frame: number,
  note: RedriveNote,
  decoderVersion: string,
): void {
  const { names } = sink
  const { receivedUs } = note
  const rows = openRow(sink, 'redrives', key, receivedUs)
  const { columns, count: row } = rows
  writeCommon(sink, columns, row, key, receivedStamp(receivedUs, frame), note.source)
  columns.dead_writer.values[row] = nameId(names, note.writer)
  columns.dead_frame.values[row] = note.frame
  columns.stream.values[row] = note.stream === null ? -1 : nameId(names, note.stream)
  columns.reason.values[row] = nameId(names, note.reason)
  columns.dead_letters.values[row] = note.letters
  columns.stored.values[row] = note.store.length
  columns.duplicates.values[row] = note.known.length
  columns.decoder_version.values[row] = nameId(names, decoderVersion)
  rows.count += 1
}
