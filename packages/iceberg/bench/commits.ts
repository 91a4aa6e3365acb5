/**
 * 10,000 commits of one file on one table in the SQLite catalog, as the embedded mode makes them: manifests are merged,
 * and every 100 commits all snapshots but the newest 1,000 are forgotten with their files. What stays bounded is printed
 * on the way; files go through the page cache and are not synced.
 *
 * Run: `node packages/iceberg/bench/commits.ts`
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import {
  createSqliteCatalog,
  type DataFile,
  expiredFiles,
  type FileIO,
  type LoadedTable,
  liveDataFiles,
  planExpiry,
  prepareAppend,
  readManifestList,
  snapshotIdFrom,
  snapshotOf,
  type TableDefinition,
} from '../src/index.ts'

const COMMITS = 10_000
const EXPIRE_EVERY = 100
const SNAPSHOTS_KEPT = 1_000
const SHOWN = [10, 100, 1_000, 2_000, 5_000, 10_000]

const definition: TableDefinition = {
  schema: {
    schemaId: 0,
    fields: [
      { id: 1, name: 'exchange', required: true, type: 'string' },
      { id: 2, name: 'event_ts', required: true, type: 'timestamptz' },
      { id: 3, name: 'price', required: true, type: 'decimal(38,18)' },
    ],
  },
  partitionSpec: {
    specId: 0,
    fields: [{ sourceId: 2, fieldId: 1000, name: 'event_ts_hour', transform: 'hour' }],
  },
  sortOrder: { orderId: 0, fields: [] },
  properties: {
    'write.metadata.delete-after-commit.enabled': 'true',
    'write.metadata.previous-versions-max': '50',
  },
}

const folder = mkdtempSync(join(tmpdir(), 'iceberg-commits-'))
const pathOf = (location: string): string => location.slice('file://'.length)
const io: FileIO = {
  read: async (location) => readFileSync(pathOf(location)),
  async write(location, bytes) {
    mkdirSync(dirname(pathOf(location)), { recursive: true })
    writeFileSync(`${pathOf(location)}.tmp`, bytes)
    renameSync(`${pathOf(location)}.tmp`, pathOf(location))
  },
  remove: async (location) => rmSync(pathOf(location), { force: true }),
}
let nowMs = 1_700_000_000_000
const uuid = (): string => crypto.randomUUID()
const context = { io, nowMs: () => nowMs, uuid }
const catalog = createSqliteCatalog({
  file: join(folder, 'catalog.db'),
  name: 'bench',
  warehouse: `file://${folder}`,
  ...context,
})

try {
  await run()
} finally {
  catalog.close()
  rmSync(folder, { recursive: true, force: true })
}

async function run(): Promise<void> {
  let table: LoadedTable = await catalog.create({ namespace: 'bench', name: 'ticks' }, definition)
  const commitMs: number[] = []
  let expiryMs = 0
  for (let number = 1; number <= COMMITS; number++) {
    nowMs += 10_000
    const began = performance.now()
    table = await commit(number)
    commitMs.push(performance.now() - began)
    if (number % EXPIRE_EVERY === 0) {
      const start = performance.now()
      table = await expire(table)
      expiryMs = performance.now() - start
    }
    if (SHOWN.includes(number)) await show(table, number, commitMs, expiryMs)
  }
  const live = await liveDataFiles(io, table.metadata)
  const rows = live.reduce((sum, file) => sum + file.rows, 0)
  process.stdout.write(`the table shows ${live.length} files, ${rows} rows\n`)
}

async function commit(number: number): Promise<LoadedTable> {
  const base = (await catalog.load({ namespace: 'bench', name: 'ticks' })) as LoadedTable
  const options = { snapshotId: snapshotIdFrom(uuid()), summary: {}, attempt: 1 }
  const { requirements, updates } = await prepareAppend(context, base, [dataFile(base, number)], options)
  const result = await catalog.commit(base, requirements, updates)
  if (result.outcome !== 'applied') throw new Error(`commit ${number}: ${result.outcome}`)
  return result.table
}

async function expire(table: LoadedTable): Promise<LoadedTable> {
  const { requirements, updates } = planExpiry(table.metadata, { nowMs, maxSnapshotsToKeep: SNAPSHOTS_KEPT })
  if (updates.length === 0) return table
  const result = await catalog.commit(table, requirements, updates)
  if (result.outcome !== 'applied') throw new Error(`expiry: ${result.outcome}`)
  for (const location of await expiredFiles(io, table.metadata, result.table.metadata))
    await io.remove(location)
  return result.table
}

async function show(
  { metadata, metadataLocation }: LoadedTable,
  number: number,
  commitMs: readonly number[],
  expiryMs: number,
): Promise<void> {
  const head = snapshotOf(metadata, metadata.currentSnapshotId)
  const manifests = head === null ? [] : await readManifestList(io, head)
  const last = commitMs.slice(-100).toSorted((a, b) => a - b)
  const bytes = readFileSync(pathOf(metadataLocation)).length
  process.stdout.write(
    `${String(number).padStart(6)} commits: metadata.json ${(bytes / 1000).toFixed(0)} kB, ` +
      `${metadata.snapshots.length} snapshots, ${manifests.length} manifests, ` +
      `${readdirSync(join(pathOf(metadata.location), 'metadata')).length} metadata files, ` +
      `commit ${last[last.length >> 1]?.toFixed(1)} ms (median of the last ${last.length}), ` +
      `expiry ${expiryMs.toFixed(0)} ms\n`,
  )
}

function dataFile({ metadata }: LoadedTable, number: number): DataFile {
  const bounds = new Map([[2, new Uint8Array(8)]])
  return {
    location: `${metadata.location}/data/${number}.parquet`,
    bytes: 1_000,
    rows: number,
    partition: [Math.floor(nowMs / 3_600_000)],
    valueCounts: new Map([[1, number]]),
    nullCounts: new Map([[1, 0]]),
    lowerBounds: bounds,
    upperBounds: bounds,
    splitOffsets: [4],
    sortOrderId: null,
  }
}
