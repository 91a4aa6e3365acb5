import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type TableName, tables } from '@cryptoflow/model'
import { type Duck, duckMessage, openDuck, type TableFiles } from '@cryptoflow/reader'
import { type Clock, CryptoFlowError, messageOf } from '@cryptoflow/runtime'
import { compareBars } from './bars.ts'
import { bookStreamSql } from './book-streams.ts'
import { compareChanges } from './changes.ts'
import { COVERAGE_COUNTS, coverageExamples, coverageSql } from './coverage.ts'
import { emissionSql } from './emissions.ts'
import { gapPlaceSql } from './gap-places.ts'
import { GRID_COUNTS, GRID_SQL, gridExamples } from './grid.ts'
import { HOLE_COUNTS, holesSql } from './holes.ts'
import { compareImages, IMAGE_INDEX_SQL } from './images.ts'
import {
  FOREIGN_DEAD_LETTERS,
  judgementSql,
  MESSAGE_COUNTS,
  messageExamples,
  ROW_COUNTS,
} from './judgement.ts'
import { keptSql, matchSql, SUSPECTS } from './messages.ts'
import { NAME_COUNTS, nameExamples, namesSql } from './names.ts'
import { storedSql } from './stored.ts'

export interface VerifyOptions {
  readonly files: TableFiles
  readonly warehouse: string
  /** The simulator's emission log, JSON lines. */
  readonly emissionLog: string
  /** The collecting process was killed in between: holes of its own are allowed when they are recorded. */
  readonly restarted: boolean
  readonly clock?: Clock
}

/** A table with an oracle, in messages; `doubled` and `foreign` in rows. */
export interface TableVerdict {
  readonly rows: number
  readonly emitted: number
  readonly stored: number
  readonly in_gaps: number
  readonly dead_letters: number
  readonly lost: number
  /** Answers that failed, that a killed process never stored, or that came when the process stopped. */
  readonly unanswered: number
  /** Withheld from a listener of a stream whose ids only grow: nobody could notice. */
  readonly undetectable: number
  readonly doubled: number
  readonly foreign: number
}

/** An example row of a failure, ready to be printed. */
export type Example = Readonly<Record<string, string | number | boolean | null>>

/**
 * emitted = stored + in_gaps + dead_letters + lost + unanswered + undetectable, in messages: events of one key that
 * become one or more rows of one table. JSON-safe; text in it cannot move a terminal.
 */
export interface VerifyReport {
  readonly emitted: number
  readonly stored: number
  readonly in_gaps: number
  readonly dead_letters: number
  readonly lost: number
  readonly unanswered: number
  readonly undetectable: number
  /** Messages of streams that nobody asked for; not in `emitted`. */
  readonly unasked: number
  /** Rows stored more often than emitted. */
  readonly doubled: number
  /** Stored rows that no emitted message explains: wrong values, partly stored messages, dead letters of nobody. */
  readonly foreign: number
  /** Copies on the wire beyond the first, and books that were sent again under the same id. */
  readonly wire_duplicates: number
  /** Messages in gaps that somebody was sent whole: cut off by a shutdown or a crash. */
  readonly unheard: number
  readonly gaps_injected: number
  readonly gaps_recorded: number
  /** Recorded where the listening was interrupted and nothing was missed. */
  readonly gaps_precautionary: number
  /** Recorded with a border that nobody knows. */
  readonly gap_edges: number
  readonly gap_mismatch_count: number
  readonly gap_mismatches: readonly Example[]
  readonly images_checked: number
  /** Images with a wrong level, and images that were not due. */
  readonly images_wrong: number
  readonly images_missing: number
  /** Whole images whose changes were derived. */
  readonly changes_checked: number
  /** Those of which the derived changes are not what is different from the image before. */
  readonly changes_wrong: number
  /** Frames of a key and table whose rows do not bear the instrument's name from its first row on. */
  readonly names_wrong: number
  /** Rows of `coverage`. */
  readonly coverage_minutes: number
  /** Messages that `coverage` counts as heard before, but for what lists repeat. */
  readonly coverage_duplicates: number
  /** Minutes of a key and table with stored rows that have no row in `coverage` yet: the last ones of a run. */
  readonly coverage_open: number
  /** Minutes, keys and tables of which `coverage` says something else than the other tables and the log. */
  readonly coverage_wrong: number
  /** Rows of `bars`, and those of them that say they are complete. */
  readonly bars_checked: number
  readonly bars_complete: number
  /** Bars that are not what a second computation makes of the trades, and trades stored that no bar has. */
  readonly bars_wrong: number
  readonly bars_missing: number
  readonly tables: Readonly<Record<TableName, TableVerdict>>
  readonly examples: {
    readonly lost: readonly Example[]
    readonly doubled: readonly Example[]
    readonly foreign: readonly Example[]
    readonly images: readonly Example[]
    readonly changes: readonly Example[]
    readonly grid: readonly Example[]
    readonly names: readonly Example[]
    readonly coverage: readonly Example[]
    readonly bars: readonly Example[]
  }
  readonly ok: boolean
}

const EXAMPLES_MAX = 20
const TIMEOUT_MS = 600_000

/**
 * Judges a simulated run: the finished tables, read by DuckDB, against the simulator's log of everything it
 * emitted, by the arithmetic of the data contract. A run that stored nothing is not `ok`: it proves nothing.
 *
 * Throws CryptoFlowError of kind `data` when the log or a table cannot be read.
 */
export async function verifyRun(options: VerifyOptions): Promise<VerifyReport> {
  const spill = mkdtempSync(join(tmpdir(), 'cryptoflow-verify-'))
  const log = resolve(options.emissionLog)
  try {
    const duck = await openDuck({ ...options, alsoRead: [log], spill, timeoutMs: TIMEOUT_MS })
    try {
      return await judge(duck, log, options.restarted)
    } finally {
      duck.close()
    }
  } catch (cause) {
    if (cause instanceof CryptoFlowError) throw cause
    throw new CryptoFlowError(`verifying a run: ${duckMessage(messageOf(cause))}`, {
      kind: 'data',
      reaction: 'stop',
      context: { emissionLog: options.emissionLog },
      cause,
    })
  } finally {
    rmSync(spill, { recursive: true, force: true })
  }
}

async function judge(duck: Duck, log: string, restarted: boolean): Promise<VerifyReport> {
  for (const sql of [...emissionSql(log), ...storedSql, ...matchSql]) await duck.run(sql)
  const { suspects } = await one<{ suspects: number }>(duck, SUSPECTS)
  for (const sql of [...keptSql(suspects), ...gapPlaceSql]) await duck.run(sql)
  for (const sql of [...judgementSql(restarted), ...holesSql(restarted), ...namesSql]) await duck.run(sql)
  for (const sql of [...coverageSql(restarted), ...bookStreamSql, IMAGE_INDEX_SQL, GRID_SQL])
    await duck.run(sql)
  const images = await compareImages(duck, log, EXAMPLES_MAX)
  const changes = await compareChanges(duck, EXAMPLES_MAX)
  const grid = await one<{ missing: number; needless: number }>(duck, GRID_COUNTS)
  const holes = await one<HoleCounts>(duck, HOLE_COUNTS)
  const names = await one<{ wrong: number }>(duck, NAME_COUNTS)
  const coverage = await one<CoverageCounts>(duck, COVERAGE_COUNTS)
  const bars = await compareBars(duck, EXAMPLES_MAX)
  const messages = await messageVerdicts(duck)
  const counts = {
    ...messages.sums,
    gaps_injected: holes.injected,
    gaps_recorded: holes.recorded,
    gaps_precautionary: holes.precautionary,
    gap_edges: holes.edges,
    gap_mismatch_count: holes.mismatches,
    images_checked: images.checked,
    images_wrong: images.wrong + grid.needless,
    images_missing: grid.missing,
    changes_checked: changes.checked,
    changes_wrong: changes.wrong,
    names_wrong: names.wrong,
    coverage_minutes: coverage.minutes,
    coverage_duplicates: coverage.duplicates,
    coverage_open: coverage.open,
    coverage_wrong: coverage.wrong,
    bars_checked: bars.checked,
    bars_complete: bars.complete,
    bars_wrong: bars.wrong,
    bars_missing: bars.missing,
  }
  return {
    ...counts,
    gap_mismatches: await duck.objects(`FROM gap_mismatches ORDER BY ALL LIMIT ${EXAMPLES_MAX}`),
    tables: messages.tables,
    examples: {
      ...messages.examples,
      images: images.examples as unknown as Example[],
      changes: changes.examples as unknown as Example[],
      grid: await duck.objects(gridExamples(EXAMPLES_MAX)),
      names: await duck.objects(nameExamples(EXAMPLES_MAX)),
      coverage: await duck.objects(coverageExamples(EXAMPLES_MAX)),
      bars: bars.examples,
    },
    ok: isProof(counts),
  }
}

interface HoleCounts {
  readonly injected: number
  readonly recorded: number
  readonly precautionary: number
  readonly edges: number
  readonly mismatches: number
}

interface CoverageCounts {
  readonly minutes: number
  readonly duplicates: number
  readonly open: number
  readonly wrong: number
}

const FAILURES = [
  'lost',
  'doubled',
  'foreign',
  'gap_mismatch_count',
  'images_wrong',
  'images_missing',
  'changes_wrong',
  'names_wrong',
  'coverage_wrong',
  'bars_wrong',
  'bars_missing',
] as const

function isProof(counts: Record<(typeof FAILURES)[number] | 'stored', number>): boolean {
  return counts.stored > 0 && FAILURES.every((failure) => counts[failure] === 0)
}

const NO_MESSAGES = {
  emitted: 0,
  stored: 0,
  in_gaps: 0,
  dead_letters: 0,
  lost: 0,
  unanswered: 0,
  undetectable: 0,
  unasked: 0,
  unheard: 0,
  wire_duplicates: 0,
}
type MessageCounts = typeof NO_MESSAGES

interface MessageVerdicts {
  readonly sums: MessageCounts & { doubled: number; foreign: number }
  readonly tables: Record<TableName, TableVerdict>
  readonly examples: Pick<VerifyReport['examples'], 'lost' | 'doubled' | 'foreign'>
}

async function messageVerdicts(duck: Duck): Promise<MessageVerdicts> {
  const messages = await duck.objects<MessageCounts & { table_name: string }>(MESSAGE_COUNTS)
  const letters = await duck.objects<{ raw: string; rows: number }>(FOREIGN_DEAD_LETTERS)
  const faults = [
    ...(await duck.objects<RowCounts>(ROW_COUNTS)),
    { table_name: 'dead_letter', doubled: 0, foreign_rows: sum(letters, 'rows') },
  ]
  const verdicts: [string, TableVerdict][] = []
  for (const table of Object.keys(tables)) {
    const { rows } = await one<{ rows: number }>(duck, `SELECT count(*) AS rows FROM "${table}"`)
    const counted = messages.find((row) => row.table_name === table) ?? NO_MESSAGES
    const found = faults.find((row) => row.table_name === table)
    verdicts.push([table, tableVerdict(rows, counted, found)])
  }
  const names = Object.keys(NO_MESSAGES) as (keyof MessageCounts)[]
  const sums = Object.fromEntries(names.map((name) => [name, sum(messages, name)])) as MessageCounts
  const foreignRows = sum(faults, 'foreign_rows')
  const foreign = foreignRows === 0 ? [] : await duck.objects<Example>(messageExamples.foreign(EXAMPLES_MAX))
  const foreignLetters = letters.map(({ raw }) => ({ form: 'dead_letter', shown: raw }))
  return {
    sums: { ...sums, doubled: sum(faults, 'doubled'), foreign: foreignRows },
    tables: Object.fromEntries(verdicts) as Record<TableName, TableVerdict>,
    examples: {
      lost: await duck.objects(messageExamples.lost(EXAMPLES_MAX)),
      doubled: await duck.objects(messageExamples.doubled(EXAMPLES_MAX)),
      foreign: [...foreign, ...foreignLetters].slice(0, EXAMPLES_MAX),
    },
  }
}

function tableVerdict(rows: number, counted: MessageCounts, found: RowCounts | undefined): TableVerdict {
  const { emitted, stored, in_gaps, dead_letters, lost, unanswered, undetectable } = counted
  const faults = { doubled: found?.doubled ?? 0, foreign: found?.foreign_rows ?? 0 }
  return { rows, emitted, stored, in_gaps, dead_letters, lost, unanswered, undetectable, ...faults }
}

interface RowCounts {
  readonly table_name: string
  readonly doubled: number
  readonly foreign_rows: number
}

function sum<K extends string>(rows: readonly Record<K, number>[], name: K): number {
  return rows.reduce((total, row) => total + row[name], 0)
}

async function one<T>(duck: Duck, sql: string): Promise<T> {
  const [row] = await duck.objects<T>(sql)
  return row as T
}
