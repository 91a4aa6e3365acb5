import { createRowBuffer, type RowBuffer, reserveRows, type TableContract, tables } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { numbers } from './examples.ts'
import { bufferOf, type PlainRow, randomRows } from './random-rows.ts'
import { sealRows } from './seal.ts'

const leveled: TableContract[] = Object.values<TableContract>(tables).filter(
  ({ levelColumns }) => levelColumns !== undefined,
)

/** The same event columns in rows `heads[n] ...`, as the levels of one message have them. */
function eventsOf(table: TableContract, rows: readonly PlainRow[], heads: readonly number[]): PlainRow[] {
  return rows.map((row, i) => {
    const levels = (table.levelColumns ?? []).map((name) => [name, row[name]])
    return { ...(rows[heads[i] as number] as PlainRow), ...Object.fromEntries(levels) }
  })
}

function headsOf(count: number, seed: number): number[] {
  const next = numbers(seed)
  const heads = [0]
  for (let row = 1; row < count; row++) heads.push(next() < 0.7 ? (heads[row - 1] as number) : row)
  return heads
}

describe.each(leveled)('levels of $name', (table) => {
  it('are sealed as if each had said again what its event says', () => {
    const rows = randomRows(table, 400, 11)
    const heads = headsOf(rows.length, 12)
    const whole = bufferOf(table, eventsOf(table, rows, heads))
    // Rows behind a head keep columns of another event: nobody may look at them.
    const once = bufferOf(table, rows)
    once.heads?.set(heads)
    const options = { compression: 'zstd', version: '1.2.3' } as const
    expect(sealRows(once, options)).toEqual(sealRows(whole, options))
    expect(sealRows(bufferOf(table, rows), options)).not.toEqual(sealRows(whole, options))
  })

  it('are their own heads until somebody says otherwise, also where a buffer has grown', () => {
    const buffer = createRowBuffer(table, bufferOf(table, []).names) as RowBuffer
    for (const rows of [3, 200, 1_000]) reserveRows(buffer, rows)
    expect([...(buffer.heads ?? [])].every((head, row) => head === row)).toBe(true)
    expect(buffer.heads?.length).toBeGreaterThanOrEqual(1_000)
  })
})
