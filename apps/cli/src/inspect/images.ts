import { type InstrumentKey, keyText, type Market } from '@cryptoflow/model'
import { type Duck, escapeControls } from '@cryptoflow/reader'
import { BOOK_KEY, UPDATE_ID } from './book-streams.ts'
import { MESSAGE_KEY } from './emissions.ts'
import { logLines } from './log-lines.ts'
import { imageTables } from './prints.ts'
import { type ImageAtSequence, openTruth, type Truth } from './truth.ts'

/**
 * Stored images of our own books against the second book.
 */

/** Rows of images whose text is in memory at once. */
const SLICE_ROWS = 1_500_000

const OWN_IMAGES = `
  CREATE VIEW own_images AS
  ${imageTables.map((table) => `FROM "${table}" WHERE kind IN ('derived', 'checkpoint')`).join(' UNION ALL ')};
`

/**
 * Makes `image_index`, one row per stored image: where in the log it belongs (`n`, behind the last delta that is
 * not newer), whether any emitted message ends with its sequence (`ends`), whether its frame and times are those of a
 * stored update that does (`dated`; an update without levels leaves no row to look at), how many levels a side images
 * of its kind show.
 */
export const IMAGE_INDEX_SQL = `
  ${OWN_IMAGES}
  CREATE TABLE image_index AS
  WITH images AS (
    SELECT ${BOOK_KEY}, kind, last_seq, frame, count(*) AS row_count,
      min(received_ts) AS received_ts, max(received_ts) AS received_last,
      min(event_ts) AS event_ts, max(event_ts) AS event_last, min(sent_ts) AS sent_ts, max(sent_ts) AS sent_last
    FROM own_images GROUP BY ALL
  ), updates AS (
    SELECT * FROM emitted e WHERE form = 'snapshot' OR (form = 'delta'
      AND EXISTS (FROM book_streams b
        WHERE (b.exchange, b.market, b.symbol, b.stream) = (e.exchange, e.market, e.symbol, e.stream)))
  ), deltas AS (
    SELECT ${BOOK_KEY}, last_seq, max(n) AS n FROM updates WHERE form = 'delta' GROUP BY ALL
  ), endings AS (
    SELECT ${BOOK_KEY}, last_seq, bool_or(row_count = 0) AS may_be_bare FROM updates GROUP BY ALL
  ), placed AS (
    SELECT i.*, coalesce(d.n, 0) AS n
    FROM images i ASOF LEFT JOIN deltas d
      ON (i.exchange = d.exchange AND i.market = d.market AND i.symbol = d.symbol AND i.last_seq >= d.last_seq)
    ANTI JOIN stream_books b ON (b.exchange, b.market, b.symbol) = (i.exchange, i.market, i.symbol)
  ), framed AS (
    SELECT ${BOOK_KEY}, e.n, unnest([m.frame, m.frame_last]) AS frame, nullif(e.end_seq, -1) AS last_seq
    FROM updates e JOIN stored_messages m USING (${MESSAGE_KEY}) SEMI JOIN stream_books USING (${BOOK_KEY})
  ), followed AS (
    SELECT i.*, coalesce(max(f.n), 0) AS n, count(f.n) > 0 AND bool_or(f.last_seq IS NOT DISTINCT FROM i.last_seq) AS is_told
    FROM images i SEMI JOIN stream_books USING (${BOOK_KEY}) LEFT JOIN framed f
      ON (f.exchange, f.market, f.symbol, f.frame) = (i.exchange, i.market, i.symbol, i.frame)
    GROUP BY ALL
  ), dated AS (
    SELECT DISTINCT ${BOOK_KEY}, kind, last_seq, i.frame
    FROM images i JOIN book_messages m USING (${BOOK_KEY}, last_seq)
    WHERE ((i.frame, i.received_ts) = (m.frame, m.received_ts)
        OR (i.frame, i.received_ts) = (m.frame_last, m.received_last))
      AND i.received_last = i.received_ts AND i.event_last = i.event_ts
      AND i.event_ts = CASE WHEN m.event_ts = m.received_ts THEN i.received_ts ELSE m.event_ts END
      AND i.sent_ts IS NOT DISTINCT FROM m.sent_ts AND i.sent_last IS NOT DISTINCT FROM m.sent_ts
  )
  SELECT u.* EXCLUDE (received_ts, received_last, event_ts, event_last, sent_ts, sent_last),
    ${UPDATE_ID} AS update_id, depths.depth,
    sum(row_count) OVER (ORDER BY n ROWS UNBOUNDED PRECEDING) // ${SLICE_ROWS} AS slice
  FROM (
    SELECT p.*, e.last_seq IS NOT NULL AS ends, d.frame IS NOT NULL OR coalesce(e.may_be_bare, false) AS dated
    FROM placed p LEFT JOIN endings e USING (${BOOK_KEY}, last_seq)
    LEFT JOIN dated d USING (${BOOK_KEY}, kind, last_seq, frame)
    UNION ALL BY NAME
    SELECT * EXCLUDE is_told, n > 0 AS ends, is_told AS dated FROM followed
  ) u
  JOIN (SELECT kind, max("depth") AS "depth" FROM own_images GROUP BY kind) depths USING (kind);
`

const side = (name: 'bid' | 'ask'): string => `
    string_agg(level || ':' || price || ':' || quantity, ' ') FILTER (side = '${name}') AS ${name}s,
    max(known_depth) FILTER (side = '${name}') AS ${name}s_known`

/** The images of a slice with their levels as text, in the order of the log. */
const sliceSql = (slice: number): string => `
  SELECT any_value(n) AS n, i.exchange, i.market, i.symbol, i.kind, i.last_seq, i.frame,
    ${side('bid')}, ${side('ask')}, any_value(i.depth), any_value(ends), any_value(dated)
  FROM image_index i JOIN own_images o
    ON (o.exchange, o.market, o.symbol, o.kind, o.frame) = (i.exchange, i.market, i.symbol, i.kind, i.frame)
    AND o.last_seq IS NOT DISTINCT FROM i.last_seq
  WHERE slice = ${slice}
  GROUP BY i.exchange, i.market, i.symbol, i.kind, i.last_seq, i.frame
  ORDER BY n`

/** Which stream of the log feeds the book of a key, by `keyText`. */
async function bookStreams(duck: Duck): Promise<Map<string, string>> {
  const rows = await duck.rawRows(`SELECT ${BOOK_KEY}, stream FROM book_streams`)
  return new Map(
    rows.map(([exchange, market, symbol, stream]) => {
      const key = { exchange: String(exchange), market: String(market) as Market, symbol: String(symbol) }
      return [keyText(key), String(stream)]
    }),
  )
}

interface StoredImage extends ImageAtSequence, InstrumentKey {
  /** Line of the log behind which the image belongs; 0: before all deltas. */
  readonly n: number
  readonly kind: string
  readonly frame: number
  readonly ends: boolean
  readonly dated: boolean
}

export interface ImageFault {
  readonly exchange: string
  readonly market: string
  readonly symbol: string
  readonly kind: string
  readonly last_seq: number
  readonly frame: number
  readonly found: string
}

export interface ImageVerdict {
  checked: number
  wrong: number
  readonly examples: ImageFault[]
}

/**
 * Compares every stored derived image and checkpoint with the second book at its sequence: one pass over the
 * log and over the images, both in the order of the log. `IMAGE_INDEX_SQL` must have run.
 */
export async function compareImages(duck: Duck, log: string, exampleLimit: number): Promise<ImageVerdict> {
  const truth = await openTruth(log, await bookStreams(duck))
  const verdict: ImageVerdict = { checked: 0, wrong: 0, examples: [] }
  try {
    const images = storedImages(duck)
    let next = await images.next()
    const judgeUpTo = async (n: number): Promise<void> => {
      for (; !next.done && next.value.n <= n; next = await images.next()) {
        const image = next.value
        count(verdict, image, await faultOf(truth, image), exampleLimit)
      }
    }
    await judgeUpTo(0)
    for await (const lines of logLines(log)) {
      for (const { bytes } of lines) {
        const n = await truth.take(bytes)
        if (n !== null && !next.done && next.value.n <= n) await judgeUpTo(n)
      }
    }
    await judgeUpTo(Number.POSITIVE_INFINITY)
    return verdict
  } finally {
    await truth.close()
  }
}

async function faultOf(truth: Truth, image: StoredImage): Promise<string | null> {
  if (!image.ends) return 'no emitted update ends with this sequence'
  if (!image.dated) return 'its frame and times are not those of the update with its sequence'
  return await truth.fault(image)
}

function count(verdict: ImageVerdict, image: StoredImage, found: string | null, exampleLimit: number): void {
  verdict.checked += 1
  if (found === null) return
  verdict.wrong += 1
  if (verdict.examples.length === exampleLimit) return
  verdict.examples.push({
    exchange: escapeControls(image.exchange),
    market: escapeControls(image.market),
    symbol: escapeControls(image.symbol),
    kind: image.kind,
    last_seq: image.lastSeq,
    frame: image.frame,
    found: escapeControls(found),
  })
}

async function* storedImages(duck: Duck): AsyncGenerator<StoredImage> {
  const [last] = await duck.objects<{ slice: number }>(
    'SELECT coalesce(max(slice), -1)::BIGINT AS slice FROM image_index',
  )
  for (let slice = 0; slice <= (last?.slice ?? -1); slice++) yield* slicedImages(duck, slice)
}

async function* slicedImages(duck: Duck, slice: number): AsyncGenerator<StoredImage> {
  for await (const rows of duck.chunks(sliceSql(slice))) {
    for (const row of rows) {
      const [
        n,
        exchange,
        market,
        symbol,
        kind,
        lastSeq,
        frame,
        bids,
        bidsKnown,
        asks,
        asksKnown,
        depth,
        ends,
        dated,
      ] = row
      const key = { exchange: String(exchange), market: String(market) as Market, symbol: String(symbol) }
      yield {
        ...key,
        n: Number(n),
        key: keyText(key),
        kind: String(kind),
        lastSeq: Number(lastSeq),
        frame: Number(frame),
        bids: { levels: String(bids ?? ''), knownDepth: bidsKnown as number | null },
        asks: { levels: String(asks ?? ''), knownDepth: asksKnown as number | null },
        depth: Number(depth),
        ends: ends === true,
        dated: dated === true,
      }
    }
  }
}
