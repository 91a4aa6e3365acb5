import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
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
} from '@cryptoflow/iceberg'

const EXPIRE_EVERY = 100

const name = { namespace: 'bench', name: 'ticks' }
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

/** What stays bounded, after so many commits. */
export interface CommitsShown {
  readonly commits: number
  readonly metadataBytes: number
  readonly snapshots: number
  readonly manifests: number
  readonly metadataFiles: number
  /** Median of the last 100, milliseconds. */
  readonly commitMs: number
  readonly expiryMs: number
}

export interface ManyCommits {
  readonly folder: string
  readonly commits: number
  /** Snapshots that are kept: every commit writes all of them anew. */
  readonly snapshotsKept: number
  /** After how many commits something is shown. */
  readonly shown: readonly number[]
  readonly onShown: (shown: CommitsShown) => void
  /** Called before a commit names the file; its bytes. */
  readonly onFile: (path: string, number: number) => number
  /** Rows of the file of a commit. */
  readonly rowsOf: (number: number) => number
}

/**
 * Commits of one file each on one table in the SQLite catalog `bench`, as the embedded mode makes them: manifests are
 * merged, and every 100 commits all snapshots but the newest are forgotten with their files. Files go through the
 * page cache and are not synced. Answers the live files and their rows.
 */
export async function manyCommits(
  run: ManyCommits,
): Promise<{ readonly files: number; readonly rows: number }> {
  let nowMs = 1_700_000_000_000
  const uuid = (): string => crypto.randomUUID()
  const context = { io, nowMs: () => nowMs, uuid }
  const place = { file: join(run.folder, 'catalog.db'), name: 'bench', warehouse: `file://${run.folder}` }
  const catalog = createSqliteCatalog({ ...place, ...context })
  const commit = async (number: number): Promise<LoadedTable> => {
    const base = (await catalog.load(name)) as LoadedTable
    const options = { snapshotId: snapshotIdFrom(uuid()), summary: {}, attempt: 1 }
    const file = dataFile(run, base, number, nowMs)
    const { requirements, updates } = await prepareAppend(context, base, [file], options)
    const result = await catalog.commit(base, requirements, updates)
    if (result.outcome !== 'applied') throw new Error(`commit ${number}: ${result.outcome}`)
    return result.table
  }
  const expire = async (table: LoadedTable): Promise<LoadedTable> => {
    const { requirements, updates } = planExpiry(table.metadata, {
      nowMs,
      maxSnapshotsToKeep: run.snapshotsKept,
    })
    if (updates.length === 0) return table
    const result = await catalog.commit(table, requirements, updates)
    if (result.outcome !== 'applied') throw new Error(`expiry: ${result.outcome}`)
    for (const location of await expiredFiles(io, table.metadata, result.table.metadata))
      await io.remove(location)
    return result.table
  }
  try {
    let table: LoadedTable = await catalog.create(name, definition)
    const commitMs: number[] = []
    let expiryMs = 0
    for (let number = 1; number <= run.commits; number++) {
      nowMs += 10_000
      const began = performance.now()
      table = await commit(number)
      commitMs.push(performance.now() - began)
      if (number % EXPIRE_EVERY === 0) {
        const start = performance.now()
        table = await expire(table)
        expiryMs = performance.now() - start
      }
      if (run.shown.includes(number)) run.onShown(await shown(table, number, commitMs, expiryMs))
    }
    const live = await liveDataFiles(io, table.metadata)
    return { files: live.length, rows: live.reduce((sum, file) => sum + file.rows, 0) }
  } finally {
    catalog.close()
  }
}

async function shown(
  { metadata, metadataLocation }: LoadedTable,
  commits: number,
  commitMs: readonly number[],
  expiryMs: number,
): Promise<CommitsShown> {
  const head = snapshotOf(metadata, metadata.currentSnapshotId)
  const last = commitMs.slice(-100).toSorted((a, b) => a - b)
  return {
    commits,
    metadataBytes: readFileSync(pathOf(metadataLocation)).length,
    snapshots: metadata.snapshots.length,
    manifests: head === null ? 0 : (await readManifestList(io, head)).length,
    metadataFiles: readdirSync(join(pathOf(metadata.location), 'metadata')).length,
    commitMs: last[last.length >> 1] as number,
    expiryMs,
  }
}

function dataFile(
  { rowsOf, onFile }: ManyCommits,
  { metadata }: LoadedTable,
  number: number,
  nowMs: number,
): DataFile {
  const location = `${metadata.location}/data/${number}.parquet`
  const rows = rowsOf(number)
  return {
    location,
    bytes: onFile(pathOf(location), number),
    rows,
    partition: [Math.floor(nowMs / 3_600_000)],
    valueCounts: new Map([[1, rows]]),
    nullCounts: new Map([[1, 0]]),
    lowerBounds: new Map(),
    upperBounds: new Map(),
    splitOffsets: [4],
    sortOrderId: null,
  }
}
