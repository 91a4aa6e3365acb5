import { type EventBatch, EventKind } from '@cryptoflow/model'
import { copyDecimal, fillCommon, openRows, type RowSink, type RowSource } from './row-sink.ts'
import type { RowKey } from './row-types.ts'
import type { Stamp } from './stamps.ts'

/** Writes the row of a trade or an aggregate of trades. */
export function tickRow(
  sink: RowSink,
  key: RowKey,
  stamp: Stamp,
  batch: EventBatch,
  event: number,
  source: RowSource,
): void {
  const rows = openRows(sink, 'ticks', key, stamp.eventUs, 1)
  const { columns, count: row } = rows
  const entry = batch.entryStart[event] as number
  const isAggregate = batch.kind[event] === EventKind.aggregate
  fillCommon(sink, columns, row, row + 1, key, stamp, source)
  columns.trade_id.values[row] = idText(batch.firstSeq[event] as number)
  columns.kind.values[row] = isAggregate ? sink.ids.aggregate : sink.ids.trade
  columns.side.values[row] = sink.sideIds[batch.side[entry] as number] as number
  copyDecimal(columns.price, row, batch.price, entry)
  copyDecimal(columns.quantity, row, batch.quantity, entry)
  columns.quantity_unit.values[row] = key.unitId
  const firstId = isAggregate ? (batch.firstTradeId[event] as number) : Number.NaN
  const lastId = isAggregate ? (batch.lastTradeId[event] as number) : Number.NaN
  columns.trade_count.values[row] = lastId - firstId + 1
  columns.first_trade_id.values[row] = idText(firstId)
  columns.last_trade_id.values[row] = idText(lastId)
  columns.trade_type.values[row] = batch.tradeType[event] as number
  rows.count += 1
}

function idText(id: number): string | null {
  return Number.isNaN(id) ? null : String(id)
}
