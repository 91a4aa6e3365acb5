import { type EventBatch, EventKind, Side } from '@cryptoflow/model'
import {
  half,
  isFive,
  isSeven,
  isSix,
  MISS,
  scanAsciiText,
  scanDecimal,
  scanInteger,
  space,
  word,
} from '../bytes.ts'
import type { FieldReader } from '../json.ts'
import { settleTime } from '../time.ts'
import {
  isLastBrace,
  MAKER_TRUE_BYTES,
  scanFuturesKind,
  scanMaker,
  scanSymbol,
  scanUnused,
} from './envelope.ts'
import { symbolId } from './symbols.ts'

/**
 * Aggregates: what one taker's order filled at one price. `a` is its id, `f` and `l` the first and last trade in it.
 * Of futures `q` has all trades, `nq` those without retail price improvement, which is not read.
 * Sources: binance-spot-api-docs, web-socket-streams.md, "Aggregate Trade Streams", a5e0bc3 of 2026-07-21;
 * developers.binance.com, "Aggregate Trade Streams" of USD-M and COIN-M, read 2026-05-28.
 */

const TRADES_MAX = 2 ** 31 - 1

/** The exact path of spot: appends the aggregate that the fields give. */
export function readAggregate(fields: FieldReader, stream: number, out: EventBatch): void {
  append(fields, fields.integer('a'), stream, out)
}

/** The exact path of futures, whose aggregates of 2019 have no id. */
export function readFuturesAggregate(fields: FieldReader, stream: number, out: EventBatch): void {
  append(fields, fields.optionalInteger('a'), stream, out)
}

function append(fields: FieldReader, id: number, stream: number, out: EventBatch): void {
  out.reserveEvent()
  out.reserveEntries(1)
  const event = out.count
  const entry = out.entryCount
  out.firstSeq[event] = id
  out.sentUs[event] = fields.time('E')
  out.engineUs[event] = fields.time('T')
  const first = fields.integer('f')
  const last = fields.integer('l')
  if (!isSpan(first, last)) fields.refuse('malformed', 'f to l is no span of trades')
  out.firstTradeId[event] = first
  out.lastTradeId[event] = last
  fields.decimal('p', out.price, entry)
  fields.decimal('q', out.quantity, entry)
  const side = fields.flag('m') ? Side.sell : Side.buy
  endAggregate(out, side, stream, fields.symbol('s', out.names))
}

/** Whether an aggregate can be of the trades `first ... last`: one at least, and a number of them that 32 bits hold. */
function isSpan(first: number, last: number): boolean {
  return first <= last && last - first < TRADES_MAX
}

function endAggregate(out: EventBatch, side: number, stream: number, symbol: number): void {
  const event = out.count
  out.kind[event] = EventKind.aggregate
  out.symbol[event] = symbol
  out.stream[event] = stream
  out.lastSeq[event] = out.firstSeq[event] as number
  out.prevSeq[event] = Number.NaN
  out.tradeType[event] = -1
  out.side[out.entryCount] = side
  out.entryCount += 1
  out.endEvent()
}

const { view } = space
const HEAD_1 = word('{"e"')
const HEAD_2 = word(':"ag')
const HEAD_3 = word('gTra')
const HEAD_4 = word('de",')
const HEAD_5 = word('"E":')
const SYMBOL_KEY = word(',"s"')
const TEXT_ID_KEY = word('","a')
const ID_KEY = word(',"a"')
const ID_KEY_TAIL = word('"a":')
const PRICE_KEY = word(',"p"')
const TEXT_PRICE_KEY = word('","p')
const TEXT_PRICE_KEY_TAIL = word('p":"')
const QUANTITY_KEY = word('","q')
const QUANTITY_KEY_TAIL = word('q":"')
const NARROW_KEY = word('","n')
const NARROW_KEY_TAIL = word('nq":')
const FIRST_KEY = word('","f')
const LAST_KEY = word(',"l"')
const LAST_KEY_TAIL = word('"l":')
const TIME_KEY = word(',"T"')
const TIME_KEY_TAIL = word('"T":')
const NUMBER = half('":')
const TEXT = half(':"')
const QUOTE = 34
/** Longer texts are left to the exact path. */
const NARROW_BYTES_MAX = 48

/** The offset behind `{"e":"aggTrade","E":`. */
function scanHead(at: number): number {
  const isHead =
    view.getInt32(at, true) === HEAD_1 &&
    view.getInt32(at + 4, true) === HEAD_2 &&
    view.getInt32(at + 8, true) === HEAD_3 &&
    view.getInt32(at + 12, true) === HEAD_4 &&
    view.getInt32(at + 16, true) === HEAD_5
  return isHead ? at + 20 : MISS
}

/**
 * The fast path of spot: appends the aggregate at `at` when it is written exactly as the exchange writes it,
 * `{"e":"aggTrade","E":1,"s":"B","a":1,"p":"1","q":"1","f":1,"l":1,"T":1,"m":true,"M":true}`; false otherwise.
 */
export function scanAggregate(at: number, symbolBytes: number, stream: number, out: EventBatch): boolean {
  at = scanHead(at)
  if (at === MISS) return false
  out.reserveEvent()
  out.reserveEntries(1)
  const event = out.count
  at = scanInteger(at, out.sentUs, event)
  if (!isSix(at, SYMBOL_KEY, TEXT)) return false
  const symbolAt = at + 6
  const symbolEnd = scanSymbol(symbolAt, symbolBytes)
  if (!isSix(symbolEnd, TEXT_ID_KEY, NUMBER)) return false
  at = scanInteger(symbolEnd + 6, out.firstSeq, event)
  if (!isSix(at, PRICE_KEY, TEXT)) return false
  at = scanDecimal(at + 6, out.price, out.entryCount)
  at = scanTrades(scanQuantity(at, out), out)
  const sellEnd = at + MAKER_TRUE_BYTES
  at = scanMaker(at)
  const isSell = at === sellEnd
  if (!isLastBrace(scanUnused(at), symbolBytes)) return false
  return settle(symbolAt, symbolEnd, symbolBytes, isSell, stream, out)
}

/**
 * The fast path of futures:
 * `{"e":"aggTrade","E":1,"a":1,"s":"B","p":"1","q":"1","f":1,"l":1,"T":1,"m":true}`, also with `a` behind `s` as
 * documented, with `nq` behind `q` (since 2025-12-31) and with `st` at its end (since 2026-06-30).
 */
export function scanFuturesAggregate(
  at: number,
  symbolBytes: number,
  stream: number,
  out: EventBatch,
): boolean {
  at = scanHead(at)
  if (at === MISS) return false
  out.reserveEvent()
  out.reserveEntries(1)
  const event = out.count
  at = scanInteger(at, out.sentUs, event)
  const isIdFirst = isFive(at, ID_KEY, ID_KEY_TAIL)
  if (isIdFirst) at = scanInteger(at + 5, out.firstSeq, event)
  if (!isSix(at, SYMBOL_KEY, TEXT)) return false
  const symbolAt = at + 6
  const symbolEnd = scanSymbol(symbolAt, symbolBytes)
  if (isIdFirst) {
    if (!isSeven(symbolEnd, TEXT_PRICE_KEY, TEXT_PRICE_KEY_TAIL)) return false
    at = symbolEnd + 7
  } else {
    if (!isSix(symbolEnd, TEXT_ID_KEY, NUMBER)) return false
    at = scanInteger(symbolEnd + 6, out.firstSeq, event)
    if (!isSix(at, PRICE_KEY, TEXT)) return false
    at += 6
  }
  at = scanDecimal(at, out.price, out.entryCount)
  at = scanTrades(scanNarrow(scanQuantity(at, out)), out)
  const sellEnd = at + MAKER_TRUE_BYTES
  at = scanMaker(at)
  const isSell = at === sellEnd
  if (!isLastBrace(scanFuturesKind(at, symbolBytes), symbolBytes)) return false
  return settle(symbolAt, symbolEnd, symbolBytes, isSell, stream, out)
}

function scanQuantity(at: number, out: EventBatch): number {
  if (!isSeven(at, QUANTITY_KEY, QUANTITY_KEY_TAIL)) return MISS
  return scanDecimal(at + 7, out.quantity, out.entryCount)
}

/** Passes `","nq":"1` by, whatever the text. */
function scanNarrow(at: number): number {
  if (view.getInt32(at, true) !== NARROW_KEY || view.getInt32(at + 3, true) !== NARROW_KEY_TAIL) return at
  return view.getUint8(at + 7) === QUOTE ? scanAsciiText(at + 8, NARROW_BYTES_MAX) : MISS
}

/** Reads `","f":1,"l":1,"T":1`. */
function scanTrades(at: number, out: EventBatch): number {
  const event = out.count
  if (!isSix(at, FIRST_KEY, NUMBER)) return MISS
  at = scanInteger(at + 6, out.firstTradeId, event)
  if (!isFive(at, LAST_KEY, LAST_KEY_TAIL)) return MISS
  at = scanInteger(at + 5, out.lastTradeId, event)
  if (!isSpan(out.firstTradeId[event] as number, out.lastTradeId[event] as number)) return MISS
  return isFive(at, TIME_KEY, TIME_KEY_TAIL) ? scanInteger(at + 5, out.engineUs, event) : MISS
}

function settle(
  symbolAt: number,
  symbolEnd: number,
  symbolBytes: number,
  isSell: boolean,
  stream: number,
  out: EventBatch,
): boolean {
  const event = out.count
  if (!settleTime(out.sentUs, event) || !settleTime(out.engineUs, event)) return false
  const symbol = symbolId(symbolAt, symbolEnd - symbolAt, symbolBytes > 0, out.names)
  if (symbol < 0 || stream < 0) return false
  endAggregate(out, isSell ? Side.sell : Side.buy, stream, symbol)
  return true
}
