import { type EventBatch, type Market, Side, SYMBOL_BYTES_MAX } from '@cryptoflow/model'
import { half, MISS, scanAsciiText, scanDecimal, scanInteger, scanPlainText, space, word } from '../bytes.ts'
import { type FieldReader, field, type JsonObject } from '../json.ts'
import { readRfcTime, scanRfcTime } from '../rfc-time.ts'
import { behind, type Spelled, spelled } from '../spelled.ts'
import { isQuote } from './envelope.ts'
import { productId } from './symbols.ts'
import { endTrade, takerSide } from './trades.ts'

/**
 * Trades of the Exchange socket, channel `matches`: one a frame, `last_match` the one before the subscription. `side`
 * is the maker's. `sequence` counts all that happens to the product and has holes here; nothing hangs on it.
 * Source: docs.cdp.coinbase.com, Exchange WebSocket channels, "Matches", read 2026-09-27; the order of the fields from
 * frames of 2019 to 2021.
 */

/** The exact path: appends the trade that the fields give. */
export function readMatch(fields: FieldReader, message: JsonObject, stream: number, out: EventBatch): void {
  out.reserveEvent()
  out.reserveEntries(1)
  out.sentUs[out.count] = Number.NaN
  out.engineUs[out.count] = readRfcTime(fields, field(message, 'time'), 'time')
  const id = fields.integer('trade_id')
  fields.decimal('price', out.price, out.entryCount)
  fields.decimal('size', out.quantity, out.entryCount)
  const side = takerSide(fields, field(message, 'side'), 'buy', 'sell')
  endTrade(out, id, side, stream, fields.symbol('product_id', out.names))
}

const { view } = space
const BUY = word('buy"')
const SELL = word('sell')
const MAKER = spelled(',"maker_order_id":"')
const TAKER = spelled('","taker_order_id":"')
const SIDE = spelled('","side":"')
const SIZE = spelled('"size":"')
const PRICE = spelled('","price":"')
const PRODUCT = spelled('","product_id":"')
const SEQUENCE = spelled('","sequence":')
const TIME = spelled(',"time":"')
const END = half('"}')
const COMMA = 44
const unused = new Float64Array(1)

/**
 * The fast path: appends the match whose id stands at `at`, when it is written exactly as the exchange writes it,
 * `{"type":"match","trade_id":1,"maker_order_id":"","taker_order_id":"","side":"sell","size":"1","price":"1",`
 * `"product_id":"A-B","sequence":1,"time":""}`; false otherwise.
 */
export function scanMatch(at: number, market: Market, stream: number, out: EventBatch): boolean {
  out.reserveEvent()
  out.reserveEntries(1)
  const event = out.count
  const entry = out.entryCount
  at = behind(scanInteger(at, out.firstSeq, event), MAKER)
  at = scanOrderId(at, TAKER)
  at = scanOrderId(at, SIDE)
  const maker = view.getInt32(at, true)
  if (maker !== BUY && maker !== SELL) return false
  at += maker === BUY ? 3 : 4
  if (!isQuote(at) || view.getUint8(at + 1) !== COMMA) return false
  at = behind(at + 2, SIZE)
  if (at === MISS) return false
  at = behind(scanDecimal(at, out.quantity, entry), PRICE)
  if (at === MISS) return false
  at = behind(scanDecimal(at, out.price, entry), PRODUCT)
  if (at === MISS) return false
  const symbolAt = at
  const symbolEnd = scanPlainText(at, SYMBOL_BYTES_MAX)
  at = behind(symbolEnd, SEQUENCE)
  at = at === MISS ? MISS : behind(scanInteger(at, unused, 0), TIME)
  at = at === MISS ? MISS : scanRfcTime(at, out.engineUs, event)
  if (at + 2 !== space.end || view.getUint16(at, true) !== END) return false

  const symbol = productId(symbolAt, symbolEnd - symbolAt, market, out.names)
  if (symbol < 0) return false
  out.sentUs[event] = Number.NaN
  endTrade(out, out.firstSeq[event] as number, maker === BUY ? Side.sell : Side.buy, stream, symbol)
  return true
}

const ORDER_ID_BYTES_MAX = 64
/** Length of a UUID, which all ids of orders are. */
const UUID_BYTES = 36
const LOW_BITS = 0x01010101
const TOP_BITS = 0x80808080 | 0
const SPACES = 0x20202020
const QUOTES = 0x22222222
const BACKSLASHES = 0x5c5c5c5c

/** Passes by an order's id at `at` and the key behind it. */
function scanOrderId(at: number, key: Spelled): number {
  if (at === MISS) return MISS
  const end = behind(at + UUID_BYTES, key)
  if (end === MISS) return behind(scanAsciiText(at, ORDER_ID_BYTES_MAX), key)
  for (let i = 0; i < UUID_BYTES; i += 4) if (!isPlain(view.getInt32(at + i, true))) return MISS
  return end
}

/** Whether the four bytes of a word are ASCII that JSON writes without escapes: each test lifts a top bit. */
function isPlain(four: number): boolean {
  const quotes = four ^ QUOTES
  const backslashes = four ^ BACKSLASHES
  const controls = (four - SPACES) & ~four
  const ends = ((quotes - LOW_BITS) & ~quotes) | ((backslashes - LOW_BITS) & ~backslashes)
  return ((four | controls | ends) & TOP_BITS) === 0
}
