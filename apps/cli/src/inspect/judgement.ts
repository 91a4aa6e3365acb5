import { TIMED_RULES } from './gap-places.ts'

/**
 * One status per emitted message. `kept`, `repeated` and the places of gaps must stand.
 */

/** Damaged texts against dead letters, as multisets of bytes; events of one message have one text. */
const DEAD_LETTERS = `
  CREATE TABLE dead_raws AS SELECT raw, count(*) AS stored FROM dead_letter GROUP BY raw;
  CREATE TABLE damaged AS
  WITH texts AS (
    SELECT n, encode(wire) AS raw,
      min(n) OVER (PARTITION BY exchange, market, connection, at_ms, wire) AS message
    FROM kept WHERE wire IS NOT NULL
  )
  SELECT n, raw, message, dense_rank() OVER (PARTITION BY raw ORDER BY message) <= coalesce(stored, 0) AS is_dead_letter
  FROM texts LEFT JOIN dead_raws USING (raw);
`

/** Unstored messages inside a recorded gap of their stream; an edge is a gap with a border unknown. */
const COVERED = `
  CREATE TABLE covered AS
  WITH open AS (
    SELECT n, stream_id, exchange, market, symbol, table_name, form, copies, begin_seq AS first_seq, end_seq AS last_seq FROM kept WHERE NOT is_stored
  ), found AS (
    SELECT n, g.is_edge FROM open m JOIN gap_places g USING (stream_id)
    WHERE g.is_home AND g.rule = 'chain'
      AND (g.from_seq IS NULL OR m.first_seq > g.from_seq) AND (g.to_seq IS NULL OR m.last_seq < g.to_seq)
    UNION ALL
    SELECT n, g.is_edge FROM open m JOIN gap_places g USING (stream_id)
    WHERE g.is_home AND g.rule IN (${TIMED_RULES})
      AND (g.from_ts IS NULL OR m.n > g.from_n) AND (g.to_ts IS NULL OR m.n < g.to_n)
    UNION ALL
    -- What nobody was sent lies in a hole without a place, unless the border that has one says otherwise.
    SELECT n, true FROM open m JOIN gap_places g USING (stream_id)
    WHERE m.copies = 0 AND g.is_unplaced AND coalesce(m.n > g.from_n, true) AND coalesce(m.n < g.to_n, true)
    UNION ALL
    SELECT n, true FROM open m JOIN gap_places g USING (stream_id)
    WHERE m.table_name = 'instruments' AND g.state = 'open' AND g.from_n IS NULL
    UNION ALL
    -- A book that was asked for and answered when nobody listened any more.
    SELECT n, true FROM open m JOIN gap_places g USING (exchange, market, symbol, table_name)
    WHERE m.form = 'snapshot' AND g.rule = 'chain' AND g.to_seq IS NULL AND m.last_seq >= g.from_seq
  )
  SELECT n, bool_or(is_edge) AS by_edge FROM found GROUP BY n;
`

/**
 * Answers that may be missing: those that failed; of a killed process those given once; the last one of each stream
 * when the process stopped, since a stop does not wait for answers.
 */
const UNANSWERED = (restarted: boolean): string => `
  CREATE TABLE unanswered AS
  WITH ends AS (
    SELECT stream_id, max(n) FILTER (copies > 0) AS n FROM kept WHERE rule = 'asked' GROUP BY stream_id
  ), stopped AS (SELECT DISTINCT exchange, market FROM recorded_gaps WHERE state = 'open')
  SELECT m.n FROM kept m LEFT JOIN ends e ON e.n = m.n LEFT JOIN stopped s USING (exchange, market)
  WHERE m.rule = 'asked' AND NOT m.is_stored AND CASE
    WHEN copies = 0 THEN true
    WHEN m.form = 'snapshot' AND ${restarted} THEN true
    ELSE copies = 1 AND (${restarted} OR (e.n IS NOT NULL AND s.market IS NOT NULL)) END;
`

/**
 * A damaged text that was heard must be a dead letter, though the hole that it leaves in the sequence is a recorded
 * gap as well; only nobody listening, or a killed process, excuses it. What was withheld from a stream whose ids
 * only grow, while somebody listened, leaves no trace that anybody could find.
 */
const judged = (restarted: boolean): string => `
  CREATE TABLE judged AS
  SELECT m.*, CASE
      WHEN m.is_stored THEN 'stored'
      WHEN d.is_dead_letter THEN 'dead_letter'
      WHEN r.n IS NOT NULL THEN 'repeated'
      WHEN m.wire IS NOT NULL AND NOT ${restarted} AND NOT coalesce(c.by_edge, false) THEN 'lost'
      WHEN c.n IS NOT NULL THEN 'in_gap'
      WHEN u.n IS NOT NULL THEN 'unanswered'
      WHEN NOT s.was_asked AND m.copies = 0 THEN 'unasked'
      WHEN m.rule = 'grows' AND m.copies = 0 AND m.fault NOT IN ('disconnect', 'outage') THEN 'undetectable'
      ELSE 'lost' END AS status
  FROM kept m JOIN streams s USING (stream_id) LEFT JOIN damaged d USING (n) LEFT JOIN covered c USING (n)
  LEFT JOIN repeated r USING (n) LEFT JOIN unanswered u USING (n);
`

/** Statements that end in `judged`. */
export const judgementSql = (restarted: boolean): string[] => [
  DEAD_LETTERS,
  COVERED,
  UNANSWERED(restarted),
  judged(restarted),
]

const isEmitted = `status NOT IN ('repeated', 'unasked')`

/** Messages per table and status. */
export const MESSAGE_COUNTS = `
  SELECT table_name, count(*) FILTER (${isEmitted}) AS emitted, count(*) FILTER (status = 'stored') AS stored,
    count(*) FILTER (status = 'in_gap') AS in_gaps, count(*) FILTER (status = 'dead_letter') AS dead_letters,
    count(*) FILTER (status = 'lost') AS lost, count(*) FILTER (status = 'unanswered') AS unanswered,
    count(*) FILTER (status = 'undetectable') AS undetectable, count(*) FILTER (status = 'unasked') AS unasked,
    count(*) FILTER (status = 'in_gap' AND copies > 0) AS unheard,
    (coalesce(sum(copies - 1) FILTER (copies > 1 AND rule <> 'asked'), 0)
      + count(*) FILTER (status = 'repeated' AND copies > 0))::BIGINT AS wire_duplicates
  FROM judged GROUP BY ALL`

/** Rows too many and rows of nobody per table. */
export const ROW_COUNTS = `
  SELECT table_name, sum(doubled)::BIGINT AS doubled, sum(foreign_rows)::BIGINT AS foreign_rows
  FROM key_verdicts GROUP BY ALL`

/** Dead letters that no damaged text explains. */
export const FOREIGN_DEAD_LETTERS = `
  SELECT hex(raw[1:64]) AS raw, (stored - count(DISTINCT d.message))::BIGINT AS rows
  FROM dead_raws LEFT JOIN damaged d USING (raw)
  GROUP BY raw, stored HAVING stored > count(DISTINCT d.message) ORDER BY raw`

const SHOWN_KEY = `table_name, form, exchange, market, symbol, nullif(first_seq, -1) AS first_seq,
  nullif(last_seq, -1) AS last_seq`

/** At most `limit` examples of each kind of failure. */
export const messageExamples = {
  lost: (limit: number): string => `
    SELECT n, table_name, stream, exchange, market, symbol, nullif(first_seq, -1) AS first_seq,
      nullif(last_seq, -1) AS last_seq, copies, fault,
      CASE WHEN touched THEN 'stored in part or with other values'
        WHEN wire IS NOT NULL THEN 'heard damaged, not in dead_letter' ELSE 'not stored' END AS found
    FROM judged WHERE status = 'lost' ORDER BY n LIMIT ${limit}`,
  doubled: (limit: number): string => `
    SELECT ${SHOWN_KEY}, stored_rows::BIGINT AS stored_rows, doubled::BIGINT AS doubled
    FROM key_verdicts WHERE doubled > 0 ORDER BY ALL LIMIT ${limit}`,
  foreign: (limit: number): string => `
    WITH unknown AS (
      SELECT table_name, form, exchange, market, symbol, first_seq, last_seq, mark, stored_rows FROM key_verdicts
      WHERE verdict = 'unknown' ORDER BY ALL LIMIT ${limit}
    ), shown AS (
      SELECT table_name, mark, form, exchange, market, symbol, first_seq, last_seq, min(left(r.shown, 200)) AS shown
      FROM stored_rows r SEMI JOIN unknown USING (table_name, form, exchange, market, symbol, first_seq, last_seq, mark)
      GROUP BY ALL
    )
    SELECT * FROM (
      SELECT ${SHOWN_KEY}, shown, emitted::BIGINT AS emitted, stored::BIGINT AS stored
      FROM suspect_rows WHERE emitted <> stored
      UNION ALL
      SELECT ${SHOWN_KEY}, 'a message that was never emitted: ' || shown, 0, stored_rows
      FROM unknown JOIN shown USING (table_name, form, exchange, market, symbol, first_seq, last_seq, mark)
    ) ORDER BY ALL LIMIT ${limit}`,
}
