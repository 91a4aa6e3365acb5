import { type EventBatch, EventKind, Side } from '@cryptoflow/model'
import { half, isFive, isSeven, isSix, type Space, scanDecimal, scanInteger, word } from '../bytes.ts'
import type { FieldReader } from '../json.ts'
import { isLastBrace, scanSymbol } from './envelope.ts'
import { symbolId } from './symbols.ts'

/**
 * The exchange's own best bid and ask. `u` grows but skips, so it orders quotes and finds no gap; there is no
 * time in it and no type.
 * Source: binance-spot-api-docs, web-socket-streams.md, "Individual Symbol Book Ticker Streams", a5e0bc3.
 */

/** The exact path: appends the quote that the fields give. */
export function readQuote(fields: FieldReader, stream: number, out: EventBatch): void {
  out.reserveEvent()
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
  out.engineUs[event] = Number.NaN
  out.sentUs[event] = Number.NaN
  out.firstSeq[event] = Number.NaN
  out.prevSeq[event] = Number.NaN
  out.side[out.entryCount] = Side.bid
  out.side[out.entryCount + 1] = Side.ask
  out.entryCount += 2
  out.endEvent()
}

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
 * The fast path: appends the quote at `at` when it is written exactly as the exchange writes it,
 * `{"u":1,"s":"B","b":"1","B":"1","a":"1","A":"1"}`; false otherwise.
 */
export function scanQuote(
  space: Space,
  at: number,
  symbolBytes: number,
  stream: number,
  out: EventBatch,
): boolean {
  const { view } = space
  if (!isFive(view, at, HEAD, HEAD_TAIL)) return false
  out.reserveEvent()
  out.reserveEntries(2)
  const bid = out.entryCount
  at = scanInteger(view, at + 5, out.lastSeq, out.count)
  if (!isSix(view, at, SYMBOL_KEY, TEXT)) return false
  const symbolAt = at + 6
  const symbolEnd = scanSymbol(space, symbolAt, symbolBytes)
  if (!isSeven(view, symbolEnd, BID_KEY, BID_KEY_TAIL)) return false
  at = scanDecimal(view, symbolEnd + 7, out.price, bid)
  if (!isSeven(view, at, BID_QUANTITY_KEY, BID_QUANTITY_KEY_TAIL)) return false
  at = scanDecimal(view, at + 7, out.quantity, bid)
  if (!isSeven(view, at, ASK_KEY, ASK_KEY_TAIL)) return false
  at = scanDecimal(view, at + 7, out.price, bid + 1)
  if (!isSeven(view, at, ASK_QUANTITY_KEY, ASK_QUANTITY_KEY_TAIL)) return false
  at = scanDecimal(view, at + 7, out.quantity, bid + 1)
  if (view.getUint8(at) !== QUOTE || !isLastBrace(space, at + 1, symbolBytes)) return false

  const symbol = symbolId(space, symbolAt, symbolEnd - symbolAt, symbolBytes > 0, out.names)
  if (symbol < 0 || stream < 0) return false
  endQuote(out, stream, symbol)
  return true
}
