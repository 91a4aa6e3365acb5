import { quoted } from './duck.ts'

/**
 * The emission log of a simulated exchange as DuckDB sees it: what was emitted, as messages and as the rows
 * that each message must become.
 *
 * A row's *fingerprint* is a 64-bit hash of everything in it that follows from the message; a message's is the
 * sum over its rows. Both sides of every comparison are made by the macros here, so they cannot drift apart.
 * The *key* of a message is (form, exchange, market, symbol, first_seq, last_seq); form is `trade`, `delta` or
 * `snapshot`.
 */
export const MESSAGE_KEY = 'form, exchange, market, symbol, first_seq, last_seq'

/** Field by field, so that a log with other fields or types is an error and not a guess. */
const LOG_COLUMNS = `{
  n: 'BIGINT', exchange: 'VARCHAR', market: 'VARCHAR', symbol: 'VARCHAR', stream: 'VARCHAR',
  "first": 'BIGINT', "last": 'BIGINT', event_ms: 'BIGINT', trade_ms: 'BIGINT',
  copies: 'INTEGER', connection: 'BIGINT', fault: 'VARCHAR',
  bids: 'VARCHAR[][]', asks: 'VARCHAR[][]',
  price: 'VARCHAR', quantity: 'VARCHAR', side: 'VARCHAR', wire: 'VARCHAR'
}`

/** Readings of a number's text, and the fingerprints of rows. */
const MACROS = `
  CREATE MACRO has_exponent(number) AS contains(number, 'e') OR contains(number, 'E');

  CREATE MACRO written_scale(number) AS CASE
    WHEN has_exponent(number) THEN greatest(0,
      length(split_part(split_part(lower(number), 'e', 1), '.', 2))
        - split_part(lower(number), 'e', 2)::INTEGER)
    WHEN contains(number, '.') THEN length(number) - strpos(number, '.')
    ELSE 0 END;

  -- A number that the column cannot hold exactly equals nothing: a cast would round it. Reading short numbers as
  -- a narrow decimal first is the same and takes a tenth of the time.
  CREATE MACRO exact(number) AS CASE
    WHEN written_scale(number) <= 8 AND length(number) - written_scale(number) <= 11
      AND NOT has_exponent(number) THEN TRY_CAST(number AS DECIMAL(18, 8))::DECIMAL(38, 18)
    WHEN written_scale(number) <= 18 THEN TRY_CAST(number AS DECIMAL(38, 18)) END;

  -- 'extra' is text of columns that these messages have no value for: it must be null.
  CREATE MACRO heading(source, event_us, event_source, sent_us, unit, extra) AS
    hash(source, event_us::BIGINT, event_source, sent_us::BIGINT, unit, extra::VARCHAR);

  CREATE MACRO level_print(heading, side, level_index, price, price_scale, quantity, quantity_scale) AS
    hash(heading, side, level_index::INTEGER, price, price_scale::INTEGER, quantity, quantity_scale::INTEGER);

  CREATE MACRO trade_print(heading, trade_id, kind, side, price, price_scale, quantity, quantity_scale) AS
    hash(heading, trade_id, kind, side, price, price_scale::INTEGER, quantity, quantity_scale::INTEGER);

  CREATE MACRO emitted_level(heading, side, place, level) AS level_print(heading, side, place - 1,
    exact(level[1]), written_scale(level[1]), exact(level[2]), written_scale(level[2]));

  CREATE MACRO side_print(heading, side, levels) AS coalesce(list_sum(list_transform(levels,
    lambda level, place: emitted_level(heading, side, place, level)::HUGEINT)), 0);

  CREATE MACRO home_table(stream) AS CASE stream WHEN 'trade' THEN 'ticks' ELSE 'spot_delta' END;
`

/** A message's time: the engine's where it has one, else the send time; a REST answer carries none. */
const LOG_VIEW = `
  CREATE VIEW emission_lines AS
  SELECT n, exchange, market, symbol, stream, "first" AS first_seq, "last" AS last_seq,
    CASE stream WHEN 'trade' THEN 'trade' WHEN 'snapshot' THEN 'snapshot' ELSE 'delta' END AS form,
    copies, fault, bids, asks, price, quantity, side, wire,
    CASE stream
      WHEN 'snapshot' THEN heading('rest', NULL, 'received', NULL, 'base', NULL)
      ELSE heading('ws', coalesce(trade_ms, event_ms) * 1000,
        CASE WHEN trade_ms IS NULL THEN 'sent' ELSE 'engine' END, event_ms * 1000, 'base', NULL)
    END AS heading
  FROM read_json(LOG, format = 'newline_delimited', columns = ${LOG_COLUMNS});
`

const EMITTED = `
  CREATE TABLE emitted AS
  SELECT n, ${MESSAGE_KEY}, stream, copies, fault, wire,
    CASE form WHEN 'trade' THEN 1 ELSE len(bids) + len(asks) END AS row_count,
    CASE form
      WHEN 'trade' THEN trade_print(heading, first_seq::VARCHAR, 'trade', side,
        exact(price), written_scale(price), exact(quantity), written_scale(quantity))::HUGEINT
      ELSE side_print(heading, 'bid', bids) + side_print(heading, 'ask', asks)
    END AS fingerprint
  FROM emission_lines;
`

/** Read only for the few messages that need a second look. */
const EMITTED_ROWS = `
  CREATE VIEW emitted_rows AS
  WITH level_lists AS (
    SELECT *, 'bid' AS level_side, bids AS levels FROM emission_lines WHERE form <> 'trade'
    UNION ALL SELECT *, 'ask', asks FROM emission_lines WHERE form <> 'trade'
  ), levels AS (
    SELECT *, unnest(levels) AS level, generate_subscripts(levels, 1) AS place FROM level_lists
  )
  SELECT ${MESSAGE_KEY}, emitted_level(heading, level_side, place, level) AS fingerprint,
    concat_ws(' ', level_side, place - 1, level[1], level[2]) AS shown
  FROM levels
  UNION ALL
  SELECT ${MESSAGE_KEY}, trade_print(heading, first_seq::VARCHAR, 'trade', side,
      exact(price), written_scale(price), exact(quantity), written_scale(quantity)),
    concat_ws(' ', side, price, quantity)
  FROM emission_lines WHERE form = 'trade';
`

/** Statements that read the log at `path` into `emitted` and define `emitted_rows`. */
export function emissionSql(path: string): string[] {
  return [MACROS, LOG_VIEW.replace('LOG,', () => `${quoted(path)},`), EMITTED, EMITTED_ROWS]
}
