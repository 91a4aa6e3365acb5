import type { DecimalColumn, JournalRecord } from '@cryptoflow/model'
import { type BookDifferences, compareBooks, type Exact, type WrongLevel } from './book-differences.ts'
import type { FlowParts } from './flow-parts.ts'
import { markMinutes, tableOfGap } from './gap-rows.ts'
import { IMAGES_STREAM } from './image-gaps.ts'
import type { Keeper, KeyState } from './key-state.ts'
import { ledgerOf, minuteOf } from './minutes.ts'
import { imageTableOf, isWritten, openRow, type RowSink, writeCommon } from './row-sink.ts'
import type { Proven } from './second-book.ts'
import { receivedStamp } from './stamps.ts'
import type { StreamState } from './stream.ts'
import { gapRow } from './truth-rows.ts'

/** Wrong levels that have a row; `levels_wrong` counts all. A book that is wrong everywhere says so in these. */
const ROWS_MAX = 100

/**
 * Writes what an audit found, if both books stand at one update now. A wrong book gives its place to the other, which
 * holds the same update and was made of a snapshot: what lies between the last update after which ours was known to be
 * right and this one is a hole.
 */
export function closeAudit(
  { sink, writer, grid }: FlowParts,
  record: JournalRecord,
  state: KeyState,
  stream: StreamState,
  keeper: Keeper,
): void {
  const { book, audits } = keeper
  const other = audits.take(keeper)
  const { proven } = audits
  if (other === null || book === null) return
  const found = compareBooks(book, other)
  const isWrong = found.wrong.length > 0
  for (const level of isWrong ? found.wrong.slice(0, ROWS_MAX) : [null])
    auditRow(sink, state, record, keeper.seq, found, level)
  if (isWrong) {
    if (proven !== null)
      spanGaps(sink, writer, state, stream, record, { from: proven, toSeq: keeper.seq, found })
    keeper.adopt(other)
    grid.checkpoint(state)
  }
  audits.prove(keeper)
}

function auditRow(
  sink: RowSink,
  { key }: KeyState,
  record: JournalRecord,
  lastSeq: number,
  { compared, wrong }: BookDifferences,
  level: WrongLevel | null,
): void {
  const rows = openRow(sink, 'book_audit', key, record.receivedUs)
  const { columns, count: row } = rows
  writeCommon(sink, columns, row, key, receivedStamp(record.receivedUs, record.number), 'derived')
  columns.last_seq.values[row] = lastSeq
  columns.levels_compared.values[row] = compared
  columns.levels_wrong.values[row] = wrong.length
  columns.side.values[row] = level === null ? -1 : sink.ids[level.side]
  setExact(columns.price, row, level?.price ?? null)
  setExact(columns.ours, row, level?.ours ?? null)
  setExact(columns.theirs, row, level?.theirs ?? null)
  columns.healed.values[row] = level === null ? 0 : 1
  rows.count += 1
}

function setExact(column: DecimalColumn, row: number, value: Exact): void {
  if (value === null) column.setNull(row)
  else column.set(row, value.mantissa, value.scale)
}

/** One hole of the updates, and one of the images that were made of the wrong book. */
function spanGaps(
  sink: RowSink,
  writer: string,
  state: KeyState,
  { spec }: StreamState,
  record: JournalRecord,
  span: { readonly from: Proven; readonly toSeq: number; readonly found: BookDifferences },
): void {
  const { key, ledgers } = state
  const { from, toSeq, found } = span
  const toUs = record.receivedUs
  const updates = tableOfGap(sink, key, spec)
  const images = imageTableOf(key)
  const holes = [
    ...(updates === null ? [] : [{ table: updates, stream: spec.name }]),
    ...(updates === images || !isWritten(sink, key, images)
      ? []
      : [{ table: images, stream: IMAGES_STREAM }]),
  ]
  for (const { table, stream } of holes) {
    state.counters.gaps += 1
    gapRow(sink, key, toUs, record.number, {
      id: `${writer}/${from.frame}-${record.number}.audit/${key.exchange}/${key.market}/${stream}/${key.symbol}`,
      state: 'closed',
      table,
      stream,
      fromSeq: from.seq,
      toSeq,
      fromUs: from.receivedUs,
      toUs,
      missing: Number.NaN,
      cause: 'audit',
      detail: `${found.wrong.length} of ${found.compared} levels`,
    })
  }
  const marked = { fromUs: from.receivedUs, toUs, cause: 'audit' } as const
  if (updates !== null) markMinutes(ledgerOf(ledgers, updates), marked, minuteOf(toUs))
}
