import { type EventBatch, EventKind, Side, type StringTable, SYMBOL_BYTES_MAX } from '@cryptoflow/model'
import {
  half,
  isEight,
  isFive,
  isSeven,
  isSix,
  scanDecimal,
  scanInteger,
  scanPlainText,
  scanShortDecimal,
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
 * Trades: `m` (the buyer was the maker) gives the taker's side; `t` is the id, `T` the engine's time; `X`, of futures
 * only, says what kind of trade it was.
 * Sources: binance-spot-api-docs, web-socket-streams.md, "Trade Streams", a5e0bc3 of 2026-07-21; the futures stream
 * is in no document: captures of 2024.
 */

/** The exact path: appends the trade that the fields give. */
export function readTrade(fields: FieldReader, stream: number, out: EventBatch): void {
  out.reserveEvent()
  out.reserveEntries(1)
  const event = out.count
  const entry = out.entryCount
  out.sentUs[event] = fields.time('E')
  out.engineUs[event] = fields.time('T')
  const id = fields.integer('t')
  fields.decimal('p', out.price, entry)
  fields.decimal('q', out.quantity, entry)
  const side = fields.flag('m') ? Side.sell : Side.buy
  const type = fields.optionalName('X', out.names)
  endTrade(out, id, side, stream, fields.symbol('s', out.names), type)
}

function endTrade(
  out: EventBatch,
  id: number,
  side: number,
  stream: number,
  symbol: number,
  type: number,
): void {
  const event = out.count
  out.kind[event] = EventKind.trade
  out.symbol[event] = symbol
  out.stream[event] = stream
  out.firstSeq[event] = id
  out.lastSeq[event] = id
  out.prevSeq[event] = Number.NaN
  out.tradeType[event] = type
  out.side[out.entryCount] = side
  out.entryCount += 1
  out.endEvent()
}

const { bytes, view } = space
const HEAD_1 = word('{"e"')
const HEAD_2 = word(':"tr')
const HEAD_3 = word('ade"')
const HEAD_4 = word(',"E"')
const COLON = 58
const QUOTE = 34
const SYMBOL_KEY = word(',"s"')
const ID_KEY = word('","t')
const PRICE_KEY = word(',"p"')
const QUANTITY_KEY = word('","q')
const QUANTITY_KEY_TAIL = word('q":"')
const TEXT_TIME_KEY = word('","T')
const TIME_KEY = word(',"T"')
const TIME_KEY_TAIL = word('"T":')
const TYPE_KEY = word('","X')
const TYPE_KEY_TAIL = word('X":"')
const NUMBER = half('":')
const TEXT = half(':"')

/** Whether `{"e":"trade","E":` stands at `at`. */
function isHead(at: number): boolean {
  return isEight(at, HEAD_1, HEAD_2) && isEight(at + 8, HEAD_3, HEAD_4) && view.getUint8(at + 16) === COLON
}

/**
 * The fast path of spot: appends the trade at `at` when it is written exactly as the exchange writes it,
 * `{"e":"trade","E":1,"s":"B","t":1,"p":"1","q":"1","T":1,"m":true,"M":true}`; false otherwise.
 */
export function scanTrade(at: number, symbolBytes: number, stream: number, out: EventBatch): boolean {
  if (!isHead(at)) return false
  out.reserveEvent()
  out.reserveEntries(1)
  const event = out.count
  const entry = out.entryCount
  at = scanInteger(at + 17, out.sentUs, event)
  if (!isSix(at, SYMBOL_KEY, TEXT)) return false
  const symbolAt = at + 6
  const symbolEnd = scanSymbol(symbolAt, symbolBytes)
  if (!isSix(symbolEnd, ID_KEY, NUMBER)) return false
  at = scanInteger(symbolEnd + 6, out.firstSeq, event)
  if (!isSix(at, PRICE_KEY, TEXT)) return false
  at = scanDecimal(at + 6, out.price, entry)
  if (!isSeven(at, QUANTITY_KEY, QUANTITY_KEY_TAIL)) return false
  at = scanDecimal(at + 7, out.quantity, entry)
  if (!isSix(at, TEXT_TIME_KEY, NUMBER)) return false
  at = scanInteger(at + 6, out.engineUs, event)
  const sellEnd = at + MAKER_TRUE_BYTES
  at = scanMaker(at)
  const isSell = at === sellEnd
  at = scanUnused(at)
  if (!isLastBrace(at, symbolBytes)) return false

  if (!settleTime(out.sentUs, event) || !settleTime(out.engineUs, event)) return false
  const symbol = symbolId(symbolAt, symbolEnd - symbolAt, symbolBytes > 0, out.names)
  if (symbol < 0 || stream < 0) return false
  endTrade(out, out.firstSeq[event] as number, isSell ? Side.sell : Side.buy, stream, symbol, -1)
  return true
}

/**
 * The fast path of futures:
 * `{"e":"trade","E":1,"T":1,"s":"B","t":1,"p":"1","q":"1","X":"MARKET","m":true}`, also with `st` at its end.
 */
export function scanFuturesTrade(at: number, symbolBytes: number, stream: number, out: EventBatch): boolean {
  if (!isHead(at)) return false
  out.reserveEvent()
  out.reserveEntries(1)
  const event = out.count
  const entry = out.entryCount
  at = scanInteger(at + 17, out.sentUs, event)
  if (!isFive(at, TIME_KEY, TIME_KEY_TAIL)) return false
  at = scanInteger(at + 5, out.engineUs, event)
  if (!isSix(at, SYMBOL_KEY, TEXT)) return false
  const symbolAt = at + 6
  const symbolEnd = scanSymbol(symbolAt, symbolBytes)
  if (!isSix(symbolEnd, ID_KEY, NUMBER)) return false
  at = scanInteger(symbolEnd + 6, out.firstSeq, event)
  if (!isSix(at, PRICE_KEY, TEXT)) return false
  at = scanShortDecimal(at + 6, out.price, entry)
  if (!isSeven(at, QUANTITY_KEY, QUANTITY_KEY_TAIL)) return false
  at = scanShortDecimal(at + 7, out.quantity, entry)
  if (!isSeven(at, TYPE_KEY, TYPE_KEY_TAIL)) return false
  const typeAt = at + 7
  const typeEnd = scanPlainText(typeAt, SYMBOL_BYTES_MAX)
  if (view.getUint8(typeEnd) !== QUOTE) return false
  const sellEnd = typeEnd + 1 + MAKER_TRUE_BYTES
  at = scanMaker(typeEnd + 1)
  const isSell = at === sellEnd
  if (!isLastBrace(scanFuturesKind(at, symbolBytes), symbolBytes)) return false

  if (!settleTime(out.sentUs, event) || !settleTime(out.engineUs, event)) return false
  const symbol = symbolId(symbolAt, symbolEnd - symbolAt, symbolBytes > 0, out.names)
  const type = typeId(typeAt, typeEnd, out.names)
  if (symbol < 0 || stream < 0 || type < 0) return false
  endTrade(out, out.firstSeq[event] as number, isSell ? Side.sell : Side.buy, stream, symbol, type)
  return true
}

const MARKET = word('MARK')
const MARKET_TAIL = word('RKET')
let market: { readonly names: StringTable; readonly id: number } | null = null

/** The id of a trade's type; the one that nearly all trades have is looked up once for a table of names. */
function typeId(at: number, end: number, names: StringTable): number {
  const isMarket =
    end === at + 6 && view.getInt32(at, true) === MARKET && view.getInt32(at + 2, true) === MARKET_TAIL
  if (!isMarket) return names.idOfBytes(bytes, at, end)
  if (market?.names !== names) market = { names, id: names.idOf('MARKET') }
  return market.id
}
