import { describe, expect, it } from 'vitest'
import { prepareAppend } from './append.ts'
import { liveDataFiles } from './readers.ts'
import { partitionSpecOf } from './snapshots.ts'
import { evolveSpec, type SpecChange } from './spec-evolution.ts'
import { committed, contextOf, dataFile, memoryIO, newTable } from './test-support.ts'
import type { LoadedTable, Transform } from './types.ts'

describe('changing a partition spec', () => {
  it('adds fields under new ids, named after what they do', () => {
    const table = evolved(
      newTable(),
      { change: 'add', column: 'trade_id', transform: 'bucket[16]' },
      { change: 'add', column: 'price', transform: 'truncate[100]' },
      { change: 'add', column: 'price', transform: 'identity' },
    )
    expect(fields(table)).toEqual([
      '1000 event_ts_hour hour of 2',
      '1001 exchange identity of 1',
      '1002 trade_id_bucket_16 bucket[16] of 4',
      '1003 price_trunc_100 truncate[100] of 3',
      '1004 price identity of 3',
    ])
    expect(table.metadata.lastPartitionId).toBe(1004)
    expect(table.metadata.defaultSpecId).toBe(1)
  })

  it('gives a field that comes back its old id, also under another name', () => {
    const without = evolved(newTable(), { change: 'remove', name: 'event_ts_hour' })
    expect(fields(without)).toEqual(['1001 exchange identity of 1'])
    const day = evolved(without, { change: 'add', column: 'event_ts', transform: 'day' })
    expect(fields(day).at(-1)).toBe('1002 event_ts_day day of 2')
    const hour = evolved(without, { change: 'add', column: 'event_ts', transform: 'hour', name: 'h' })
    expect(fields(hour).at(-1)).toBe('1000 h hour of 2')
  })

  it('goes back to an earlier spec without a new one', () => {
    const there = evolved(newTable(), { change: 'rename', name: 'event_ts_hour', to: 'h' })
    const back = evolved(there, { change: 'rename', name: 'h', to: 'event_ts_hour' })
    expect(back.metadata.defaultSpecId).toBe(0)
    expect(back.metadata.partitionSpecs).toHaveLength(2)
  })

  it('leaves files under the spec that they were written for', async () => {
    const io = memoryIO()
    const options = { snapshotId: 5n, summary: {}, attempt: 1 }
    const first = committed(
      newTable(),
      await prepareAppend(contextOf(io), newTable(), [dataFile(1)], options),
    )
    const changed = evolved(first, { change: 'remove', name: 'event_ts_hour' })
    const file = { ...dataFile(2), partition: ['okx'] }
    const second = committed(
      changed,
      await prepareAppend(contextOf(io, 2), changed, [file], { ...options, snapshotId: 6n }),
    )
    const live = await liveDataFiles(io, second.metadata)
    expect(live.map(({ specId, partition }) => [specId, partition])).toEqual([
      [1, ['okx']],
      [0, [400_001, 'binance']],
    ])
  })

  it.each<[string, SpecChange]>([
    ['a column that is not there', add('nothing', 'identity')],
    ['a transform that the type does not have', add('exchange', 'hour')],
    ['a hash of what has none', add('exchange', 'bucket[0]')],
    ['a second time of one column', add('event_ts', 'day')],
    ['a field twice', add('exchange', 'identity')],
    ['a name that is taken', { ...add('price', 'identity'), name: 'exchange' }],
    ['the name of another column', { ...add('price', 'bucket[4]'), name: 'trade_id' }],
    ['a removal of what is not there', { change: 'remove', name: 'nothing' }],
  ])('refuses %s', (_what, change) => {
    expect(() => evolved(newTable(), change)).toThrow()
  })

  it('conflicts with a change of the columns or of the spec', () => {
    const { requirements } = evolveSpec(newTable().metadata, [add('price', 'identity')])
    expect(requirements.map(({ type }) => type)).toEqual([
      'assert-table-uuid',
      'assert-current-schema-id',
      'assert-default-spec-id',
      'assert-last-assigned-partition-id',
    ])
    const other = evolved(newTable(), add('trade_id', 'identity'))
    const late = evolveSpec(newTable().metadata, [add('price', 'identity')])
    expect(() => committed(other, late)).toThrow('conflict')
  })
})

function add(column: string, transform: Transform): Extract<SpecChange, { change: 'add' }> {
  return { change: 'add', column, transform }
}

function evolved(table: LoadedTable, ...changes: SpecChange[]): LoadedTable {
  return committed(table, evolveSpec(table.metadata, changes))
}

function fields({ metadata }: LoadedTable): string[] {
  return partitionSpecOf(metadata, metadata.defaultSpecId).fields.map(
    ({ fieldId, name, transform, sourceId }) => `${fieldId} ${name} ${transform} of ${sourceId}`,
  )
}
