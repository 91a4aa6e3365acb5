import { type EventBatch, EventKind, Side } from '@cryptoflow/model'
import { scanBareDecimal } from '../bare-numbers.ts'
import { isSeven, MISS, scanInteger, space, word } from '../bytes.ts'
import type { FieldReader } from '../json.ts'
import { readNamedLevels } from '../levels.ts'
import { isSpelled, spelled } from '../spelled.ts'
import { settleTime } from '../time.ts'
import { scanLevels } from './levels.ts'
import { seenIds, seenLengths, slotOf } from './seen.ts'
import { readSide } from './spot-trades.ts'

/**
 * The futures book: a snapshot of all levels, then one level a message, which `seq` counts per product. `side` buy is
 * a bid, `qty` is absolute and 0 removes the level; `timestamp` is the engine's, milliseconds, absent before 2020.
 * Source: docs.kraken.com as copied 2026-05-27, futures-api/websocket/book.
 */

/** The exact path: appends the one level of a `book` message. */
export function readFuturesDelta(fields: FieldReader, stream: number, out: EventBatch): void {
  out.reserveEvent()
  out.reserveEntries(1)
  const event = out.count
  const entry = out.entryCount
  out.engineUs[event] = fields.optionalTime('timestamp')
  out.lastSeq[event] = fields.integer('seq')
  out.firstSeq[event] = out.lastSeq[event] as number
  fields.decimal('price', out.price, entry)
  fields.decimal('qty', out.quantity, entry)
  out.side[entry] = readSide(fields) === Side.buy ? Side.bid : Side.ask
  out.entryCount += 1
  endBook(out, EventKind.bookDelta, stream, fields.symbol('product_id', out.names))
}

/** The exact path: appends the book of a `book_snapshot` message, levels of quantity 0 included. */
export function readFuturesSnapshot(fields: FieldReader, stream: number, out: EventBatch): void {
  out.reserveEvent()
  const event = out.count
  out.engineUs[event] = fields.optionalTime('timestamp')
  out.lastSeq[event] = fields.integer('seq')
  out.firstSeq[event] = Number.NaN
  readNamedLevels(fields, 'bids', Side.bid, 'qty', out)
  readNamedLevels(fields, 'asks', Side.ask, 'qty', out)
  endBook(out, EventKind.bookSnapshot, stream, fields.symbol('product_id', out.names))
}

function endBook(out: EventBatch, kind: number, stream: number, symbol: number): void {
  const event = out.count
  out.kind[event] = kind
  out.symbol[event] = symbol
  out.stream[event] = stream
  out.sentUs[event] = Number.NaN
  out.prevSeq[event] = Number.NaN
  out.checksum[event] = Number.NaN
  out.endEvent()
}

const { bytes } = space
const BUY_KEY = spelled('","side":"buy","seq":')
const SELL_KEY = spelled('","side":"sell","seq":')
const PRICE_KEY = spelled(',"price":')
const QUANTITY_KEY = word(',"qt')
const QUANTITY_KEY_TAIL = word('ty":')
const TIME_KEY = spelled(',"timestamp":')
const TEXT_TIME_KEY = spelled('","timestamp":')
const SEQUENCE_KEY = word(',"se')
const SEQUENCE_KEY_TAIL = word('eq":')
const BIDS_KEY = spelled(',"tickSize":null,"bids":[')
const ASKS_KEY = spelled(',"asks":[')
const BRACE = 125

/**
 * The fast path: appends the level whose product stands at `symbolAt`, in the one spelling
 * `{"feed":"book","product_id":"A","side":"buy","seq":1,"price":1.5,"qty":1.0,"timestamp":1}`; false otherwise.
 */
export function scanFuturesDelta(symbolAt: number, stream: number, out: EventBatch): boolean {
  out.reserveEvent()
  out.reserveEntries(1)
  const event = out.count
  const entry = out.entryCount
  const slot = slotOf(symbolAt, out.names)
  if (slot < 0 || stream < 0) return false
  const symbol = seenIds[slot] as number
  const symbolEnd = symbolAt + (seenLengths[slot] as number)
  const isBid = isSpelled(symbolEnd, BUY_KEY)
  if (!isBid && !isSpelled(symbolEnd, SELL_KEY)) return false
  let at = scanInteger(symbolEnd + (isBid ? BUY_KEY : SELL_KEY).bytes, out.lastSeq, event)
  if (!isSpelled(at, PRICE_KEY)) return false
  at = scanBareDecimal(at + PRICE_KEY.bytes, out.price, entry)
  if (!isSeven(at, QUANTITY_KEY, QUANTITY_KEY_TAIL)) return false
  at = scanBareDecimal(at + 7, out.quantity, entry)
  if (!isSpelled(at, TIME_KEY)) return false
  at = scanInteger(at + TIME_KEY.bytes, out.engineUs, event)
  if (!isLast(at) || !settleTime(out.engineUs, event)) return false

  out.firstSeq[event] = out.lastSeq[event] as number
  out.side[entry] = isBid ? Side.bid : Side.ask
  out.entryCount += 1
  endBook(out, EventKind.bookDelta, stream, symbol)
  return true
}

/**
 * The fast path: appends the book whose product stands at `symbolAt`, in the one spelling
 * `{"feed":"book_snapshot","product_id":"A","timestamp":1,"seq":1,"tickSize":null,"bids":[],"asks":[]}`.
 */
export function scanFuturesSnapshot(symbolAt: number, stream: number, out: EventBatch): boolean {
  out.reserveEvent()
  const event = out.count
  const slot = slotOf(symbolAt, out.names)
  if (slot < 0 || stream < 0) return false
  const symbol = seenIds[slot] as number
  const symbolEnd = symbolAt + (seenLengths[slot] as number)
  if (!isSpelled(symbolEnd, TEXT_TIME_KEY)) return false
  let at = scanInteger(symbolEnd + TEXT_TIME_KEY.bytes, out.engineUs, event)
  if (!isSeven(at, SEQUENCE_KEY, SEQUENCE_KEY_TAIL)) return false
  at = scanSides(scanInteger(at + 7, out.lastSeq, event), out)
  if (!isLast(at) || !settleTime(out.engineUs, event)) return false

  out.firstSeq[event] = Number.NaN
  endBook(out, EventKind.bookSnapshot, stream, symbol)
  return true
}

function scanSides(at: number, out: EventBatch): number {
  if (!isSpelled(at, BIDS_KEY)) return MISS
  at = scanLevels(at + BIDS_KEY.bytes, Side.bid, out)
  return isSpelled(at, ASKS_KEY) ? scanLevels(at + ASKS_KEY.bytes, Side.ask, out) : MISS
}

/** Whether the message's brace stands at `at`, and nothing behind it. */
function isLast(at: number): boolean {
  return at + 1 === space.end && bytes[at] === BRACE
}
