import { type EventBatch, EventKind } from '@cryptoflow/model'
import type { RowSource } from './row-ids.ts'
import { isStored, type RowSink } from './row-sink.ts'
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
  if (!isStored(sink, key, 'ticks')) return
  const rows = sink.rowsFor('ticks', key.exchange, stamp.eventUs)
  const room = sink.ticks
  if (!room.holds(rows, 1)) room.enter(sink.names, rows, 1, key, stamp, source)
  const row = room.next
  room.common.write(row, key, stamp, source)
  const entry = batch.entryStart[event] as number
  room.tradeId[row] = idText(batch.firstSeq[event] as number)
  room.side[row] = sink.sideIds[batch.side[entry] as number] as number
  room.price.copy(row, batch.price, entry)
  room.quantity.copy(row, batch.quantity, entry)
  room.tradeType[row] = batch.tradeType[event] as number
  const isAggregate = batch.kind[event] === EventKind.aggregate
  room.kind[row] = isAggregate ? sink.ids.aggregate : sink.ids.trade
  const firstId = isAggregate ? (batch.firstTradeId[event] as number) : Number.NaN
  const lastId = isAggregate ? (batch.lastTradeId[event] as number) : Number.NaN
  room.tradeCount[row] = lastId - firstId + 1
  room.firstTradeId[row] = idText(firstId)
  room.lastTradeId[row] = idText(lastId)
  room.leave(rows, 1)
  sink.written += 1
}

function idText(id: number): string | null {
  return Number.isNaN(id) ? null : String(id)
}
