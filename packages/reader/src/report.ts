import { statSync } from 'node:fs'
import { type ColumnSpec, type TableContract, type TableName, tables } from '@cryptoflow/model'
import { type Duck, openDuck, type TableFiles } from './duck.ts'

/** What a table holds, whatever files and order hold it. */
export interface TableReport {
  readonly table: TableName
  readonly rows: number
  readonly files: number
  /** Of all its live files. */
  readonly bytes: number
  /**
   * The multiset of its rows, all columns: `<rows>-<32 hex digits>`. Equal content has equal hashes in any
   * order and any cut into files; a changed, missing or doubled row changes it.
   */
  readonly content_hash: string
}

/** Minutes of work are allowed: a report reads everything once. */
const REPORT_TIMEOUT_MS = 600_000

/**
 * Rows, files, bytes and content hash of every table of the contract, in its order; one pass per table. With
 * conditions, in SQL, the rows are those that meet all of them.
 */
export async function tableReport(files: TableFiles, where: readonly string[] = []): Promise<TableReport[]> {
  const duck = await openDuck({ files, warehouse: null, where, timeoutMs: REPORT_TIMEOUT_MS })
  try {
    const reports: TableReport[] = []
    for (const contract of Object.values<TableContract>(tables)) {
      reports.push(await reportOf(duck, contract, files.get(contract.name as TableName) ?? []))
    }
    return reports
  } finally {
    duck.close()
  }
}

async function reportOf(duck: Duck, contract: TableContract, files: readonly string[]): Promise<TableReport> {
  return {
    table: contract.name as TableName,
    ...(await contentOf(duck, contract, `"${contract.name}"`)),
    files: files.length,
    bytes: files.reduce((sum, path) => sum + statSync(path).size, 0),
  }
}

/** How many rows a relation with a table's columns has, and their content hash. */
export async function contentOf(
  duck: Duck,
  contract: TableContract,
  relation: string,
): Promise<Pick<TableReport, 'rows' | 'content_hash'>> {
  const [content] = await duck.objects<{ rows: number; high: string; low: string }>(`
    WITH digests AS (SELECT md5_number(${rowText(contract)}) AS digest FROM ${relation})
    SELECT count(*) AS rows,
      coalesce(sum((digest >> 64)::UBIGINT), 0)::VARCHAR AS high,
      coalesce(sum((digest & 18446744073709551615::UHUGEINT)::UBIGINT), 0)::VARCHAR AS low
    FROM digests`)
  const { rows, high, low } = content as { rows: number; high: string; low: string }
  return { rows, content_hash: `${rows}-${hex64(high)}${hex64(low)}` }
}

/**
 * The sum of one half of all row digests, mod 2^64: it does not depend on the order of rows. A digest is md5 read
 * as a little-endian number, as DuckDB does.
 */
function hex64(sum: string): string {
  return BigInt.asUintN(64, BigInt(sum)).toString(16).padStart(16, '0')
}

/**
 * The canonical text of a row: every column in contract order, each readable in only one way, so that two
 * different rows never share a text.
 *
 * Text is `<bytes>:<text>`; other values are their text and `|`; null is `-|`, which neither can be. Decimals
 * have 18 fraction digits, timestamps are microseconds, blobs hex.
 */
function rowText(contract: TableContract): string {
  const parts = Object.entries(contract.columns).map(([name, spec]) => columnText(`"${name}"`, spec.type))
  return `concat(${parts.join(', ')})`
}

function columnText(name: string, type: ColumnSpec['type']): string {
  switch (type) {
    case 'name':
    case 'text':
      return `coalesce(strlen(${name}) || ':' || ${name}, '-|')`
    case 'timestamp':
      return `coalesce(epoch_us(${name})::VARCHAR, '-'), '|'`
    case 'bytes':
      return `coalesce(hex(${name}), '-'), '|'`
    case 'int':
    case 'long':
    case 'scale':
    case 'decimal':
    case 'boolean':
      return `coalesce(${name}::VARCHAR, '-'), '|'`
  }
}
