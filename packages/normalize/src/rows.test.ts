import { createRowBuffer, EventBatch, StringTable, ticks } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { fakeMarket, setDecimal } from './lane-fixture.ts'
import { createRowWriter, nameId, rowKey } from './rows.ts'

const STAMP = { eventUs: 5, timeSource: 'received', sentUs: Number.NaN, receivedUs: 5, frame: 1 } as const

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

describe('the row writer', () => {
  it('leaves nothing of an earlier row in a buffer that is used again', () => {
    const names = new StringTable()
    const buffer = createRowBuffer(ticks, names)
    const writer = createRowWriter({ writer: 'J1', names, rowsFor: () => buffer as never })
    const key = rowKey(fakeMarket, 'BTCUSDT', names)
    writer.trade(key, STAMP, tradeBatch(names, '9007199254740993'), 0)
    expect(buffer.columns.quantity.mantissa(0)).toBe(9007199254740993n)
    buffer.count = 0
    writer.trade(key, STAMP, tradeBatch(names, '2'), 0)
    expect(buffer.columns.quantity.mantissa(0)).toBe(2n)
    expect(buffer.columns.quantity.wide.size).toBe(0)
    expect(writer.written()).toBe(2)
  })

  it('refuses buffers whose names mean something else', () => {
    const names = new StringTable()
    const buffer = createRowBuffer(ticks, new StringTable())
    const writer = createRowWriter({ writer: 'J1', names, rowsFor: () => buffer as never })
    const key = rowKey(fakeMarket, 'BTCUSDT', names)
    expect(() => writer.trade(key, STAMP, tradeBatch(names, '1'), 0)).toThrow('one string table')
  })

  it('stores the empty text, and goes on, when names from outside have filled the table', () => {
    const names = { idOf: (text: string) => (text === '' ? 0 : -1) } as StringTable
    expect(nameId(names, 'fake.spot.1')).toBe(0)
  })
})
