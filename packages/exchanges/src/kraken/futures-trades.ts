import {
  type Decimal,
  type DecimalColumn,
  type EventBatch,
  EventKind,
  type LiquidationDetail,
  Side,
} from '@cryptoflow/model'
import { scanBareDecimal } from '../bare-numbers.ts'
import { isSeven, scanAsciiText, scanInteger, space, word } from '../bytes.ts'
import { appendDetail } from '../details.ts'
import type { FieldReader } from '../json.ts'
import { isSpelled, spelled } from '../spelled.ts'
import { settleTime } from '../time.ts'
import { seenIds, seenLengths, slotOf } from './seen.ts'
import { readSide } from './spot-trades.ts'

/**
 * Futures trades: `side` is the taker's, `seq` counts the trades of a product, `uid` tells one from all others (absent
 * before 2019-09), `time` is the engine's. `type` is `fill`, `liquidation`, `termination` or `block`: a block was
 * agreed outside the book, the two in the middle closed a position by force and are liquidations too.
 * Source: docs.kraken.com as copied 2026-05-27, futures-api/websocket/trade; tardis-node 2026-08-22 for terminations.
 */

/** Ids in the batch's table of names. */
export interface TradeStreams {
  readonly trade: number
  readonly liquidations: number
}

/** The exchange's words for trades that close a position by force. */
const forced: ReadonlySet<string> = new Set(['liquidation', 'termination'])

/** Longest id that is kept, as of every word of the exchange; they are UUIDs of 36 characters. */
const ID_BYTES_MAX = 64

/** The exact path: appends the trade that the fields give, and the liquidation that it may be. */
export function readFuturesTrade(fields: FieldReader, streams: TradeStreams, out: EventBatch): void {
  out.reserveEvent()
  out.reserveEntries(1)
  const event = out.count
  const entry = out.entryCount
  const type = fields.text('type')
  out.engineUs[event] = fields.time('time')
  out.lastSeq[event] = fields.integer('seq')
  fields.decimal('price', out.price, entry)
  fields.decimal('qty', out.quantity, entry)
  const side = readSide(fields)
  const id = idOf(fields)
  const symbol = fields.symbol('product_id', out.names)
  const typeName = fields.nameOf(type, 'type', out.names)
  const kind = type === 'block' ? EventKind.block : EventKind.trade
  endTrade(out, { kind, side, type: typeName, stream: streams.trade, symbol })
  if (id !== null) out.textIds.set(event, id)
  if (forced.has(type) && fields.refusal === null) appendLiquidation(event, type, streams.liquidations, out)
}

function idOf(fields: FieldReader): string | null {
  const id = fields.optionalText('uid')
  if (id === '') fields.refuse('malformed', 'uid is an empty text')
  return id
}

/** The same trade once more, in words of liquidations: all are sent, and the price is that of the fill. */
function appendLiquidation(event: number, type: string, stream: number, out: EventBatch): void {
  const entry = out.entryStart[event] as number
  const detail: LiquidationDetail = {
    side: out.side[entry] === Side.buy ? 'buy' : 'sell',
    price: decimalAt(out.price, entry),
    priceKind: 'fill',
    averagePrice: null,
    quantity: decimalAt(out.quantity, entry),
    filledQuantity: null,
    status: type,
    sampled: false,
  }
  const symbol = out.symbol[event] as number
  const engineUs = out.engineUs[event] as number
  const rare = { kind: EventKind.liquidation, symbol, stream, engineUs, sentUs: Number.NaN, detail }
  const liquidation = appendDetail(rare, out)
  const id = out.textIds.get(event)
  if (id !== undefined) out.textIds.set(liquidation, id)
}

function decimalAt(column: DecimalColumn, row: number): Decimal {
  return { mantissa: column.mantissa(row) ?? 0n, scale: column.scales[row] as number }
}

interface Print {
  readonly kind: number
  readonly side: number
  readonly type: number
  readonly stream: number
  readonly symbol: number
}

/** `lastSeq` and the entry's numbers stand there already. */
function endTrade(out: EventBatch, { kind, side, type, stream, symbol }: Print): void {
  const event = out.count
  out.kind[event] = kind
  out.symbol[event] = symbol
  out.stream[event] = stream
  out.sentUs[event] = Number.NaN
  out.firstSeq[event] = out.lastSeq[event] as number
  out.prevSeq[event] = Number.NaN
  out.tradeType[event] = type
  out.side[out.entryCount] = side
  out.entryCount += 1
  out.endEvent()
}

const { bytes, view } = space
const ID_KEY = spelled('","uid":"')
const BUY_KEY = spelled('","side":"buy","type":"fill","seq":')
const SELL_KEY = spelled('","side":"sell","type":"fill","seq":')
const TIME_KEY = spelled(',"time":')
const QUANTITY_KEY = word(',"qt')
const QUANTITY_KEY_TAIL = word('ty":')
const PRICE_KEY = spelled(',"price":')
const BRACE = 125
/** The space as Node reads texts of one byte a character from it. */
const ascii = Buffer.from(bytes.buffer)

/**
 * The fast path: appends the trade whose product stands at `symbolAt`, in the one spelling
 * `{"feed":"trade","product_id":"A","uid":"u","side":"buy","type":"fill","seq":1,"time":1,"qty":1.0,"price":1.5}`.
 * `fill` is the id of that word. False otherwise, and for all other types.
 */
export function scanFuturesTrade(symbolAt: number, stream: number, fill: number, out: EventBatch): boolean {
  out.reserveEvent()
  out.reserveEntries(1)
  const event = out.count
  const entry = out.entryCount
  const slot = slotOf(symbolAt, out.names)
  if (slot < 0 || stream < 0 || fill < 0) return false
  const symbol = seenIds[slot] as number
  const symbolEnd = symbolAt + (seenLengths[slot] as number)
  if (!isSpelled(symbolEnd, ID_KEY)) return false
  const idAt = symbolEnd + ID_KEY.bytes
  const idEnd = scanAsciiText(idAt, ID_BYTES_MAX)
  const isBuy = isSpelled(idEnd, BUY_KEY)
  if (!isBuy && !isSpelled(idEnd, SELL_KEY)) return false
  let at = scanInteger(idEnd + (isBuy ? BUY_KEY : SELL_KEY).bytes, out.lastSeq, event)
  if (!isSpelled(at, TIME_KEY)) return false
  at = scanInteger(at + TIME_KEY.bytes, out.engineUs, event)
  if (!isSeven(at, QUANTITY_KEY, QUANTITY_KEY_TAIL)) return false
  at = scanBareDecimal(at + 7, out.quantity, entry)
  if (!isSpelled(at, PRICE_KEY)) return false
  at = scanBareDecimal(at + PRICE_KEY.bytes, out.price, entry)
  if (at + 1 !== space.end || view.getUint8(at) !== BRACE || !settleTime(out.engineUs, event)) return false

  const side = isBuy ? Side.buy : Side.sell
  endTrade(out, { kind: EventKind.trade, side, type: fill, stream, symbol })
  out.textIds.set(event, ascii.toString('latin1', idAt, idEnd))
  return true
}
