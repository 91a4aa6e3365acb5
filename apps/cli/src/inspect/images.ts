import { type InstrumentKey, keyText, type Market } from '@cryptoflow/model'
import type { Duck } from './duck.ts'
import { escapeControls } from './exact.ts'
import { logLines } from './log-lines.ts'
import { type ImageAtSequence, openTruth } from './truth.ts'

/**
 * Stored book images against the second book.
 */

const BOOK_KEY = 'exchange, market, symbol'
/** Rows of images whose text is in memory at once. */
const SLICE_ROWS = 1_500_000

/**
 * Makes `image_index`, one row per stored image: where in the log it belongs (`n`, behind the last delta that is
 * not newer), whether any emitted message ends with its sequence, how many levels a side images of its kind show.
 */
export const IMAGE_INDEX_SQL = `
  CREATE TABLE image_index AS
  WITH images AS (
    SELECT ${BOOK_KEY}, kind, last_seq, frame, count(*) AS row_count
    FROM spot_ob WHERE kind IN ('derived', 'checkpoint') GROUP BY ALL
  ), deltas AS (
    SELECT ${BOOK_KEY}, last_seq, max(n) AS n FROM emitted WHERE form = 'delta' GROUP BY ALL
  ), endings AS (
    SELECT DISTINCT ${BOOK_KEY}, last_seq FROM emitted WHERE form IN ('delta', 'snapshot')
  ), placed AS (
    SELECT i.*, coalesce(d.n, 0) AS n
    FROM images i ASOF LEFT JOIN deltas d
      ON (i.exchange = d.exchange AND i.market = d.market AND i.symbol = d.symbol AND i.last_seq >= d.last_seq)
  )
  SELECT p.*, depths.depth, e.last_seq IS NOT NULL AS ends,
    sum(row_count) OVER (ORDER BY n ROWS UNBOUNDED PRECEDING) // ${SLICE_ROWS} AS slice
  FROM placed p LEFT JOIN endings e USING (${BOOK_KEY}, last_seq)
  JOIN (SELECT kind, max(depth) AS depth FROM spot_ob GROUP BY kind) depths USING (kind);
`

const side = (name: 'bid' | 'ask'): string => `
    string_agg(level || ':' || price || ':' || quantity, ' ') FILTER (side = '${name}') AS ${name}s,
    max(known_depth) FILTER (side = '${name}') AS ${name}s_known`

/** The images of a slice with their levels as text, in the order of the log. */
const sliceSql = (slice: number): string => `
  SELECT any_value(n) AS n, i.exchange, i.market, i.symbol, i.kind, i.last_seq, i.frame,
    ${side('bid')}, ${side('ask')}, any_value(i.depth), any_value(ends)
  FROM image_index i JOIN spot_ob o
    ON (o.exchange, o.market, o.symbol, o.kind, o.frame) = (i.exchange, i.market, i.symbol, i.kind, i.frame)
    AND o.last_seq IS NOT DISTINCT FROM i.last_seq
  WHERE slice = ${slice}
  GROUP BY i.exchange, i.market, i.symbol, i.kind, i.last_seq, i.frame
  ORDER BY n`

interface StoredImage extends ImageAtSequence, InstrumentKey {
  /** Line of the log behind which the image belongs; 0: before all deltas. */
  readonly n: number
  readonly kind: string
  readonly frame: number
  readonly ends: boolean
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
  const truth = await openTruth(log)
  const verdict: ImageVerdict = { checked: 0, wrong: 0, examples: [] }
  try {
    const images = storedImages(duck)
    let next = await images.next()
    const judgeUpTo = async (n: number): Promise<void> => {
      for (; !next.done && next.value.n <= n; next = await images.next()) {
        const image = next.value
        const found = image.ends ? await truth.fault(image) : 'no emitted update ends with this sequence'
        count(verdict, image, found, exampleLimit)
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
      }
    }
  }
}
