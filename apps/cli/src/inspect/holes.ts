import { STREAM_KEY } from './emissions.ts'
import { OWN_IMAGES_STREAM, TIMED_RULES } from './gap-places.ts'
import { imageTables } from './prints.ts'

/**
 * Holes that the simulator made against gaps that the collector recorded, per stream of a key. Borders are exclusive:
 * the last message before and the first after, by their sequences where there are some, and by their received times.
 */

/**
 * Runs of messages that reached nobody whole, between two that reached somebody. In a stream whose ids only grow a run
 * is a hole when nobody was subscribed in it: what is withheld from a listener leaves no trace. In one without numbers
 * a damaged message is in dead_letter, and nothing else can tell of it.
 */
const INJECTED_HOLES = `
  CREATE TABLE injected_holes AS
  WITH numbered AS (
    SELECT stream_id, n, begin_seq AS first_seq, end_seq AS last_seq, copies, rule, row_number() OVER upward AS position,
      count(*) FILTER (copies = 0 AND CASE rule WHEN 'grows' THEN fault IN ('disconnect', 'outage')
        WHEN 'none' THEN wire IS NULL ELSE true END)
        OVER (PARTITION BY stream_id ORDER BY n ROWS UNBOUNDED PRECEDING) AS withheld
    FROM kept WHERE rule <> 'asked'
    WINDOW upward AS (PARTITION BY stream_id ORDER BY n)
  ), delivered AS (
    SELECT stream_id, n, first_seq, last_seq, rule,
      CASE rule WHEN 'chain' THEN position - lag(position) OVER before - 1
        ELSE withheld - lag(withheld) OVER before END AS missing,
      lag(n) OVER before AS n_before, lag(last_seq) OVER before AS last_before
    FROM numbered WHERE copies > 0
    WINDOW before AS (PARTITION BY stream_id ORDER BY n)
  )
  SELECT stream_id, rule, n_before AS from_n, n AS to_n, nullif(last_before, -1) AS from_seq,
    nullif(CASE rule WHEN 'chain' THEN first_seq ELSE last_seq END, -1) AS to_seq
  FROM delivered WHERE missing > 0;
`

const problem = (text: string, columns: string, from: string): string =>
  `SELECT '${text}' AS problem, stream_id, from_seq, to_seq, ${columns} FROM ${from}`
const OF_GAP = 'cause, gap_id'
const OF_HOLE = 'NULL AS cause, NULL AS gap_id'

const CHAINED = `g.rule = 'chain'`
const TIMED = `g.rule IN (${TIMED_RULES})`
/** Gaps that claim to miss something. */
const TIGHT = `${CHAINED} AND missing IS DISTINCT FROM 0`
const cameLate = `coalesce(h.writer = g.end_writer AND h.frame > g.end_frame, false)`

const GAP_ROWS = [
  `SELECT 'the gap row is stored more than once' AS problem, stream_id, any_value(from_seq) AS from_seq,
     any_value(to_seq) AS to_seq, any_value(cause) AS cause, gap_id
   FROM gaps JOIN streams USING (${STREAM_KEY}) GROUP BY stream_id, gap_id, state HAVING count(*) > 1`,
  `SELECT 'the rows of the gap begin differently' AS problem, stream_id, min(from_seq), min(to_seq), min(cause), gap_id
   FROM gaps JOIN streams USING (${STREAM_KEY}) GROUP BY stream_id, gap_id
   HAVING count(DISTINCT (table_name, from_seq, from_ts)) > 1`,
]

/** A border that is known must be the border of a stored message, and nothing stored may lie inside. */
const CHAINED_BORDERS = [
  problem(
    'does not begin at a stored message',
    OF_GAP,
    `gap_places g WHERE ${TIGHT} AND from_seq IS NOT NULL
       AND NOT EXISTS (FROM heard h WHERE h.stream_id = g.stream_id AND h.last_seq = g.from_seq)`,
  ),
  problem(
    'does not end at a stored message',
    OF_GAP,
    `gap_places g WHERE ${TIGHT} AND to_seq IS NOT NULL
       AND NOT EXISTS (FROM heard h WHERE h.stream_id = g.stream_id AND h.first_seq = g.to_seq)`,
  ),
  problem(
    'stored messages lie inside',
    OF_GAP,
    `gap_places g WHERE ${TIGHT} AND EXISTS (FROM heard h WHERE h.stream_id = g.stream_id
       AND (g.from_seq IS NULL OR h.first_seq > g.from_seq) AND (g.to_seq IS NULL OR h.last_seq < g.to_seq)
       AND NOT ${cameLate})`,
  ),
]

/** Times of borders are those at which the messages there were received. A message without rows has left none. */
const CHAINED_TIMES = [
  problem(
    'from_ts is not when the message before was received',
    OF_GAP,
    `gap_places g WHERE ${CHAINED} AND from_seq IS NOT NULL
       AND EXISTS (FROM heard h WHERE h.stream_id = g.stream_id AND h.last_seq = g.from_seq AND h.row_count > 0)
       AND NOT EXISTS (FROM heard_at h WHERE h.stream_id = g.stream_id AND h.last_seq = g.from_seq
         AND h.received_ts = g.from_ts)`,
  ),
  problem(
    'to_ts is not when the message after was received',
    OF_GAP,
    `gap_places g WHERE ${CHAINED} AND to_seq IS NOT NULL
       AND EXISTS (FROM heard h WHERE h.stream_id = g.stream_id AND h.first_seq = g.to_seq AND h.row_count > 0)
       AND NOT EXISTS (FROM heard_at h WHERE h.stream_id = g.stream_id AND h.first_seq = g.to_seq
         AND h.received_ts = g.to_ts)`,
  ),
  problem(
    'a border has a sequence or a time, not both',
    OF_GAP,
    `gap_places g WHERE ${CHAINED}
       AND ((from_seq IS NULL) <> (from_ts IS NULL) OR (to_seq IS NULL) <> (to_ts IS NULL))`,
  ),
]

/**
 * Of a book without numbers messages may lie inside as long as it is no book. The first of them came while it was one:
 * its checksum, or its place on the connection, showed that it is none.
 */
const IS_LIVE_INSIDE = `(h.is_live AND EXISTS (FROM heard p
  WHERE p.stream_id = g.stream_id AND p.n > g.from_n AND p.n < h.n))`

/** An instrument that is listed as before leaves no row, so a hole may end or begin at nothing that is stored. */
const LEAVES_ROWS = `g.table_name <> 'instruments'`

/** The same of streams without a chain, placed by time; a border without a stored message has no place. */
const TIMED_BORDERS = [
  problem(
    'does not begin at a stored message',
    OF_GAP,
    `gap_places g WHERE ${LEAVES_ROWS} AND ((${TIMED} AND from_ts IS NOT NULL
       AND (from_n IS NULL OR from_seq IS DISTINCT FROM nullif(seq_before, -1)))
       OR (g.rule IS NULL AND from_ts IS NOT NULL) OR (${TIMED} AND from_ts IS NULL AND from_seq IS NOT NULL))`,
  ),
  problem(
    'does not end at a stored message',
    OF_GAP,
    `gap_places g WHERE ${LEAVES_ROWS} AND ((${TIMED} AND to_ts IS NOT NULL
       AND (to_n IS NULL OR to_seq IS DISTINCT FROM nullif(seq_after, -1)))
       OR (g.rule IS NULL AND to_ts IS NOT NULL) OR (${TIMED} AND to_ts IS NULL AND to_seq IS NOT NULL))`,
  ),
  problem(
    'stored messages lie inside',
    OF_GAP,
    `gap_places g WHERE ${TIMED} AND (from_ts IS NULL OR from_n IS NOT NULL) AND (to_ts IS NULL OR to_n IS NOT NULL)
       AND EXISTS (FROM heard h WHERE h.stream_id = g.stream_id AND h.n > coalesce(g.from_n, 0)
         AND (g.to_n IS NULL OR h.n < g.to_n) AND (g.rule <> 'broken' OR ${IS_LIVE_INSIDE}) AND NOT ${cameLate})`,
  ),
  `SELECT 'a hole is recorded more than once' AS problem, stream_id, min(from_seq), min(to_seq), min(cause), min(gap_id)
   FROM gap_places g WHERE ${TIMED} AND from_n IS NOT NULL AND to_n IS NOT NULL
   GROUP BY stream_id, from_n, to_n, table_name HAVING count(*) > 1`,
]

/** What happened to the connection on which the gap began, so that a book without numbers had to be given up. */
const HAS_REASON = `EXISTS (FROM kept m WHERE m.connection = g.connection_before AND m.n > g.from_n AND m.n < g.to_n
  AND (m.fault IN ('gap', 'malformed') OR (m.fault = 'wrongChecksum' AND m.stream_id = g.stream_id)))`
/** A book that is replaced: what happened in between nobody can prove. */
const IS_REPLACED = `EXISTS (FROM kept m WHERE m.n = g.to_n AND m.is_snapshot)`

/** A gap in which nothing is missing is honest where the listening was interrupted. */
const needless = (restarted: boolean): string =>
  problem(
    'a recorded hole was not injected',
    OF_GAP,
    `gap_places g JOIN gap_kinds USING (gap_number)
     WHERE ${TIMED} AND from_n IS NOT NULL AND to_n IS NOT NULL AND NOT is_hole
       AND NOT (cause IN ('disconnect', 'restart', 'shutdown', 'disk_full', 'clock_step', 'suspended')
         AND (${restarted} OR connection_before IS DISTINCT FROM connection_after))
       AND NOT (g.rule IN ('book', 'broken') AND ${IS_REPLACED}) AND NOT (g.rule = 'broken' AND ${HAS_REASON})`,
  )

const POLLED = problem(
  'a stream that is asked for has no gaps',
  OF_GAP,
  `gap_places g WHERE g.rule = 'asked'`,
)

/**
 * By place, so with room for what was sent and not heard; what is stored may not lie inside anyway. A book without
 * numbers may have been broken until the end.
 */
const TIMED_HOLES = problem(
  'an injected hole is not recorded',
  OF_HOLE,
  `injected_holes i WHERE rule <> 'chain' AND NOT EXISTS (FROM gap_places g WHERE g.stream_id = i.stream_id
     AND g.is_home AND coalesce(g.from_n <= i.from_n, g.is_unplaced)
     AND (coalesce(g.to_n >= i.to_n, g.is_unplaced) OR (g.rule = 'broken' AND g.to_ts IS NULL)))
     AND EXISTS (FROM heard h WHERE h.stream_id = i.stream_id AND h.n >= i.to_n)
     AND EXISTS (FROM heard h WHERE h.stream_id = i.stream_id AND h.n <= i.from_n)`,
)

const BORDERS = 'stream_id, from_seq, to_seq'

/** Without a crash the recorded holes are the injected ones, border for border. */
const EXACT_HOLES = [
  problem(
    'an injected hole is not recorded',
    OF_HOLE,
    `(SELECT ${BORDERS} FROM injected_holes WHERE rule = 'chain' EXCEPT
      SELECT ${BORDERS} FROM gap_places JOIN gap_kinds USING (gap_number) WHERE is_hole AND is_home)`,
  ),
  problem(
    'a recorded hole was not injected',
    OF_GAP,
    `gap_places g JOIN gap_kinds USING (gap_number) ANTI JOIN injected_holes USING (${BORDERS})
     WHERE is_hole AND ${CHAINED}`,
  ),
  `SELECT 'a hole is recorded more than once' AS problem, ${BORDERS}, min(cause), min(gap_id)
   FROM gap_places g JOIN gap_kinds USING (gap_number)
   WHERE is_hole AND ${CHAINED} GROUP BY ${BORDERS}, table_name HAVING count(*) > 1`,
]

/** A killed process makes holes of its own, so injected ones must only be covered. */
const COVERED_HOLES = [
  problem(
    'an injected hole is not covered',
    OF_HOLE,
    `injected_holes i WHERE rule = 'chain' AND NOT EXISTS (FROM gap_places g WHERE g.stream_id = i.stream_id
       AND g.is_home
       AND (g.from_seq IS NULL OR g.from_seq <= i.from_seq) AND (g.to_seq IS NULL OR g.to_seq >= i.to_seq))`,
  ),
]

const OWN_IMAGES = imageTables
  .map((table) => `FROM "${table}" WHERE kind IN ('derived', 'checkpoint') AND level = 0`)
  .join(' UNION ALL ')
const imageProblem = (text: string, condition: (image: string) => string): string =>
  problem(
    text,
    OF_GAP,
    `gaps g JOIN streams USING (${STREAM_KEY}) WHERE stream = '${OWN_IMAGES_STREAM}' AND ${condition(
      `EXISTS (FROM (${OWN_IMAGES}) i WHERE (i.exchange, i.market, i.symbol) = (g.exchange, g.market, g.symbol) AND`,
    )}`,
  )

/** Holes of images lie between two of them: the last one before and the first one after. */
const IMAGE_HOLES = [
  imageProblem(
    'does not begin at an image',
    (image) => `from_seq IS NOT NULL AND NOT ${image} (i.last_seq, i.received_ts) = (from_seq, from_ts))`,
  ),
  imageProblem(
    'does not end at an image',
    (image) => `to_seq IS NOT NULL AND NOT ${image} (i.last_seq, i.received_ts) = (to_seq, to_ts))`,
  ),
  imageProblem(
    'images lie inside',
    (image) => `to_ts IS NOT NULL AND ${image} i.received_ts > from_ts AND i.received_ts < to_ts)`,
  ),
]

/** Statements that end in `gap_mismatches`; `gap_places` and `gap_kinds` must stand. */
export function holesSql(restarted: boolean): string[] {
  const problems = [
    ...GAP_ROWS,
    ...CHAINED_BORDERS,
    ...CHAINED_TIMES,
    ...TIMED_BORDERS,
    needless(restarted),
    POLLED,
    TIMED_HOLES,
    ...IMAGE_HOLES,
    ...(restarted ? COVERED_HOLES : EXACT_HOLES),
  ]
  return [
    INJECTED_HOLES,
    `CREATE TABLE gap_mismatches AS
     WITH found AS (${problems.map((sql) => `(${sql})`).join('\nUNION ALL\n')})
     SELECT problem, ${STREAM_KEY}, from_seq, to_seq, cause, gap_id FROM found JOIN streams USING (stream_id)`,
  ]
}

/** Holes on both sides; an edge has a border that nobody knows; in a precautionary gap nothing is missing. */
export const HOLE_COUNTS = `
  SELECT (SELECT count(*) FROM injected_holes) AS injected,
    count(*) FILTER (is_hole AND is_home) AS recorded, count(*) FILTER (is_edge) AS edges,
    count(*) FILTER (NOT is_hole AND NOT is_edge) AS precautionary,
    (SELECT count(*) FROM gap_mismatches) AS mismatches
  FROM gap_places JOIN gap_kinds USING (gap_number)`
