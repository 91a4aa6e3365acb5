import { type EventBatch, EventKind } from '@cryptoflow/model'
import { idText } from './id-text.ts'
import type { RowIds, RowSource } from './row-ids.ts'
import { isWritten, type RowSink } from './row-sink.ts'
import type { RowKey } from './row-types.ts'
import type { Stamp } from './stamps.ts'

/** Writes the row of a trade, an aggregate of trades, or a trade agreed outside the book. */
export function tickRow(
  sink: RowSink,
  key: RowKey,
  stamp: Stamp,
  batch: EventBatch,
  event: number,
  source: RowSource,
): void {
  if (!isWritten(sink, key, 'ticks')) return
  const room = sink.ticks
  room.open(key, stamp, 1)
  const row = room.next
  room.common.write(row, key, stamp, source)
  const entry = batch.entryStart[event] as number
  const text = batch.textIds.size === 0 ? undefined : batch.textIds.get(event)
  room.tradeId[row] = text ?? idText(batch.lastSeq[event] as number)
  room.side[row] = sink.sideIds[batch.side[entry] as number] as number
  room.price.copy(row, batch.price, entry)
  room.quantity.copy(row, batch.quantity, entry)
  const kind = batch.kind[event] as number
  room.tradeType[row] = batch.tradeType[event] as number
  room.kind[row] = kindId(sink.ids, kind)
  const isAggregate = kind === EventKind.aggregate
  const firstId = isAggregate ? (batch.firstTradeId[event] as number) : Number.NaN
  const lastId = isAggregate ? (batch.lastTradeId[event] as number) : Number.NaN
  room.tradeCount[row] = lastId - firstId + 1
  room.firstTradeId[row] = idText(firstId)
  room.lastTradeId[row] = idText(lastId)
  room.leave(1)
  sink.written += 1
}

function kindId(ids: RowIds, kind: number): number {
  if (kind === EventKind.trade) return ids.trade
  return kind === EventKind.aggregate ? ids.aggregate : ids.block
}
