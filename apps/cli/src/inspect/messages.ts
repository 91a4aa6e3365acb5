import { MESSAGE_KEY, STREAM_KEY } from './emissions.ts'

/**
 * Which stored rows are which emitted messages, in two steps: a fast one compares message fingerprints and answers
 * "whole" or "not me"; an exact one, row by row, decides the few that are not whole.
 */

/**
 * The fast step. A key is `whole` when its stored rows are a whole number of copies of what was emitted; the
 * sums of different rows are equal by chance once in 2^64. Rows of a message that nobody was sent are `unknown`.
 */
const MATCHES = `
  CREATE TABLE matches AS
  WITH emitted_keys AS (
    SELECT ${MESSAGE_KEY}, sum(due) AS emissions, count(*) AS records, max(row_count) AS row_count,
      max(fingerprint) AS fingerprint, min(fingerprint) = max(fingerprint) AS alike
    FROM emitted WHERE due > 0 GROUP BY ALL
  )
  SELECT ${MESSAGE_KEY}, coalesce(e.emissions, 0) AS emissions, coalesce(e.records, 0) AS records,
    coalesce(e.row_count, 0) AS row_count, coalesce(s.row_count, 0) AS stored_rows,
    s.row_count // nullif(e.row_count, 0) AS copies,
    CASE
      WHEN s.row_count IS NULL THEN 'absent'
      WHEN e.emissions IS NULL THEN 'unknown'
      WHEN e.alike AND s.row_count = copies * e.row_count AND s.fingerprint = copies * e.fingerprint THEN 'whole'
      ELSE 'suspect' END AS verdict
  FROM emitted_keys e FULL JOIN stored_messages s USING (${MESSAGE_KEY});
`

/** The exact step. Rows are few: only those of suspects. */
const SUSPECT_ROWS = `
  CREATE TABLE suspect_rows AS
  WITH suspects AS (SELECT ${MESSAGE_KEY} FROM matches WHERE verdict = 'suspect'),
  both_sides AS (
    SELECT ${MESSAGE_KEY}, fingerprint, shown, due AS emitted, 0 AS stored
    FROM emitted_rows SEMI JOIN suspects USING (${MESSAGE_KEY})
    UNION ALL
    SELECT ${MESSAGE_KEY}, fingerprint, shown, 0, 1
    FROM stored_rows SEMI JOIN suspects USING (${MESSAGE_KEY})
  )
  SELECT ${MESSAGE_KEY}, fingerprint, any_value(shown) AS shown, sum(emitted) AS emitted, sum(stored) AS stored
  FROM both_sides GROUP BY ${MESSAGE_KEY}, fingerprint;
`

/** The usual case: there is none, and the log is not read again. */
const NO_SUSPECT_ROWS = `
  CREATE TABLE suspect_rows AS
  SELECT ${MESSAGE_KEY}, NULL::UBIGINT AS fingerprint, '' AS shown, 0 AS emitted, 0 AS stored
  FROM matches WHERE false;
`

/**
 * Per key: emissions that are stored whole, rows too many, rows that belong to no emitted message. Of a message
 * that is not stored whole every stored row is foreign.
 */
const KEY_VERDICTS = `
  CREATE TABLE key_verdicts AS
  WITH suspect_verdicts AS (
    SELECT ${MESSAGE_KEY}, bool_and(stored >= emitted) AS complete,
      sum(CASE WHEN emitted > 0 THEN greatest(stored - emitted, 0) ELSE 0 END) AS doubled,
      sum(CASE WHEN emitted = 0 THEN stored ELSE 0 END) AS invented, sum(stored) AS stored
    FROM suspect_rows GROUP BY ALL
  )
  SELECT ${MESSAGE_KEY}, m.records, m.stored_rows, m.verdict, least(m.copies, m.emissions) AS kept,
    greatest(m.copies - m.emissions, 0) * m.row_count AS doubled, 0 AS foreign_rows
  FROM matches m WHERE verdict = 'whole'
  UNION ALL
  SELECT ${MESSAGE_KEY}, m.records, m.stored_rows, m.verdict, CASE WHEN complete THEN m.emissions ELSE 0 END,
    CASE WHEN complete THEN s.doubled ELSE 0 END, CASE WHEN complete THEN s.invented ELSE s.stored END
  FROM matches m JOIN suspect_verdicts s USING (${MESSAGE_KEY})
  UNION ALL
  SELECT ${MESSAGE_KEY}, m.records, m.stored_rows, m.verdict, 0, 0, m.stored_rows
  FROM matches m WHERE verdict = 'unknown';
`

/**
 * Every emitted message with whether it is stored. Of several that share a key (an answer given twice, two streams
 * that say the same) the first ones are. A message without levels leaves no row; it counts as stored when it was sent.
 */
const KEPT = `
  CREATE TABLE kept AS
  WITH verdicts AS (
    SELECT e.*, s.stream_id, k.kept IS NOT NULL AND e.due > 0 AS touched, coalesce(k.kept, 0) AS kept, k.records
    FROM emitted e JOIN streams s USING (${STREAM_KEY}) LEFT JOIN key_verdicts k USING (${MESSAGE_KEY})
  )
  SELECT * EXCLUDE (kept, records),
    CASE WHEN row_count = 0 THEN copies > 0 ELSE due > 0 AND due <= kept END AS is_stored
  FROM verdicts WHERE row_count = 0 OR due = 0 OR kept = 0 OR records = 1
  UNION ALL
  SELECT * EXCLUDE (kept, records),
    sum(due) OVER (PARTITION BY ${MESSAGE_KEY} ORDER BY n ROWS UNBOUNDED PRECEDING) <= kept
  FROM verdicts WHERE row_count > 0 AND due > 0 AND kept > 0 AND records > 1;
`

/** What a subscription of an audit brought is an answer to its question, and no message of the stream. */
const ASIDE = `
  UPDATE kept SET rule = 'asked'
  WHERE is_snapshot AND is_stored AND (${MESSAGE_KEY}) IN (SELECT (${MESSAGE_KEY}) FROM stored_messages WHERE is_aside);
`

/**
 * Messages of streams whose sequence only grows that say nothing new: the same book as one that is stored, sent
 * again. They must not be stored as well.
 */
const REPEATED = `
  CREATE TABLE repeated AS
  WITH grown AS (
    SELECT n, ${MESSAGE_KEY}, is_stored, row_count, end_seq,
      max(CASE WHEN is_stored THEN last_seq END)
        OVER (PARTITION BY stream_id ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS seq_before
    FROM kept WHERE rule = 'grows'
  )
  FROM grown WHERE last_seq <= seq_before;

  INSERT INTO key_verdicts
  SELECT ${MESSAGE_KEY}, 0, sum(row_count), 'repeated', 0, sum(row_count), 0 FROM repeated WHERE is_stored GROUP BY ALL;
`

/**
 * All streams, of emissions or of gaps. Of one that was never asked for nothing is expected; a stream of the whole
 * market brings the symbols that it wants, so of those that it never brought nobody can know.
 */
const STREAMS = `
  CREATE TABLE streams AS
  WITH of_log AS (
    SELECT ${STREAM_KEY}, any_value(table_name) AS home_table, any_value(rule) AS rule,
      bool_or(CASE WHEN is_of_market(stream) THEN copies > 0 ELSE copies > 0 OR connection IS NOT NULL END) AS was_asked
    FROM emitted GROUP BY ALL
  )
  SELECT row_number() OVER () AS stream_id, ${STREAM_KEY}, home_table, rule,
    coalesce(was_asked, false) OR g.stream IS NOT NULL AS was_asked
  FROM of_log FULL JOIN (SELECT DISTINCT ${STREAM_KEY} FROM gaps) g USING (${STREAM_KEY});
`

/** Statements that match stored rows with emitted messages. */
export const matchSql: readonly string[] = [STREAMS, MATCHES]

/** How many keys need the exact step. */
export const SUSPECTS = `SELECT count(*) AS suspects FROM matches WHERE verdict = 'suspect'`

/** Statements that end in `kept` and `repeated`. */
export const keptSql = (suspects: number): string[] => [
  suspects > 0 ? SUSPECT_ROWS : NO_SUSPECT_ROWS,
  KEY_VERDICTS,
  KEPT,
  ASIDE,
  REPEATED,
]
