import type { TableName } from '@cryptoflow/model'
import { quoted } from '@cryptoflow/reader'
import { deltaTables, emittedPrint, emittedShown, hasUnit, imageTables, singleRowTables } from './prints.ts'

/**
 * The emission log of a simulated exchange as DuckDB sees it: what was emitted, as messages and as the rows
 * that each message must become.
 *
 * A row's *fingerprint* is a 64-bit hash of everything in it that follows from the message; a message's is the
 * sum over its rows. Both sides of every comparison are made by the same macros, so they cannot drift apart.
 *
 * A *message* here is one event of one key: the row or rows of one table that it becomes. Its *form* is `trade`,
 * `aggregate`, `delta`, `snapshot`, `partial`, `rest`, or the table's name. What tells messages of equal sequences apart is
 * their *mark*: of a book message its heading (times, the sequence before, the depth), of other events without an id
 * the fingerprint itself. `first_seq` and `last_seq` are what the rows say, of trades their id; `begin_seq` and `end_seq`
 * what the sequence of the stream says.
 */
export const MESSAGE_KEY = 'table_name, form, exchange, market, symbol, first_seq, last_seq, mark'

/** A stream of a key. */
export const STREAM_KEY = 'exchange, market, symbol, stream'

/** Field by field, so that a log with other fields or types is an error and not a guess. */
const LOG_COLUMNS = `{
  n: 'BIGINT', exchange: 'VARCHAR', market: 'VARCHAR', symbol: 'VARCHAR', stream: 'VARCHAR', "table": 'VARCHAR',
  "first": 'BIGINT', "last": 'BIGINT', prev: 'BIGINT', is_snapshot: 'BOOLEAN',
  unit: 'VARCHAR', "depth": 'INTEGER', is_answer: 'BOOLEAN', checksum: 'BIGINT', at_ms: 'BIGINT', sent_ms: 'BIGINT', engine_ms: 'BIGINT',
  copies: 'INTEGER', connection: 'BIGINT', fault: 'VARCHAR',
  bids: 'VARCHAR[][]', asks: 'VARCHAR[][]', "values": 'MAP(VARCHAR, VARCHAR)', wire: 'VARCHAR'
}`

/** Readings of a number's text, and the fingerprints of rows. */
const MACROS = `
  CREATE MACRO has_exponent(number) AS contains(number, 'e') OR contains(number, 'E');

  CREATE MACRO written_scale(number) AS CASE
    WHEN has_exponent(number) THEN greatest(0,
      length(split_part(split_part(lower(number), 'e', 1), '.', 2))
        - TRY_CAST(split_part(lower(number), 'e', 2) AS INTEGER))
    WHEN contains(number, '.') THEN length(number) - strpos(number, '.')
    ELSE 0 END;

  -- A number that the column cannot hold exactly equals nothing: a cast would round it. Reading short numbers as
  -- a narrow decimal first is the same and takes a tenth of the time.
  CREATE MACRO exact(number) AS CASE
    WHEN written_scale(number) <= 8 AND length(number) - written_scale(number) <= 11
      AND NOT has_exponent(number) THEN TRY_CAST(number AS DECIMAL(18, 8))::DECIMAL(38, 18)
    WHEN written_scale(number) <= 18 THEN TRY_CAST(number AS DECIMAL(38, 18)) END;

  -- 'told' is a number that belongs to the whole message (the sequence before, the depth of an image); 'extra' is a
  -- checksum, or of columns that these messages have no value for: then it must be null.
  CREATE MACRO heading_of(source, event_us, event_source, sent_us, unit, told, extra) AS
    hash(source, event_us::BIGINT, event_source, sent_us::BIGINT, unit, told::BIGINT, extra::BIGINT);

  CREATE MACRO level_print(heading, side, level_index, price, price_scale, quantity, quantity_scale) AS
    hash(heading, side, level_index::INTEGER, price, price_scale::INTEGER, quantity, quantity_scale::INTEGER);

  -- Levels are counted through both sides, from 1.
  CREATE MACRO side_at(place, bid_count) AS CASE WHEN place <= bid_count THEN 'bid' ELSE 'ask' END;
  CREATE MACRO index_at(place, bid_count) AS place - 1 - CASE WHEN place <= bid_count THEN 0 ELSE bid_count END;

  CREATE MACRO emitted_level(heading, place, bid_count, level) AS
    level_print(heading, side_at(place, bid_count), index_at(place, bid_count),
      exact(level[1]), written_scale(level[1]), exact(level[2]), written_scale(level[2]));

  CREATE MACRO depth_of(bids, asks) AS greatest(len(bids), len(asks));

  -- One subscription brings such a stream of all symbols; that a symbol is in it shows with its first event.
  CREATE MACRO is_of_market(stream) AS starts_with(stream, '!');
`

/**
 * The log's lines. A message's time is the engine's where it has one, else the send time; a few carry none.
 *
 * `rule` says what the sequence of its stream proves: `chain`, ids go on from message to message; `grows`, a larger
 * one is newer and nothing more; `none`, there is none, or one that may fall; `asked`, an answer by REST; `book`, a numbered book that begins
 * in its stream, where numbers begin anew with every snapshot; `broken`, such a book without numbers, which from a
 * hole to the next snapshot is no book.
 */
const LOG_VIEW = `
  CREATE VIEW emission_lines AS
  SELECT n, "table" AS table_name,
    CASE WHEN "table" = 'ticks' THEN "values"['kind']
      WHEN ${isOf(deltaTables)} THEN CASE WHEN is_answer OR is_snapshot THEN 'snapshot' ELSE 'delta' END
      WHEN ${isOf(imageTables)} THEN CASE WHEN is_answer THEN 'rest' ELSE 'partial' END
      ELSE "table" END AS form,
    exchange, market, symbol, coalesce("first", "last", -1) AS begin_seq, coalesce("last", -1) AS end_seq,
    coalesce(CASE "table" WHEN 'ticks' THEN TRY_CAST("values"['trade_id'] AS BIGINT) ELSE "first" END, -1) AS first_seq,
    coalesce(CASE "table" WHEN 'ticks' THEN TRY_CAST("values"['trade_id'] AS BIGINT) ELSE "last" END, -1) AS last_seq,
    "first" IS NOT NULL OR prev IS NOT NULL AS is_chained, stream,
    is_answer, is_snapshot, copies, connection, fault, at_ms, bids, asks, "values", wire,
    coalesce(engine_ms, sent_ms) * 1000 AS event_us,
    heading_of(CASE WHEN is_answer THEN 'rest' ELSE 'ws' END, coalesce(engine_ms, sent_ms) * 1000,
      CASE WHEN engine_ms IS NOT NULL THEN 'engine' WHEN sent_ms IS NOT NULL THEN 'sent' ELSE 'received' END,
      sent_ms * 1000,
      CASE WHEN "table" IN (${withUnit()}) THEN unit END,
      CASE WHEN form IN ('delta', 'snapshot') THEN prev WHEN form IN ('partial', 'rest') THEN depth_of(bids, asks) END,
      nullif(checksum, 0)) AS heading
  FROM read_json(LOG, format = 'newline_delimited', columns = ${LOG_COLUMNS});
`

/** Numbers of these streams may fall, so that an old one may be news; a short run need not show it. */
const FALLING = `('okx', 'bbo-tbt'), ('okx', 'books5')`

/**
 * `due` is how often a message must be stored: once however often it was sent, each time that a question was
 * answered with it (an instrument only when it changed), never when nobody was sent it.
 */
const EMITTED = `
  CREATE VIEW emitted_levels AS
  SELECT n, heading, len(bids) AS bid_count, unnest(list_concat(bids, asks)) AS level,
    generate_subscripts(list_concat(bids, asks), 1) AS place
  FROM emission_lines;

  CREATE TABLE rules AS
  SELECT ${STREAM_KEY}, CASE WHEN bool_and(is_answer) THEN 'asked'
    WHEN bool_or(is_snapshot) THEN CASE WHEN bool_or(end_seq >= 0) THEN 'book' ELSE 'broken' END
    WHEN bool_or(is_chained) THEN 'chain'
    WHEN bool_or(end_seq >= 0) AND NOT bool_or(falls) AND NOT bool_or((exchange, stream) IN (${FALLING})) THEN 'grows'
    ELSE 'none' END AS rule
  FROM (
    SELECT *, coalesce(end_seq < lag(end_seq) OVER (PARTITION BY ${STREAM_KEY} ORDER BY n), false) AS falls
    FROM emission_lines
  ) GROUP BY ALL;

  CREATE TABLE emitted AS
  WITH level_sums AS (
    SELECT n, sum(emitted_level(heading, place, bid_count, level)) AS fingerprint FROM emitted_levels GROUP BY n
  ), printed AS (
    SELECT l.*, rule, CASE WHEN ${isOf(singleRowTables, 'table_name')} THEN 1 ELSE len(bids) + len(asks) END AS row_count,
      CASE ${singleRowTables.map((table) => `WHEN table_name = '${table}' THEN ${emittedPrint(table)}::HUGEINT`).join('\n')}
        ELSE coalesce(s.fingerprint, 0) END AS fingerprint
    FROM emission_lines l JOIN rules USING (${STREAM_KEY}) LEFT JOIN level_sums s USING (n)
  )
  SELECT n, table_name, form, exchange, market, symbol, first_seq, last_seq, begin_seq, end_seq,
    CASE WHEN table_name = 'ticks' AND first_seq >= 0 THEN 0::UBIGINT
      WHEN ${isOf(singleRowTables, 'table_name')} THEN fingerprint::UBIGINT ELSE heading END AS mark,
    stream, rule, is_snapshot, copies, connection, fault, at_ms, wire, row_count, fingerprint,
    CASE WHEN rule = 'asked' AND table_name <> 'instruments' THEN copies ELSE least(copies, 1) END AS due
  FROM printed;
`

/**
 * An instrument that is delivered as it was delivered before is no change: it leaves no row. By websocket it is a
 * message all the same, beside which others may be missing.
 */
const UNCHANGED_INSTRUMENTS = `
  UPDATE emitted SET row_count = 0, due = 0 WHERE n IN (
    SELECT n FROM (
      SELECT n, mark = lag(mark) OVER (PARTITION BY ${STREAM_KEY} ORDER BY n) AS is_unchanged
      FROM emitted WHERE table_name = 'instruments' AND copies > 0
    ) WHERE is_unchanged);
  DELETE FROM emitted WHERE table_name = 'instruments' AND row_count = 0 AND rule = 'asked';
`

/**
 * Read only for the few messages that need a second look: those of several rows, and of an id that tells them apart.
 * Others have their values in the key.
 */
const EMITTED_ROWS = `
  CREATE VIEW emitted_rows AS
  SELECT ${MESSAGE_KEY}, due, emitted_level(heading, place, bid_count, level) AS fingerprint,
    concat_ws(' ', side_at(place, bid_count), index_at(place, bid_count), level[1], level[2]) AS shown
  FROM emitted_levels JOIN emitted USING (n)
  WHERE due > 0 AND ${isOf([...deltaTables, ...imageTables], 'table_name')}
  UNION ALL
  SELECT ${MESSAGE_KEY}, due, ${emittedPrint('ticks')}, ${emittedShown('ticks')}
  FROM (SELECT n, heading, "values" FROM emission_lines) JOIN emitted USING (n)
  WHERE due > 0 AND table_name = 'ticks';
`

/** Statements that read the log at `path` into `emitted` and define `emitted_rows`. */
export function emissionSql(path: string): string[] {
  const view = LOG_VIEW.replace('LOG,', () => `${quoted(path)},`)
  return [MACROS, view, EMITTED, UNCHANGED_INSTRUMENTS, EMITTED_ROWS]
}

function isOf(names: readonly TableName[], column = '"table"'): string {
  return `${column} IN (${names.map(quoted).join(', ')})`
}

function withUnit(): string {
  return [...singleRowTables, ...deltaTables, ...imageTables].filter(hasUnit).map(quoted).join(', ')
}
