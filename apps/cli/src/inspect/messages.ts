import { MESSAGE_KEY } from './emissions.ts'

/**
 * What became of each emitted message, in two steps: a fast one compares message fingerprints and answers
 * "whole" or "not me"; an exact one, row by row, decides the few that are not whole.
 */

/** Stored rows with keys and fingerprints. A REST answer has no time of its own, so its must be ours. */
const STORED_ROWS = `
  CREATE VIEW stored_ticks AS
  SELECT 'trade' AS form, exchange, market, symbol, coalesce(TRY_CAST(trade_id AS BIGINT), -1) AS first_seq,
    first_seq AS last_seq, writer, frame,
    trade_print(
      heading(source, epoch_us(event_ts), event_ts_source, epoch_us(sent_ts), quantity_unit,
        coalesce(trade_count::VARCHAR, first_trade_id, last_trade_id, trade_type)),
      trade_id, kind, side, price, price_scale, quantity, quantity_scale) AS fingerprint,
    concat_ws(' ', side, price, quantity) AS shown
  FROM ticks;

  CREATE VIEW stored_levels AS
  SELECT CASE WHEN is_snapshot THEN 'snapshot' ELSE 'delta' END AS form, exchange, market, symbol,
    coalesce(CASE WHEN is_snapshot THEN d.last_seq ELSE d.first_seq END, -1) AS first_seq,
    coalesce(d.last_seq, -1) AS last_seq, writer, frame,
    level_print(
      heading(source,
        CASE WHEN event_ts_source = 'received' AND event_ts = received_ts THEN NULL ELSE epoch_us(event_ts) END,
        event_ts_source, epoch_us(sent_ts), quantity_unit,
        coalesce(prev_seq, connection_seq, checksum, CASE WHEN is_snapshot THEN d.first_seq END)),
      side, level_index, price, price_scale, quantity, quantity_scale) AS fingerprint,
    concat_ws(' ', side, level_index, price, quantity) AS shown
  FROM spot_delta d;

  CREATE VIEW stored_rows AS FROM stored_ticks UNION ALL FROM stored_levels;

  CREATE TABLE stored_messages AS
  SELECT ${MESSAGE_KEY}, count(*) AS row_count, sum(fingerprint) AS fingerprint,
    min(frame) AS frame, min(writer) AS writer
  FROM stored_rows GROUP BY ALL;
`

/**
 * The fast step. A key is `whole` when its stored rows are a whole number of copies of what was emitted; the
 * sums of different rows are equal by chance once in 2^64.
 */
const MATCHES = `
  CREATE TABLE matches AS
  WITH emitted_keys AS (
    SELECT ${MESSAGE_KEY}, count(*) AS emissions, max(row_count) AS row_count, max(fingerprint) AS fingerprint,
      min(fingerprint) = max(fingerprint) AS alike
    FROM emitted GROUP BY ALL
  )
  SELECT ${MESSAGE_KEY}, coalesce(e.emissions, 0) AS emissions, coalesce(e.row_count, 0) AS row_count,
    coalesce(s.row_count, 0) AS stored_rows, s.row_count // nullif(e.row_count, 0) AS copies,
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
    SELECT ${MESSAGE_KEY}, fingerprint, shown, 1 AS emitted, 0 AS stored
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
  SELECT ${MESSAGE_KEY}, m.emissions, m.stored_rows, m.verdict, least(m.copies, m.emissions) AS kept,
    greatest(m.copies - m.emissions, 0) * m.row_count AS doubled, 0 AS foreign_rows
  FROM matches m WHERE verdict = 'whole'
  UNION ALL
  SELECT ${MESSAGE_KEY}, m.emissions, m.stored_rows, m.verdict, CASE WHEN complete THEN m.emissions ELSE 0 END,
    CASE WHEN complete THEN s.doubled ELSE 0 END, CASE WHEN complete THEN s.invented ELSE s.stored END
  FROM matches m JOIN suspect_verdicts s USING (${MESSAGE_KEY})
  UNION ALL
  SELECT ${MESSAGE_KEY}, m.emissions, m.stored_rows, m.verdict, 0, 0, m.stored_rows
  FROM matches m WHERE verdict = 'unknown';
`

/** A message without levels leaves no row; it counts as stored when it was sent. */
const JUDGED_BY_ROWS = `
  CREATE TABLE kept AS
  SELECT e.*, k.kept IS NOT NULL AS touched,
    CASE WHEN e.row_count = 0 THEN e.copies > 0
      ELSE row_number() OVER (PARTITION BY ${MESSAGE_KEY} ORDER BY e.n) <= coalesce(k.kept, 0) END AS is_stored
  FROM emitted e LEFT JOIN key_verdicts k USING (${MESSAGE_KEY});
`

/** Damaged texts against dead letters, as multisets of bytes. */
const DEAD_LETTERS = `
  CREATE TABLE dead_raws AS SELECT raw, count(*) AS stored FROM dead_letter GROUP BY raw;
  CREATE TABLE damaged AS
  SELECT n, encode(wire) AS raw,
    row_number() OVER (PARTITION BY wire ORDER BY n) <= coalesce(stored, 0) AS is_dead_letter
  FROM emitted LEFT JOIN dead_raws ON dead_raws.raw = encode(wire) WHERE wire IS NOT NULL;
`

/** Unstored messages inside a recorded gap of their stream; an edge is a gap with a border unknown. */
const COVERED = `
  CREATE TABLE covered AS
  SELECT n, bool_or(g.from_seq IS NULL OR g.to_seq IS NULL) AS by_edge
  FROM kept m JOIN recorded_gaps g
    ON (g.exchange, g.market, g.symbol) = (m.exchange, m.market, m.symbol) AND NOT m.is_stored
    AND g.table_name = home_table(g.stream)
    AND CASE m.form
      -- A book that was asked for and answered when nobody listened any more.
      WHEN 'snapshot' THEN g.table_name = 'spot_delta' AND g.to_seq IS NULL AND m.first_seq >= g.from_seq
      ELSE g.stream = m.stream
        AND (g.from_seq IS NULL OR m.first_seq > g.from_seq) AND (g.to_seq IS NULL OR m.last_seq < g.to_seq)
    END
  GROUP BY n;
`

/**
 * One status per emitted message. A damaged text that was heard must be a dead letter, though the hole that it
 * leaves in the sequence is a recorded gap as well; only nobody listening, or a killed process, excuses it.
 */
const judged = (restarted: boolean): string => `
  CREATE TABLE judged AS
  SELECT m.*, CASE
      WHEN m.is_stored THEN 'stored'
      WHEN d.is_dead_letter THEN 'dead_letter'
      WHEN m.wire IS NOT NULL AND NOT ${restarted} AND NOT coalesce(c.by_edge, false) THEN 'lost'
      WHEN c.n IS NOT NULL THEN 'in_gap'
      WHEN m.form = 'snapshot' AND (${restarted} OR m.copies = 0) THEN 'unanswered'
      ELSE 'lost' END AS status
  FROM kept m LEFT JOIN damaged d USING (n) LEFT JOIN covered c USING (n);
`

/** Statements that match stored rows with emitted messages. */
export const matchSql: readonly string[] = [STORED_ROWS, MATCHES]

/** How many keys need the exact step. */
export const SUSPECTS = `SELECT count(*) AS suspects FROM matches WHERE verdict = 'suspect'`

/** Statements that end in `judged`, one status per emitted message; `recorded_gaps` must stand. */
export function judgementSql(options: { suspects: number; restarted: boolean }): string[] {
  const suspectRows = options.suspects > 0 ? SUSPECT_ROWS : NO_SUSPECT_ROWS
  return [suspectRows, KEY_VERDICTS, JUDGED_BY_ROWS, DEAD_LETTERS, COVERED, judged(options.restarted)]
}

/** Messages per table and status; rows too many and rows of nobody per table. */
export const MESSAGE_COUNTS = `
  SELECT CASE form WHEN 'trade' THEN 'ticks' ELSE 'spot_delta' END AS table_name,
    count(*) AS emitted, count(*) FILTER (status = 'stored') AS stored,
    count(*) FILTER (status = 'in_gap') AS in_gaps, count(*) FILTER (status = 'dead_letter') AS dead_letters,
    count(*) FILTER (status = 'lost') AS lost, count(*) FILTER (status = 'unanswered') AS unanswered,
    count(*) FILTER (status = 'in_gap' AND copies > 0) AS unheard,
    coalesce(sum(copies - 1) FILTER (copies > 1), 0)::BIGINT AS wire_duplicates
  FROM judged GROUP BY ALL`

export const ROW_COUNTS = `
  SELECT CASE form WHEN 'trade' THEN 'ticks' ELSE 'spot_delta' END AS table_name,
    sum(doubled)::BIGINT AS doubled, sum(foreign_rows)::BIGINT AS foreign_rows
  FROM key_verdicts GROUP BY ALL`

/** Dead letters that no damaged text explains. */
export const FOREIGN_DEAD_LETTERS = `
  SELECT hex(raw[1:64]) AS raw, (stored - count(d.n))::BIGINT AS rows
  FROM dead_raws LEFT JOIN damaged d USING (raw)
  GROUP BY raw, stored HAVING stored > count(d.n) ORDER BY raw`

const SHOWN_KEY = 'form, exchange, market, symbol, first_seq, last_seq'

/** At most `limit` examples of each kind of failure. */
export const messageExamples = {
  lost: (limit: number): string => `
    SELECT n, stream, exchange, market, symbol, first_seq, last_seq, copies, fault,
      CASE WHEN touched THEN 'stored in part or with other values'
        WHEN wire IS NOT NULL THEN 'heard damaged, not in dead_letter' ELSE 'not stored' END AS found
    FROM judged WHERE status = 'lost' ORDER BY n LIMIT ${limit}`,
  doubled: (limit: number): string => `
    SELECT ${SHOWN_KEY}, stored_rows::BIGINT AS stored_rows, doubled::BIGINT AS doubled
    FROM key_verdicts WHERE doubled > 0 ORDER BY ALL LIMIT ${limit}`,
  foreign: (limit: number): string => `
    SELECT * FROM (
      SELECT ${SHOWN_KEY}, shown, emitted::BIGINT AS emitted, stored::BIGINT AS stored
      FROM suspect_rows WHERE emitted <> stored
      UNION ALL
      SELECT ${SHOWN_KEY}, 'a message that was never emitted', 0, stored_rows FROM key_verdicts
      WHERE verdict = 'unknown'
    ) ORDER BY ALL LIMIT ${limit}`,
}
