/**
 * Holes that the simulator made against gaps that the collector recorded, per (exchange, market, symbol,
 * stream). Borders are exclusive: the last sequence before and the first after.
 */

const STREAM_KEY = 'exchange, market, symbol, stream'

/** One row per gap_id: its `closed` row where there is one. */
export const RECORDED_GAPS = `
  CREATE TABLE recorded_gaps AS
  SELECT ${STREAM_KEY}, gap_id, state, table_name, from_seq, to_seq, missing, cause, writer, frame,
    from_seq IS NOT NULL AND to_seq IS NOT NULL AND coalesce(missing, to_seq - from_seq - 1) > 0 AS is_hole
  FROM gaps
  QUALIFY row_number() OVER (PARTITION BY gap_id ORDER BY (state = 'closed') DESC, frame DESC) = 1;
`

/** Runs of messages that reached nobody whole, between two that reached somebody. */
const INJECTED_HOLES = `
  CREATE TABLE injected_holes AS
  WITH numbered AS (
    SELECT ${STREAM_KEY}, n, first_seq, last_seq, copies,
      row_number() OVER (PARTITION BY ${STREAM_KEY} ORDER BY n) AS position
    FROM emitted WHERE form <> 'snapshot'
  ), delivered AS (
    SELECT ${STREAM_KEY}, first_seq, position,
      lag(position) OVER before AS position_before, lag(last_seq) OVER before AS last_before
    FROM numbered WHERE copies > 0
    WINDOW before AS (PARTITION BY ${STREAM_KEY} ORDER BY n)
  )
  SELECT ${STREAM_KEY}, last_before AS from_seq, first_seq AS to_seq
  FROM delivered WHERE position - position_before > 1;
`

/** Messages that are stored whole, with where their rows came from. */
const STORED_ORDER = `
  CREATE VIEW heard AS
  SELECT j.${STREAM_KEY.replaceAll(', ', ', j.')}, j.first_seq, j.last_seq, s.frame, s.writer
  FROM judged j LEFT JOIN stored_messages s USING (form, exchange, market, symbol, first_seq, last_seq)
  WHERE j.status = 'stored' AND j.form <> 'snapshot';
`

/**
 * Gaps that claim to miss something, with the frame that ended them: messages behind that frame came late and
 * may lie inside. A gap without an end allows none.
 */
const TIGHT_GAPS = `
  CREATE TABLE tight AS
  SELECT g.*, h.writer AS end_writer, h.frame AS end_frame
  FROM recorded_gaps g LEFT JOIN heard h ON ${sameStream('h')} AND h.first_seq = g.to_seq
  WHERE g.missing IS DISTINCT FROM 0;
`

/** Columns that every problem is reported with. */
const BORDERS = `${STREAM_KEY}, from_seq, to_seq`
const problem = (text: string, columns: string, from: string): string =>
  `SELECT '${text}' AS problem, ${BORDERS}, ${columns} FROM ${from}`
const OF_GAP = 'cause, gap_id'
const OF_HOLE = 'NULL AS cause, NULL AS gap_id'

/** A border that is known must be the border of a stored message, and nothing stored may lie inside. */
const LOOSE_GAPS = [
  problem(
    'does not begin at a stored message',
    OF_GAP,
    `tight g WHERE from_seq IS NOT NULL
       AND NOT EXISTS (FROM heard h WHERE ${sameStream('h')} AND h.last_seq = g.from_seq)`,
  ),
  problem(
    'does not end at a stored message',
    OF_GAP,
    `tight g WHERE to_seq IS NOT NULL
       AND NOT EXISTS (FROM heard h WHERE ${sameStream('h')} AND h.first_seq = g.to_seq)`,
  ),
  problem(
    'stored messages lie inside',
    OF_GAP,
    `tight g WHERE EXISTS (FROM heard h WHERE ${sameStream('h')}
       AND (g.from_seq IS NULL OR h.first_seq > g.from_seq) AND (g.to_seq IS NULL OR h.last_seq < g.to_seq)
       AND NOT coalesce(h.writer = g.end_writer AND h.frame > g.end_frame, false))`,
  ),
]

const GAP_ROWS_TWICE = `
  SELECT 'the gap row is stored more than once' AS problem, ${STREAM_KEY}, any_value(from_seq) AS from_seq,
    any_value(to_seq) AS to_seq, any_value(cause) AS cause, gap_id
  FROM gaps GROUP BY ${STREAM_KEY}, gap_id, state HAVING count(*) > 1`

/** Without a crash the recorded holes are the injected ones, border for border. */
const EXACT_HOLES = [
  problem(
    'an injected hole is not recorded',
    OF_HOLE,
    `(FROM injected_holes EXCEPT SELECT ${BORDERS} FROM recorded_gaps
      WHERE is_hole AND table_name = home_table(stream))`,
  ),
  problem(
    'a recorded hole was not injected',
    OF_GAP,
    `recorded_gaps ANTI JOIN injected_holes USING (${BORDERS}) WHERE is_hole`,
  ),
  `SELECT 'a hole is recorded more than once' AS problem, ${BORDERS}, min(cause), min(gap_id)
   FROM recorded_gaps WHERE is_hole GROUP BY ${BORDERS}, table_name HAVING count(*) > 1`,
]

/** A killed process makes holes of its own, so injected ones must only be covered. */
const COVERED_HOLES = [
  problem(
    'an injected hole is not covered',
    OF_HOLE,
    `injected_holes i WHERE NOT EXISTS (FROM recorded_gaps g WHERE ${sameStream('i')}
       AND g.table_name = home_table(g.stream)
       AND (g.from_seq IS NULL OR g.from_seq <= i.from_seq) AND (g.to_seq IS NULL OR g.to_seq >= i.to_seq))`,
  ),
]

function sameStream(other: string): string {
  const columns = STREAM_KEY.split(', ')
  return `(${columns.map((c) => `g.${c}`)}) = (${columns.map((c) => `${other}.${c}`)})`
}

/** Statements that end in `gap_mismatches`; `judged` and `recorded_gaps` must stand. */
export function holesSql(restarted: boolean): string[] {
  const problems = [GAP_ROWS_TWICE, ...LOOSE_GAPS, ...(restarted ? COVERED_HOLES : EXACT_HOLES)]
  return [
    INJECTED_HOLES,
    STORED_ORDER,
    TIGHT_GAPS,
    `CREATE TABLE gap_mismatches AS ${problems.map((sql) => `(${sql})`).join('\nUNION ALL\n')}`,
  ]
}

/** Holes on both sides; an edge has a border that nobody knows. */
export const HOLE_COUNTS = `
  SELECT (SELECT count(*) FROM injected_holes) AS injected,
    (SELECT count(*) FROM recorded_gaps WHERE is_hole AND table_name = home_table(stream)) AS recorded,
    (SELECT count(*) FROM recorded_gaps WHERE from_seq IS NULL OR to_seq IS NULL) AS edges,
    (SELECT count(*) FROM gap_mismatches) AS mismatches`
