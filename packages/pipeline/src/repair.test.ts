import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LoadedTable } from '@cryptoflow/iceberg'
import type { DataFileOffer } from '@cryptoflow/model'
import { systemClock } from '@cryptoflow/runtime'
import { diskStore } from '@cryptoflow/stores'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openBoard } from './board.ts'
import { openPublisher, settle } from './publisher.ts'
import { haltedTables, repairWarehouse } from './repair.ts'
import { NAMESPACE, openCatalog, tableFiles, warehouseAt } from './warehouse.ts'

const WRITER = '01ARZ3NDEKTSV4RRFFQ69G5FAV'
const clock = systemClock()
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cryptoflow-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Seals and commits an epoch of one file; throws what a collecting process would throw. */
async function commitEpoch(epoch: number): Promise<void> {
  const warehouse = warehouseAt(folder)
  const controlDirectory = warehouse.replayDirectory(WRITER)
  const config = { writer: WRITER, name: 'test', warehouseDirectory: folder, controlDirectory, drill: null }
  const publisher = await openPublisher({ ...config, board: openBoard().shared }, 0)
  try {
    const { last } = await publisher.resume(null)
    const tables = { ticks: [await offer(epoch)] }
    const request = {
      writer: WRITER,
      epoch,
      from: epoch,
      to: epoch,
      tables,
      progress: {},
      sealedAtMs: 0,
      version: '0',
    }
    if ((last?.epoch ?? 0) < epoch) await publisher.submit(request, '')
    await settle(publisher)
  } finally {
    await publisher.close()
  }
}

async function offer(epoch: number): Promise<DataFileOffer> {
  const store = diskStore({ directory: folder, step: 'file-write' })
  const key = `cryptoflow/ticks/data/${epoch}.parquet`
  if ((await store.size(key)) === null) await store.put(key, new Uint8Array(8))
  const counts = { valueCounts: {}, nullCounts: {}, lowerBounds: {}, upperBounds: {} }
  const place = { location: store.location(key), bytes: 8, rows: 1, partition: [20_000, 'x'] }
  return { ...place, ...counts, splitOffsets: [], schemaId: 0, specId: 0 }
}

/** What another engine does that sets main back to the snapshot before its head. */
async function rollBack(): Promise<void> {
  const { catalog } = openCatalog(warehouseAt(folder), clock)
  const table = (await catalog.load({ namespace: NAMESPACE, name: 'ticks' })) as LoadedTable
  const { snapshots, currentSnapshotId } = table.metadata
  const head = snapshots.find(({ snapshotId }) => snapshotId === currentSnapshotId)
  const snapshotId = head?.parentSnapshotId as bigint
  await catalog.commit(table, [], [{ action: 'set-snapshot-ref', ref: 'main', snapshotId }])
  catalog.close()
}

const epochs = async (): Promise<string> => {
  const files = (await tableFiles(warehouseAt(folder), clock)).get('ticks') ?? []
  return files
    .map((path) => /(\d+)\.parquet$/.exec(path)?.[1])
    .toSorted()
    .join(' ')
}

describe('a warehouse with a table that another engine rolled back', () => {
  beforeEach(async () => {
    for (const epoch of [1, 2, 3]) await commitEpoch(epoch)
    await rollBack()
  })

  it('stops its writer, which says why, and tells the table', async () => {
    await expect(commitEpoch(4)).rejects.toThrow('cannot be written to')
    expect(await haltedTables(warehouseAt(folder), clock)).toEqual([
      { table: 'ticks', why: expect.stringContaining('rolled back') },
    ])
    expect(await epochs()).toBe('1 2')
  })

  it.each([
    ['keep', '1 2 4'],
    ['reapply', '1 2 3 4'],
  ] as const)('goes on after repair --%s', async (mode, shown) => {
    await expect(commitEpoch(4)).rejects.toThrow()
    const outcome = await repairWarehouse(warehouseAt(folder), 'ticks', mode, clock)
    expect(outcome).toMatchObject({ kind: 'repaired' })
    expect(await haltedTables(warehouseAt(folder), clock)).toEqual([])
    // What was sealed meanwhile waited in the ledger.
    expect(await epochs()).toBe(shown)
    await commitEpoch(4)
    await commitEpoch(5)
    expect(await epochs()).toBe(`${shown} 5`)
  })
})

it('a warehouse where nothing is wrong has no table to repair', async () => {
  await commitEpoch(1)
  expect(await haltedTables(warehouseAt(folder), clock)).toEqual([])
  expect(await repairWarehouse(warehouseAt(folder), 'ticks', 'keep', clock)).toEqual({ kind: 'sound' })
})
