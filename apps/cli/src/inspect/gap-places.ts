import type { TableName } from '@cryptoflow/model'
import { MESSAGE_KEY, STREAM_KEY } from './emissions.ts'
import { storedRows } from './stored.ts'

/**
 * Where recorded gaps lie in the log. A gap of a stream with a chained sequence is placed by its sequences; one of
 * another stream by the received times of the stored messages at its borders.
 */

/** Rules of streams whose gaps are placed by time, as SQL. */
export const TIMED_RULES = `'grows', 'none', 'book', 'broken'`

/** What holes of the images of our own books have as their stream: no exchange sends it. */
export const OWN_IMAGES_STREAM = 'derived'

/** One row per gap of a stream that was heard: its `closed` row where there is one. */
const RECORDED_GAPS = `
  CREATE TABLE recorded_gaps AS
  WITH latest AS (
    FROM gaps WHERE stream <> '${OWN_IMAGES_STREAM}'
    QUALIFY row_number() OVER (PARTITION BY ${STREAM_KEY}, gap_id ORDER BY (state = 'closed') DESC, frame DESC) = 1
  )
  SELECT row_number() OVER () AS gap_number, stream_id, ${STREAM_KEY}, gap_id, state, table_name, rule,
    coalesce(table_name = home_table, true) AS is_home, from_seq, to_seq, from_ts, to_ts, missing, cause,
    from_ts IS NULL OR to_ts IS NULL AS is_edge
  FROM latest JOIN streams USING (${STREAM_KEY});
`

const AT_BORDER = (table: TableName): string =>
  `(FROM "${table}" SEMI JOIN border_times USING (exchange, market, symbol, received_ts))`

/** Stored messages of streams that were received at a time which is a border of some gap of their key. */
const HEARD_AT = `
  CREATE TABLE border_times AS
  SELECT exchange, market, symbol, from_ts AS received_ts FROM recorded_gaps WHERE from_ts IS NOT NULL
  UNION SELECT exchange, market, symbol, to_ts FROM recorded_gaps WHERE to_ts IS NOT NULL;

  CREATE TABLE heard_at AS
  SELECT DISTINCT stream_id, n, k.begin_seq AS first_seq, k.end_seq AS last_seq, connection, b.received_ts, b.writer, b.frame
  FROM kept k JOIN (${storedRows(AT_BORDER)}) b USING (${MESSAGE_KEY})
  WHERE is_stored AND rule <> 'asked' AND k.row_count > 0;
`

/** Messages of streams that are stored, with where their rows came from (the first, where equal ones are). */
const HEARD = `
  CREATE TABLE heard AS
  SELECT stream_id, n, k.begin_seq AS first_seq, k.end_seq AS last_seq, k.row_count, s.frame, s.writer, coalesce(s.is_live, false) AS is_live
  FROM kept k LEFT JOIN stored_messages s USING (${MESSAGE_KEY})
  WHERE is_stored AND rule <> 'asked';
`

/**
 * Each gap with the lines of the log at its borders (streams without a chain) and with the frame that ended it:
 * messages behind that frame came late and may lie inside. Times may be equal, so numbers decide where there are some,
 * and the borders are taken as close to each other as they can be. A list of instruments that is as before leaves no
 * row: a hole that begins or ends with one is unplaced there.
 */
const GAP_PLACES = `
  CREATE TABLE gap_places AS
  WITH begins AS (
    SELECT gap_number, max(n) AS from_n, arg_max(last_seq, n) AS seq_before, arg_max(connection, n) AS connection_before
    FROM recorded_gaps g JOIN heard_at h ON h.stream_id = g.stream_id AND h.received_ts = g.from_ts
      AND (rule <> 'book' OR h.last_seq = coalesce(from_seq, -1))
    GROUP BY gap_number
  ), ends AS (
    SELECT gap_number, min(n) AS to_n, arg_min(last_seq, n) AS seq_after, arg_min(connection, n) AS connection_after
    FROM recorded_gaps g LEFT JOIN begins USING (gap_number)
    JOIN heard_at h ON h.stream_id = g.stream_id AND h.received_ts = g.to_ts AND h.n > coalesce(from_n, 0)
      AND (rule <> 'book' OR h.last_seq = coalesce(to_seq, -1))
    GROUP BY gap_number
  ), chained_ends AS (
    SELECT gap_number, arg_min(h.writer, h.n) AS end_writer, arg_min(h.frame, h.n) AS end_frame
    FROM recorded_gaps g JOIN heard h ON h.stream_id = g.stream_id AND h.first_seq = g.to_seq
    WHERE rule = 'chain' GROUP BY gap_number
  ), timed_ends AS (
    SELECT gap_number, any_value(h.writer) AS end_writer, min(h.frame) AS end_frame
    FROM recorded_gaps g JOIN ends USING (gap_number)
    JOIN heard_at h ON h.stream_id = g.stream_id AND h.n = to_n AND h.received_ts = g.to_ts
    WHERE rule IN (${TIMED_RULES}) GROUP BY gap_number
  )
  SELECT g.*, from_n, to_n, seq_before, seq_after, connection_before, connection_after,
    coalesce(c.end_writer, t.end_writer) AS end_writer, coalesce(c.end_frame, t.end_frame) AS end_frame,
    table_name = 'instruments' AND ((from_ts IS NOT NULL AND from_n IS NULL) OR (to_ts IS NOT NULL AND to_n IS NULL))
      AS is_unplaced
  FROM recorded_gaps g LEFT JOIN begins USING (gap_number) LEFT JOIN ends USING (gap_number)
  LEFT JOIN chained_ends c USING (gap_number) LEFT JOIN timed_ends t USING (gap_number);
`

/**
 * What a gap with both borders is: a hole, when something is missing in it; else it was recorded as a precaution.
 * A stream without a chain says nothing of how much is missing, so the log is asked.
 */
const GAP_KINDS = `
  CREATE TABLE gap_kinds AS
  WITH missed AS (
    SELECT DISTINCT gap_number FROM gap_places g JOIN kept m
      ON m.stream_id = g.stream_id AND NOT m.is_stored AND m.n > g.from_n AND m.n < g.to_n
    ANTI JOIN repeated r ON r.n = m.n
    WHERE g.rule IN (${TIMED_RULES})
  )
  SELECT gap_number, NOT is_edge AND CASE WHEN rule = 'chain'
    THEN from_seq IS NOT NULL AND to_seq IS NOT NULL AND coalesce(missing, to_seq - from_seq - 1) > 0
    ELSE m.gap_number IS NOT NULL END AS is_hole
  FROM gap_places LEFT JOIN missed m USING (gap_number);
`

/** Statements that end in `gap_places` and `gap_kinds`; `kept` and `repeated` must stand. */
export const gapPlaceSql: readonly string[] = [RECORDED_GAPS, HEARD_AT, HEARD, GAP_PLACES, GAP_KINDS]
