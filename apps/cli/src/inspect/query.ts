import { tables } from '@cryptoflow/model'
import {
  type Duck,
  duckMessage,
  openDuck,
  type QueryResult,
  quoted,
  type TableFiles,
} from '@cryptoflow/reader'
import { type Clock, CryptoFlowError, messageOf } from '@cryptoflow/runtime'
import type { TextFormat } from './format.ts'

export { csvFormat, formatCsv, formatJson, formatTable, jsonFormat } from './format.ts'

export interface QueryOptions {
  readonly files: TableFiles
  readonly warehouse: string
  readonly sql: string
  /** Most rows that come back; `truncated` says that there are more. */
  readonly limit: number
  /** Conditions that every row of every table meets, in SQL. */
  readonly where?: readonly string[]
  /** The statement is run as it is, without lock and limits. */
  readonly isUnsafe?: boolean
  readonly clock?: Clock
  /** Milliseconds; default 60 s. */
  readonly timeoutMs?: number
}

/**
 * Table functions that only read. Everything else is refused by name: `enable_logging` and its like write
 * files from inside a SELECT, and `query` hides what it runs.
 */
const TABLE_FUNCTIONS = new Set([
  'duckdb_columns',
  'duckdb_functions',
  'duckdb_settings',
  'duckdb_types',
  'duckdb_views',
  'generate_series',
  'glob',
  'json_each',
  'json_tree',
  'parquet_file_metadata',
  'parquet_metadata',
  'parquet_scan',
  'parquet_schema',
  'pragma_table_info',
  'range',
  'read_blob',
  'read_csv',
  'read_csv_auto',
  'read_json',
  'read_json_auto',
  'read_parquet',
  'read_text',
  'repeat',
  'unnest',
])

/**
 * Runs one reading statement against the tables: SELECT and its forms (WITH, VALUES, FROM first, DESCRIBE,
 * SUMMARIZE, SHOW), or EXPLAIN of one.
 *
 * Throws CryptoFlowError of kind `usage` when the statement is wrong, writes, leaves the warehouse or takes
 * too long; of kind `data` when a table file cannot be opened.
 */
export function runQuery(options: QueryOptions): Promise<QueryResult> {
  return admitted(options, (duck) => duck.rows(options.sql, options.limit))
}

/** Rows that were written, and whether there are more. */
export interface WrittenResult {
  readonly rows: number
  readonly truncated: boolean
}

/** Runs the same, and hands its result on as text, piece by piece: it may be larger than memory. */
export function streamQuery(
  options: QueryOptions,
  format: TextFormat,
  write: (text: string) => void,
): Promise<WrittenResult> {
  return admitted(options, async (duck) => {
    let rows = 0
    let truncated = false
    for await (const part of duck.cells(options.sql)) {
      // The first part has columns alone.
      if (part.rows.length === 0) write(format.head(part.columns))
      const wanted = part.rows.slice(0, options.limit - rows)
      for (const row of wanted) write(format.row(row, part.columns, rows++))
      truncated = wanted.length < part.rows.length
      if (truncated) break
    }
    write(format.foot(rows))
    return { rows, truncated }
  })
}

/** Runs the same into a Parquet file, which may not be there. */
export function copyQuery(options: QueryOptions, path: string): Promise<WrittenResult> {
  return admitted({ ...options, mayWrite: path }, async (duck) => {
    return { rows: await duck.copy(options.sql, path, options.limit), truncated: false }
  })
}

async function admitted<T>(
  options: QueryOptions & { readonly mayWrite?: string },
  work: (duck: Duck) => Promise<T>,
): Promise<T> {
  const duck = await openDuck(options)
  try {
    if (options.isUnsafe !== true) await admit(duck, options.sql)
    return await work(duck)
  } catch (error) {
    throw error instanceof CryptoFlowError ? error : usageError(messageOf(error), error)
  } finally {
    duck.close()
  }
}

const EXPLAIN = /^\s*explain\s+(analyze\s+)?/i

/** Lets through exactly one statement that only reads, judged by DuckDB's own parse tree. */
async function admit(duck: Duck, sql: string): Promise<void> {
  const statement = sql.replace(EXPLAIN, '')
  const tree = await parseTree(duck, statement)
  if (tree.error) {
    const isSyntax = tree.error_type === 'parser'
    throw usageError(isSyntax ? `syntax: ${tree.error_message}` : 'found a statement that does not only read')
  }
  if (tree.statements?.length !== 1) {
    throw usageError(`found ${tree.statements?.length ?? 0} statements, expected one`)
  }
  for (const name of functionsThatMayWrite(tree)) throw usageError(`the function ${name} is not allowed`)
}

interface ParseTree {
  readonly error: boolean
  readonly error_type?: string
  readonly error_message?: string
  readonly statements?: readonly unknown[]
}

async function parseTree(duck: Duck, sql: string): Promise<ParseTree> {
  let text = ''
  for await (const rows of duck.chunks(`SELECT json_serialize_sql(${quoted(sql)}::VARCHAR)`)) {
    text += rows.map(([cell]) => String(cell)).join('')
  }
  return JSON.parse(text) as ParseTree
}

function functionsThatMayWrite(tree: unknown): string[] {
  const found: string[] = []
  const waiting: unknown[] = [tree]
  while (waiting.length > 0) {
    const node = waiting.pop()
    if (typeof node !== 'object' || node === null) continue
    const { type, function: called, function_name: name } = node as Record<string, unknown>
    if (type === 'TABLE_FUNCTION') {
      const table = String((called as Record<string, unknown> | null)?.function_name).toLowerCase()
      if (!TABLE_FUNCTIONS.has(table)) found.push(table)
    }
    if (typeof name === 'string' && name.toLowerCase() === 'write_log') found.push('write_log')
    waiting.push(...Object.values(node))
  }
  return found
}

function usageError(problem: string, cause?: unknown): CryptoFlowError {
  const names = Object.keys(tables).join(', ')
  return new CryptoFlowError(
    `running a query: ${duckMessage(problem)}; expected one statement that reads from ${names}`,
    { kind: 'usage', reaction: 'reject', context: { tables: Object.keys(tables) }, cause },
  )
}
