import { describe, expect, it } from 'vitest'
import { historyRows, manifestRows, partitionRows, snapshotRows } from './metadata-tables.ts'
import { liveDataFiles } from './readers.ts'
import { evolveSchema } from './schema-evolution.ts'
import { appended, committed, dataFile, memoryIO, newTable } from './test-support.ts'
import { schemaAsOf, snapshotAsOf } from './time-travel.ts'
import type { LoadedTable, TableMetadata, Update } from './types.ts'

const io = memoryIO()
const first = await appended(io, newTable(), 1n, dataFile(1))
const wider = committed(first, evolveSchema(first.metadata, [{ change: 'add', name: 'x', type: 'int' }]))
const second = await appended(io, wider, 2n, dataFile(1, 'okx'), dataFile(2))

describe('a state of the past', () => {
  it('is found by id, by ref and by time', async () => {
    const table = timed(tagged(second, 'v1', 1n), 100, 200)
    expect(snapshotAsOf(table, { snapshotId: 1n }).snapshotId).toBe(1n)
    expect(snapshotAsOf(table, { ref: 'v1' }).snapshotId).toBe(1n)
    expect(snapshotAsOf(table, { ref: 'main' }).snapshotId).toBe(2n)
    expect(
      [100, 199, 200, 9999].map((timestampMs) => snapshotAsOf(table, { timestampMs }).snapshotId),
    ).toEqual([1n, 1n, 2n, 2n])
    expect(await liveDataFiles(io, table, 1n)).toHaveLength(1)
  })

  it('has the columns that it had', () => {
    const names = (snapshotId: bigint) =>
      schemaAsOf(second.metadata, snapshotAsOf(second.metadata, { snapshotId })).fields.map(
        ({ name }) => name,
      )
    expect(names(1n)).not.toContain('x')
    expect(names(2n)).toContain('x')
  })

  it('knows a rollback', () => {
    const back: Update = { action: 'set-snapshot-ref', ref: 'main', snapshotId: 1n }
    const table = timed(committed(second, { requirements: [], updates: [back] }).metadata, 100, 200, 300)
    expect(snapshotAsOf(table, { timestampMs: 250 }).snapshotId).toBe(2n)
    expect(snapshotAsOf(table, { timestampMs: 300 }).snapshotId).toBe(1n)
    expect(
      historyRows(table).map(({ snapshotId, isCurrentAncestor }) => [snapshotId, isCurrentAncestor]),
    ).toEqual([
      [1n, true],
      [2n, false],
      [1n, true],
    ])
  })

  it('is missing before the first, for other ids and other names', () => {
    const table = timed(second.metadata, 100, 200)
    for (const asOf of [{ timestampMs: 99 }, { snapshotId: 9n }, { ref: 'none' }]) {
      expect(() => snapshotAsOf(table, asOf)).toThrow('no snapshot of that state')
    }
  })
})

describe('metadata tables', () => {
  it('list snapshots with what they did', () => {
    expect(snapshotRows(second.metadata)).toMatchObject([
      { snapshotId: 1n, parentId: null, operation: 'append', summary: { 'added-records': '1' } },
      { snapshotId: 2n, parentId: 1n, operation: 'append', summary: { 'total-records': '4' } },
    ])
    expect(snapshotRows(second.metadata)[0]!.summary).not.toHaveProperty('operation')
  })

  it('list manifests with the partitions that they span', async () => {
    const rows = await manifestRows(io, second.metadata)
    expect(rows.map(({ addedFiles, addedSnapshotId }) => [addedFiles, addedSnapshotId])).toEqual([
      [2, 2n],
      [1, 1n],
    ])
    expect(rows[0]!.partitionSummaries).toEqual([
      { field: 'event_ts_hour', containsNull: false, containsNan: null, lower: 400_001, upper: 400_002 },
      { field: 'exchange', containsNull: false, containsNan: null, lower: 'binance', upper: 'okx' },
    ])
    expect(await manifestRows(io, second.metadata, 1n)).toHaveLength(1)
    expect(await manifestRows(io, newTable().metadata)).toEqual([])
  })

  it('add up partitions', async () => {
    const third = await appended(io, second, 3n, { ...dataFile(5), partition: [400_001, 'okx'] })
    expect(await partitionRows(io, third.metadata)).toEqual([
      row([400_001, 'okx'], 2, 6, 2006, 3n),
      row([400_002, 'binance'], 1, 2, 1002, 2n),
      row([400_001, 'binance'], 1, 1, 1001, 1n),
    ])
    expect(await partitionRows(io, newTable().metadata)).toEqual([])
  })
})

function row(
  [hour, exchange]: [number, string],
  files: number,
  rows: number,
  bytes: number,
  snapshot: bigint,
) {
  const partition = { event_ts_hour: hour, exchange }
  return { specId: 0, partition, files, rows, bytes, lastUpdatedAtMs: 2000, lastUpdatedSnapshotId: snapshot }
}

function tagged(table: LoadedTable, ref: string, snapshotId: bigint): TableMetadata {
  const update: Update = { action: 'set-snapshot-ref', ref, snapshotId, settings: { type: 'tag' } }
  return committed(table, { requirements: [], updates: [update] }).metadata
}

/** The metadata with its log at these times. */
function timed(metadata: TableMetadata, ...times: number[]): TableMetadata {
  const snapshotLog = metadata.snapshotLog.map((entry, i) => ({ ...entry, timestampMs: times[i]! }))
  return { ...metadata, snapshotLog }
}
