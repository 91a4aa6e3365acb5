import { createRowBuffer, EventBatch, StringTable, ticks } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { setDecimal } from './lane-fixture.ts'
import { fakeMarket } from './market-fixture.ts'
import { nameId } from './row-ids.ts'
import { createRowSink, rowKey } from './row-sink.ts'
import { receivedStamp } from './stamps.ts'
import { tickRow } from './tick-rows.ts'

const STAMP = receivedStamp(5, 1)

function tradeBatch(names: StringTable, quantity: string): EventBatch {
  const batch = new EventBatch(names)
  batch.reserveEvent()
  batch.reserveEntries(1)
  setDecimal(batch.price, 0, '1')
  setDecimal(batch.quantity, 0, quantity)
  batch.entryCount = 1
  batch.endEvent()
  return batch
}

describe('the row sink', () => {
  it('leaves nothing of an earlier row in a buffer that is used again', () => {
    const names = new StringTable()
    const buffer = createRowBuffer(ticks, names)
    const sink = createRowSink({ writer: 'J1', names, rowsFor: () => buffer as never })
    const key = rowKey(fakeMarket, 'BTCUSDT', names)
    tickRow(sink, key, STAMP, tradeBatch(names, '9007199254740993'), 0, 'ws')
    expect(buffer.columns.quantity.mantissa(0)).toBe(9007199254740993n)
    buffer.count = 0
    tickRow(sink, key, STAMP, tradeBatch(names, '2'), 0, 'ws')
    expect(buffer.columns.quantity.mantissa(0)).toBe(2n)
    expect(buffer.columns.quantity.wide.size).toBe(0)
    expect(sink.written).toBe(2)
  })

  it('makes room in each of several buffers that rows go to in turn', () => {
    const names = new StringTable()
    const buffers = [createRowBuffer(ticks, names), createRowBuffer(ticks, names)]
    let turn = 0
    const rowsFor = () => buffers[turn % 2] as never
    const sink = createRowSink({ writer: 'J1', names, rowsFor })
    const key = rowKey(fakeMarket, 'BTCUSDT', names)
    for (let n = 0; n < 300; n++) {
      turn = n < 200 ? 0 : n
      tickRow(sink, key, STAMP, tradeBatch(names, String(n)), 0, 'ws')
    }
    for (const { columns, count } of buffers) {
      expect(columns.quantity.mantissa(count - 1)).toBe(count === 250 ? 298n : 299n)
      expect(columns.frame.values[count - 1]).toBe(1)
    }
    expect(buffers.map(({ count }) => count)).toEqual([250, 50])
    turn = 1
    for (let n = 0; n < 100; n++) tickRow(sink, key, STAMP, tradeBatch(names, '7'), 0, 'ws')
    expect(buffers[1]?.columns.quantity.mantissa(149)).toBe(7n)
  })

  it('refuses buffers whose names mean something else', () => {
    const names = new StringTable()
    const buffer = createRowBuffer(ticks, new StringTable())
    const sink = createRowSink({ writer: 'J1', names, rowsFor: () => buffer as never })
    const key = rowKey(fakeMarket, 'BTCUSDT', names)
    expect(() => tickRow(sink, key, STAMP, tradeBatch(names, '1'), 0, 'ws')).toThrow('one string table')
  })

  it('stores the empty text, and goes on, when names from outside have filled the table', () => {
    const names = { idOf: (text: string) => (text === '' ? 0 : -1) } as StringTable
    expect(nameId(names, 'fake.spot.1')).toBe(0)
  })
})
