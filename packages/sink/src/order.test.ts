import { spotDelta, type TableContract, tables } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { compareUtf8 } from './dictionary.ts'
import { bookUpdates, numbers } from './examples.ts'
import { sortedOrder } from './order.ts'
import { bufferOf, type PlainRow, plainlySorted, randomRows } from './random-rows.ts'

const contracts: TableContract[] = Object.values(tables)

/** The rows in sorted order, each the same object that went in, so that ties can be told apart. */
function sorted(table: TableContract, rows: readonly PlainRow[]): (PlainRow | undefined)[] {
  return [...sortedOrder(bufferOf(table, rows))].map((row) => rows[row])
}

describe('the order of rows', () => {
  it.each(contracts)("of $name is the contract's, nulls first, ties in order of arrival", (table) => {
    for (let seed = 1; seed <= 20; seed++) {
      const rows = randomRows(table, seed * 17, seed)
      const expected = plainlySorted(table, rows)
      const found = sorted(table, rows)
      expect(found.every((row, i) => row === expected[i])).toBe(true)
    }
  })

  it('is found for rows that come backwards, sorted, alone, in pairs and not at all', () => {
    const rows = plainlySorted(spotDelta, randomRows(spotDelta, 64, 7))
    for (const count of [0, 1, 2, 3, 63, 64]) {
      const some = rows.slice(0, count)
      expect(sorted(spotDelta, some)).toEqual(some)
      const backwards = some.toReversed()
      expect(sorted(spotDelta, backwards)).toEqual(plainlySorted(spotDelta, backwards))
    }
  })

  it('keeps the levels of a message together and in their order', () => {
    const buffer = bookUpdates(5_000)
    const { frame, level_index } = buffer.columns
    const order = sortedOrder(buffer)
    for (let i = 1; i < order.length; i++) {
      const [a, b] = [order[i - 1] as number, order[i] as number]
      if (frame.values[a] !== frame.values[b]) continue
      expect(b).toBe(a + 1)
      expect(level_index.values[b]).toBeGreaterThanOrEqual(level_index.values[a] as number)
    }
  })
})

describe('names', () => {
  it('compare as their UTF-8 bytes do', () => {
    const next = numbers(11)
    const points = [0x41, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xfb00, 0xffff, 0x10000, 0x10ffff]
    const text = () =>
      String.fromCodePoint(
        ...Array.from({ length: Math.floor(next() * 4) }, () => points[Math.floor(next() * 11)]!),
      )
    for (let i = 0; i < 5_000; i++) {
      const [a, b] = [text(), text()]
      expect(Math.sign(compareUtf8(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))))
    }
  })
})
