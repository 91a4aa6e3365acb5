import { type EventBatch, EventKind, Side, type StringTable } from '@cryptoflow/model'
import {
  half,
  isEight,
  isSameText,
  isSeven,
  MISS,
  scanInteger,
  scanShortDecimal,
  space,
  word,
} from '../bytes.ts'
import { field } from '../json.ts'
import { isEnd, isNext, scanData, scanSymbolKey, scanTextInteger, scanTime } from './envelope.ts'
import { type Element, optionalWholeText, type Place, textTime, wholeText } from './fields.ts'

/**
 * Trades. `side` is the taker's, `ts` the time of the fill. In the channel `trades` a message stands for the fills of
 * one taker order at one price: `count` of them, the last of which is `tradeId`; since ids grow by one, the first is
 * known too. `source` is 0, or 1 where the other side came from the enhanced liquidity program; it is the trade's type.
 *
 * Source: okx.com/docs-v5, "WS / Trades channel" and "WS / All trades channel", as of 2026-02-23. `count`, `source`
 * and `seqId` are younger than recordings of 2022.
 */

/** The exact path: appends the trade, or the aggregate of several, that an element is. */
export function readTrade(element: Element, place: Place, out: EventBatch): void {
  const { row, fields } = element
  out.reserveEvent()
  out.reserveEntries(1)
  const entry = out.entryCount
  out.engineUs[out.count] = textTime(element, 'ts')
  const id = wholeText(element, 'tradeId')
  const count = optionalWholeText(element, 'count')
  if (count < 1 || count > id + 1) fields.refuse('malformed', 'count is not that of trades up to tradeId')
  fields.decimal('px', out.price, entry)
  fields.decimal('sz', out.quantity, entry)
  const side = field(row, 'side')
  if (side !== 'buy' && side !== 'sell') fields.refuse('malformed', 'side is neither buy nor sell')
  const type = field(row, 'source') === '' ? -1 : fields.optionalName('source', out.names)
  endTrade(out, id, count, side === 'buy' ? Side.buy : Side.sell, place.stream, place.symbol, type)
}

/** `count` is NaN where the message tells none: then it is a single trade. */
function endTrade(
  out: EventBatch,
  id: number,
  count: number,
  side: number,
  stream: number,
  symbol: number,
  type: number,
): void {
  const event = out.count
  const isAggregate = count > 1
  const first = isAggregate ? id - count + 1 : id
  out.kind[event] = isAggregate ? EventKind.aggregate : EventKind.trade
  out.symbol[event] = symbol
  out.stream[event] = stream
  out.sentUs[event] = Number.NaN
  out.firstSeq[event] = first
  out.lastSeq[event] = id
  out.prevSeq[event] = Number.NaN
  if (isAggregate) {
    out.firstTradeId[event] = first
    out.lastTradeId[event] = id
  }
  out.tradeType[event] = type
  out.side[out.entryCount] = side
  out.entryCount += 1
  out.endEvent()
}

/**
 * The fast path: appends the trades of the frame when it is written as the exchange writes it,
 * `..."},"data":[{"instId":"B","tradeId":"1","px":"1","sz":"1","side":"buy","ts":"1","count":"1","source":"0","seqId":1}]}`,
 * what stands behind `ts` in any order or not at all; false otherwise.
 */
export function scanTrades(
  symbolAt: number,
  symbolEnd: number,
  stream: number,
  symbol: number,
  out: EventBatch,
): boolean {
  let at = scanData(symbolEnd)
  for (;;) {
    at = scanTrade(at, symbolAt, symbolEnd - symbolAt, stream, symbol, out)
    if (at === MISS) return false
    if (!isNext(at)) return isEnd(at)
    at += 1
  }
}

const { view, bytes } = space
const BRACE_START = 123
const BRACE = 125
const QUOTE = 34
const COMMA = 44
const ID_1 = word('","t')
const ID_2 = word('rade')
const ID_3 = word('Id":')
const PRICE = word(',"px')
const PRICE_TAIL = word('x":"')
const QUANTITY = word(',"sz')
const QUANTITY_TAIL = word('z":"')
const SIDE_1 = word(',"si')
const SIDE_2 = word('de":')
const BUY = word('"buy')
const BUY_TAIL = half('",')
const SELL = word('"sel')
const SELL_TAIL = half('l"')

/** Reads one element; answers the offset behind it. */
function scanTrade(
  at: number,
  symbolAt: number,
  symbolBytes: number,
  stream: number,
  symbol: number,
  out: EventBatch,
): number {
  if (view.getUint8(at) !== BRACE_START) return MISS
  out.reserveEvent()
  out.reserveEntries(1)
  const event = out.count
  const entry = out.entryCount
  at = scanSymbolKey(at + 1)
  if (!isSameText(at, symbolAt, symbolBytes)) return MISS
  at = scanTextInteger(scanIdKey(at + symbolBytes), out.lastSeq, event)
  if (!isSeven(at, PRICE, PRICE_TAIL)) return MISS
  at = scanShortDecimal(at + 7, out.price, entry)
  if (!isSeven(at + 1, QUANTITY, QUANTITY_TAIL)) return MISS
  at = scanShortDecimal(at + 8, out.quantity, entry)
  if (!isEight(at + 1, SIDE_1, SIDE_2)) return MISS
  const isBuy = view.getInt32(at + 9, true) === BUY
  at = scanTime(isBuy ? scanBuy(at + 9) : scanSell(at + 9), out.engineUs, event)
  at = scanExtras(at, out.names)
  const id = out.lastSeq[event] as number
  const { count, type } = extras
  if (at === MISS || count < 1 || count > id + 1) return MISS
  endTrade(out, id, count, isBuy ? Side.buy : Side.sell, stream, symbol, type)
  return at
}

/** Passes `","tradeId":"` by. */
function scanIdKey(at: number): number {
  const isKey =
    isEight(at, ID_1, ID_2) && view.getInt32(at + 8, true) === ID_3 && view.getUint8(at + 12) === QUOTE
  return isKey ? at + 13 : MISS
}

/** Passes `"buy",` by. */
function scanBuy(at: number): number {
  return view.getUint16(at + 4, true) === BUY_TAIL ? at + 6 : MISS
}

/** Passes `"sell",` by. */
function scanSell(at: number): number {
  const isSell =
    view.getInt32(at, true) === SELL &&
    view.getUint16(at + 4, true) === SELL_TAIL &&
    view.getUint8(at + 6) === COMMA
  return isSell ? at + 7 : MISS
}

const COUNT = word(',"co')
const COUNT_1 = word('unt"')
const SOURCE = word(',"so')
const SOURCE_1 = word('urce')
const SEQUENCE = word(',"se')
const SEQUENCE_1 = word('qId"')
const TEXT = half(':"')
const COLON = 58

/** What the last `scanExtras` read: NaN and -1 where there was none. */
const extras = { count: Number.NaN, type: -1 }
const number = new Float64Array(1)

/** Reads what stands behind the time up to the element's `}`; answers the offset behind it. */
function scanExtras(at: number, names: StringTable): number {
  extras.count = Number.NaN
  extras.type = -1
  for (;;) {
    switch (view.getInt32(at, true)) {
      case COUNT:
        if (view.getInt32(at + 4, true) !== COUNT_1 || view.getUint16(at + 8, true) !== TEXT) return MISS
        at = scanTextInteger(at + 10, number, 0)
        extras.count = number[0] as number
        break
      case SOURCE:
        at = scanSource(at, names)
        break
      case SEQUENCE:
        if (view.getInt32(at + 4, true) !== SEQUENCE_1 || view.getUint8(at + 8) !== COLON) return MISS
        at = scanInteger(at + 9, number, 0)
        break
      default:
        return view.getUint8(at) === BRACE ? at + 1 : MISS
    }
  }
}

const VALUE = word('":"')
const ZERO = 48
let normal: { readonly names: StringTable; readonly id: number } | null = null

/** Reads `,"source":"0"`, a digit; that of nearly all trades is looked up once for a table of names. */
function scanSource(at: number, names: StringTable): number {
  const digit = view.getUint8(at + 11)
  const isDigit = digit >= ZERO && digit <= ZERO + 9 && view.getUint8(at + 12) === QUOTE
  if (!isDigit || view.getInt32(at + 4, true) !== SOURCE_1) return MISS
  if ((view.getInt32(at + 8, true) & 0xffffff) !== VALUE) return MISS
  if (digit !== ZERO) extras.type = names.idOfBytes(bytes, at + 11, at + 12)
  else {
    if (normal?.names !== names) normal = { names, id: names.idOf('0') }
    extras.type = normal.id
  }
  return extras.type < 0 ? MISS : at + 13
}
