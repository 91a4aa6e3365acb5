import { describe, expect, it } from 'vitest'
import { sortOrderOf } from './snapshots.ts'
import { replaceSortOrder, type SortKey } from './sort-order.ts'
import { committed, newTable } from './test-support.ts'
import type { LoadedTable } from './types.ts'

describe('a sort order', () => {
  it('replaces the one before and has an id of its own', () => {
    const table = sorted(newTable(), [
      { column: 'exchange', direction: 'desc' },
      { column: 'trade_id', transform: 'bucket[4]', nullOrder: 'nulls-last' },
    ])
    expect(sortOrderOf(table.metadata)).toEqual({
      orderId: 2,
      fields: [
        { sourceId: 1, transform: 'identity', direction: 'desc', nullOrder: 'nulls-last' },
        { sourceId: 4, transform: 'bucket[4]', direction: 'asc', nullOrder: 'nulls-last' },
      ],
    })
    expect(table.metadata.sortOrders.map(({ orderId }) => orderId)).toEqual([1, 2])
  })

  it('without keys is number 0', () => {
    expect(sortOrderOf(sorted(newTable(), []).metadata)).toEqual({ orderId: 0, fields: [] })
  })

  it('that was there before is used again', () => {
    const back = sorted(sorted(newTable(), []), [{ column: 'event_ts' }])
    expect(back.metadata.defaultSortOrderId).toBe(1)
    expect(back.metadata.sortOrders).toHaveLength(2)
  })

  it('conflicts with another change of the order', () => {
    const late = replaceSortOrder(newTable().metadata, [])
    expect(() => committed(sorted(newTable(), [{ column: 'exchange' }]), late)).toThrow('conflict')
  })

  it('refuses columns that are not there and transforms that they do not have', () => {
    expect(() => sorted(newTable(), [{ column: 'nothing' }])).toThrow('no such column')
    expect(() => sorted(newTable(), [{ column: 'price', transform: 'hour' }])).toThrow('not defined')
  })
})

function sorted(table: LoadedTable, keys: readonly SortKey[]): LoadedTable {
  return committed(table, replaceSortOrder(table.metadata, keys))
}
