import { tableFiles, warehouseAt } from '@cryptoflow/pipeline'
import { quoted, tableReport } from '@cryptoflow/reader'
import type { Clock } from '@cryptoflow/runtime'

/** What tables hold of some writers, by table; tables without such rows are left out. */
export type Contents = Readonly<Record<string, TableContent>>

export interface TableContent {
  readonly rows: number
  /** Of all columns of all these rows, in whatever order and files. */
  readonly content_hash: string
}

/** Reads every row of these writers with a reader that shares no code with ours. */
export async function contentsOf(
  directory: string,
  writers: readonly string[],
  clock: Clock,
): Promise<Contents> {
  const files = await tableFiles(warehouseAt(directory), clock)
  const reports = await tableReport(files, [`writer IN (${writers.map(quoted).join(', ')})`])
  const filled = reports.filter(({ rows }) => rows > 0)
  return Object.fromEntries(filled.map(({ table, rows, content_hash }) => [table, { rows, content_hash }]))
}

/** Tables whose rows differ, with what was expected and what was found; null: no rows. */
export interface Difference {
  readonly table: string
  readonly expected: TableContent | null
  readonly found: TableContent | null
}

export function differences(expected: Contents, found: Contents): Difference[] {
  const names = [...new Set([...Object.keys(expected), ...Object.keys(found)])].sort()
  return names
    .map((table) => ({ table, expected: expected[table] ?? null, found: found[table] ?? null }))
    .filter((one) => one.expected?.content_hash !== one.found?.content_hash)
}
