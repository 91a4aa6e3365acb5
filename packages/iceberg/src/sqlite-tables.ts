import { DatabaseSync } from 'node:sqlite'
import type { TableName } from './types.ts'

// Version 1 of the JDBC layout, as PyIceberg's SqlCatalog and Java's JdbcCatalog create it.
const LAYOUT = `
CREATE TABLE IF NOT EXISTS iceberg_tables (
  catalog_name VARCHAR(255) NOT NULL,
  table_namespace VARCHAR(255) NOT NULL,
  table_name VARCHAR(255) NOT NULL,
  metadata_location VARCHAR(1000),
  previous_metadata_location VARCHAR(1000),
  iceberg_type VARCHAR(5),
  PRIMARY KEY (catalog_name, table_namespace, table_name)
);
CREATE TABLE IF NOT EXISTS iceberg_namespace_properties (
  catalog_name VARCHAR(255) NOT NULL,
  namespace VARCHAR(255) NOT NULL,
  property_key VARCHAR(255) NOT NULL,
  property_value VARCHAR(1000) NOT NULL,
  PRIMARY KEY (catalog_name, namespace, property_key)
);`

const IS_TABLE = `catalog_name = ? AND table_namespace = ? AND table_name = ?
  AND (iceberg_type = 'TABLE' OR iceberg_type IS NULL)`

/** Transactions last milliseconds; a writer that waits this long has a stuck neighbour. */
const BUSY_TIMEOUT_MS = 30_000

/** `lost`: the table's metadata location was another one, or the table is gone. */
export type Swap = 'swapped' | 'lost'

/** The catalog's rows. Each call is one short transaction. */
export interface SqliteTables {
  location(name: TableName): string | null
  /** False when the table is there already. Makes the namespace when it is missing. */
  insert(name: TableName, metadataLocation: string): boolean
  /** Namespaces that have been made or hold a table, in order. */
  namespaces(): readonly string[]
  /** Names of the tables of a namespace, in order. */
  tables(namespace: string): readonly string[]
  swap(name: TableName, locations: Move): Swap
  /** Every table of the catalog. */
  list(): NamedTable[]
  /** All of these swaps, or none. The metadata before the last is where `moved` says. */
  swapAll(swaps: readonly (Move & { readonly name: TableName })[], moved: (location: string) => string): Swap
  close(): void
}

/** A table, and the metadata.json that the catalog names. */
export interface NamedTable extends TableName {
  readonly metadataLocation: string
}

/** From one metadata.json to another. */
interface Move {
  readonly from: string
  readonly to: string
}

/** Opens or creates the database. `onSwap` is called in the open transaction after the swap's UPDATE. */
export function openSqliteTables(file: string, catalog: string, onSwap: () => void): SqliteTables {
  const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS })
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON;')
  if (!hasLayout(database)) transaction(database, () => createLayout(database))
  const select = database.prepare(`SELECT metadata_location FROM iceberg_tables WHERE ${IS_TABLE}`)
  const insert = database.prepare(
    "INSERT INTO iceberg_tables VALUES (?, ?, ?, ?, NULL, 'TABLE') ON CONFLICT DO NOTHING",
  )
  const insertNamespace = database.prepare(
    "INSERT INTO iceberg_namespace_properties VALUES (?, ?, 'exists', 'true') ON CONFLICT DO NOTHING",
  )
  const update = database.prepare(
    `UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = ?
     WHERE ${IS_TABLE} AND metadata_location = ?`,
  )
  const selectNamespaces = database.prepare(
    `SELECT namespace AS name FROM iceberg_namespace_properties WHERE catalog_name = ?
     UNION SELECT table_namespace FROM iceberg_tables WHERE catalog_name = ? ORDER BY name`,
  )
  const selectTables = database.prepare(
    `SELECT table_name AS name FROM iceberg_tables WHERE catalog_name = ? AND table_namespace = ?
     AND (iceberg_type = 'TABLE' OR iceberg_type IS NULL) ORDER BY name`,
  )
  return {
    location({ namespace, name }) {
      const row = select.get(catalog, namespace, name)
      return typeof row?.metadata_location === 'string' ? row.metadata_location : null
    },
    insert({ namespace, name }, metadataLocation) {
      return transaction(database, () => {
        insertNamespace.run(catalog, namespace)
        return insert.run(catalog, namespace, name, metadataLocation).changes === 1
      })
    },
    swap({ namespace, name }, { from, to }) {
      return transaction(database, () => {
        const { changes } = update.run(to, from, catalog, namespace, name, from)
        if (changes !== 1) return 'lost'
        onSwap()
        return 'swapped'
      })
    },
    namespaces() {
      return selectNamespaces.all(catalog, catalog).map(({ name }) => String(name))
    },
    tables(namespace) {
      return selectTables.all(catalog, namespace).map(({ name }) => String(name))
    },
    list() {
      const rows = database
        .prepare(
          `SELECT table_namespace, table_name, metadata_location FROM iceberg_tables
           WHERE catalog_name = ? AND metadata_location IS NOT NULL
             AND (iceberg_type = 'TABLE' OR iceberg_type IS NULL) ORDER BY 1, 2`,
        )
        .all(catalog)
      return rows.map((row) => ({
        namespace: String(row.table_namespace),
        name: String(row.table_name),
        metadataLocation: String(row.metadata_location),
      }))
    },
    swapAll(swaps, moved) {
      return transaction(database, () => {
        const areSwapped = swaps.every(({ name: { namespace, name }, from, to }) => {
          const { changes } = update.run(to, moved(from), catalog, namespace, name, from)
          return changes === 1
        })
        if (areSwapped) onSwap()
        else database.exec('ROLLBACK')
        return areSwapped ? 'swapped' : 'lost'
      })
    },
    close() {
      database.close()
    },
  }
}

/** Asked first: whoever only reads waits for nobody who writes. */
function hasLayout(database: DatabaseSync): boolean {
  const columns = (table: string): unknown[] =>
    database
      .prepare('SELECT name FROM pragma_table_info(?)')
      .all(table)
      .map(({ name }) => name)
  return (
    columns('iceberg_tables').includes('iceberg_type') && columns('iceberg_namespace_properties').length > 0
  )
}

function createLayout(database: DatabaseSync): void {
  database.exec(LAYOUT)
  const columns = database.prepare('PRAGMA table_info(iceberg_tables)').all()
  // Java creates version 0 unless told otherwise; all readers take the added column.
  if (!columns.some((column) => column.name === 'iceberg_type')) {
    database.exec('ALTER TABLE iceberg_tables ADD COLUMN iceberg_type VARCHAR(5)')
  }
}

function transaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    if (database.isTransaction) database.exec('COMMIT')
    return result
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

/** Whether SQLite itself failed, as against code called inside a transaction. */
export function isSqliteError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR'
}
