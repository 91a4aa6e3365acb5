import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { type TableName, tables } from '@cryptoflow/model'
import { CATALOG, NAMESPACE, type Warehouse } from '@cryptoflow/pipeline'
import { CryptoFlowError, messageOf } from '@cryptoflow/runtime'
import { filePath } from '@cryptoflow/stores'

/**
 * A table as its own metadata describes it. Read by the two public formats alone: the JDBC layout of the catalog and
 * Iceberg's metadata.json.
 */
export interface CatalogTable {
  readonly table: TableName
  /** Path of the current metadata.json. */
  readonly metadata: string
  /** Where the table's files lie. */
  readonly location: string
  /** When the current snapshot was committed, microseconds since 1970; null before the first. */
  readonly committedUs: number | null
  /** Table snapshots that are still known. */
  readonly snapshots: number
  /** What the current snapshot says of itself; null where it says nothing. */
  readonly rows: number | null
  readonly files: number | null
  readonly bytes: number | null
}

interface Metadata {
  readonly location: string
  readonly 'current-snapshot-id'?: string | null
  readonly snapshots?: readonly {
    readonly 'snapshot-id': string
    readonly 'timestamp-ms': number
    readonly summary?: Readonly<Record<string, string>>
  }[]
}

/** Snapshot ids are 63-bit: as text they stay what they are. */
const SNAPSHOT_ID = /"((?:current-|parent-)?snapshot-id)"\s*:\s*(-?\d+)/g

/** The tables that the warehouse has, in the order of the contract. Throws `data` for metadata that cannot be read. */
export function catalogTables(warehouse: Warehouse): CatalogTable[] {
  const locations = metadataLocations(warehouse)
  return (Object.keys(tables) as TableName[]).flatMap((table) => {
    const location = locations.get(table)
    return location === undefined ? [] : [tableOf(table, filePath(location))]
  })
}

function metadataLocations({ catalogFile }: Warehouse): Map<string, string> {
  const database = new DatabaseSync(catalogFile, { readOnly: true, timeout: 5_000 })
  try {
    const rows = database
      .prepare(
        'SELECT table_name, metadata_location FROM iceberg_tables WHERE catalog_name = ? AND table_namespace = ?',
      )
      .all(CATALOG, NAMESPACE)
    return new Map(rows.map((row) => [String(row.table_name), String(row.metadata_location)]))
  } finally {
    database.close()
  }
}

function tableOf(table: TableName, path: string): CatalogTable {
  const metadata = readMetadata(table, path)
  const id = metadata['current-snapshot-id'] ?? null
  const known = metadata.snapshots ?? []
  const current = known.find((snapshot) => snapshot['snapshot-id'] === id)
  const total = (name: string): number | null => {
    const text = current === undefined ? '0' : current.summary?.[name]
    return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null
  }
  return {
    table,
    metadata: path,
    location: filePath(metadata.location),
    committedUs: current === undefined ? null : current['timestamp-ms'] * 1000,
    snapshots: known.length,
    rows: total('total-records'),
    files: total('total-data-files'),
    bytes: total('total-files-size'),
  }
}

function readMetadata(table: TableName, path: string): Metadata {
  try {
    const text = readFileSync(path, 'utf8').replace(SNAPSHOT_ID, '"$1":"$2"')
    return JSON.parse(text) as Metadata
  } catch (cause) {
    throw new CryptoFlowError(`reading the metadata of table ${table}: ${messageOf(cause)}`, {
      kind: 'data',
      reaction: 'stop',
      context: { table, path },
      cause,
    })
  }
}
