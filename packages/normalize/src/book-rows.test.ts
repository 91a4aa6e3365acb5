import { createRowBuffer, EventBatch, EventKind, Side, StringTable, spotDelta } from '@cryptoflow/model'
import { expect, it } from 'vitest'
import { eventRows } from './event-rows.ts'
import { setDecimal } from './lane-fixture.ts'
import { fakeMarket } from './market-fixture.ts'
import { createRowSink, rowKey } from './row-sink.ts'
import { receivedStamp } from './stamps.ts'

it('keeps prices and quantities beyond 2^53, and nothing of an earlier row that had one', () => {
  const names = new StringTable()
  const buffer = createRowBuffer(spotDelta, names)
  const sink = createRowSink({ writer: 'J1', names, rowsFor: () => buffer as never })
  const key = rowKey(fakeMarket, 'BTCUSDT', names)
  const batch = new EventBatch(names)
  const write = (...levels: [price: string, quantity: string][]) => {
    batch.clear()
    batch.reserveEvent()
    batch.reserveEntries(levels.length)
    batch.kind[0] = EventKind.bookDelta
    for (const [entry, [price, quantity]] of levels.entries()) {
      batch.side[entry] = Side.bid
      setDecimal(batch.price, entry, price)
      setDecimal(batch.quantity, entry, quantity)
    }
    batch.entryCount = levels.length
    batch.endEvent()
    buffer.count = 0
    eventRows(sink, 'spot_delta', key, receivedStamp(5, 1), batch, 0, 'live', 'ws')
    const { price, quantity } = buffer.columns
    return levels.map((_, row) => [price.mantissa(row), quantity.mantissa(row)])
  }
  const [first, second] = [9007199254740993n, 90071992547409930n]
  expect(write(['1', '2'], [`${first}`, `${second}`])).toEqual([
    [1n, 2n],
    [first, second],
  ])
  expect(write([`${second}`, '3'], ['4', '5'])).toEqual([
    [second, 3n],
    [4n, 5n],
  ])
})
