import { existsSync, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import {
  createSqliteLedger,
  dataFileOf,
  type MaintenancePlan,
  maintainTables,
  type Rewritten,
  type Sealed,
  type SizedFile,
  type TableReport,
} from '@cryptoflow/commit'
import type { CompactionGroup, DataFile, FileIO } from '@cryptoflow/iceberg'
import { freeBytes, journalId, readSealedRequests } from '@cryptoflow/journal'
import { type ObjectStore, type TableContract, type TableName, tables } from '@cryptoflow/model'
import {
  type Clock,
  CryptoFlowError,
  entropy,
  messageOf,
  randomSeed,
  seededChance,
  uuid,
} from '@cryptoflow/runtime'
import {
  dataFileKey,
  type FileBounds,
  fileBoundsDefault,
  offerOf,
  parseDataFileKey,
  resealFiles,
} from '@cryptoflow/sink'
import { diskStore, fileLocation, filePath } from '@cryptoflow/stores'
import { tableDefinitions } from './publisher.ts'
import { VERSION } from './version.ts'
import { assertWarehouse, NAMESPACE, openCatalog, type Warehouse, warehouseAt } from './warehouse.ts'
import { lockMaintenance, writerHomes } from './warehouse-lock.ts'

/** How the tables of a warehouse are looked after. Null: not this. */
export interface MaintenanceSettings {
  readonly compact: {
    /** After the end of a partition's hour or day: when its files are joined, milliseconds. */
    readonly closedAfterMs: number
    /** A partition with fewer small files is left alone. */
    readonly filesMin: number
  } | null
  readonly expire: {
    /** Table snapshots are kept for so long, and no more than so many of them. */
    readonly keepMs: number
    readonly snapshotsMax: number
  } | null
  readonly orphans: { readonly minAgeMs: number } | null
}

const HOUR_MS = 3_600_000

export const maintenanceDefaults: MaintenanceSettings = {
  compact: { closedAfterMs: 2 * HOUR_MS, filesMin: 4 },
  expire: { keepMs: 24 * HOUR_MS, snapshotsMax: 1_000 },
  orphans: { minAgeMs: 72 * HOUR_MS },
}

/** Rows that one rewriting may hold, about 115 bytes each: a collector beside it needs memory of its own. */
const ROWS_HELD_MAX = 524_288
/** Compaction takes room before expiry gives some back; a collector beside it needs it more. */
const FREE_BYTES_MIN = 2_000_000_000

/** What a round came to, over all tables. */
export interface MaintenanceTotals {
  /** Data files that were joined, and those that stand for them. */
  readonly joined: number
  readonly made: number
  readonly snapshots: number
  /** Files that only forgotten snapshots could reach, and those that nothing could. */
  readonly deleted: number
  /** `table: why` of what was left as it is. */
  readonly refused: readonly string[]
}

export interface MaintainOptions {
  readonly warehouseDirectory: string
  readonly settings: MaintenanceSettings
  readonly compression: 'zstd' | 'snappy'
  /** How large row groups and rewritten files become; default: the sink's own. */
  readonly fileBounds?: FileBounds | undefined
  readonly isDryRun: boolean
  readonly clock: Clock
  readonly onProgress: (step: string) => void
  /** Asked between two pieces of work: whether to leave the rest to another time. */
  readonly isStopped: () => boolean
}

/**
 * Looks after the tables of a warehouse, beside whoever writes it. Blocks the calling thread while a file is made, and
 * the memory of the encoder is given back with the thread only. Throws `usage` where there is no warehouse, and while
 * another process does the same: two would join the same files and one of them in vain.
 */
export async function maintainWarehouse(options: MaintainOptions): Promise<readonly TableReport[]> {
  const warehouse = warehouseAt(options.warehouseDirectory)
  assertWarehouse(warehouse)
  const unlock = options.isDryRun ? () => {} : lockMaintenance(warehouse)
  try {
    return await maintain(warehouse, options)
  } finally {
    unlock()
  }
}

async function maintain(warehouse: Warehouse, options: MaintainOptions): Promise<readonly TableReport[]> {
  const {
    settings,
    clock,
    isDryRun,
    isStopped,
    compression,
    fileBounds: bounds = fileBoundsDefault,
  } = options
  const { catalog, io } = openCatalog(warehouse, clock)
  try {
    const ledger = createSqliteLedger({ path: warehouse.ledgerFile })
    try {
      const store = diskStore({ directory: warehouse.directory, step: 'file-write' })
      return await maintainTables(
        {
          catalog,
          ledger,
          io,
          tables: tableDefinitions(),
          namespace: NAMESPACE,
          clock,
          chance: seededChance(randomSeed()),
          uuid,
          exists: async (location) => existsSync(filePath(location)),
          rewrite: async (table, group) => {
            await refuseFull(warehouse)
            return rewrite({ io, store, compression, bounds }, table, group)
          },
          list: listFiles,
          sealed: () => sealedHere(warehouse),
          isStopped,
        },
        planOf(settings, bounds, isDryRun),
        options.onProgress,
      )
    } finally {
      ledger.close()
    }
  } finally {
    catalog.close()
  }
}

export function maintenanceTotals(reports: readonly TableReport[]): MaintenanceTotals {
  const total = (of: (report: TableReport) => number): number =>
    reports.reduce((sum, report) => sum + of(report), 0)
  return {
    joined: total(({ compacted }) => compacted.removed),
    made: total(({ compacted }) => compacted.added),
    snapshots: total(({ expired }) => expired.snapshots),
    deleted: total(({ expired, orphans }) => expired.files + orphans.files),
    refused: reports.flatMap(({ table, refused }) => (refused === null ? [] : [`${table}: ${refused}`])),
  }
}

function planOf(
  { compact, expire, orphans }: MaintenanceSettings,
  { fileBytes, rowGroupRows }: FileBounds,
  isDryRun: boolean,
): MaintenancePlan {
  const bounds = { targetBytes: fileBytes, rowsHeldMax: ROWS_HELD_MAX, rowsHeldPerFile: rowGroupRows }
  return {
    compact: compact === null ? null : { ...compact, ...bounds },
    expire:
      expire === null ? null : { maxSnapshotAgeMs: expire.keepMs, maxSnapshotsToKeep: expire.snapshotsMax },
    orphans,
    isDryRun,
  }
}

async function refuseFull({ directory }: Warehouse): Promise<void> {
  const free = await freeBytes(directory)
  if (free >= FREE_BYTES_MIN) return
  throw new CryptoFlowError(
    `compacting: ${free} bytes are free, expected ${FREE_BYTES_MIN}: new files are there before the old ones go`,
    { kind: 'disk', reaction: 'retry', context: { directory, free } },
  )
}

interface RewriteOptions {
  readonly io: FileIO
  readonly store: ObjectStore
  readonly compression: 'zstd' | 'snappy'
  readonly bounds: FileBounds
}

/** The words of a compacted file's name in the places of writer and epoch: it has rows of many. */
const COMPACTED = { writer: 'compacted', epoch: 1 } as const

async function rewrite(
  { io, store, compression, bounds }: RewriteOptions,
  table: TableName,
  group: CompactionGroup,
): Promise<Rewritten> {
  const refused = new Map<string, string>()
  const sources: { readonly location: string; readonly bytes: Uint8Array }[] = []
  for (const { location } of group.files) {
    try {
      sources.push({ location, bytes: await io.read(location) })
    } catch (error) {
      // Somebody else has replaced and expired it, or it is lost: either way it stays what it is.
      if (!(error instanceof CryptoFlowError)) throw error
      refused.set(location, messageOf(error))
    }
  }
  const contract: TableContract = tables[table]
  const bytes = sources.map((source) => source.bytes)
  const resealed = resealFiles(contract, bytes, { compression, bounds, version: VERSION })
  for (const [i, why] of resealed.refused) refused.set(sources[i]?.location as string, why)
  const added: DataFile[] = []
  if (group.files.length - refused.size <= resealed.files.length) return { added, refused }
  for (const [part, file] of resealed.files.entries()) {
    const name = { entropy: entropy(3), ...COMPACTED, table, part, nonce: entropy(4) }
    const key = `${NAMESPACE}/${dataFileKey(name)}`
    await store.put(key, file.bytes)
    const partition = group.partition as readonly (number | string | null)[]
    const offer = offerOf(file, contract, { location: store.location(key), partition })
    added.push(dataFileOf(offer, contract.sort.length === 0 ? 0 : 1))
  }
  return { added, refused }
}

/** Links are not followed. The later of both times counts: a file that was put here is young, whatever it says. */
async function listFiles(location: string): Promise<readonly SizedFile[]> {
  const directory = filePath(location)
  if (!existsSync(directory)) return []
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return entries.flatMap((entry) => {
    const path = join(entry.parentPath, entry.name)
    const stat = entry.isFile() ? statSync(path, { throwIfNoEntry: false }) : undefined
    if (stat === undefined) return []
    const modifiedMs = Math.max(stat.mtimeMs, stat.ctimeMs)
    return [{ location: fileLocation(path), bytes: stat.size, modifiedMs }]
  })
}

/** What the control logs in this warehouse tell; journals may lie on other machines. */
async function sealedHere(warehouse: Warehouse): Promise<Sealed> {
  const homes = writerHomes(warehouse)
  const writers = new Set<string>([COMPACTED.writer])
  for (const home of homes) writers.add((await journalId(home)) ?? basename(home))
  const requests = await Promise.all(homes.map((home) => readSealedRequests(home)))
  const offers = requests.flat().flatMap((request) => Object.values(request.tables).flat())
  return {
    files: new Set(offers.map(({ location }) => location)),
    elsewhere(location) {
      const name = parseDataFileKey(location.split('/').slice(-3).join('/'))
      return name === null || writers.has(name.writer) ? null : { writer: name.writer, epoch: name.epoch }
    },
  }
}
