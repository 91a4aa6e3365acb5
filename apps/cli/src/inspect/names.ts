import { type TableName, tables } from '@cryptoflow/model'

/**
 * The column `instrument` in all tables: null until the key's first row in `instruments`, its name from then on. The
 * order is that of the frames of one writer.
 */

const KEY = 'exchange, market, symbol, writer'

/** Names by key and writer. An instrument keeps its name as long as its symbol lives. */
const INSTRUMENT_NAMES = `
  CREATE TABLE instrument_names AS
  SELECT ${KEY}, min(frame) AS named_from, min(instrument) AS name,
    count(instrument) = count(*) AND min(instrument) = max(instrument) AS is_one
  FROM instruments GROUP BY ALL;
`

/** Our own images bear the frame of the last update in them and are written later, so theirs may come first. */
const mayComeFirst = (table: TableName): string =>
  'kind' in tables[table].columns && 'book_state' in tables[table].columns
    ? `kind IN ('derived', 'checkpoint')`
    : 'false'

/** A hole that ends with the message that names the key, and minutes and bars before it, are written before the name is known. */
const wrongNames = (table: TableName): string => `
  SELECT '${table}' AS table_name, ${KEY}, frame, any_value(instrument) AS instrument, any_value(name) AS expected
  FROM (
    SELECT ${KEY}, frame, instrument, CASE WHEN frame >= named_from THEN name END AS name,
      is_one IS NOT DISTINCT FROM false
        OR (instrument IS DISTINCT FROM CASE WHEN frame >= named_from THEN i.name END
          AND NOT (${mayComeFirst(table)} AND instrument IS NOT DISTINCT FROM i.name)
          AND NOT (${table === 'gaps' || table === 'coverage' || table === 'bars'} AND instrument IS NULL AND frame = named_from)) AS is_wrong
    FROM "${table}" t LEFT JOIN instrument_names i USING (${KEY})
    WHERE instrument IS NOT NULL OR i.writer IS NOT NULL
  ) WHERE is_wrong GROUP BY ${KEY}, frame`

/** Statements that make `wrong_names`: a line per frame, key and table in which a row is named wrongly or not at all. */
export const namesSql: readonly string[] = [
  INSTRUMENT_NAMES,
  `CREATE TABLE wrong_names AS ${(Object.keys(tables) as TableName[]).map(wrongNames).join('\nUNION ALL\n')}`,
]

export const NAME_COUNTS = 'SELECT count(*) AS wrong FROM wrong_names'

export const nameExamples = (limit: number): string => `
  SELECT * EXCLUDE writer FROM wrong_names ORDER BY ALL LIMIT ${limit}`
