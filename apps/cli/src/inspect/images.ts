import { type InstrumentKey, keyText, type Market } from '@cryptoflow/model'
import type { Duck } from './duck.ts'
import { escapeControls } from './exact.ts'
import { logLines } from './log-lines.ts'
import { type ImageAtSequence, openTruth } from './truth.ts'

/**
 * Stored book images against the second book, and against the 100 ms grid.
 */

const BOOK_KEY = 'exchange, market, symbol'
/** Cells of the grid on which derived images are due. */
const GRID_US = 100_000

const cellOf = (time: string): string => `epoch_us(${time}) // ${GRID_US}`

/**
 * The cells in which an image is due, and what stands there. An image belongs to the cell in which the delta
 * came that it ends with. In a cell where the book left `live` or was cut, nothing is promised.
 */
const GRID = `
  CREATE TABLE live_deltas AS
  SELECT ${BOOK_KEY}, last_seq, ${cellOf('min(received_ts)')} AS cell
  FROM spot_delta WHERE source = 'ws' AND NOT is_snapshot AND book_state = 'live'
  GROUP BY ${BOOK_KEY}, last_seq;

  CREATE TABLE cut_cells AS
  SELECT ${BOOK_KEY}, ${cellOf('received_ts')} AS cell FROM spot_delta
  WHERE source = 'rest' OR is_snapshot OR book_state <> 'live'
  UNION SELECT ${BOOK_KEY}, unnest([${['received_ts', 'from_ts', 'to_ts'].map(cellOf).join(', ')}])
  FROM gaps WHERE table_name IN ('spot_delta', 'spot_ob');

  CREATE TABLE derived_images AS
  SELECT ${BOOK_KEY}, last_seq, frame FROM spot_ob WHERE kind = 'derived' GROUP BY ALL;

  CREATE TABLE grid_cells AS
  WITH due AS (SELECT ${BOOK_KEY}, cell, max(last_seq) AS due_seq FROM live_deltas GROUP BY ALL),
  placed AS (SELECT ${BOOK_KEY}, cell, last_seq FROM derived_images JOIN live_deltas USING (${BOOK_KEY}, last_seq))
  SELECT ${BOOK_KEY}, cell, due_seq, count(*) FILTER (last_seq = due_seq) AS images,
    count(*) FILTER (last_seq <> due_seq) AS others
  FROM due LEFT JOIN placed USING (${BOOK_KEY}, cell) ANTI JOIN cut_cells USING (${BOOK_KEY}, cell)
  GROUP BY ${BOOK_KEY}, cell, due_seq;
`

/**
 * Where in the log an image belongs: behind the last delta that is not newer. `ends` says whether any emitted
 * message ends with the image's sequence. `depth` is how many levels a side images of its kind show.
 */
const POSITIONS = `
  CREATE TABLE book_positions AS
  SELECT ${BOOK_KEY}, last_seq AS position_seq, max(n) AS n FROM emitted WHERE form = 'delta' GROUP BY ALL;

  CREATE TABLE endings AS
  SELECT DISTINCT ${BOOK_KEY}, last_seq FROM emitted WHERE form IN ('delta', 'snapshot');

  CREATE TABLE kind_depths AS SELECT kind, max(depth) AS depth FROM spot_ob GROUP BY kind;
`

const side = (name: 'bid' | 'ask'): string => `
    string_agg(level || ':' || price || ':' || quantity, ' ' ORDER BY level) FILTER (side = '${name}') AS ${name}s,
    max(known_depth) FILTER (side = '${name}') AS ${name}s_known`

const IMAGES = `
  WITH images AS (
    SELECT ${BOOK_KEY}, kind, last_seq, frame, ${side('bid')}, ${side('ask')}
    FROM spot_ob WHERE kind IN ('derived', 'checkpoint')
    GROUP BY ${BOOK_KEY}, kind, last_seq, frame
  ), placed AS (
    FROM images i ASOF LEFT JOIN book_positions p
      ON (i.exchange = p.exchange AND i.market = p.market AND i.symbol = p.symbol AND i.last_seq >= p.position_seq)
    SELECT i.*, p.n
  )
  SELECT coalesce(n, 0) AS n, exchange, market, symbol, kind, last_seq, frame, bids, bids_known, asks, asks_known,
    depth, e.last_seq IS NOT NULL AS ends
  FROM placed JOIN kind_depths USING (kind) LEFT JOIN endings e USING (${BOOK_KEY}, last_seq)
  ORDER BY n
`

/** Statements that end in `grid_cells`; `emitted` must stand. */
export const gridSql: readonly string[] = [GRID, POSITIONS]

export const GRID_COUNTS = `
  SELECT count(*) FILTER (images = 0) AS missing,
    (coalesce(sum(greatest(images - 1, 0)), 0) + coalesce(sum(others), 0))::BIGINT AS needless
  FROM grid_cells`

export const gridExamples = (limit: number): string => `
  SELECT ${BOOK_KEY}, make_timestamptz(cell * ${GRID_US}) AS cell_start, due_seq, images, others
  FROM grid_cells WHERE images <> 1 OR others > 0 ORDER BY ALL LIMIT ${limit}`

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
 * log and over the images, both in the order of the log. `gridSql` must have run.
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
  for await (const rows of duck.chunks(IMAGES)) {
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
