import { type Dirent, existsSync, statSync } from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { TableName } from '@cryptoflow/model'
import type { CatalogTable } from './catalog-tables.ts'

/** What is wrong with a file that a table names. */
export interface FileFinding {
  readonly table: TableName
  readonly path: string
  readonly problem: string
}

/** A table's files, compared with what its metadata says. */
export interface TableCheck {
  readonly table: TableName
  readonly files: number
  /** On the disk. */
  readonly bytes: number
  /** Rows as the metadata count them; null where they do not. */
  readonly rows: number | null
  readonly findings: readonly FileFinding[]
}

/** A file below a table that no current table names. */
export interface Orphan {
  readonly path: string
  readonly bytes: number
  /** Data of an epoch that was never committed, or a write that was cut short. */
  readonly kind: 'data' | 'temporary'
}

const MAGIC = 'PAR1'
/** Both magics and the length of the footer. */
const PARQUET_BYTES_MIN = 12

/**
 * Looks at every live file of a table: it is there, begins and ends as Parquet does, and its footer fits; and all of them
 * together have the length and the number that the table's snapshot counted. Changes nothing.
 */
export async function checkTable(table: CatalogTable, paths: readonly string[]): Promise<TableCheck> {
  const findings: FileFinding[] = []
  const tell = (path: string, problem: string): void => {
    findings.push({ table: table.table, path, problem })
  }
  let bytes = 0
  for (const path of paths) {
    const { problem, size } = await checkFile(path)
    bytes += size
    if (problem !== null) tell(path, problem)
  }
  if (new Set(paths).size !== paths.length) tell(table.metadata, 'a file is named twice')
  if (table.files !== null && table.files !== paths.length)
    tell(table.metadata, `its snapshot counts ${table.files} files, its manifests name ${paths.length}`)
  if (table.bytes !== null && table.bytes !== bytes && findings.length === 0)
    tell(table.metadata, `its snapshot counts ${table.bytes} bytes, the files have ${bytes}`)
  return { table: table.table, files: paths.length, bytes, rows: table.rows, findings }
}

async function checkFile(path: string): Promise<{ problem: string | null; size: number }> {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return { problem: 'is not there', size: 0 }
  const { size } = stat
  if (!stat.isFile()) return { problem: 'is no file', size: 0 }
  if (size < PARQUET_BYTES_MIN) return { problem: `has ${size} bytes, too few for Parquet`, size }
  const file = await open(path, 'r')
  try {
    const head = Buffer.alloc(4)
    const tail = Buffer.alloc(8)
    await file.read(head, 0, 4, 0)
    await file.read(tail, 0, 8, size - 8)
    const isWhole = head.toString('latin1') === MAGIC && tail.toString('latin1', 4) === MAGIC
    if (!isWhole)
      return { problem: 'does not begin and end as Parquet does: cut short, or another file', size }
    const footer = tail.readUInt32LE(0)
    return { problem: footer + PARQUET_BYTES_MIN > size ? 'has a footer longer than itself' : null, size }
  } finally {
    await file.close()
  }
}

/**
 * Files below the tables' folders that no snapshot shows: data of epochs that were never committed, and cut writes.
 * Metadata and manifests are not judged.
 */
export async function findOrphans(
  tables: readonly CatalogTable[],
  kept: ReadonlySet<string>,
): Promise<Orphan[]> {
  const orphans: Orphan[] = []
  for (const { location } of tables) {
    for (const path of await filesBelow(location)) {
      const isTemporary = path.endsWith('.tmp')
      const isData = path.endsWith('.parquet') && !kept.has(path)
      if (!isTemporary && !isData) continue
      const bytes = statSync(path, { throwIfNoEntry: false })?.size
      if (bytes !== undefined) orphans.push({ path, bytes, kind: isTemporary ? 'temporary' : 'data' })
    }
  }
  return orphans
}

/** Paths of all files below a directory; links are not followed. */
export async function filesBelow(directory: string): Promise<string[]> {
  if (!existsSync(directory)) return []
  const entries: Dirent[] = await readdir(directory, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name))
}
