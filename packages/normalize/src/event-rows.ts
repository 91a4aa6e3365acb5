import {
  assert,
  type EventBatch,
  type EventDetail,
  EventKind,
  type FundingDetail,
  type InstrumentDetail,
  type LiquidationDetail,
  type OpenInterestDetail,
  type TableName,
} from '@cryptoflow/model'
import { partialRows, updateRows } from './book-rows.ts'
import { fundingRow, instrumentRow, liquidationRow, openInterestRow } from './detail-rows.ts'
import { quoteRow } from './quote-rows.ts'
import type { RowSource } from './row-ids.ts'
import type { RowSink } from './row-sink.ts'
import type { BookLabel, DeltaTable, ImageTable, RowKey } from './row-types.ts'
import type { Stamp } from './stamps.ts'
import { tickRow } from './tick-rows.ts'

/** Tables that events of a kind can be rows of. */
const TABLES: Readonly<Record<keyof typeof EventKind, readonly TableName[]>> = {
  trade: ['ticks'],
  aggregate: ['ticks'],
  block: ['ticks'],
  bookDelta: ['spot_delta', 'futures_delta'],
  bookSnapshot: ['spot_delta', 'futures_delta'],
  bookImage: ['spot_ob', 'futures_ob'],
  quote: ['bbo'],
  funding: ['funding'],
  liquidation: ['liquidations'],
  openInterest: ['open_interest'],
  instrument: ['instruments'],
}

/** The kinds of events that can be rows of this table: bit n stands for kind n. */
export function kindsOf(table: TableName): number {
  let kinds = 0
  for (const name of Object.keys(TABLES) as (keyof typeof EventKind)[]) {
    if (TABLES[name].includes(table)) kinds |= 1 << EventKind[name]
  }
  return kinds
}

/** Writes the rows of an event whose kind fits the table. `label` is read for books only. */
export function eventRows(
  sink: RowSink,
  table: TableName,
  key: RowKey,
  stamp: Stamp,
  batch: EventBatch,
  event: number,
  label: BookLabel,
  source: RowSource,
): void {
  const kind = batch.kind[event] as number
  switch (kind) {
    case EventKind.trade:
    case EventKind.aggregate:
    case EventKind.block:
      tickRow(sink, key, stamp, batch, event, source)
      break
    case EventKind.bookDelta:
      updateRows(sink, table as DeltaTable, key, stamp, batch, event, label, source, false)
      break
    case EventKind.bookSnapshot:
      updateRows(sink, table as DeltaTable, key, stamp, batch, event, label, source, true)
      break
    case EventKind.bookImage:
      partialRows(sink, table as ImageTable, key, stamp, batch, event, label, source)
      break
    case EventKind.quote:
      quoteRow(sink, key, stamp, batch, event, source)
      break
    default:
      detailRow(sink, key, stamp, batch, event, source)
  }
}

/** The same of a kind that has a detail: rare, and apart, so that the compiler takes the rest into its caller. */
function detailRow(
  sink: RowSink,
  key: RowKey,
  stamp: Stamp,
  batch: EventBatch,
  event: number,
  source: RowSource,
): void {
  const detail = detailOf(batch, event)
  switch (batch.kind[event]) {
    case EventKind.funding:
      fundingRow(sink, key, stamp, detail as FundingDetail, source)
      break
    case EventKind.liquidation:
      liquidationRow(sink, key, stamp, detail as LiquidationDetail, source)
      break
    case EventKind.openInterest:
      openInterestRow(sink, key, stamp, detail as OpenInterestDetail, source)
      break
    case EventKind.instrument:
      instrumentRow(sink, key, stamp, detail as InstrumentDetail, source)
  }
}

/** The detail of an event whose kind has one. */
export function detailOf(batch: EventBatch, event: number): EventDetail {
  const detail = batch.details.get(event)
  assert(detail !== undefined, 'an event of this kind has a detail')
  return detail
}
