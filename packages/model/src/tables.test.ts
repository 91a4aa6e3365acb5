import { describe, expect, it } from 'vitest'
import { createRowBuffer } from './rows.ts'
import { StringTable } from './strings.ts'
import type { ColumnSpec, TableContract } from './table-contract.ts'
import { tables } from './tables.ts'

const contracts: TableContract[] = Object.values(tables)

describe('the table contracts', () => {
  it.each(contracts)('$name has each field id once and a place for every sort column', (contract) => {
    const specs = Object.values<ColumnSpec>(contract.columns)
    expect(new Set(specs.map((spec) => spec.id)).size).toBe(specs.length)
    expect(contract.sort.every((name) => name in contract.columns)).toBe(true)
  })

  it.each(contracts)('$name reads each written scale from a decimal column', (contract) => {
    for (const spec of Object.values<ColumnSpec>(contract.columns)) {
      if (spec.type === 'scale') expect(contract.columns[spec.of ?? '']?.type).toBe('decimal')
    }
  })

  it.each(contracts)('$name makes a column buffer for every column but the scales', (contract) => {
    const buffer = createRowBuffer(contract, new StringTable())
    const stored = Object.entries<ColumnSpec>(contract.columns).filter(([, spec]) => spec.type !== 'scale')
    expect(Object.keys(buffer.columns)).toEqual(stored.map(([name]) => name))
  })

  it('begins every table with the common columns under the same ids', () => {
    const heads = contracts.map((contract) => Object.entries<ColumnSpec>(contract.columns).slice(0, 11))
    for (const head of heads) expect(head).toEqual(heads[0])
  })
})
