import { type EventBatch, EventKind, Side } from '@cryptoflow/model'
import {
  half,
  isEight,
  isFive,
  isSeven,
  isSix,
  MISS,
  scanDecimal,
  scanInteger,
  scanShortDecimal,
  space,
  word,
} from '../bytes.ts'
import type { FieldReader } from '../json.ts'
import { settleTime } from '../time.ts'
import { isLastBrace, scanFuturesKind, scanPair, scanSymbol } from './envelope.ts'
import { symbolId } from './symbols.ts'

/**
 * The exchange's own best bid and ask. `u` grows but skips, so it orders quotes and finds no gap. Spot sends neither
 * a time nor a type.
 * Sources: binance-spot-api-docs, web-socket-streams.md, "Individual Symbol Book Ticker Streams", a5e0bc3;
 * developers.binance.com, the same page of USD-M and COIN-M, read 2026-05-28.
 */

/** The exact path of spot: appends the quote that the fields give. */
export function readQuote(fields: FieldReader, stream: number, out: EventBatch): void {
  out.reserveEvent()
  out.sentUs[out.count] = Number.NaN
  out.engineUs[out.count] = Number.NaN
  readSides(fields, stream, out)
}

/** The exact path of futures. */
export function readFuturesQuote(fields: FieldReader, stream: number, out: EventBatch): void {
  out.reserveEvent()
  out.sentUs[out.count] = fields.time('E')
  out.engineUs[out.count] = fields.time('T')
  readSides(fields, stream, out)
}

function readSides(fields: FieldReader, stream: number, out: EventBatch): void {
  out.reserveEntries(2)
  const bid = out.entryCount
  out.lastSeq[out.count] = fields.integer('u')
  fields.decimal('b', out.price, bid)
  fields.decimal('B', out.quantity, bid)
  fields.decimal('a', out.price, bid + 1)
  fields.decimal('A', out.quantity, bid + 1)
  endQuote(out, stream, fields.symbol('s', out.names))
}

function endQuote(out: EventBatch, stream: number, symbol: number): void {
  const event = out.count
  out.kind[event] = EventKind.quote
  out.symbol[event] = symbol
  out.stream[event] = stream
  out.firstSeq[event] = Number.NaN
  out.prevSeq[event] = Number.NaN
  out.side[out.entryCount] = Side.bid
  out.side[out.entryCount + 1] = Side.ask
  out.entryCount += 2
  out.endEvent()
}

const { view } = space
const HEAD = word('{"u"')
const HEAD_TAIL = word('"u":')
const SYMBOL_KEY = word(',"s"')
const TEXT = half(':"')
const BID_KEY = word('","b')
const BID_KEY_TAIL = word('b":"')
const BID_QUANTITY_KEY = word('","B')
const BID_QUANTITY_KEY_TAIL = word('B":"')
const ASK_KEY = word('","a')
const ASK_KEY_TAIL = word('a":"')
const ASK_QUANTITY_KEY = word('","A')
const ASK_QUANTITY_KEY_TAIL = word('A":"')
const QUOTE = 34

/**
 * The fast path of spot: appends the quote at `at` when it is written exactly as the exchange writes it,
 * `{"u":1,"s":"B","b":"1","B":"1","a":"1","A":"1"}`; false otherwise.
 */
export function scanQuote(at: number, symbolBytes: number, stream: number, out: EventBatch): boolean {
  if (!isFive(at, HEAD, HEAD_TAIL)) return false
  out.reserveEvent()
  out.reserveEntries(2)
  const event = out.count
  at = scanInteger(at + 5, out.lastSeq, event)
  if (!isSix(at, SYMBOL_KEY, TEXT)) return false
  const symbolAt = at + 6
  const symbolEnd = scanSymbol(symbolAt, symbolBytes)
  at = scanSides(symbolEnd, out)
  if (view.getUint8(at) !== QUOTE || !isLastBrace(at + 1, symbolBytes)) return false

  const symbol = symbolId(symbolAt, symbolEnd - symbolAt, symbolBytes > 0, out.names)
  if (symbol < 0 || stream < 0) return false
  out.sentUs[event] = Number.NaN
  out.engineUs[event] = Number.NaN
  endQuote(out, stream, symbol)
  return true
}

/** Reads `","b":"1","B":"1","a":"1","A":"1` behind a symbol; answers the offset of the last quote. */
function scanSides(at: number, out: EventBatch): number {
  const bid = out.entryCount
  if (!isSeven(at, BID_KEY, BID_KEY_TAIL)) return MISS
  at = scanDecimal(at + 7, out.price, bid)
  if (!isSeven(at, BID_QUANTITY_KEY, BID_QUANTITY_KEY_TAIL)) return MISS
  at = scanDecimal(at + 7, out.quantity, bid)
  if (!isSeven(at, ASK_KEY, ASK_KEY_TAIL)) return MISS
  at = scanDecimal(at + 7, out.price, bid + 1)
  if (!isSeven(at, ASK_QUANTITY_KEY, ASK_QUANTITY_KEY_TAIL)) return MISS
  return scanDecimal(at + 7, out.quantity, bid + 1)
}

/** The same of futures. */
function scanFuturesSides(at: number, out: EventBatch): number {
  const bid = out.entryCount
  if (!isSeven(at, BID_KEY, BID_KEY_TAIL)) return MISS
  at = scanShortDecimal(at + 7, out.price, bid)
  if (!isSeven(at, BID_QUANTITY_KEY, BID_QUANTITY_KEY_TAIL)) return MISS
  at = scanShortDecimal(at + 7, out.quantity, bid)
  if (!isSeven(at, ASK_KEY, ASK_KEY_TAIL)) return MISS
  at = scanShortDecimal(at + 7, out.price, bid + 1)
  if (!isSeven(at, ASK_QUANTITY_KEY, ASK_QUANTITY_KEY_TAIL)) return MISS
  return scanShortDecimal(at + 7, out.quantity, bid + 1)
}

const TYPE_HEAD_1 = word('{"e"')
const TYPE_HEAD_2 = word(':"bo')
const TYPE_HEAD_3 = word('okTi')
const TYPE_HEAD_4 = word('cker')
const TYPE_HEAD_5 = word('","u')
const TYPE_1 = word(',"e"')
const TIME_KEY = word('","T')
const SENT_KEY = word(',"E"')
const SENT_KEY_TAIL = word('"E":')
const NUMBER = half('":')

/**
 * The fast path of futures,
 * `{"e":"bookTicker","u":1,"s":"B","b":"1","B":"1","a":"1","A":"1","T":1,"E":1}` as USD-M and
 * `{"u":1,"e":"bookTicker","s":"B","ps":"C","b":"1",...}` as COIN-M writes it, either with `ps` and with `st` at its
 * end.
 */
export function scanFuturesQuote(at: number, symbolBytes: number, stream: number, out: EventBatch): boolean {
  out.reserveEvent()
  out.reserveEntries(2)
  const event = out.count
  at = isFive(at, HEAD, HEAD_TAIL)
    ? scanType(scanInteger(at + 5, out.lastSeq, event))
    : scanInteger(scanTypeHead(at), out.lastSeq, event)
  if (!isSix(at, SYMBOL_KEY, TEXT)) return false
  const symbolAt = at + 6
  const symbolEnd = scanSymbol(symbolAt, symbolBytes)
  at = scanFuturesSides(scanPair(symbolEnd), out)
  if (!isSix(at, TIME_KEY, NUMBER)) return false
  at = scanInteger(at + 6, out.engineUs, event)
  if (!isFive(at, SENT_KEY, SENT_KEY_TAIL)) return false
  at = scanInteger(at + 5, out.sentUs, event)
  if (!isLastBrace(scanFuturesKind(at, symbolBytes), symbolBytes)) return false

  if (!settleTime(out.sentUs, event) || !settleTime(out.engineUs, event)) return false
  const symbol = symbolId(symbolAt, symbolEnd - symbolAt, symbolBytes > 0, out.names)
  if (symbol < 0 || stream < 0) return false
  endQuote(out, stream, symbol)
  return true
}

/** The offset behind `{"e":"bookTicker","u":`. */
function scanTypeHead(at: number): number {
  const isHead =
    isEight(at, TYPE_HEAD_1, TYPE_HEAD_2) &&
    isEight(at + 8, TYPE_HEAD_3, TYPE_HEAD_4) &&
    isSix(at + 16, TYPE_HEAD_5, NUMBER)
  return isHead ? at + 22 : MISS
}

/** Passes `,"e":"bookTicker"` by. */
function scanType(at: number): number {
  const isType =
    isEight(at, TYPE_1, TYPE_HEAD_2) &&
    isEight(at + 8, TYPE_HEAD_3, TYPE_HEAD_4) &&
    view.getUint8(at + 16) === QUOTE
  return isType ? at + 17 : MISS
}
