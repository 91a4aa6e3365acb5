import type { QueryResult, TableFiles } from '@cryptoflow/reader'
import type { Clock } from '@cryptoflow/runtime'
import { runQuery } from './inspect/query.ts'
import { type KeyFlags, keyConditions, timestamp, whereAll } from './key-flags.ts'

/** What `coverage` shows: of which keys and which day, and how many keys. */
export interface CoverageFlags extends Pick<KeyFlags, 'exchange' | 'market' | 'symbol'> {
  /** Its beginning, microseconds since 1970; absent: the latest day with a row. */
  readonly day?: number
  readonly limit: number
}

export interface CoverageReport {
  /** `2026-11-20`; null: no row at all. */
  readonly day: string | null
  /** Per exchange, market and table. */
  readonly tables: QueryResult
  readonly causes: QueryResult
  /** Keys with the most that is missing, first of all the worst. */
  readonly worst: QueryResult
}

const DAY_US = 86_400_000_000
/** Lines of exchanges, markets and tables at most. */
const LINES_MAX = 1000

/** Reads what `coverage` shows from the tables. */
export async function coverageReport(
  source: { readonly files: TableFiles; readonly warehouse: string; readonly clock: Clock },
  flags: CoverageFlags,
): Promise<CoverageReport> {
  const ask = (sql: string, limit: number): Promise<QueryResult> => runQuery({ ...source, sql, limit })
  const latest = `SELECT epoch_us(date_trunc('day', max("minute"))) FROM coverage ${whereAll(keyConditions(flags))}`
  const dayUs = flags.day ?? toNumber((await ask(latest, 1)).rows[0]?.[0])
  const from = minutesOf(flags, dayUs ?? 0)
  return {
    day: dayUs === null ? null : new Date(dayUs / 1000).toISOString().slice(0, 10),
    tables: await ask(`${from} ${TABLES}`, LINES_MAX),
    causes: await ask(`${from} ${CAUSES}`, LINES_MAX),
    worst: await ask(`${from} ${WORST}`, flags.limit),
  }
}

function toNumber(cell: unknown): number | null {
  return cell === null || cell === undefined ? null : Number(cell)
}

const KEY = 'exchange, market, symbol, table_name'

/** Shown as a cause of its own. */
const NOT_RECORDED = 'not recorded'

/**
 * `minutes`, one row each: of several processes that recorded the same one, the most complete counts. `keys`, one row
 * each: the minutes between its first and its last one that have no row were not recorded. That is asked only of what
 * a connection carries, which leaves gaps: what is polled has minutes without an answer by its nature.
 */
function minutesOf(flags: CoverageFlags, dayUs: number): string {
  const ofDay = [
    ...keyConditions(flags),
    // What names no key and table has no minutes to be complete.
    `table_name <> 'dead_letter'`,
    // Says how counts changed, not how much of the minute is there.
    `causes IS DISTINCT FROM 'redriven'`,
    `event_ts >= ${timestamp(dayUs)}`,
    `event_ts < ${timestamp(dayUs + DAY_US)}`,
  ]
  return `
    WITH minutes AS (
      SELECT ${KEY}, "minute", gap_seconds, causes FROM coverage ${whereAll(ofDay)}
      QUALIFY row_number() OVER (PARTITION BY ${KEY}, "minute" ORDER BY causes IS NOT NULL, gap_seconds, frame) = 1
    ), carried AS (
      SELECT DISTINCT ${KEY} FROM gaps
    ), keys AS (
      SELECT ${KEY}, count(*) AS minutes, count(*) FILTER (causes IS NULL) AS complete, sum(gap_seconds) AS gap_seconds,
        string_agg(DISTINCT causes, ',') AS causes,
        CASE WHEN c.symbol IS NULL THEN NULL
          ELSE date_diff('minute', min("minute"), max("minute")) + 1 - count(*) END AS not_recorded
      FROM minutes m LEFT JOIN carried c USING (${KEY}) GROUP BY ${KEY}, c.symbol
    )`
}

/** Rounded down: 100 is said of nothing of which a minute is missing. */
const TABLES = `
  SELECT exchange, market, table_name, count(*)::INTEGER AS keys, sum(minutes)::INTEGER AS minutes,
    (floor(sum(complete) * 10000 / sum(minutes + coalesce(not_recorded, 0))) / 100)::DECIMAL(5,2) AS complete,
    sum(not_recorded)::INTEGER AS unrecorded, round(sum(gap_seconds) / 60, 1)::DECIMAL(18,1) AS gap_min
  FROM keys GROUP BY exchange, market, table_name ORDER BY ALL`

/** A minute with two causes counts for both. */
const CAUSES = `
  , each AS (
    SELECT ${KEY}, unnest(string_split(causes, ',')) AS cause, 1 AS minutes FROM minutes WHERE causes IS NOT NULL
    UNION ALL
    SELECT ${KEY}, '${NOT_RECORDED}', not_recorded FROM keys WHERE not_recorded > 0
  )
  SELECT cause, sum(minutes)::INTEGER AS minutes, count(DISTINCT (exchange, market, symbol))::INTEGER AS symbols,
    string_agg(DISTINCT table_name, ' ' ORDER BY table_name) AS tables
  FROM each GROUP BY cause ORDER BY minutes DESC, cause`

const WORST = `
  SELECT exchange || ' ' || market AS market, symbol, table_name,
    round(gap_seconds / 60 + coalesce(not_recorded, 0), 1)::DECIMAL(18,1) AS missing_min,
    array_to_string(list_sort(list_distinct(string_split(
      concat_ws(',', causes, CASE WHEN not_recorded > 0 THEN '${NOT_RECORDED}' END), ','))), ',') AS causes
  FROM keys WHERE complete < minutes OR not_recorded > 0
  ORDER BY gap_seconds + 60 * coalesce(not_recorded, 0) DESC, ${KEY}`
