import { type EventBatch, Side } from '@cryptoflow/model'
import { copyDecimal, fillCommon, openRows, type RowSink, type RowSource } from './row-sink.ts'
import type { RowKey } from './row-types.ts'
import type { Stamp } from './stamps.ts'

/** Writes the row of the exchange's best bid and offer; a side that the event does not carry is null. */
export function quoteRow(
  sink: RowSink,
  key: RowKey,
  stamp: Stamp,
  batch: EventBatch,
  event: number,
  source: RowSource,
): void {
  const rows = openRows(sink, 'bbo', key, stamp.eventUs, 1)
  const { columns, count: row } = rows
  fillCommon(sink, columns, row, row + 1, key, stamp, source)
  let bid = -1
  let ask = -1
  const end = batch.entryStart[event + 1] as number
  for (let entry = batch.entryStart[event] as number; entry < end; entry++) {
    if (batch.side[entry] === Side.bid) bid = entry
    else ask = entry
  }
  if (bid < 0) {
    columns.bid_price.setNull(row)
    columns.bid_quantity.setNull(row)
  } else {
    copyDecimal(columns.bid_price, row, batch.price, bid)
    copyDecimal(columns.bid_quantity, row, batch.quantity, bid)
  }
  if (ask < 0) {
    columns.ask_price.setNull(row)
    columns.ask_quantity.setNull(row)
  } else {
    copyDecimal(columns.ask_price, row, batch.price, ask)
    copyDecimal(columns.ask_quantity, row, batch.quantity, ask)
  }
  columns.quantity_unit.values[row] = key.unitId
  columns.last_seq.values[row] = batch.lastSeq[event] as number
  rows.count += 1
}
