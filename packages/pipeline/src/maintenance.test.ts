import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createRowBuffer,
  type DataFileOffer,
  type RowBuffer,
  reserveRows,
  StringTable,
  ticks,
} from '@cryptoflow/model'
import { manualClock } from '@cryptoflow/runtime'
import { offerOf, sealRows } from '@cryptoflow/sink'
import { diskStore } from '@cryptoflow/stores'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openBoard } from './board.ts'
import type { CollectNotice } from './collect-options.ts'
import { maintainWarehouse, maintenanceDefaults } from './maintenance.ts'
import { startMaintenance } from './maintenance-host.ts'
import { openPublisher, settle } from './publisher.ts'
import { tableFiles, warehouseAt } from './warehouse.ts'

const WRITER = '01ARZ3NDEKTSV4RRFFQ69G5FAV'
const HOUR_MS = 3_600_000
const DAY_US = 86_400_000_000
/** Long after the files of a test were written. */
const NOW_US = 30_000 * DAY_US
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cryptoflow-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** The publisher of the one writer, at its last epoch. */
async function openWriter() {
  const publisher = await openPublisher(
    {
      writer: WRITER,
      name: 'test',
      warehouseDirectory: folder,
      controlDirectory: warehouseAt(folder).replayDirectory(WRITER),
      board: openBoard().shared,
      drill: null,
    },
    0,
  )
  await publisher.resume(null)
  return publisher
}

/** A warehouse whose table of trades has so many files of one day, a trade of an odd price in each, and one open epoch. */
async function makeWarehouse(files: number): Promise<void> {
  const publisher = await openWriter()
  for (let epoch = 1; epoch <= files + 1; epoch++) {
    const tables = { ticks: [await sealedTrade(epoch)] }
    const range = { epoch, from: epoch, to: epoch }
    await publisher.submit(
      { writer: WRITER, ...range, tables, progress: {}, sealedAtMs: 0, version: '0' },
      '',
    )
    if (epoch <= files) await settle(publisher)
  }
  await publisher.close()
}

async function sealedTrade(number: number): Promise<DataFileOffer> {
  const buffer = createRowBuffer(ticks, new StringTable())
  reserveRows(buffer as unknown as RowBuffer, 1)
  const { columns, names } = buffer
  for (const column of Object.values(columns)) {
    if ('mantissas' in column) column.set(0, 10n ** 19n + BigInt(number), 18)
    else if (column.values instanceof Int32Array) column.values[0] = names.idOf(`é${number}`)
    else if (column.values instanceof Float64Array) column.values[0] = number
    else (column.values as (string | null)[])[0] = number % 2 === 0 ? null : `😀${number}`
  }
  columns.exchange.values[0] = names.idOf('x')
  columns.event_ts.values[0] = 10 * DAY_US - number
  buffer.count = 1
  const [file] = sealRows(buffer as unknown as RowBuffer, { compression: 'zstd' })
  const store = diskStore({ directory: folder, step: 'file-write' })
  const key = `cryptoflow/ticks/data/${number}.parquet`
  await store.put(key, file!.bytes)
  return offerOf(file!, ticks, { location: store.location(key), partition: [9, 'x'] })
}

const maintain = (changes: Partial<Parameters<typeof maintainWarehouse>[0]> = {}) =>
  maintainWarehouse({
    warehouseDirectory: folder,
    settings: maintenanceDefaults,
    compression: 'zstd',
    isDryRun: false,
    clock: manualClock(NOW_US),
    onProgress: () => {},
    isStopped: () => false,
    ...changes,
  })

const liveFiles = async (): Promise<string[]> =>
  (await tableFiles(warehouseAt(folder), manualClock(NOW_US))).get('ticks') ?? []

/** Count and content hash of the trades, whatever files they lie in, by another reader. */
async function digest(): Promise<unknown> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
  try {
    const list = (await liveFiles()).map((path) => `'${path}'`).join(', ')
    const sql = `SELECT count(*)::INTEGER AS rows, sum(hash(t)::HUGEINT)::VARCHAR AS hash FROM read_parquet([${list}]) t`
    return (await connection.runAndReadAll(sql)).getRowObjects()[0]
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

describe('a warehouse that is looked after', () => {
  it('has the same rows in fewer files, to the last bit', async () => {
    await makeWarehouse(6)
    const before = await digest()
    const [report] = (await maintain()).filter(({ table }) => table === 'ticks')
    expect(report).toMatchObject({ refused: null, before: { files: 6 }, after: { files: 1 } })
    expect(report?.compacted).toMatchObject({ removed: 6, added: 1, rows: 6, left: [] })
    const [file] = await liveFiles()
    expect(file).toMatch(/-compacted-1-ticks-0-[0-9a-z]+\.parquet$/)
    expect(await digest()).toEqual(before)
    expect(before).toMatchObject({ rows: 6 })
  })

  it('goes on beside its writer, who commits what was sealed', async () => {
    await makeWarehouse(6)
    await maintain()
    const publisher = await openWriter()
    await settle(publisher)
    await publisher.close()
    expect(await digest()).toMatchObject({ rows: 7 })
  })

  it('loses its old snapshots and their files, and what was left by the dead; never what is sealed', async () => {
    await makeWarehouse(6)
    const data = join(folder, 'cryptoflow/ticks/data')
    for (const name of ['lost.parquet', 'cut.parquet.tmp', 'young']) writeFileSync(join(data, name), '1')
    utimesSync(join(data, 'young'), NOW_US / 1e6, NOW_US / 1e6)
    const [report] = (await maintain()).filter(({ table }) => table === 'ticks')
    expect(report?.expired.snapshots).toBeGreaterThan(5)
    expect(report?.orphans).toEqual({ files: 2, bytes: 2 })
    // The epoch that is sealed and not committed has file 7.
    const names = [...(await liveFiles()).map((path) => path.slice(data.length + 1)), '7.parquet', 'young']
    expect(readdirSync(data).toSorted()).toEqual(names.toSorted())
    expect(await digest()).toMatchObject({ rows: 6 })
  })

  it('loses what its own dead left, by name, and keeps what a writer on another machine may have sealed', async () => {
    await makeWarehouse(1)
    const data = join(folder, 'cryptoflow/ticks/data')
    const [own, other] = [WRITER, '01K0000000000000000000000Z'].map(
      (writer) => `a1-${writer}-99-ticks-0-b2.parquet`,
    )
    for (const name of [own, other, 'young']) writeFileSync(join(data, name as string), '1')
    utimesSync(join(data, 'young'), NOW_US / 1e6, NOW_US / 1e6)
    const [report] = (await maintain()).filter(({ table }) => table === 'ticks')
    expect(report?.orphans).toEqual({ files: 1, bytes: 1 })
    expect([own, other].map((name) => existsSync(join(data, name as string)))).toEqual([false, true])
  })

  it('stays as it is in a dry run, and when nothing is asked for', async () => {
    await makeWarehouse(6)
    const tree = (): string[] =>
      readdirSync(folder, { encoding: 'utf8', recursive: true }).filter((path) => !path.startsWith('locks'))
    const before = tree().toSorted()
    const [report] = (await maintain({ isDryRun: true })).filter(({ table }) => table === 'ticks')
    expect(report?.compacted).toMatchObject({ removed: 6, added: 1, commits: 0 })
    await maintain({ settings: { compact: null, expire: null, orphans: null } })
    expect(tree().toSorted()).toEqual(before)
  })

  it('must be there', async () => {
    await expect(maintain()).rejects.toThrow('there is no catalog.db')
    expect(existsSync(join(folder, 'ledger.db'))).toBe(false)
  })
})

describe('a collecting process', () => {
  it.each([0, 1] as const)(
    'looks after its tables by the clock, with threads: %s, until it stops',
    async (threads) => {
      await makeWarehouse(6)
      const clock = manualClock(NOW_US)
      const told = Promise.withResolvers<CollectNotice>()
      const maintainer = startMaintenance({
        warehouseDirectory: folder,
        compression: 'zstd',
        maintenance: { ...maintenanceDefaults, everyMs: HOUR_MS },
        threads,
        clock,
        notice: told.resolve,
      })
      clock.advance(HOUR_MS / 10)
      expect(await told.promise).toMatchObject({ kind: 'maintained', joined: 6, made: 1, refused: [] })
      await maintainer.stop()
      clock.advance(24 * HOUR_MS)
      expect(await liveFiles()).toHaveLength(1)
    },
  )

  it('cuts a round that does not end when it stops, and the tables are none the worse', async () => {
    await makeWarehouse(6)
    const before = await digest()
    const clock = manualClock(NOW_US)
    const told: CollectNotice[] = []
    const maintainer = startMaintenance({
      warehouseDirectory: folder,
      compression: 'zstd',
      maintenance: { ...maintenanceDefaults, everyMs: HOUR_MS },
      threads: 1,
      clock,
      notice: (notice) => told.push(notice),
    })
    clock.advance(HOUR_MS / 10)
    // The thread has hardly been born; it is given five seconds, which are over at once.
    const stopped = maintainer.stop()
    clock.advance(5_000)
    await stopped
    expect(told).toMatchObject([{ kind: 'maintenance-failed', reason: expect.stringContaining('ended') }])
    expect(await digest()).toEqual(before)
  })

  it('tells a failure and goes on', async () => {
    const clock = manualClock(NOW_US)
    const told: CollectNotice[] = []
    const maintainer = startMaintenance({
      warehouseDirectory: folder,
      compression: 'zstd',
      maintenance: { ...maintenanceDefaults, everyMs: HOUR_MS },
      threads: 0,
      clock,
      notice: (notice) => told.push(notice),
    })
    clock.advance(HOUR_MS / 10)
    await maintainer.stop()
    expect(told).toMatchObject([{ kind: 'maintenance-failed' }])
  })
})
