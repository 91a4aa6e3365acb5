import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { prepareAppend } from './append.ts'
import { boundBytes } from './bounds.ts'
import type { AppendContext } from './manifest-writer.ts'
import type { DataFile, FileIO, LoadedTable, Proposal, Schema, TableDefinition, TableName } from './types.ts'
import { applyUpdates, newTableMetadata } from './updates.ts'

// Shared by this package's tests; not exported.

/** Files in memory; `files` may be looked at and changed. */
export interface MemoryIO extends FileIO {
  readonly files: Map<string, Uint8Array>
}

export function memoryIO(): MemoryIO {
  const files = new Map<string, Uint8Array>()
  return {
    files,
    async read(location) {
      const bytes = files.get(location)
      if (bytes === undefined) throw new Error(`no file ${location}`)
      return bytes
    },
    async write(location, bytes) {
      files.set(location, bytes)
    },
    async remove(location) {
      files.delete(location)
    },
  }
}

/** Files on disk under `file://` locations. */
export const diskIO: FileIO = {
  async read(location) {
    return readFileSync(pathOf(location))
  },
  async write(location, bytes) {
    const path = pathOf(location)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(`${path}.tmp`, bytes)
    renameSync(`${path}.tmp`, path)
  },
  async remove(location) {
    rmSync(pathOf(location), { force: true })
  },
}

export function pathOf(location: string): string {
  return location.slice('file://'.length)
}

export function temporaryFolder(): { readonly path: string; [Symbol.dispose](): void } {
  const path = mkdtempSync(join(tmpdir(), 'iceberg-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

/** Distinct uuids, the same in every run. */
export function countedUuids(first: number): () => string {
  let count = first * 1_000_000
  return () => `00000000-0000-4000-8000-${(count++).toString(16).padStart(12, '0')}`
}

export const tableName: TableName = { namespace: 'market', name: 'ticks' }

export const schema: Schema = {
  schemaId: 0,
  fields: [
    { id: 1, name: 'exchange', required: true, type: 'string' },
    { id: 2, name: 'event_ts', required: true, type: 'timestamptz' },
    { id: 3, name: 'price', required: true, type: 'decimal(38,18)' },
    { id: 4, name: 'trade_id', required: false, type: 'long' },
  ],
}

export const definition: TableDefinition = {
  schema,
  partitionSpec: {
    specId: 0,
    fields: [
      { sourceId: 2, fieldId: 1000, name: 'event_ts_hour', transform: 'hour' },
      { sourceId: 1, fieldId: 1001, name: 'exchange', transform: 'identity' },
    ],
  },
  sortOrder: {
    orderId: 1,
    fields: [{ sourceId: 2, transform: 'identity', direction: 'asc', nullOrder: 'nulls-first' }],
  },
  properties: { 'write.parquet.compression-codec': 'zstd' },
}

/** A data file of that number: number rows, hour 400000 + number. */
export function dataFile(number: number, exchange = 'binance'): DataFile {
  return {
    location: `file:///warehouse/market/ticks/data/${number}.parquet`,
    bytes: 1000 + number,
    rows: number,
    partition: [400_000 + number, exchange],
    valueCounts: new Map([
      [1, number],
      [3, number],
    ]),
    nullCounts: new Map([[4, 0]]),
    lowerBounds: new Map([[3, boundBytes('decimal(38,18)', -123_456_789_012_345_678_901n)]]),
    upperBounds: new Map([[1, boundBytes('string', exchange)]]),
    splitOffsets: [4, 1_000_000],
    sortOrderId: 1,
  }
}

/** A table without snapshots that lives in memory only. */
export function newTable(properties: Readonly<Record<string, string>> = {}): LoadedTable {
  const metadata = newTableMetadata(
    { ...definition, properties },
    {
      uuid: '7d9d3ee3-5b5c-4a53-a0ff-0f3a6d5a1d11',
      location: 'memory:///warehouse/market/ticks',
      nowMs: 1_000,
    },
  )
  return { name: tableName, metadataLocation: 'memory:///warehouse/market/ticks/metadata/0', metadata }
}

/** The table after a commit that cannot lose. */
export function committed(table: LoadedTable, { requirements, updates }: Proposal): LoadedTable {
  const at = { baseLocation: table.metadataLocation, nowMs: 2_000 }
  const result = applyUpdates(table.metadata, requirements, updates, at)
  if (result.outcome === 'conflict') throw new Error('conflict')
  const version = result.metadata.lastSequenceNumber
  return { ...table, metadataLocation: `${table.metadataLocation}-${version}`, metadata: result.metadata }
}

export function contextOf(io: FileIO, first = 1): AppendContext {
  return { io, nowMs: () => 2_000, uuid: countedUuids(first) }
}

/** A snapshot committed on top of the table: what it shows must lie in `io`. */
export async function appended(
  io: MemoryIO,
  table: LoadedTable,
  snapshotId: bigint,
  ...files: readonly DataFile[]
): Promise<LoadedTable> {
  for (const { location } of files) io.files.set(location, new Uint8Array(1))
  const options = { snapshotId, summary: {}, attempt: 1 }
  return committed(
    table,
    await prepareAppend(contextOf(io, Number(snapshotId % 100_000n)), table, files, options),
  )
}

/** Seeded chance: whole numbers from 0, below the one that is asked with. */
export function chance(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff
    return (state >>> 8) % below
  }
}

/**
 * Runs a script in a process of its own, with the `catalog` of a folder open and `context` made. Rejects with its last
 * words.
 */
export function runWithCatalog(folder: string, number: number, script: string): Promise<void> {
  const from = import.meta.dirname
  const head = `
    import { createSqliteCatalog } from '${from}/sqlite-catalog.ts'
    import { prepareAppend } from '${from}/append.ts'
    import { countedUuids, dataFile, definition, diskIO, tableName } from '${from}/test-support.ts'
    const context = { io: diskIO, nowMs: () => 5000, uuid: countedUuids(${1000 + number}) }
    let onSwap = () => {}
    const catalog = createSqliteCatalog({ ...context, file: '${folder}/catalog.db', name: 'test',
      warehouse: 'file://${folder}/warehouse', onSwap: () => onSwap() })`
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', head + script], {
      stdio: 'pipe',
    })
    let problems = ''
    child.stderr.on('data', (chunk) => {
      problems += chunk
    })
    child.on('error', reject)
    child.on('exit', (code, signal) => (code === 0 ? resolve() : reject(new Error(signal ?? problems))))
  })
}
