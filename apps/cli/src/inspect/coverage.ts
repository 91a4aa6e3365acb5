import type { TableName } from '@cryptoflow/model'
import { deltaTables, imageTables, singleRowTables } from './prints.ts'

/**
 * The table `coverage` once more, from the other tables and the log: per minute the messages that are stored, the
 * dead letters and the seconds inside of gaps; over all minutes how often something came a second time.
 */

const KEY = 'writer, exchange, market, symbol, table_name'

const MINUTE_US = 60_000_000

const minuteOf = (time: string): string => `(epoch_us(${time}) // ${MINUTE_US})`

/** What tells the messages of a frame apart that are of one key and have several rows. */
const MESSAGE = {
  delta: 'struct_pack(frame, first_seq, last_seq, prev_seq, event_ts, is_snapshot)',
  image: 'struct_pack(frame, last_seq, event_ts)',
} as const

/** Messages that have rows, by the minute in which they were received. What we derive is no message. */
function storedIn(table: TableName, messages: string, condition: string): string {
  return `
    SELECT writer, exchange, market, symbol, '${table}' AS table_name, ${minuteOf('received_ts')} AS minute_number,
      ${messages} AS messages
    FROM "${table}" WHERE ${condition} GROUP BY ALL`
}

const STORED = [
  ...singleRowTables.map((table) => storedIn(table, 'count(*)', 'true')),
  ...deltaTables.map((table) => storedIn(table, `count(DISTINCT ${MESSAGE.delta})`, `source <> 'derived'`)),
  ...imageTables.map((table) =>
    storedIn(table, `count(DISTINCT ${MESSAGE.image})`, `kind IN ('partial', 'rest')`),
  ),
]

const MINUTES = `
  CREATE TABLE covered_minutes AS
  SELECT *, epoch_us("minute") // ${MINUTE_US} AS minute_number, (gap_seconds * 1000000)::BIGINT AS gap_us
  FROM coverage;

  CREATE TABLE stored_minutes AS ${STORED.join('\nUNION ALL\n')};
`

/**
 * The part of each gap that lies in each minute; one between two messages of the same microsecond has no length, and
 * counts for the causes. A minute's row knows the gaps that were in the journal before it:
 * one that a stop opened with the very record that closed the minute came behind it.
 */
const GAP_MINUTES = `
  CREATE TABLE gap_minutes AS
  WITH spans AS (
    SELECT ${KEY}, stream, gap_id, arg_min(state, frame) AS first_state, arg_min(cause, frame) AS cause,
      min(frame) AS first_frame, min(epoch_us(from_ts)) AS from_us, max(epoch_us(to_ts)) AS to_us
    FROM gaps GROUP BY ALL
  )
  SELECT ${KEY}, minute_number, s.cause,
    greatest(coalesce(from_us, 0), minute_number * ${MINUTE_US}) AS from_us,
    least(coalesce(to_us, 9e15::BIGINT), (minute_number + 1) * ${MINUTE_US}) AS to_us
  FROM covered_minutes c JOIN spans s USING (${KEY})
  WHERE coalesce(s.from_us, 0) < (minute_number + 1) * ${MINUTE_US}
    AND (coalesce(s.to_us, 9e15::BIGINT) > minute_number * ${MINUTE_US}
      OR (s.from_us = s.to_us AND s.to_us = minute_number * ${MINUTE_US}))
    AND (first_frame < c.frame OR (first_frame = c.frame AND first_state = 'open' AND s.cause <> 'shutdown'));

  CREATE TABLE gap_sums AS
  WITH ordered AS (
    SELECT *, max(to_us) OVER (PARTITION BY ${KEY}, minute_number ORDER BY from_us, to_us
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached
    FROM gap_minutes
  )
  SELECT ${KEY}, minute_number, sum(greatest(to_us - greatest(from_us, coalesce(reached, from_us)), 0))::BIGINT AS us,
    string_agg(DISTINCT cause, ',' ORDER BY cause) AS causes
  FROM ordered GROUP BY ALL;
`

const problem = (text: string, found: string, expected: string, from: string): string => `
  SELECT '${text}' AS problem, exchange, market, symbol, table_name, minute_number,
    (${found})::VARCHAR AS found, (${expected})::VARCHAR AS expected
  FROM ${from}`

const EQUATION = problem(
  'received is not the sum of the others',
  'received',
  'stored + duplicates + filtered + dead_letters',
  'covered_minutes WHERE received <> stored + duplicates + filtered + dead_letters',
)

const TWICE = problem(
  'the minute is there more than once',
  'count(*)',
  '1',
  `covered_minutes GROUP BY ${KEY}, minute_number HAVING count(*) > 1`,
)

const GAP_SECONDS = problem(
  'gap_seconds or causes are not those of the gaps',
  `concat_ws(' ', gap_us, c.causes)`,
  `concat_ws(' ', coalesce(g.us, 0), g.causes)`,
  `covered_minutes c LEFT JOIN gap_sums g USING (${KEY}, minute_number)
   WHERE gap_us <> coalesce(g.us, 0) OR c.causes IS DISTINCT FROM g.causes`,
)

/** A message without a level is stored and has no row: over all minutes the log tells how many there are. */
const STORED_MESSAGES = problem(
  'stored is less than the messages with rows',
  'stored',
  'messages',
  `covered_minutes JOIN stored_minutes USING (${KEY}, minute_number) WHERE stored < messages`,
)

/** Rows are written in the order of their minutes, so that only the last ones may still be missing. */
const MISSING = problem(
  'a minute with stored rows is missing',
  `'none'`,
  'messages',
  `stored_minutes s ANTI JOIN covered_minutes USING (${KEY}, minute_number)
   WHERE EXISTS (FROM covered_minutes c WHERE (c.writer, c.exchange, c.market, c.symbol, c.table_name)
     = (s.writer, s.exchange, s.market, s.symbol, s.table_name) AND c.minute_number > s.minute_number)`,
)

const DEAD_LETTERS = `
  WITH letters AS (
    SELECT writer, exchange, market, epoch_us(received_ts) // ${MINUTE_US} AS minute_number, count(*) AS letters
    FROM dead_letter GROUP BY ALL
  ), counted AS (
    SELECT writer, exchange, market, minute_number, sum(dead_letters) AS counted FROM covered_minutes GROUP BY ALL
  )
  ${problem(
    'dead_letters are not the dead letters of the minute',
    'coalesce(counted, 0)',
    'letters',
    `(SELECT *, '' AS symbol, 'dead_letter' AS table_name FROM letters JOIN counted USING (writer, exchange, market, minute_number))
     WHERE counted > letters OR (counted < letters AND NOT EXISTS (FROM open_minutes))`,
  )}`

/** Minutes with stored rows that have no row of coverage yet. */
const OPEN = `
  CREATE TABLE open_minutes AS
  SELECT DISTINCT writer, exchange, market, symbol, table_name, minute_number
  FROM stored_minutes ANTI JOIN covered_minutes USING (${KEY}, minute_number);
`

/**
 * What the log says of each key and table, where every minute is there and no process was killed: messages without
 * levels, and how often something came again at least. More is possible: what an exchange tells once more to a new
 * subscriber is not in the log, and a last copy may come when nobody listens any more.
 */
const TOTALS = `
  CREATE TABLE log_totals AS
  WITH last_stored AS (
    SELECT connection, max(n) AS n FROM kept WHERE is_stored GROUP BY connection
  )
  SELECT exchange, market, symbol, table_name,
    count(*) FILTER (is_stored AND row_count = 0) AS empties,
    coalesce(sum(copies - 1) FILTER (copies > 1 AND rule IN ('chain', 'grows') AND is_stored AND m.n < l.n), 0)
      AS duplicates
  FROM kept m LEFT JOIN last_stored l USING (connection) WHERE table_name <> 'instruments' GROUP BY ALL;

  CREATE TABLE covered_totals AS
  SELECT exchange, market, symbol, table_name, NULL::BIGINT AS minute_number, sum(stored) AS stored, sum(duplicates) AS counted
  FROM covered_minutes GROUP BY ALL;
`

const LOG_PROBLEMS = [
  problem(
    'stored is not the number of stored messages',
    'stored',
    'coalesce(messages, 0) + empties',
    `covered_totals JOIN log_totals USING (exchange, market, symbol, table_name)
     LEFT JOIN (SELECT exchange, market, symbol, table_name, sum(messages) AS messages FROM stored_minutes GROUP BY ALL)
       USING (exchange, market, symbol, table_name)
     WHERE stored <> coalesce(messages, 0) + empties AND NOT EXISTS (FROM open_minutes)`,
  ),
  problem(
    'duplicates are less than what came again',
    'counted',
    'duplicates',
    `covered_totals JOIN log_totals USING (exchange, market, symbol, table_name)
     WHERE counted < duplicates AND NOT EXISTS (FROM open_minutes)`,
  ),
]

/** Statements that end in `coverage_mismatches` and `open_minutes`; `kept` must stand. */
export function coverageSql(restarted: boolean): string[] {
  const rows = [EQUATION, TWICE, GAP_SECONDS, STORED_MESSAGES, MISSING]
  const problems = [...rows, ...(restarted ? [] : LOG_PROBLEMS)].map((sql) => `(${sql})`)
  return [
    MINUTES,
    GAP_MINUTES,
    OPEN,
    TOTALS,
    `CREATE TABLE coverage_mismatches AS ${[...problems, `(${DEAD_LETTERS})`].join('\nUNION ALL\n')}`,
  ]
}

/** Rows, minutes that have none yet, duplicates but for what lists repeat, and what is wrong. */
export const COVERAGE_COUNTS = `
  SELECT (SELECT count(*) FROM covered_minutes) AS minutes, (SELECT count(*) FROM open_minutes) AS open,
    (SELECT coalesce(sum(duplicates), 0)::BIGINT FROM covered_minutes WHERE table_name <> 'instruments') AS duplicates,
    (SELECT count(*) FROM coverage_mismatches) AS wrong`

export const coverageExamples = (limit: number): string => `
  SELECT * EXCLUDE minute_number, make_timestamptz(minute_number * ${MINUTE_US})::VARCHAR AS "minute"
  FROM coverage_mismatches ORDER BY ALL LIMIT ${limit}`
