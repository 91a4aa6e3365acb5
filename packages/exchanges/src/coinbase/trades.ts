import {
  type DecimalColumn,
  type DecodeOutcome,
  type EventBatch,
  EventKind,
  type Market,
  Side,
  SYMBOL_BYTES_MAX,
} from '@cryptoflow/model'
import { half, isEight, MISS, scanDecimal, scanInteger, scanPlainText, space, word } from '../bytes.ts'
import { FieldReader, field, isObject, type JsonObject, malformed } from '../json.ts'
import { EMPTY, EVENTS } from '../outcomes.ts'
import { readRfcTime, scanRfcTime } from '../rfc-time.ts'
import { behind, spelled } from '../spelled.ts'
import { head, isEnd, isQuote, SENT } from './envelope.ts'
import { outsideOf } from './products.ts'
import { productId } from './symbols.ts'

/**
 * Trades of the Advanced socket, channel `market_trades`: several a frame, those of a snapshot newest first. They are
 * appended in the order of their ids. `side` is the maker's, so the taker's is the other one: compared with the
 * Exchange socket on 59 of 59 ids on 2026-09-27.
 * Sources: docs.cdp.coinbase.com, Advanced Trade WebSocket channels, read 2026-09-27; frames of 2025-10-27 and
 * 2026-09-30 for the order of the fields.
 */

interface Listed {
  readonly id: number
  readonly fields: FieldReader
  readonly trade: JsonObject
}

/** The exact path: appends the frame's trades, or tells why there are none; on a refusal the caller rolls back. */
export function readMarketTrades(
  market: Market,
  message: JsonObject,
  stream: number,
  out: EventBatch,
): DecodeOutcome {
  const frame = new FieldReader(message)
  const sentUs = readRfcTime(frame, field(message, 'timestamp'), 'timestamp')
  const listed: Listed[] = []
  let outside: DecodeOutcome | null = null
  for (const event of frame.list('events')) {
    if (!isObject(event)) return malformed('malformed', 'an event is not an object')
    const inEvent = new FieldReader(event)
    for (const trade of inEvent.list('trades')) {
      if (!isObject(trade)) return malformed('malformed', 'a trade is not an object')
      const other = outsideOf(market, field(trade, 'product_id'))
      const fields = new FieldReader(trade)
      if (other === null) listed.push({ id: readTextId(fields, trade), fields, trade })
      else outside ??= other
    }
    if (inEvent.refusal !== null) return inEvent.refusal
  }
  if (frame.refusal !== null) return frame.refusal
  listed.sort((a, b) => a.id - b.id)
  for (const one of listed) {
    readTrade(one, sentUs, stream, out)
    if (one.fields.refusal !== null) return one.fields.refusal
  }
  return listed.length > 0 ? EVENTS : (outside ?? EMPTY)
}

function readTrade({ id, fields, trade }: Listed, sentUs: number, stream: number, out: EventBatch): void {
  out.reserveEvent()
  out.reserveEntries(1)
  out.sentUs[out.count] = sentUs
  out.engineUs[out.count] = readRfcTime(fields, field(trade, 'time'), 'time')
  fields.decimal('price', out.price, out.entryCount)
  fields.decimal('size', out.quantity, out.entryCount)
  const side = takerSide(fields, field(trade, 'side'), 'BUY', 'SELL')
  endTrade(out, id, side, stream, fields.symbol('product_id', out.names))
}

/** An id written as text: a whole number below 2^53, in the digits that a number is written with. */
function readTextId(fields: FieldReader, trade: JsonObject): number {
  const text = field(trade, 'trade_id')
  if (typeof text !== 'string' || !/^\d+$/.test(text)) {
    fields.refuse('malformed', 'trade_id is not a whole number in quotes')
    return 0
  }
  const id = Number(text)
  if (!Number.isSafeInteger(id)) fields.refuse('number_out_of_range', 'trade_id is not below 2^53')
  else if (String(id) !== text) fields.refuse('malformed', 'trade_id has digits that no number has')
  return id
}

/** The taker's side of a trade whose maker's side is given in one of two words. */
export function takerSide(fields: FieldReader, maker: unknown, buy: string, sell: string): number {
  if (maker !== buy && maker !== sell) fields.refuse('malformed', `side is neither ${buy} nor ${sell}`)
  return maker === buy ? Side.sell : Side.buy
}

/** Ends a trade whose times, price and quantity are written. */
export function endTrade(out: EventBatch, id: number, side: number, stream: number, symbol: number): void {
  const event = out.count
  out.kind[event] = EventKind.trade
  out.symbol[event] = symbol
  out.stream[event] = stream
  out.firstSeq[event] = id
  out.lastSeq[event] = id
  out.prevSeq[event] = Number.NaN
  out.tradeType[event] = -1
  out.side[out.entryCount] = side
  out.entryCount += 1
  out.endEvent()
}

const { view } = space
const COMMA = 44
const OBJECT_START = 123
const OBJECT_END = 125
const LIST_END = half(']}')
const UPDATE = spelled('{"type":"update","trades":[')
const SNAPSHOT = spelled('{"type":"snapshot","trades":[')

/** The fast path: appends the trades whose first event stands at `at`; false on any surprise. */
export function scanMarketTrades(at: number, market: Market, stream: number, out: EventBatch): boolean {
  const { count } = out
  for (;;) {
    const update = behind(at, UPDATE)
    at = update === MISS ? behind(at, SNAPSHOT) : update
    for (;;) {
      at = scanTrade(at, market, stream, out)
      if (view.getUint8(at) !== COMMA) break
      at += 1
    }
    if (view.getUint16(at, true) !== LIST_END) return false
    at += 2
    if (view.getUint8(at) !== COMMA) return isEnd(at) && isArranged(out, count)
    at += 1
  }
}

const PRODUCT = word('"pro')
const PRODUCT_2 = word('duct')
const PRODUCT_3 = word('_id"')
const PRODUCT_4 = word('d":"')
const ID = word('"tra')
const ID_2 = word('de_i')
const PRICE = word('"pri')
const PRICE_2 = word('ce":')
const SIZE = word('"siz')
const SIZE_2 = word('e":"')
const TIME = word('"tim')
const SIDE = word('"sid')
const BUY = word('BUY"')
const SELL = word('SELL')
/** One bit for each of the six fields. */
const ALL_FIELDS = 63

/** Reads one trade, its six fields in any order and each once; answers the offset behind it. */
function scanTrade(at: number, market: Market, stream: number, out: EventBatch): number {
  if (view.getUint8(at) !== OBJECT_START) return MISS
  out.reserveEvent()
  out.reserveEntries(1)
  const event = out.count
  const entry = out.entryCount
  let fields = 0
  let symbol = -1
  let side = 0
  do {
    at += 1
    const key = view.getInt32(at, true)
    let field = 0
    if (key === PRODUCT) {
      if (!isEight(at + 4, PRODUCT_2, PRODUCT_3) || view.getInt32(at + 10, true) !== PRODUCT_4) return MISS
      const symbolAt = at + 14
      at = scanPlainText(symbolAt, SYMBOL_BYTES_MAX)
      if (at === MISS) return MISS
      symbol = productId(symbolAt, at - symbolAt, market, out.names)
      field = 1
    } else if (key === ID) {
      at = isEight(at + 4, ID_2, PRODUCT_4) ? scanInteger(at + 12, out.firstSeq, event) : MISS
      field = 2
    } else if (key === PRICE) {
      const isKey = view.getInt32(at + 4, true) === PRICE_2 && isQuote(at + 8)
      at = isKey ? scanDecimal(at + 9, out.price, entry) : MISS
      field = 4
    } else if (key === SIZE) {
      at = view.getInt32(at + 4, true) === SIZE_2 ? scanDecimal(at + 8, out.quantity, entry) : MISS
      field = 8
    } else if (key === TIME) {
      at = view.getInt32(at + 4, true) === SIZE_2 ? scanRfcTime(at + 8, out.engineUs, event) : MISS
      field = 16
    } else if (key === SIDE && view.getInt32(at + 4, true) === SIZE_2) {
      const maker = view.getInt32(at + 8, true)
      if (maker !== BUY && maker !== SELL) return MISS
      side = maker === BUY ? Side.sell : Side.buy
      at += maker === BUY ? 11 : 12
      field = 32
    }
    if (field === 0 || (fields & field) !== 0 || !isQuote(at)) return MISS
    fields |= field
    at += 1
  } while (view.getUint8(at) === COMMA)
  if (fields !== ALL_FIELDS || symbol < 0 || view.getUint8(at) !== OBJECT_END) return MISS
  out.sentUs[event] = head[SENT] as number
  endTrade(out, out.firstSeq[event] as number, side, stream, symbol)
  return at + 1
}

/** Brings the trades `from ...` into the order of their ids where they have the opposite one; false in any other. */
function isArranged(out: EventBatch, from: number): boolean {
  const last = out.count - 1
  if (last === from) return true
  const isNewestFirst = (out.firstSeq[from] as number) > (out.firstSeq[last] as number)
  const sign = isNewestFirst ? -1 : 1
  for (let event = from; event < last; event++) {
    if (!(((out.firstSeq[event + 1] as number) - (out.firstSeq[event] as number)) * sign > 0)) return false
  }
  if (isNewestFirst) {
    if (hasWide(out.price, out, from) || hasWide(out.quantity, out, from)) return false
    reverse(out, from, last)
  }
  return true
}

/** Whether a number of the trades `from ...` is beyond 2^53, and so does not lie with the others. */
function hasWide({ wide }: DecimalColumn, out: EventBatch, from: number): boolean {
  if (wide.size === 0) return false
  for (let row = out.entryStart[from] as number; row < out.entryCount; row++) if (wide.has(row)) return true
  return false
}

/** Each trade has one entry, so that entries lie as the trades do. */
function reverse(out: EventBatch, from: number, last: number): void {
  const { symbol, engineUs, firstSeq, lastSeq, side, price, quantity } = out
  const entries = (out.entryStart[from] as number) - from
  const byEvent = [symbol, engineUs, firstSeq, lastSeq]
  const byEntry = [side, price.mantissas, price.scales, quantity.mantissas, quantity.scales]
  for (const column of byEvent) column.subarray(from, last + 1).reverse()
  for (const column of byEntry) column.subarray(entries + from, entries + last + 1).reverse()
}
