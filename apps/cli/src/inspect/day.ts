import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TableContract, type TableName, tables } from '@cryptoflow/model'
import type { Derivation } from '@cryptoflow/pipeline'
import { contentOf, type Duck, openDuck, parquetSource, quoted, type TableFiles } from '@cryptoflow/reader'
import { type Difference, firstDifference } from './difference.ts'

/** A table's rows of one day beside the same rows derived again; hashes as in `tables --json`. */
export interface TableComparison {
  readonly table: TableName
  readonly stored_rows: number
  readonly derived_rows: number
  readonly stored_hash: string
  readonly derived_hash: string
  /** The first row that is not in both; null: all are. */
  readonly difference: Difference | null
}

/** Stored rows of the day that were not compared. */
export interface Unchecked {
  /**
   * `other_writer`: of a journal that is not this warehouse's own. `before`: of records that are not there any more, or
   * come before the state that the derivation began with. `not_released`: of records that are not in all tables yet.
   */
  readonly why: 'other_writer' | 'before' | 'not_released'
  readonly writer: string
  readonly rows: number
}

export interface DayReport {
  /** Such as `2026-11-20`, UTC. */
  readonly day: string
  readonly writer: string
  readonly from_record: number
  readonly to_record: number
  /** First record that the journal still has. */
  readonly first_record: number
  /** Versions of the processes that wrote these records. */
  readonly versions: readonly string[]
  readonly tables: readonly TableComparison[]
  readonly unchecked: readonly Unchecked[]
  readonly compared_rows: number
  /** `partly`: rows of records that are not there any more could not be compared; `unchecked`: nor any other. */
  readonly verdict: 'equal' | 'different' | 'partly' | 'unchecked'
}

export interface DayOptions {
  /** Live files of the tables, looked up after the derivation. */
  readonly files: TableFiles
  /** Days since 1970. */
  readonly day: number
  readonly derivation: Derivation
  readonly onTable?: (table: TableName) => void
}

/** Of a table that has no files. */
const NOTHING: Omit<TableComparison, 'table'> = {
  stored_rows: 0,
  derived_rows: 0,
  stored_hash: `0-${'0'.repeat(32)}`,
  derived_hash: `0-${'0'.repeat(32)}`,
  difference: null,
}

const DAY_US = 86_400_000_000
/** Each statement reads a table's rows of the day once. */
const TIMEOUT_MS = 600_000

/** Compares the stored rows of a day with those that its journal gives, table by table. */
export async function compareDay({ files, day, derivation, onTable }: DayOptions): Promise<DayReport> {
  const spill = mkdtempSync(join(tmpdir(), 'cryptoflow-verify-'))
  const fromUs = day * DAY_US
  const where = [`epoch_us(event_ts) >= ${fromUs}`, `epoch_us(event_ts) < ${fromUs + DAY_US}`]
  const alsoRead = [...derivation.files.values()].flat()
  const duck = await openDuck({ files, warehouse: null, alsoRead, where, spill, timeoutMs: TIMEOUT_MS })
  try {
    const compared: TableComparison[] = []
    for (const contract of Object.values<TableContract>(tables)) {
      const table = contract.name as TableName
      if ([files, derivation.files].every((each) => (each.get(table) ?? []).length === 0)) {
        compared.push({ table, ...NOTHING })
        continue
      }
      onTable?.(table)
      await prepare(duck, contract, derivation, where)
      compared.push(await compareTable(duck, contract))
    }
    const rows = compared.reduce((sum, one) => sum + Math.max(one.stored_rows, one.derived_rows), 0)
    const { writer, from, to, first, versions } = derivation
    const unchecked = await uncheckedRows(duck, derivation)
    return {
      day: new Date(fromUs / 1000).toISOString().slice(0, 10),
      writer,
      from_record: from,
      to_record: to,
      first_record: first,
      versions,
      tables: compared,
      unchecked,
      compared_rows: rows,
      verdict: verdictOf(compared, unchecked, rows),
    }
  } finally {
    duck.close()
    rmSync(spill, { recursive: true, force: true })
  }
}

function verdictOf(
  compared: readonly TableComparison[],
  unchecked: readonly Unchecked[],
  rows: number,
): DayReport['verdict'] {
  if (!compared.every(isEqual)) return 'different'
  if (rows === 0) return 'unchecked'
  return unchecked.some(({ why }) => why === 'before') ? 'partly' : 'equal'
}

export function isEqual({ stored_hash, derived_hash }: TableComparison): boolean {
  return stored_hash === derived_hash
}

/** The views `stored` and `derived` of a table: rows of the day, of records that were derived. */
async function prepare(
  duck: Duck,
  contract: TableContract,
  { writer, from, to, files }: Derivation,
  where: readonly string[],
): Promise<void> {
  const own = [`writer = ${quoted(writer)}`, `frame BETWEEN ${from} AND ${to}`]
  await duck.run(`CREATE OR REPLACE VIEW stored AS FROM "${contract.name}" WHERE ${own.join(' AND ')}`)
  const made = files.get(contract.name as TableName) ?? []
  const columns = Object.keys(contract.columns).map((name) => `"${name}"`)
  await duck.run(
    made.length === 0
      ? `CREATE OR REPLACE VIEW derived AS FROM "${contract.name}" WHERE false`
      : `CREATE OR REPLACE VIEW derived AS SELECT ${columns.join(', ')} FROM ${parquetSource(made)}
         WHERE ${where.join(' AND ')}`,
  )
}

async function compareTable(duck: Duck, contract: TableContract): Promise<TableComparison> {
  const stored = await contentOf(duck, contract, 'stored')
  const derived = await contentOf(duck, contract, 'derived')
  const comparison = {
    table: contract.name as TableName,
    stored_rows: stored.rows,
    derived_rows: derived.rows,
    stored_hash: stored.content_hash,
    derived_hash: derived.content_hash,
    difference: null,
  }
  return isEqual(comparison)
    ? comparison
    : { ...comparison, difference: await firstDifference(duck, contract) }
}

async function uncheckedRows(duck: Duck, { writer, from, to }: Derivation): Promise<Unchecked[]> {
  const each = Object.keys(tables).map((name) => `SELECT writer, frame FROM "${name}"`)
  return duck.objects<Unchecked>(`
    SELECT why, writer, count(*) AS rows FROM (
      SELECT writer, CASE WHEN writer <> ${quoted(writer)} THEN 'other_writer'
        WHEN frame < ${from} THEN 'before' WHEN frame > ${to} THEN 'not_released' END AS why
      FROM (${each.join(' UNION ALL ')}))
    WHERE why IS NOT NULL GROUP BY ALL ORDER BY ALL`)
}
