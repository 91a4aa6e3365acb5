import { existsSync, mkdirSync, realpathSync } from 'node:fs'
import { join, resolve } from 'node:path'
import {
  createSqliteCatalog,
  type LoadedTable,
  liveDataFiles,
  reachableFiles,
  type SqliteCatalog,
} from '@cryptoflow/iceberg'
import { type Probe, type TableName, tables } from '@cryptoflow/model'
import { type Clock, CryptoFlowError, uuid } from '@cryptoflow/runtime'
import { diskFileIO, fileLocation, filePath } from '@cryptoflow/stores'
import { type AsOf, snapshotsAsOf } from './as-of.ts'

/** Iceberg namespace of our tables. */
export const NAMESPACE = 'cryptoflow'
/** Name of the embedded catalog; readers must use the same. */
export const CATALOG = 'cryptoflow'

/** Where things lie in a warehouse on a local disk. */
export interface Warehouse {
  readonly directory: string
  readonly catalogFile: string
  readonly ledgerFile: string
  /** The journal of a collecting process without a name of its own, `raw/` of the design. */
  readonly journalDirectory: string
  /** The journal of redrives, among the replays: a writer of its own. */
  readonly redriveDirectory: string
  /** The journal of a collecting process by its name; null: without one. */
  journalOf(name: string | null): string
  /** Control logs and state images of replays into this warehouse, by writer. */
  replayDirectory(writer: string): string
  /** Shared by every committer that is not part of a collecting process. */
  readonly committersLock: string
  /** Held by whoever looks after the tables. */
  readonly maintenanceLock: string
}

export function warehouseAt(path: string): Warehouse {
  const directory = resolve(path)
  return {
    directory,
    catalogFile: join(directory, 'catalog.db'),
    ledgerFile: join(directory, 'ledger.db'),
    journalDirectory: join(directory, 'raw'),
    redriveDirectory: join(directory, 'replays', 'redrive'),
    journalOf: (name) => (name === null ? join(directory, 'raw') : join(directory, 'journals', name)),
    replayDirectory: (writer) => join(directory, 'replays', writer),
    committersLock: join(directory, 'locks', 'committers.db'),
    maintenanceLock: join(directory, 'locks', 'maintenance.db'),
  }
}

/**
 * Opens the embedded catalog, making the warehouse's directory if it is not there. Throws `usage` for a warehouse that
 * was moved or copied: what is written to it would go to the place that its tables name.
 */
export function openCatalog(warehouse: Warehouse, clock: Clock, probe?: Probe) {
  mkdirSync(warehouse.directory, { recursive: true })
  const io = diskFileIO(probe === undefined ? {} : { probe })
  const nowMs = (): number => Math.floor(clock.nowUs() / 1000)
  const swap = probe === undefined ? {} : { onSwap: () => probe('catalog-swap') }
  const catalog = createSqliteCatalog({
    file: warehouse.catalogFile,
    name: CATALOG,
    warehouse: fileLocation(warehouse.directory),
    io,
    nowMs,
    uuid,
    ...swap,
  })
  const origin = originOf(warehouse, catalog)
  if (origin === null) return { catalog, io, nowMs }
  catalog.close()
  throw new CryptoFlowError(
    'opening the warehouse: it was moved or copied here, and its tables still name files of another place; make ' +
      `them name their own: cryptoflow warehouse move ${origin} ${warehouse.directory}`,
    { kind: 'usage', reaction: 'stop', context: { warehouse: warehouse.directory, origin } },
  )
}

/** The place that the tables of a warehouse name, where that is another one; null: they name this one. */
export function warehouseOrigin(warehouse: Warehouse): string | null {
  const { catalogFile, directory } = warehouse
  const io = diskFileIO()
  const place = { file: catalogFile, name: CATALOG, warehouse: fileLocation(directory), io }
  const catalog = createSqliteCatalog({ ...place, nowMs: () => 0, uuid })
  try {
    return originOf(warehouse, catalog)
  } finally {
    catalog.close()
  }
}

/** `<warehouse>/<namespace>/<table>/metadata/<file>`; the same directory under another name is the same. */
function originOf({ directory }: Warehouse, catalog: SqliteCatalog): string | null {
  const own = catalog.list().filter(({ namespace }) => namespace === NAMESPACE)
  const places = own.map(({ metadataLocation }) => resolve(filePath(metadataLocation), '../../../..'))
  return places.find((place) => place !== directory && realPath(place) !== realPath(directory)) ?? null
}

function realPath(path: string): string {
  return existsSync(path) ? realpathSync(path) : path
}

/** Throws `usage` when there is no warehouse. */
export function assertWarehouse(warehouse: Warehouse): void {
  if (existsSync(warehouse.catalogFile)) return
  throw new CryptoFlowError(
    'opening the warehouse: there is no catalog.db in it; expected a directory that the demo, collect or replay wrote',
    {
      kind: 'usage',
      reaction: 'stop',
      context: { warehouse: warehouse.directory },
    },
  )
}

/**
 * Paths of the live data files of every table, as the catalog has them now, or as they were; none for a table not made
 * yet. Throws `usage` when there is no warehouse, or no such past.
 */
export async function tableFiles(
  warehouse: Warehouse,
  clock: Clock,
  asOf?: AsOf,
): Promise<Map<TableName, string[]>> {
  assertWarehouse(warehouse)
  const { catalog, io } = openCatalog(warehouse, clock)
  try {
    const names = Object.keys(tables) as TableName[]
    const loaded = new Map<TableName, LoadedTable>()
    for (const name of names) {
      const table = await catalog.load({ namespace: NAMESPACE, name })
      if (table !== null) loaded.set(name, table)
    }
    const past = asOf === undefined ? null : snapshotsAsOf([...loaded.values()], asOf)
    const files = new Map<TableName, string[]>(names.map((name) => [name, []]))
    for (const [name, table] of loaded) {
      const live = await liveDataFiles(io, table.metadata, past?.get(table))
      files.set(
        name,
        live.map((file) => filePath(file.location)),
      )
    }
    return files
  } finally {
    catalog.close()
  }
}

/** Paths of every file that a table needs, for any snapshot that it still has. Throws `usage` when there is no warehouse. */
export async function keptFiles(warehouse: Warehouse, clock: Clock): Promise<ReadonlySet<string>> {
  assertWarehouse(warehouse)
  const { catalog, io } = openCatalog(warehouse, clock)
  try {
    const kept = new Set<string>()
    for (const name of Object.keys(tables)) {
      const table = await catalog.load({ namespace: NAMESPACE, name })
      if (table === null) continue
      for (const location of await reachableFiles(io, table)) kept.add(filePath(location))
    }
    return kept
  } finally {
    catalog.close()
  }
}
