import { IcebergError } from './errors.ts'
import { parseMetadata, serializeMetadata } from './metadata.ts'
import { isSqliteError, type NamedTable, openSqliteTables, type SqliteTables } from './sqlite-tables.ts'
import {
  isOwnMetadata,
  metadataLocation,
  metadataVersion,
  tableLocation,
  versionHint,
  versionHintLocation,
} from './table-files.ts'
import type {
  Catalog,
  CommitOutcome,
  FileIO,
  LoadedTable,
  Requirement,
  TableDefinition,
  TableMetadata,
  TableName,
  Update,
} from './types.ts'
import { applyUpdates, newTableMetadata } from './updates.ts'

/** Loads that lose their file to another process's clean-up before they look again. */
const LOAD_ATTEMPTS = 5

export interface SqliteCatalogOptions {
  /** Path of the database; its folder must exist. */
  readonly file: string
  /** The catalog's name as other engines must call it: part of every row. */
  readonly name: string
  /** Location below which new tables are made, such as `file:///data/warehouse`. */
  readonly warehouse: string
  readonly io: FileIO
  nowMs(): number
  /** A random uuid. */
  uuid(): string
  /** Called inside a commit's open transaction, after the swap and before COMMIT; crash tests stop there. */
  readonly onSwap?: () => void
}

export interface SqliteCatalog extends Catalog {
  /** Levels joined by dots. */
  namespaces(): Promise<readonly string[]>
  /** Names of the tables of a namespace. */
  tables(namespace: string): Promise<readonly string[]>
  /** Every table, with the metadata.json that the catalog names. */
  list(): readonly NamedTable[]
  close(): void
}

/**
 * A catalog in one SQLite file in the layout of PyIceberg and Java (JDBC version 1): a row per table names its
 * current metadata.json, a commit is a compare-and-swap of that name. Any number of processes may use it.
 */
export function createSqliteCatalog(options: SqliteCatalogOptions): SqliteCatalog {
  const tables = openSqliteTables(options.file, options.name, options.onSwap ?? (() => {}))
  const context = { ...options, nowMs: () => options.nowMs(), uuid: () => options.uuid(), tables }
  return {
    load: (name) => load(context, name),
    create: (name, definition) => create(context, name, definition),
    commit: (base, requirements, updates) => commit(context, base, requirements, updates),
    namespaces: async () => tables.namespaces(),
    tables: async (namespace) => tables.tables(namespace),
    list: () => tables.list(),
    close: () => tables.close(),
  }
}

interface Context extends SqliteCatalogOptions {
  readonly tables: SqliteTables
}

async function load({ tables, io }: Context, name: TableName): Promise<LoadedTable | null> {
  let location = tables.location(name)
  for (let attempt = 1; location !== null; attempt++) {
    try {
      return { name, metadataLocation: location, metadata: parseMetadata(await io.read(location)) }
    } catch (error) {
      const moved = tables.location(name)
      // Others may have committed and removed the old file since; a file that is still named must open.
      if (moved === location || attempt === LOAD_ATTEMPTS) throw error
      location = moved
    }
  }
  return null
}

async function create(context: Context, name: TableName, definition: TableDefinition): Promise<LoadedTable> {
  const existing = await load(context, name)
  if (existing !== null) return existing
  const { io, tables } = context
  const location = tableLocation(context.warehouse, name)
  const metadata = newTableMetadata(definition, { uuid: context.uuid(), location, nowMs: context.nowMs() })
  const file = metadataLocation(location, 0, context.uuid())
  await io.write(file, encode(metadata))
  if (tables.insert(name, file)) {
    await writeHint(context, name, location, file)
    return { name, metadataLocation: file, metadata }
  }
  await removeQuietly(io, file)
  const winner = await load(context, name)
  if (winner === null)
    throw new IcebergError('missing', 'the table was dropped while it was made', { ...name })
  return winner
}

async function commit(
  context: Context,
  base: LoadedTable,
  requirements: readonly Requirement[],
  updates: readonly Update[],
): Promise<CommitOutcome> {
  const { io, tables } = context
  const at = { baseLocation: base.metadataLocation, nowMs: context.nowMs() }
  const updated = applyUpdates(base.metadata, requirements, updates, at)
  if (updated.outcome === 'conflict' || tables.location(base.name) !== base.metadataLocation) {
    return { outcome: 'conflict' }
  }
  const { metadata } = updated
  const version = metadataVersion(base.metadataLocation) + 1
  const file = metadataLocation(metadata.location, version, context.uuid())
  await io.write(file, encode(metadata))
  let swap: ReturnType<SqliteTables['swap']>
  try {
    swap = tables.swap(base.name, { from: base.metadataLocation, to: file })
  } catch (cause) {
    if (!isSqliteError(cause)) throw cause
    // Busy for too long, disk full or a failed sync: only the next load can tell, so nothing is removed.
    return { outcome: 'unknown', cause }
  }
  if (swap === 'lost') {
    // Safe only here: a lost compare-and-swap in SQLite is certain. Readers that list folders take the highest.
    await removeQuietly(io, file)
    return { outcome: 'conflict' }
  }
  await writeHint(context, base.name, metadata.location, file)
  await removeForgotten(io, base.metadata, metadata)
  return { outcome: 'applied', table: { name: base.name, metadataLocation: file, metadata } }
}

function encode(metadata: TableMetadata): Uint8Array {
  return new TextEncoder().encode(serializeMetadata(metadata))
}

/**
 * Points readers without a catalog at the current metadata. A convenience: the commit stands without it, so a
 * failure is passed over and the next commit writes it again.
 */
async function writeHint(
  { io, tables }: Context,
  name: TableName,
  location: string,
  file: string,
): Promise<void> {
  const hint = tables.location(name) === file ? versionHint(file) : null
  if (hint === null) return
  try {
    await io.write(versionHintLocation(location), new TextEncoder().encode(hint))
  } catch {}
}

/** Removes metadata files that the commit pushed out of the log, when the table's properties ask for it. */
async function removeForgotten(io: FileIO, base: TableMetadata, metadata: TableMetadata): Promise<void> {
  if (metadata.properties['write.metadata.delete-after-commit.enabled'] !== 'true') return
  const kept = new Set(metadata.metadataLog.map((entry) => entry.metadataFile))
  for (const { metadataFile } of base.metadataLog) {
    if (!kept.has(metadataFile) && isOwnMetadata(metadata.location, metadataFile)) {
      await removeQuietly(io, metadataFile)
    }
  }
}

// What stays behind is an orphan, found by the orphan removal; a commit does not fail for it.
async function removeQuietly(io: FileIO, location: string): Promise<void> {
  try {
    await io.remove(location)
  } catch {}
}
