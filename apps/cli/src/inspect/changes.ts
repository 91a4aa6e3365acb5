import { type InstrumentKey, keyText, type Market } from '@cryptoflow/model'
import { type Duck, escapeControls } from '@cryptoflow/reader'
import { deltaTables, imageTables } from './prints.ts'

/**
 * Deltas that were derived from whole images, against those images by a plain second computation: a Map of levels, to
 * which the rows of each frame are applied. The images are proven by the emission log, as messages, before.
 *
 * Judged are the markets of which such deltas are stored: every image must come out of its frame's rows, each of which
 * changes something; a snapshot stands behind every recorded hole, and nowhere else but behind what could not be read.
 */

const CHANGED = `
  CREATE VIEW changed_markets AS
  SELECT DISTINCT exchange, market FROM (${deltaTables
    .map((table) => `SELECT exchange, market, source FROM "${table}"`)
    .join(' UNION ALL ')}) WHERE source = 'derived'`

const TOLD = `concat_ws(' ', epoch_us(event_ts), event_ts_source, epoch_us(sent_ts), epoch_us(received_ts), quantity_unit)`
const LEVEL = `side, price::VARCHAR AS price, quantity::VARCHAR AS quantity, quantity = 0 AS is_nothing,
  concat_ws(' ', price_scale, quantity_scale) AS written, ${TOLD} AS told`

const rowsOf = (isImage: boolean): string =>
  (isImage ? imageTables : deltaTables)
    .map(
      (table) => `
    SELECT exchange, market, symbol, writer, frame, ${isImage} AS is_image,
      ${isImage ? '"level"' : 'level_index'} AS place, ${LEVEL}, ${isImage ? 'false' : 'is_snapshot'} AS is_snapshot
    FROM "${table}" SEMI JOIN changed_markets USING (exchange, market)
    WHERE ${isImage ? `kind = 'partial'` : `source = 'derived'`}`,
    )
    .join(' UNION ALL ')

const ROWS = `
  SELECT exchange, market, symbol, writer, frame, is_image, side, price, quantity, is_nothing, written, told, is_snapshot
  FROM (${rowsOf(true)} UNION ALL ${rowsOf(false)})
  ORDER BY exchange, market, symbol, writer, frame, is_image, side, place`

/** Frames behind which a book begins anew: those that ended a hole, and those that nobody could read. */
const HOLES = `
  SELECT exchange, market, symbol, writer, frame FROM gaps SEMI JOIN changed_markets USING (exchange, market)
  WHERE state = 'closed' AND table_name IN (${[...deltaTables, ...imageTables].map((t) => `'${t}'`).join(', ')})`
const UNREAD = `
  SELECT exchange, market, '' AS symbol, writer, frame FROM dead_letter SEMI JOIN changed_markets USING (exchange, market)`

interface Level {
  readonly side: string
  readonly price: string
  readonly quantity: string
  /** Its quantity is 0. */
  readonly isNothing: boolean
  /** The scales of both. */
  readonly written: string
}

/** What is stored of one frame of a key. */
interface Frame extends InstrumentKey {
  readonly writer: string
  readonly frame: number
  readonly image: Level[]
  readonly changes: Level[]
  readonly isSnapshot: Set<boolean>
  /** Times and unit: one for all rows. */
  readonly told: Set<string>
}

export interface ChangeFault {
  readonly exchange: string
  readonly market: string
  readonly symbol: string
  readonly frame: number
  readonly found: string
}

export interface ChangeVerdict {
  /** Images of markets with such deltas. */
  checked: number
  wrong: number
  readonly examples: ChangeFault[]
}

/** Compares all images with the deltas that were derived from them. */
export async function compareChanges(duck: Duck, exampleLimit: number): Promise<ChangeVerdict> {
  await duck.run(CHANGED)
  const [holes, unread] = [await framesBySource(duck, HOLES), await framesBySource(duck, UNREAD)]
  const verdict: ChangeVerdict = { checked: 0, wrong: 0, examples: [] }
  const book = new Map<string, string>()
  let before: Frame | null = null
  for await (const frame of storedFrames(duck)) {
    const isSame = before !== null && sourceText(before) === sourceText(frame)
    if (!isSame) book.clear()
    const from = isSame ? (before as Frame).frame : -1
    const reason = {
      isHole: !isSame || isBetween(holes.get(sourceText(frame)), from, frame.frame),
      isUnread: isBetween(unread.get(sourceText({ ...frame, symbol: '' })), from, frame.frame),
    }
    count(verdict, frame, faultOf(book, frame, reason), exampleLimit)
    before = frame
  }
  return verdict
}

/** What is wrong with a frame, by which the book is moved on; null when nothing is. */
function faultOf(
  book: Map<string, string>,
  { image, changes, isSnapshot, told }: Frame,
  { isHole, isUnread }: { readonly isHole: boolean; readonly isUnread: boolean },
): string | null {
  if (told.size !== 1) return 'its rows differ in their times or their unit'
  if (isSnapshot.size > 1) return 'some of its rows are of a snapshot'
  const begins = isSnapshot.has(true)
  if (begins && !isHole && !isUnread) return 'the book begins anew without a reason'
  if (!begins && isHole) return 'the book goes on over a hole'
  if (begins) book.clear()
  const images = new Map(image.map((level) => [placeOf(level), level]))
  for (const level of changes) {
    const place = placeOf(level)
    const isGone = level.isNothing
    if (isGone ? !book.has(place) : book.get(place) === level.quantity) return `${place} does not change`
    if (!isGone && images.get(place)?.written !== level.written) return `${place} is written in another way`
    if (isGone) book.delete(place)
    else book.set(place, level.quantity)
  }
  const levels = [...images].filter(([, { isNothing }]) => !isNothing)
  const wrong = levels.find(([place, { quantity }]) => book.get(place) !== quantity)
  if (wrong !== undefined)
    return `${wrong[0]} is ${book.get(wrong[0]) ?? 'absent'}, expected ${wrong[1].quantity}`
  return levels.length === book.size ? null : `${book.size} levels, expected ${levels.length}`
}

const placeOf = ({ side, price }: Level): string => `${side} ${price}`

const sourceText = (of: InstrumentKey & { readonly writer: string }): string => `${keyText(of)}\0${of.writer}`

function isBetween(frames: readonly number[] | undefined, after: number, upTo: number): boolean {
  return frames?.some((frame) => frame > after && frame <= upTo) ?? false
}

async function framesBySource(duck: Duck, sql: string): Promise<Map<string, number[]>> {
  const bySource = new Map<string, number[]>()
  for (const [exchange, market, symbol, writer, frame] of await duck.rawRows(sql)) {
    const key = { exchange: String(exchange), market: String(market) as Market, symbol: String(symbol) }
    const source = sourceText({ ...key, writer: String(writer) })
    bySource.set(source, [...(bySource.get(source) ?? []), Number(frame)])
  }
  return bySource
}

async function* storedFrames(duck: Duck): AsyncGenerator<Frame> {
  let at: Frame | null = null
  for await (const rows of duck.chunks(ROWS)) {
    for (const row of rows) {
      const [
        exchange,
        market,
        symbol,
        writer,
        frame,
        isImage,
        side,
        price,
        quantity,
        isNothing,
        written,
        told,
        isSnapshot,
      ] = row
      const key = {
        exchange: String(exchange),
        market: String(market) as Market,
        symbol: String(symbol),
        writer: String(writer),
      }
      if (at === null || at.frame !== Number(frame) || sourceText(at) !== sourceText(key)) {
        if (at !== null) yield at
        at = { ...key, frame: Number(frame), image: [], changes: [], isSnapshot: new Set(), told: new Set() }
      }
      const level = {
        side: String(side),
        price: String(price),
        quantity: String(quantity),
        isNothing: isNothing === true,
        written: String(written),
      }
      at.told.add(String(told))
      if (isImage === true) at.image.push(level)
      else {
        at.changes.push(level)
        at.isSnapshot.add(isSnapshot === true)
      }
    }
  }
  if (at !== null) yield at
}

function count(verdict: ChangeVerdict, of: Frame, found: string | null, exampleLimit: number): void {
  verdict.checked += 1
  if (found === null) return
  verdict.wrong += 1
  if (verdict.examples.length === exampleLimit) return
  const { market, frame } = of
  const [exchange, symbol] = [escapeControls(of.exchange), escapeControls(of.symbol)]
  verdict.examples.push({ exchange, market, symbol, frame, found: escapeControls(found) })
}
