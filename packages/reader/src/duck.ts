import { statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type TableContract, type TableName, tables } from '@cryptoflow/model'
import { type Clock, CryptoFlowError, messageOf, systemClock } from '@cryptoflow/runtime'
import { type DuckDBConnection, DuckDBInstance, type DuckDBResult, type DuckDBValue } from '@duckdb/node-api'
import { type Cell, duckMessage, escapeControls, exactCell } from './exact.ts'
import { viewSql } from './views.ts'

/** Absolute paths of the live Parquet files per table, as the catalog names them. */
export type TableFiles = ReadonlyMap<TableName, readonly string[]>

export interface DuckOptions {
  readonly files: TableFiles
  /** The only directory that may be read; null: the folders of the files. */
  readonly warehouse: string | null
  /** Single files that may be read as well. */
  readonly alsoRead?: readonly string[]
  /** The one file that may be written, by `copy`. */
  readonly mayWrite?: string
  /** Conditions that every row of every table meets, in SQL. */
  readonly where?: readonly string[]
  /** No lock and no limits: SQL may do what this process may do. */
  readonly isUnsafe?: boolean
  /** Where work that outgrows memory may spill; without it nothing is ever written to disk. */
  readonly spill?: string
  readonly clock?: Clock
  /** Longest time of one statement, milliseconds. */
  readonly timeoutMs?: number
}

export interface ResultColumn {
  readonly name: string
  /** DuckDB's name of the type. */
  readonly type: string
}

export interface QueryResult {
  readonly columns: readonly ResultColumn[]
  readonly rows: readonly (readonly Cell[])[]
  /** There are more rows than were asked for. */
  readonly truncated: boolean
}

/** Design section 10: memory and time of a query are limited. */
const THREADS = 2
/** Of files below this many bytes one thread reads all: two of them cost a third more and are no quicker. */
const ONE_THREAD_BYTES = 32 * 2 ** 20
const MEMORY_LIMIT = '2GB'
const STATEMENT_TIMEOUT_MS = 60_000
const INTERRUPT_AGAIN_MS = 100

/**
 * The finished tables behind an independent reader: an in-memory DuckDB with one view per table of the
 * contract, locked down after that. A table without files is an empty view with the contract's types.
 *
 * `run` and `values` execute whatever they are given: SQL from people goes through `runQuery`.
 */
export class Duck {
  private readonly instance: DuckDBInstance
  private readonly connection: DuckDBConnection
  private readonly clock: Clock
  private readonly timeoutMs: number
  private readonly isUnsafe: boolean

  /** Use `openDuck`. */
  constructor(
    instance: DuckDBInstance,
    connection: DuckDBConnection,
    { clock = systemClock(), timeoutMs, isUnsafe = false }: DuckOptions,
  ) {
    this.instance = instance
    this.connection = connection
    this.clock = clock
    this.timeoutMs = timeoutMs ?? STATEMENT_TIMEOUT_MS
    this.isUnsafe = isUnsafe
  }

  /** Executes a statement whose rows nobody needs. */
  async run(sql: string): Promise<void> {
    await this.limited(() => this.connection.run(sql))
  }

  /** All rows of a small result as plain objects; integers up to 2^53 become numbers, other values text. */
  async objects<T>(sql: string): Promise<T[]> {
    const result = await this.limited(() => this.connection.runAndReadAll(sql))
    const names = result.columnNames()
    return result.getRows().map((row) => Object.fromEntries(row.map((v, i) => [names[i], plain(v)])) as T)
  }

  /** All rows of a small result in DuckDB's own values: texts that are keys, not shown to anybody. */
  async rawRows(sql: string): Promise<DuckDBValue[][]> {
    return await this.limited(async () => (await this.connection.runAndReadAll(sql)).getRows())
  }

  /** The first `limit` rows as exact cells. */
  async rows(sql: string, limit: number): Promise<QueryResult> {
    let columns: readonly ResultColumn[] = []
    const rows: Cell[][] = []
    for await (const part of this.cells(sql)) {
      columns = part.columns
      for (const row of part.rows) {
        if (rows.length === limit) return { columns, rows, truncated: true }
        rows.push(row)
      }
    }
    return { columns, rows, truncated: false }
  }

  /** All rows as exact cells, chunk by chunk; first a part without rows. */
  async *cells(sql: string): AsyncGenerator<{ columns: readonly ResultColumn[]; rows: Cell[][] }> {
    for await (const { result, rows } of this.stream(sql)) {
      yield { columns: columnsOf(result), rows: rows.map((row) => row.map(exactCell)) }
    }
  }

  /** Writes the first `limit` rows of a statement to a Parquet file that may be written; answers how many. */
  async copy(sql: string, path: string, limit: number): Promise<number> {
    // The statement may end in a comment, which the line break ends.
    const all = `${sql.replace(/;\s*$/, '')}\n`
    const inner = Number.isFinite(limit) ? `FROM (${all}) LIMIT ${limit}` : all
    const rows = await this.rawRows(
      `COPY (${inner}) TO ${quoted(path)} (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)`,
    )
    return Number(rows[0]?.[0] ?? 0)
  }

  /** All rows in DuckDB's own values, chunk by chunk, the whole under the time limit. */
  async *chunks(sql: string): AsyncGenerator<DuckDBValue[][]> {
    for await (const { rows } of this.stream(sql)) yield rows
  }

  close(): void {
    this.connection.closeSync()
    this.instance.closeSync()
  }

  /**
   * A result that is not held in memory; first a part without rows, for its columns.
   *
   * An error in the middle of a streamed result looks like its end. It does abort the transaction, so a statement
   * behind the last chunk tells whether that was the end.
   */
  private async *stream(sql: string): AsyncGenerator<{ result: DuckDBResult; rows: DuckDBValue[][] }> {
    const deadline = this.deadline()
    try {
      await this.connection.run(this.isUnsafe ? 'BEGIN TRANSACTION' : 'BEGIN TRANSACTION READ ONLY')
      const result = await this.connection.stream(sql)
      yield { result, rows: [] }
      for (;;) {
        const chunk = await result.fetchChunk()
        if (chunk === null || chunk.rowCount === 0) break
        yield { result, rows: chunk.getRows() }
      }
      await this.connection.run('SELECT 1')
    } catch (cause) {
      throw deadline.hasPassed() ? this.tooLong(cause) : await this.realCause(sql, cause)
    } finally {
      deadline.cancel()
      await this.connection.run('ROLLBACK').catch(() => {})
    }
  }

  /** The error that aborted the transaction: known only to somebody who runs the statement again at once. */
  private async realCause(sql: string, cause: unknown): Promise<unknown> {
    if (!messageOf(cause).includes('transaction is aborted')) return cause
    await this.connection.run('ROLLBACK')
    return await this.connection.run(sql).then(
      () => cause,
      (error: unknown) => error,
    )
  }

  private async limited<T>(work: () => Promise<T>): Promise<T> {
    const deadline = this.deadline()
    try {
      return await work()
    } catch (cause) {
      throw deadline.hasPassed() ? this.tooLong(cause) : cause
    } finally {
      deadline.cancel()
    }
  }

  /**
   * Interrupts the connection when the limit has passed, unless cancelled before; and again until cancelled, since
   * an interrupt that falls between two steps of the work is lost.
   */
  private deadline(): { hasPassed(): boolean; cancel(): void } {
    if (this.isUnsafe) return { hasPassed: () => false, cancel() {} }
    let passed = false
    const interrupt = (): void => {
      passed = true
      this.connection.interrupt()
      cancel = this.clock.after(INTERRUPT_AGAIN_MS, interrupt)
    }
    let cancel = this.clock.after(this.timeoutMs, interrupt)
    return { hasPassed: () => passed, cancel: () => cancel() }
  }

  private tooLong(cause: unknown): CryptoFlowError {
    return new CryptoFlowError('running a query: it took longer than the limit', {
      kind: 'usage',
      reaction: 'reject',
      context: { limitMs: this.timeoutMs },
      cause,
    })
  }
}

function columnsOf(result: DuckDBResult): ResultColumn[] {
  const types = result.columnTypes()
  return result
    .deduplicatedColumnNames()
    .map((name, i) => ({ name: escapeControls(name), type: String(types[i]) }))
}

/** Opens the tables for reading and locks the door behind. Close it after use. */
export async function openDuck(options: DuckOptions): Promise<Duck> {
  const instance = await DuckDBInstance.create(':memory:', { threads: String(threadsFor(options.files)) })
  const connection = await instance.connect()
  const duck = new Duck(instance, connection, options)
  try {
    await duck.run(settings(options))
    for (const table of Object.values<TableContract>(tables)) {
      const files = options.files.get(table.name as TableName) ?? []
      await registerTable(duck, table, files, options.where ?? [])
    }
    await checkTypes(duck)
    for (const sql of viewSql) await duck.run(sql)
    if (options.isUnsafe !== true)
      await duck.run('SET enable_external_access = false; SET lock_configuration = true')
    return duck
  } catch (error) {
    duck.close()
    throw error
  }
}

function threadsFor(files: TableFiles): number {
  let bytes = 0
  // What is not there is told by whoever reads it.
  for (const path of [...files.values()].flat()) bytes += statSync(path, { throwIfNoEntry: false })?.size ?? 0
  return bytes < ONE_THREAD_BYTES ? 1 : THREADS
}

function settings(options: DuckOptions): string {
  if (options.isUnsafe === true) return "SET TimeZone = 'UTC'"
  const directories = new Set(
    options.warehouse === null
      ? [...options.files.values()].flat().map((path) => dirname(resolve(path)))
      : [resolve(options.warehouse)],
  )
  // Paths are compared as they are asked for, which is with their glob characters escaped.
  const allowed = [...directories].flatMap((directory) => [quoted(directory), globQuoted(directory)])
  const single = [...(options.alsoRead ?? []), ...(options.mayWrite === undefined ? [] : [options.mayWrite])]
  const paths = single.map((path) => quoted(resolve(path)))
  return `
    SET TimeZone = 'UTC';
    SET memory_limit = '${MEMORY_LIMIT}';
    SET preserve_insertion_order = false;
    SET temp_directory = ${quoted(options.spill ?? '')};
    SET autoinstall_known_extensions = false;
    SET autoload_known_extensions = false;
    SET allow_community_extensions = false;
    SET allow_persistent_secrets = false;
    SET allowed_directories = [${allowed.join(', ')}];
    SET allowed_paths = [${paths.join(', ')}];
  `
}

async function registerTable(
  duck: Duck,
  table: TableContract,
  files: readonly string[],
  where: readonly string[],
): Promise<void> {
  const expected = Object.entries(table.columns).map(([name, spec]) => ({ name, type: duckType(spec.type) }))
  const columns = expected.map(({ name }) => `"${name}"`).join(', ')
  const nothing = expected.map(({ name, type }) => `NULL::${type} AS "${name}"`).join(', ')
  const wanted = where.length === 0 ? '' : ` WHERE ${where.join(' AND ')}`
  const body =
    files.length === 0
      ? `SELECT ${nothing} WHERE false`
      : `SELECT ${columns} FROM ${parquetSource(files)}${wanted}`
  try {
    await duck.run(`CREATE VIEW "${table.name}" AS ${body}`)
  } catch (cause) {
    throw new CryptoFlowError(`opening table ${table.name}: ${duckMessage(messageOf(cause))}`, {
      kind: 'data',
      reaction: 'stop',
      context: { table: table.name, files: files.length },
      cause,
    })
  }
}

/** Asks for the columns of all tables at once: DuckDB makes the list of every column that there is each time. */
async function checkTypes(duck: Duck): Promise<void> {
  const found = await duck.objects<{ table: string; name: string; type: string }>(
    `SELECT table_name AS "table", column_name AS name, data_type AS type FROM duckdb_columns() WHERE NOT internal`,
  )
  const types = new Map(found.map(({ table, name, type }) => [`${table} ${name}`, type]))
  for (const { name: table, columns } of Object.values<TableContract>(tables)) {
    for (const [name, spec] of Object.entries(columns)) {
      const [type, expected] = [types.get(`${table} ${name}`), duckType(spec.type)]
      if (type === expected) continue
      throw new CryptoFlowError(`opening table ${table}: column ${name} is ${type}, expected ${expected}`, {
        kind: 'data',
        reaction: 'stop',
        context: { table, column: name },
      })
    }
  }
}

/** The DuckDB type that a contract column must have when read by a foreign reader. */
function duckType(type: TableContract['columns'][string]['type']): string {
  switch (type) {
    case 'name':
    case 'text':
      return 'VARCHAR'
    case 'int':
    case 'scale':
      return 'INTEGER'
    case 'long':
      return 'BIGINT'
    case 'timestamp':
      return 'TIMESTAMP WITH TIME ZONE'
    case 'decimal':
      return 'DECIMAL(38,18)'
    case 'boolean':
      return 'BOOLEAN'
    case 'bytes':
      return 'BLOB'
  }
}

/** A SQL string literal. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** One relation of all rows of these files, of which there is one or more. */
export function parquetSource(files: readonly string[]): string {
  return `read_parquet([${files.map(globQuoted).join(', ')}], hive_partitioning = false)`
}

/** A path as a literal whose glob characters mean themselves. */
function globQuoted(path: string): string {
  return quoted(path.replace(/[[*?]/g, '[$&]'))
}

function plain(value: DuckDBValue): unknown {
  if (typeof value !== 'bigint') return exactCell(value)
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value.toString()
}
