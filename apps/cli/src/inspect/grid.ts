import { BOOK_KEY } from './book-streams.ts'
import { OWN_IMAGES_STREAM } from './gap-places.ts'

/**
 * Completeness of derived images on the 100 ms grid: which are due, and what stands there. Of a market without any, none
 * was asked for.
 */

/** Cells of the grid on which derived images are due. */
const GRID_US = 100_000

const cellOf = (time: string): string => `epoch_us(${time}) // ${GRID_US}`

/**
 * Statements that make `grid_cells`, the cells in which an image is due. An image belongs to the cell in which
 * the delta came that it ends with. In a cell where the book left `live` or was cut, nothing is promised: of a book
 * that begins in its stream also where the last message came before a snapshot, before the book was none or before
 * nothing more: its connection may have ended, or that message may have shown the book to be wrong. None is due in a
 * recorded hole of the images themselves.
 */
export const GRID_SQL = `
  CREATE TABLE live_deltas AS
  SELECT ${BOOK_KEY}, update_id, min(${cellOf('received_ts')}) AS cell
  FROM book_messages WHERE form = 'delta' AND is_live GROUP BY ALL;

  CREATE TABLE cut_cells AS
  SELECT ${BOOK_KEY}, unnest([${['received_ts', 'received_last'].map(cellOf).join(', ')}]) AS cell
  FROM book_messages WHERE form = 'snapshot' OR (is_unready AND NOT is_live)
  UNION SELECT ${BOOK_KEY}, unnest([${['received_ts', 'from_ts', 'to_ts'].map(cellOf).join(', ')}])
  FROM gaps SEMI JOIN book_streams USING (${BOOK_KEY}, stream)
  UNION SELECT ${BOOK_KEY}, ${cellOf('heard_before')} FROM (
    SELECT ${BOOK_KEY}, form = 'snapshot' OR (is_unready AND NOT is_live) AS is_after,
      lag(received_last) OVER (PARTITION BY ${BOOK_KEY} ORDER BY frame) AS heard_before
    FROM book_messages SEMI JOIN stream_books USING (${BOOK_KEY})
  ) WHERE is_after AND heard_before IS NOT NULL
  UNION SELECT ${BOOK_KEY}, ${cellOf('max(received_last)')}
  FROM book_messages SEMI JOIN stream_books USING (${BOOK_KEY}) GROUP BY ALL;

  CREATE TABLE image_holes AS
  SELECT ${BOOK_KEY}, min(${cellOf('from_ts')}) AS from_cell, coalesce(max(${cellOf('to_ts')}), 9e15::BIGINT) AS to_cell
  FROM gaps WHERE stream = '${OWN_IMAGES_STREAM}' GROUP BY ${BOOK_KEY}, gap_id;

  CREATE TABLE grid_cells AS
  WITH due AS (SELECT ${BOOK_KEY}, cell, max(update_id) AS due_seq FROM live_deltas GROUP BY ALL),
  derived AS (SELECT ${BOOK_KEY}, update_id FROM image_index WHERE kind = 'derived'),
  placed AS (SELECT ${BOOK_KEY}, cell, update_id FROM derived JOIN live_deltas USING (${BOOK_KEY}, update_id))
  SELECT ${BOOK_KEY}, cell, due_seq, count(*) FILTER (update_id = due_seq) AS images,
    count(*) FILTER (update_id <> due_seq) AS others
  FROM due SEMI JOIN (SELECT DISTINCT exchange, market FROM derived) USING (exchange, market)
  LEFT JOIN placed USING (${BOOK_KEY}, cell) ANTI JOIN cut_cells USING (${BOOK_KEY}, cell)
  ANTI JOIN image_holes h ON (h.exchange, h.market, h.symbol) = (due.exchange, due.market, due.symbol)
    AND due.cell BETWEEN h.from_cell AND h.to_cell
  GROUP BY ${BOOK_KEY}, cell, due_seq;
`

/** Due images that are missing, and images that are not due. */
export const GRID_COUNTS = `
  SELECT count(*) FILTER (images = 0) AS missing,
    (coalesce(sum(greatest(images - 1, 0)), 0) + coalesce(sum(others), 0))::BIGINT AS needless
  FROM grid_cells`

export const gridExamples = (limit: number): string => `
  SELECT ${BOOK_KEY}, make_timestamptz(cell * ${GRID_US}) AS cell_start, due_seq, images, others
  FROM grid_cells WHERE images <> 1 OR others > 0 ORDER BY ALL LIMIT ${limit}`
