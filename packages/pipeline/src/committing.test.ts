import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DataFileOffer } from '@cryptoflow/model'
import { type ManualClock, manualClock, systemClock } from '@cryptoflow/runtime'
import { diskStore } from '@cryptoflow/stores'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openBoard } from './board.ts'
import type { CollectNotice } from './collect-options.ts'
import { commitOverview } from './commit-overview.ts'
import { type CommittingProcess, startCommitting } from './committing.ts'
import { maintainWarehouse, maintenanceDefaults } from './maintenance.ts'
import { moveWarehouse } from './move.ts'
import { openPublisher, type Publisher } from './publisher.ts'
import { NAMESPACE, openCatalog, tableFiles, warehouseAt } from './warehouse.ts'
import { isMaintained, lockMaintenance } from './warehouse-lock.ts'

const EVERY_MS = 1_000
let folder: string
let clock: ManualClock
let notices: CollectNotice[]
let running: { close(): Promise<void> }[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cryptoflow-'))
  clock = manualClock()
  notices = []
  running = []
})
afterEach(async () => {
  for (const each of running) await each.close()
  rmSync(folder, { recursive: true, force: true })
})

/** The publisher of a writer that leaves committing to others. */
async function openWriter(writer: string): Promise<Publisher> {
  const publisher = await openPublisher(
    {
      writer,
      name: `label of ${writer}`,
      warehouseDirectory: folder,
      controlDirectory: warehouseAt(folder).journalOf(writer),
      board: openBoard().shared,
      drill: null,
      commit: { by: 'committer', everyMs: EVERY_MS, voidAfterMs: Number.POSITIVE_INFINITY },
    },
    0,
  )
  running.push(publisher)
  await publisher.resume(null)
  return publisher
}

async function seal(publisher: Publisher, writer: string, epoch: number): Promise<void> {
  const store = diskStore({ directory: folder, step: 'file-write' })
  const key = `cryptoflow/ticks/data/${writer}-${epoch}.parquet`
  await store.put(key, new Uint8Array(8))
  const counts = { valueCounts: {}, nullCounts: {}, lowerBounds: {}, upperBounds: {} }
  const place = { location: store.location(key), bytes: 8, rows: 1, partition: [20_000, 'x'] }
  const file: DataFileOffer = { ...place, ...counts, splitOffsets: [], schemaId: 0, specId: 0 }
  const range = { epoch, from: epoch, to: epoch, sealedAtMs: systemClock().nowUs() / 1000 }
  const request = { writer, ...range, tables: { ticks: [file] }, progress: {}, version: '0' }
  await publisher.submit(request, '')
}

async function openCommitter(): Promise<CommittingProcess> {
  const committing = await startCommitting({
    warehouseDirectory: folder,
    compression: 'zstd',
    threads: 0,
    everyMs: EVERY_MS,
    voidAfterMs: Number.POSITIVE_INFINITY,
    name: 'the committer',
    clock,
    notice: (notice) => notices.push(notice),
  })
  running.push({ close: () => stopped(committing) })
  return committing
}

/** Lets time pass until this is so: pauses after a conflict wait for it as well as rounds. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) {
    clock.advance(EVERY_MS)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function stopped(committing: CommittingProcess): Promise<void> {
  let isStopped = false
  const stop = committing.stop().finally(() => {
    isStopped = true
  })
  await until(() => isStopped)
  await stop
}

/** As seen at the beginning, to which every word of a committer is news. */
const overview = (): ReturnType<typeof commitOverview> => commitOverview(warehouseAt(folder), manualClock())

const filesOf = async (): Promise<number> =>
  ((await tableFiles(warehouseAt(folder), clock)).get('ticks') ?? []).length

it('commits what several writers have left to it, and they release it then', async () => {
  const writers = await Promise.all(['a', 'b'].map(openWriter))
  for (const [index, writer] of ['a', 'b'].entries()) {
    for (const epoch of [1, 2]) await seal(writers[index] as Publisher, writer, epoch)
  }
  // Whoever leaves it to others is done when the ledger has it, and has committed nothing.
  for (const writer of writers) {
    expect(await writer.round()).toMatchObject({ isSettled: true, measures: { tables: [], pending: 2 } })
  }
  const waiting = await overview()
  expect(waiting.backlogs.map(({ name, epochs }) => `${name} ${epochs}`)).toEqual([
    'label of a 2',
    'label of b 2',
  ])
  expect(waiting.committers).toEqual([])
  const committing = await openCommitter()
  await until(() => committing.progress.epochs === 4)
  expect(await filesOf()).toBe(4)
  for (const writer of writers) expect((await writer.round()).measures.pending).toBe(0)
  const { backlogs, committers } = await overview()
  expect(backlogs).toEqual([])
  expect(committers).toMatchObject([{ id: committing.id, name: 'the committer', everyMs: EVERY_MS }])
  await stopped(committing)
  expect((await overview()).committers).toEqual([])
})

it('is one of several: each commits what it finds, and every row is there once', async () => {
  const writer = await openWriter('a')
  const committers = [await openCommitter(), await openCommitter()]
  for (const epoch of [1, 2, 3, 4]) {
    await seal(writer, 'a', epoch)
    const total = (): number => committers.reduce((sum, { progress }) => sum + progress.epochs, 0)
    await until(() => total() >= epoch)
  }
  expect(await filesOf()).toBe(4)
})

it('leaves a table that needs a person, goes on with the others, and takes it up when it is repaired', async () => {
  const writer = await openWriter('a')
  const committing = await openCommitter()
  await seal(writer, 'a', 1)
  await until(() => committing.progress.epochs === 1)
  const { catalog } = openCatalog(warehouseAt(folder), clock)
  const property = async (set: string | undefined): Promise<string | undefined> => {
    const table = await catalog.load({ namespace: NAMESPACE, name: 'ticks' })
    if (table === null) throw new Error('the table is gone')
    const before = table.metadata.properties['cryptoflow.hwm']
    const updates = { 'cryptoflow.hwm': set ?? '?' }
    await catalog.commit(table, [], [{ action: 'set-properties', updates }])
    return before
  }
  const map = await property(undefined)
  await seal(writer, 'a', 2)
  await until(() => notices.some(({ kind }) => kind === 'halted'))
  expect(notices).toContainEqual(expect.objectContaining({ kind: 'halted', table: 'ticks' }))
  expect([...committing.progress.halted.keys()]).toEqual(['ticks'])
  await property(map)
  catalog.close()
  await until(() => committing.progress.epochs === 2)
  await until(() => notices.some(({ kind }) => kind === 'unhalted'))
  expect(await filesOf()).toBe(2)
})

it('keeps the warehouse from being moved under it', async () => {
  const committing = await openCommitter()
  const move = (): Promise<unknown> =>
    moveWarehouse({ from: folder, to: `${folder}-elsewhere`, clock, onProgress: () => {} })
  await expect(move()).rejects.toThrow('another process')
  await stopped(committing)
})

it('looks after the tables in one place at a time', async () => {
  await stopped(await openCommitter())
  const warehouse = warehouseAt(folder)
  const maintain = (isDryRun: boolean): Promise<unknown> =>
    maintainWarehouse({
      warehouseDirectory: folder,
      settings: maintenanceDefaults,
      compression: 'zstd',
      isDryRun,
      clock,
      onProgress: () => {},
      isStopped: () => false,
    })
  await maintain(false)
  const unlock = lockMaintenance(warehouse)
  expect(isMaintained(warehouse)).toBe(true)
  await expect(maintain(false)).rejects.toThrow('another process does it at this moment')
  await maintain(true)
  unlock()
  expect(isMaintained(warehouse)).toBe(false)
  await maintain(false)
})
