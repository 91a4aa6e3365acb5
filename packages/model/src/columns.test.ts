import { describe, expect, it } from 'vitest'
import { BytesColumn, type Column, DecimalColumn, TextColumn } from './columns.ts'
import { EventBatch } from './events.ts'
import { ticks } from './market-tables.ts'
import { createRowBuffer, reserveRows } from './rows.ts'
import { StringTable } from './strings.ts'

const WIDE = 123456789012345678901234567890n

describe('DecimalColumn', () => {
  it('keeps mantissas on both sides of 2^53 exact', () => {
    const column = new DecimalColumn()
    column.reserve(3)
    column.set(0, 9007199254740991n, 0)
    column.set(1, 9007199254740992n, 3)
    column.setNull(2)
    expect([0, 1, 2].map((row) => column.mantissa(row))).toEqual([9007199254740991n, 9007199254740992n, null])
  })

  it('copies wide and plain rows and forgets what stood there', () => {
    const source = new DecimalColumn()
    source.set(0, 5n, 1)
    source.set(1, WIDE, 2)
    const target = new DecimalColumn()
    target.set(4, WIDE, 0)
    target.copy(4, source, 0, 2)
    expect([4, 5].map((row) => [target.mantissa(row), target.scales[row]])).toEqual([
      [5n, 1],
      [WIDE, 2],
    ])
  })
})

describe('copying decimals', () => {
  it('gives the same for few rows as for many', () => {
    for (const count of [0, 1, 95, 96, 97, 500]) {
      const source = new DecimalColumn()
      const target = new DecimalColumn()
      source.reserve(count + 3)
      target.reserve(count + 5)
      target.set(count + 4, 77n, 1)
      for (let row = 0; row < count; row++) source.set(row + 3, row % 7 === 0 ? WIDE : BigInt(-row), row % 19)
      target.copy(4, source, 3, count)
      for (let row = 0; row < count; row++) {
        expect(target.mantissa(row + 4)).toBe(source.mantissa(row + 3))
        expect(target.scales[row + 4]).toBe(source.scales[row + 3])
      }
      expect(target.mantissa(count + 4)).toBe(77n)
    }
  })

  it('forgets wide numbers from a row on and no others', () => {
    const column = new DecimalColumn()
    for (const row of [1, 2, 3]) column.set(row, WIDE, 0)
    column.forgetWide(2)
    expect([1, 2, 3].map((row) => column.mantissa(row))).toEqual([WIDE, null, null])
  })
})

describe('reserveRows', () => {
  it('gives every column the room that the buffer says it has', () => {
    const buffer = createRowBuffer(ticks, new StringTable())
    for (const more of [1, 64, 65, 300, 2]) {
      reserveRows(buffer, more)
      expect(buffer.capacity).toBeGreaterThanOrEqual(buffer.count + more)
      for (const column of Object.values<Column>(buffer.columns)) {
        if (column instanceof TextColumn || column instanceof BytesColumn) continue
        const { length } = column instanceof DecimalColumn ? column.scales : column.values
        expect(length).toBeGreaterThanOrEqual(buffer.capacity)
      }
      buffer.count += more
    }
  })
})

describe('EventBatch', () => {
  it('rolls back to whole events and keeps the wide numbers of those that stay', () => {
    const batch = new EventBatch(new StringTable())
    const add = (mantissa: bigint): void => {
      batch.reserveEvent()
      batch.reserveEntries(1)
      batch.price.set(batch.entryCount, mantissa, 0)
      batch.quantity.set(batch.entryCount, 1n, 0)
      batch.entryCount += 1
      batch.endEvent()
    }
    add(WIDE)
    add(WIDE + 1n)
    batch.rollback(1)
    expect([batch.count, batch.entryCount, batch.price.mantissa(0)]).toEqual([1, 1, WIDE])
    add(7n)
    expect(batch.price.mantissa(1)).toBe(7n)
  })

  it('grows to any number of events and entries', () => {
    const batch = new EventBatch(new StringTable())
    for (let i = 0; i < 1000; i++) {
      batch.reserveEvent()
      batch.reserveEntries(2)
      batch.price.set(batch.entryCount++, BigInt(i), 0)
      batch.price.set(batch.entryCount++, BigInt(i), 1)
      batch.endEvent()
    }
    expect(batch.entryStart[1000]).toBe(2000)
    expect(batch.price.mantissa(1999)).toBe(999n)
  })
})
