import {
  type DecodeOutcome,
  type EventBatch,
  EventKind,
  type Market,
  Side,
  SYMBOL_BYTES_MAX,
} from '@cryptoflow/model'
import {
  half,
  isEight,
  isSameText,
  MISS,
  scanDecimal,
  scanPlainText,
  scanShortDecimal,
  space,
  word,
} from '../bytes.ts'
import { FieldReader, field, isObject, type JsonObject, malformed } from '../json.ts'
import { LEVELS_MAX } from '../levels.ts'
import { EMPTY, EVENTS } from '../outcomes.ts'
import { readRfcTime, scanRfcTime } from '../rfc-time.ts'
import { behind, spelled } from '../spelled.ts'
import { head, isEnd, SENT } from './envelope.ts'
import { outsideOf } from './products.ts'
import { productId } from './symbols.ts'

/**
 * Books of the Advanced socket, channel `level2`, on the wire `l2_data`: a snapshot of the whole book, then updates of
 * absolute quantities, `offer` for an ask. An event of the frame is one event here; its engine's time is the latest of
 * its levels', since that is when the book was as it says. Snapshots may say 1970, which counts as absent.
 * Source: docs.cdp.coinbase.com, Advanced Trade WebSocket channels, "Level2", read 2026-09-27; a frame of 2026-09-07.
 */

/** The exact path: appends the frame's books, or tells why there are none; on a refusal the caller rolls back. */
export function readLevel2(
  market: Market,
  message: JsonObject,
  stream: number,
  out: EventBatch,
): DecodeOutcome {
  const frame = new FieldReader(message)
  const sentUs = readRfcTime(frame, field(message, 'timestamp'), 'timestamp')
  const { count } = out
  let outside: DecodeOutcome | null = null
  for (const event of frame.list('events')) {
    if (!isObject(event)) return malformed('malformed', 'an event is not an object')
    const other = outsideOf(market, field(event, 'product_id'))
    outside ??= other
    if (other !== null) continue
    const fields = new FieldReader(event)
    readBook(fields, event, sentUs, stream, out)
    if (fields.refusal !== null) return fields.refusal
  }
  if (frame.refusal !== null) return frame.refusal
  return out.count > count ? EVENTS : (outside ?? EMPTY)
}

function readBook(
  fields: FieldReader,
  event: JsonObject,
  sentUs: number,
  stream: number,
  out: EventBatch,
): void {
  out.reserveEvent()
  const type = field(event, 'type')
  if (type !== 'snapshot' && type !== 'update')
    fields.refuse('malformed', 'type is neither snapshot nor update')
  const engineUs = readUpdates(fields, out)
  const kind = type === 'snapshot' ? EventKind.bookSnapshot : EventKind.bookDelta
  endBook(out, { kind, engineUs, sentUs, stream, symbol: fields.symbol('product_id', out.names) })
}

/** Appends the levels; answers the latest of their times, NaN when all are absent. */
function readUpdates(fields: FieldReader, out: EventBatch): number {
  const updates = fields.list('updates')
  let latestUs = Number.NaN
  if (updates.length > LEVELS_MAX) {
    fields.refuse('too_many_levels', `updates brings more than ${LEVELS_MAX} levels`)
    return latestUs
  }
  out.reserveEntries(updates.length)
  for (const update of updates) {
    if (!isObject(update)) fields.refuse('malformed', 'an update is not an object')
    if (fields.refusal !== null || !isObject(update)) return latestUs
    const us = readUpdate(fields, update, out)
    if (us > latestUs || Number.isNaN(latestUs)) latestUs = us
  }
  return latestUs
}

function readUpdate(fields: FieldReader, update: JsonObject, out: EventBatch): number {
  const row = out.entryCount
  const side = field(update, 'side')
  if (side !== 'bid' && side !== 'offer') fields.refuse('malformed', 'side is neither bid nor offer')
  fields.decimalOf(field(update, 'price_level'), 'price_level', out.price, row)
  fields.decimalOf(field(update, 'new_quantity'), 'new_quantity', out.quantity, row)
  out.side[row] = side === 'bid' ? Side.bid : Side.ask
  out.entryCount = row + 1
  return readRfcTime(fields, field(update, 'event_time'), 'event_time')
}

/** What an event of a book is beside its levels. */
interface BookEvent {
  readonly kind: number
  readonly engineUs: number
  readonly sentUs: number
  readonly stream: number
  readonly symbol: number
}

/** Ends a book event whose levels are appended. No message of a book has a sequence or a checksum. */
export function endBook(out: EventBatch, { kind, engineUs, sentUs, stream, symbol }: BookEvent): void {
  const event = out.count
  out.kind[event] = kind
  out.symbol[event] = symbol
  out.stream[event] = stream
  out.engineUs[event] = engineUs
  out.sentUs[event] = sentUs
  out.firstSeq[event] = Number.NaN
  out.lastSeq[event] = Number.NaN
  out.prevSeq[event] = Number.NaN
  out.checksum[event] = Number.NaN
  out.endEvent()
}

const { view } = space
const COMMA = 44
const LIST_END = 93
const LIST_END_OBJECT_END = half(']}')
const UPDATE = spelled('{"type":"update","product_id":"')
const SNAPSHOT = spelled('{"type":"snapshot","product_id":"')
const UPDATES = spelled('","updates":[')

/** The fast path: appends the books whose first event stands at `at`; false on any surprise. */
export function scanLevel2(at: number, market: Market, stream: number, out: EventBatch): boolean {
  for (;;) {
    const update = behind(at, UPDATE)
    const symbolAt = update === MISS ? behind(at, SNAPSHOT) : update
    if (symbolAt === MISS) return false
    const symbolEnd = scanPlainText(symbolAt, SYMBOL_BYTES_MAX)
    at = behind(symbolEnd, UPDATES)
    if (at === MISS) return false
    out.reserveEvent()
    at = view.getUint8(at) === LIST_END ? none(at) : scanUpdates(at, out)
    if (view.getUint16(at, true) !== LIST_END_OBJECT_END) return false
    const symbol = productId(symbolAt, symbolEnd - symbolAt, market, out.names)
    if (symbol < 0) return false
    const kind = update === MISS ? EventKind.bookSnapshot : EventKind.bookDelta
    const [engineUs, sentUs] = [latest[0] as number, head[SENT] as number]
    endBook(out, { kind, engineUs, sentUs, stream, symbol })
    at += 2
    if (view.getUint8(at) !== COMMA) return isEnd(at)
    at += 1
  }
}

/** The latest time of the levels read last. */
const latest = new Float64Array(1)
const time = new Float64Array(1)

function none(at: number): number {
  latest[0] = Number.NaN
  return at
}

const SIDE_1 = word('{"si')
const SIDE_2 = word('de":')
const BID = word('"bid')
const OFFER_1 = word('"off')
const OFFER_2 = word('ffer')
const TIME_1 = word('","e')
const TIME_2 = word('vent')
const TIME_3 = word('_tim')
const TIME_4 = word('e":"')
const PRICE_1 = word('","p')
const PRICE_2 = word('rice')
const PRICE_3 = word('_lev')
const PRICE_4 = word('el":')
const PRICE_5 = word('l":"')
const QUANTITY_1 = word('","n')
const QUANTITY_2 = word('ew_q')
const QUANTITY_3 = word('uant')
const QUANTITY_4 = word('ity"')
const QUANTITY_5 = word('y":"')
const NEXT = word('"},{')
const LAST = word('"}]}')
const UPDATE_BYTES_MIN =
  '{"side":"bid","event_time":"1970-01-01T00:00:00Z","price_level":"1","new_quantity":"0"}'.length

/**
 * Reads `{"side":"bid","event_time":"","price_level":"1","new_quantity":"1"}` and those that follow, appending entries;
 * answers the offset of the `]` behind them. A time that is spelled as the one before is not read again.
 */
function scanUpdates(at: number, out: EventBatch): number {
  const room = Math.min(LEVELS_MAX, Math.ceil((space.end - at) / UPDATE_BYTES_MIN))
  out.reserveEntries(room)
  const { price, quantity, side: sides } = out
  const end = out.entryCount + room
  let row = out.entryCount
  let timeAt = 0
  let timeBytes = 0
  let latestUs = Number.NaN
  for (; row < end; row++) {
    if (!isEight(at, SIDE_1, SIDE_2)) return MISS
    const side = view.getInt32(at + 8, true)
    if (side === BID) {
      sides[row] = Side.bid
      at += 12
    } else if (side === OFFER_1 && view.getInt32(at + 10, true) === OFFER_2) {
      sides[row] = Side.ask
      at += 14
    } else return MISS
    if (!isEight(at, TIME_1, TIME_2) || !isEight(at + 8, TIME_3, TIME_4)) return MISS
    at += 16
    if (timeBytes > 0 && isSameText(at, timeAt, timeBytes)) at += timeBytes - 1
    else {
      timeAt = at
      at = scanRfcTime(at, time, 0)
      timeBytes = at + 1 - timeAt
      const us = time[0] as number
      if (us > latestUs || Number.isNaN(latestUs)) latestUs = us
    }
    if (!isEight(at, PRICE_1, PRICE_2) || !isEight(at + 8, PRICE_3, PRICE_4)) return MISS
    if (view.getInt32(at + 13, true) !== PRICE_5) return MISS
    at = scanShortDecimal(at + 17, price, row)
    if (!isEight(at, QUANTITY_1, QUANTITY_2) || !isEight(at + 8, QUANTITY_3, QUANTITY_4)) return MISS
    if (view.getInt32(at + 14, true) !== QUANTITY_5) return MISS
    at = scanDecimal(at + 18, quantity, row)
    if (view.getInt32(at, true) !== NEXT) {
      if (view.getInt32(at, true) !== LAST) return MISS
      latest[0] = latestUs
      out.entryCount = row + 1
      return at + 2
    }
    at += 3
  }
  return MISS
}
