import { MESSAGE_KEY, STREAM_KEY } from './emissions.ts'

/**
 * Which stream feeds a key's book, where several carry its changes at different speeds, and the stored messages that
 * the book was made of.
 */

export const BOOK_KEY = 'exchange, market, symbol'

/**
 * The stream with most messages that were stored while the book was live; before a book ever is, the first in the log.
 */
const BOOK_STREAMS = `
  CREATE TABLE book_streams AS
  WITH speeds AS (
    SELECT ${STREAM_KEY}, min(n) AS begins FROM emitted WHERE form = 'delta' GROUP BY ALL
  ), contested AS (
    SELECT ${BOOK_KEY} FROM speeds GROUP BY ALL HAVING count(*) > 1
  ), live AS (
    SELECT ${STREAM_KEY}, count(*) AS live_messages
    FROM emitted SEMI JOIN contested USING (${BOOK_KEY}) JOIN stored_messages s USING (${MESSAGE_KEY})
    WHERE form = 'delta' AND s.is_live GROUP BY ALL
  )
  SELECT ${STREAM_KEY} FROM speeds LEFT JOIN live USING (${STREAM_KEY})
  QUALIFY row_number() OVER (PARTITION BY ${BOOK_KEY} ORDER BY coalesce(live_messages, 0) DESC, begins) = 1;
`

/** Books that begin in their stream, where sequences begin anew or are none: their updates are told by frames. */
const STREAM_BOOKS = `
  CREATE TABLE stream_books AS SELECT DISTINCT ${BOOK_KEY} FROM emitted WHERE is_snapshot;
`

/** What tells an update of a book from the others: its frame, or its sequence; in either its successors have more. */
export const UPDATE_ID = `CASE WHEN EXISTS (FROM stream_books b
  WHERE (b.exchange, b.market, b.symbol) = (u.exchange, u.market, u.symbol)) THEN u.frame ELSE u.last_seq END`

/** Updates of the book itself: what other speeds say is stored beside it and does not touch it. */
const BOOK_MESSAGES = `
  CREATE TABLE book_messages AS
  WITH beside AS (
    SELECT DISTINCT ${MESSAGE_KEY} FROM emitted ANTI JOIN book_streams USING (${STREAM_KEY}) WHERE form = 'delta'
  ), elsewhere AS (
    SELECT ${MESSAGE_KEY} FROM beside ANTI JOIN (
      FROM emitted SEMI JOIN book_streams USING (${STREAM_KEY})
    ) USING (${MESSAGE_KEY})
  )
  SELECT ${BOOK_KEY}, form, ${UPDATE_ID} AS update_id, last_seq, frame, frame_last, received_ts, received_last, event_ts, sent_ts, is_live, is_unready
  FROM stored_messages u ANTI JOIN elsewhere USING (${MESSAGE_KEY})
  WHERE form IN ('delta', 'snapshot');
`

/** Statements that make `book_streams` and `book_messages`. */
export const bookStreamSql: readonly string[] = [BOOK_STREAMS, STREAM_BOOKS, BOOK_MESSAGES]
