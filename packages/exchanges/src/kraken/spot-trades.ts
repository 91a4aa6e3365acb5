import { type EventBatch, EventKind, Side, type StringTable } from '@cryptoflow/model'
import { scanBareDecimal } from '../bare-numbers.ts'
import { isSeven, MISS, scanInteger, space, word } from '../bytes.ts'
import { type FieldReader, field, isObject, type Json, type JsonObject, wholeNumber } from '../json.ts'
import { readRfcTime, scanRfcTime } from '../rfc-time.ts'
import { isSpelled, spelled } from '../spelled.ts'
import { seenIds, seenLengths, slotOf } from './seen.ts'

/**
 * Spot trades: `side` is the taker's, `trade_id` grows by one per symbol, `timestamp` is the engine's, `ord_type` is
 * the taker's kind of order. A frame holds one or several.
 * Source: docs.kraken.com as copied 2026-05-27, websocket-v2/trade.
 */

/** The exact path: appends the trade that the fields give. */
export function readSpotTrade(
  fields: FieldReader,
  message: JsonObject,
  stream: number,
  out: EventBatch,
): void {
  out.reserveEvent()
  out.reserveEntries(1)
  const event = out.count
  const entry = out.entryCount
  out.engineUs[event] = readRfcTime(fields, field(message, 'timestamp'), 'timestamp')
  out.firstSeq[event] = fields.integer('trade_id')
  fields.decimal('price', out.price, entry)
  fields.decimal('qty', out.quantity, entry)
  const side = readSide(fields)
  const type = fields.optionalName('ord_type', out.names)
  endTrade(out, side, type, stream, fields.symbol('symbol', out.names))
}

/** The trades by their numbers under `key`, ascending; where one has none, as they are: it is refused later. */
export function inOrderOfIds(trades: readonly Json[], key: string): readonly Json[] {
  const numbered = trades.map((trade) => ({
    trade,
    id: isObject(trade) ? wholeNumber(field(trade, key)) : null,
  }))
  if (numbered.some(({ id }) => id === null)) return trades
  return numbered.sort((a, b) => (a.id as number) - (b.id as number)).map(({ trade }) => trade)
}

/** The taker's side, one of Side. */
export function readSide(fields: FieldReader): number {
  const side = fields.text('side')
  if (side !== 'buy' && side !== 'sell') fields.refuse('malformed', 'side is neither buy nor sell')
  return side === 'buy' ? Side.buy : Side.sell
}

function endTrade(out: EventBatch, side: number, type: number, stream: number, symbol: number): void {
  const event = out.count
  out.kind[event] = EventKind.trade
  out.symbol[event] = symbol
  out.stream[event] = stream
  out.sentUs[event] = Number.NaN
  out.lastSeq[event] = out.firstSeq[event] as number
  out.prevSeq[event] = Number.NaN
  out.tradeType[event] = type
  out.side[out.entryCount] = side
  out.entryCount += 1
  out.endEvent()
}

const { view } = space
const HEAD = spelled('{"channel":"trade","type":"update","data":[{"symbol":"')
const BUY_KEY = spelled('","side":"buy","price":')
const SELL_KEY = spelled('","side":"sell","price":')
const QUANTITY_KEY = word(',"qt')
const QUANTITY_KEY_TAIL = word('ty":')
const LIMIT_KEY = spelled(',"ord_type":"limit","trade_id":')
const MARKET_KEY = spelled(',"ord_type":"market","trade_id":')
const ID_KEY = spelled(',"trade_id":')
const TIME_KEY = spelled(',"timestamp":"')
const NEXT = spelled('"},{"symbol":"')
const TAIL = word('"}]}')

/** Ids in one table of names, -1 where it is full. */
export interface TradeIds {
  readonly trade: number
  /** The two kinds of orders. */
  readonly limit: number
  readonly market: number
}

/** The ids that the fast path needs. */
export function tradeIdsIn(names: StringTable): TradeIds {
  return { trade: names.idOf('trade'), limit: names.idOf('limit'), market: names.idOf('market') }
}

/**
 * The fast path: appends the trades of a frame that is written exactly as the exchange writes it,
 * `{"channel":"trade","type":"update","data":[{"symbol":"A","side":"buy","price":1,"qty":1,"ord_type":"limit",
 * "trade_id":1,"timestamp":"..."}]}`, also without `ord_type`; false otherwise.
 */
export function scanSpotTrades(at: number, ids: TradeIds, out: EventBatch): boolean {
  if (!isSpelled(at, HEAD) || Math.min(ids.trade, ids.limit, ids.market) < 0) return false
  at += HEAD.bytes
  for (;;) {
    at = scanTrade(at, ids, out)
    if (isSpelled(at, NEXT)) at += NEXT.bytes
    else return view.getInt32(at, true) === TAIL && at + 4 === space.end
  }
}

/** Appends the trade whose symbol stands at `symbolAt`; answers the offset of the quote behind its time. */
function scanTrade(symbolAt: number, ids: TradeIds, out: EventBatch): number {
  out.reserveEvent()
  out.reserveEntries(1)
  const event = out.count
  const entry = out.entryCount
  const slot = slotOf(symbolAt, out.names)
  if (slot < 0) return MISS
  const symbol = seenIds[slot] as number
  let at = symbolAt + (seenLengths[slot] as number)
  const isBuy = isSpelled(at, BUY_KEY)
  if (!isBuy && !isSpelled(at, SELL_KEY)) return MISS
  at = scanBareDecimal(at + (isBuy ? BUY_KEY : SELL_KEY).bytes, out.price, entry)
  if (!isSeven(at, QUANTITY_KEY, QUANTITY_KEY_TAIL)) return MISS
  at = scanBareDecimal(at + 7, out.quantity, entry)
  const isLimit = isSpelled(at, LIMIT_KEY)
  const isMarket = !isLimit && isSpelled(at, MARKET_KEY)
  if (!isLimit && !isMarket && !isSpelled(at, ID_KEY)) return MISS
  at = scanInteger(at + (isLimit ? LIMIT_KEY : isMarket ? MARKET_KEY : ID_KEY).bytes, out.firstSeq, event)
  if (!isSpelled(at, TIME_KEY)) return MISS
  at = scanRfcTime(at + TIME_KEY.bytes, out.engineUs, event)
  if (at === MISS) return MISS
  const type = isLimit ? ids.limit : isMarket ? ids.market : -1
  endTrade(out, isBuy ? Side.buy : Side.sell, type, ids.trade, symbol)
  return at
}
