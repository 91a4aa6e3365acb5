import type { TableName } from '@cryptoflow/model'
import { MESSAGE_KEY } from './emissions.ts'
import { deltaTables, hasUnit, imageTables, singleRowTables, storedPrint, storedShown } from './prints.ts'

/**
 * The finished tables as messages: every stored row with its key and fingerprint, in the words of the log.
 */

/** A row without a time of its own must have ours. */
const EVENT_US = `
  CASE WHEN event_ts_source = 'received' AND event_ts = received_ts THEN NULL ELSE epoch_us(event_ts) END`

const heading = (unit: string, told: string, extra: string): string =>
  `heading_of(source, ${EVENT_US}, event_ts_source, epoch_us(sent_ts), ${unit}, ${told}, ${extra})`

const ORIGIN = 'writer, frame, received_ts, event_ts, sent_ts'

function singleRows(table: TableName, source: string): string {
  const unit = hasUnit(table) ? 'quantity_unit' : 'NULL'
  const id = table === 'ticks' ? 'TRY_CAST(trade_id AS BIGINT)' : 'NULL'
  const last = table === 'ticks' ? id : table === 'bbo' ? 't.last_seq' : 'NULL'
  return `
    SELECT '${table}' AS table_name, ${table === 'ticks' ? 'kind' : `'${table}'`} AS form, exchange, market, symbol,
      coalesce(${id}, -1)::BIGINT AS first_seq, coalesce(${last}, -1)::BIGINT AS last_seq,
      ${storedPrint(table, heading(unit, 'NULL', 'NULL'))} AS fingerprint,
      CASE WHEN '${table}' = 'ticks' AND first_seq >= 0 THEN 0::UBIGINT ELSE fingerprint END AS mark,
      ${ORIGIN}, ${storedShown(table)} AS shown
    FROM ${source} t`
}

const LEVEL_SHOWN = (index: string): string => `concat_ws(' ', side, ${index}, price, quantity)`

/** Deltas that were sent; those that we derived are compared by `changes.ts`. */
function deltaRows(table: TableName, source: string): string {
  const extra = 'coalesce(checksum, CASE WHEN is_snapshot THEN t.first_seq END)'
  return `
    SELECT '${table}' AS table_name, CASE WHEN is_snapshot THEN 'snapshot' ELSE 'delta' END AS form,
      exchange, market, symbol,
      coalesce(CASE WHEN NOT is_snapshot THEN t.first_seq END, -1) AS first_seq, coalesce(t.last_seq, -1) AS last_seq,
      ${heading('quantity_unit', 'prev_seq', extra)} AS mark,
      level_print(mark, side, level_index, price, price_scale, quantity, quantity_scale) AS fingerprint,
      book_state, ${ORIGIN}, ${LEVEL_SHOWN('level_index')} AS shown
    FROM ${source} t WHERE source <> 'derived'`
}

/** Images that are not ours; ours are compared by `images.ts`. */
function imageRows(table: TableName, source: string): string {
  return `
    SELECT '${table}' AS table_name, kind AS form, exchange, market, symbol,
      (-1)::BIGINT AS first_seq, coalesce(t.last_seq, -1) AS last_seq,
      ${heading('quantity_unit', '"depth"', 'NULL')} AS mark,
      level_print(mark, side, "level", price, price_scale, quantity, quantity_scale) AS fingerprint,
      ${ORIGIN}, ${LEVEL_SHOWN('"level"')} AS shown
    FROM ${source} t WHERE kind NOT IN ('derived', 'checkpoint')`
}

/** A query for the rows of all tables with an oracle; `sourceOf` is what to read instead of a table. */
export function storedRows(sourceOf: (table: TableName) => string): string {
  return [
    ...singleRowTables.map((table) => singleRows(table, sourceOf(table))),
    ...deltaTables.map((table) => deltaRows(table, sourceOf(table))),
    ...imageTables.map((table) => imageRows(table, sourceOf(table))),
  ].join('\nUNION ALL BY NAME\n')
}

/**
 * Statements that make `stored_rows` and, grouped, `stored_messages`. Origins are the first row's; equal messages
 * of two streams have two frames, so the last one's are there as well.
 */
export const storedSql: readonly string[] = [
  `CREATE VIEW stored_rows AS ${storedRows((table) => `"${table}"`)}`,
  `CREATE TABLE stored_messages AS
  SELECT ${MESSAGE_KEY}, count(*) AS row_count, sum(fingerprint) AS fingerprint,
    min(writer) AS writer, min(frame) AS frame, max(frame) AS frame_last,
    min(received_ts) AS received_ts, max(received_ts) AS received_last,
    min(event_ts) AS event_ts, min(sent_ts) AS sent_ts,
    bool_or(book_state = 'live') AS is_live, bool_or(book_state IN ('waiting', 'resync')) AS is_unready,
    coalesce(bool_and(form = 'snapshot' AND book_state = 'stale'), false) AS is_aside
  FROM stored_rows GROUP BY ALL`,
]
