import { type EventBatch, Side } from '@cryptoflow/model'
import type { RowSource } from './row-ids.ts'
import { isWritten, type RowSink } from './row-sink.ts'
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
  if (!isWritten(sink, key, 'bbo')) return
  const room = sink.quotes
  room.open(key, stamp, 1)
  const row = room.next
  room.common.write(row, key, stamp, source)
  let bid = -1
  let ask = -1
  const end = batch.entryStart[event + 1] as number
  for (let entry = batch.entryStart[event] as number; entry < end; entry++) {
    if (batch.side[entry] === Side.bid) bid = entry
    else ask = entry
  }
  const { price, quantity } = batch
  if (bid < 0) {
    room.bidPrice.setNull(row)
    room.bidQuantity.setNull(row)
  } else {
    room.bidPrice.copy(row, price, bid)
    room.bidQuantity.copy(row, quantity, bid)
  }
  if (ask < 0) {
    room.askPrice.setNull(row)
    room.askQuantity.setNull(row)
  } else {
    room.askPrice.copy(row, price, ask)
    room.askQuantity.copy(row, quantity, ask)
  }
  room.lastSeq[row] = batch.lastSeq[event] as number
  room.leave(1)
  sink.written += 1
}
