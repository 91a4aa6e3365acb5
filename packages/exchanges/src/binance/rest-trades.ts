import { type EventBatch, EventKind, parseDecimal, Side } from '@cryptoflow/model'
import { type FieldReader, field, type Json, JsonNumber, type JsonObject } from '../json.ts'

/**
 * Trades and aggregates as REST lists them: the same trades as in the streams, without symbol and send time.
 * Source: binance-spot-api-docs, rest-api.md, "Recent trades list" and "Compressed/Aggregate trades list", a5e0bc3 of
 * 2026-07-21; developers.binance.com, derivatives, the pages of the same names, as scraped 2026-05-28 (c3e7630).
 */

/** Ids in the batch's table of names that a row itself does not tell. */
export interface AskedFor {
  readonly stream: number
  readonly symbol: number
}

/** The word for a trade with an order of the retail price improvement program, whose row only has a flag. */
const RPI = 'RPI'

/** Appends the trade of one row of REST `trades`. */
export function readRestTrade(fields: FieldReader, row: JsonObject, asked: AskedFor, out: EventBatch): void {
  const keys = { id: 'id', price: 'price', quantity: 'qty', time: 'time', isBuyerMaker: 'isBuyerMaker' }
  const event = out.count
  appendPrint(fields, keys, asked, out)
  out.kind[event] = EventKind.trade
  out.firstTradeId[event] = Number.NaN
  out.lastTradeId[event] = Number.NaN
  const isRpi = field(row, 'isRPITrade') !== undefined && fields.flag('isRPITrade')
  const tradeType = isRpi ? out.names.idOf(RPI) : -1
  if (isRpi && tradeType < 0) fields.refuse('bad_symbol', 'more names than the table of names holds')
  out.tradeType[event] = tradeType
}

/** Appends the aggregate of one row of REST `aggTrades`; one that the exchange has made void is left out. */
export function readRestAggregate(
  fields: FieldReader,
  row: JsonObject,
  asked: AskedFor,
  out: EventBatch,
): void {
  if (isVoid(row)) return
  const keys = { id: 'a', price: 'p', quantity: 'q', time: 'T', isBuyerMaker: 'm' }
  const event = out.count
  appendPrint(fields, keys, asked, out)
  out.kind[event] = EventKind.aggregate
  out.firstTradeId[event] = fields.integer('f')
  out.lastTradeId[event] = fields.integer('l')
  out.tradeType[event] = -1
}

/** Doubled aggregates of spot were emptied, not removed (binance-spot-api-docs, CHANGELOG.md, 2022-04-12). */
function isVoid(row: JsonObject): boolean {
  return isMinusOne(field(row, 'f')) && isMinusOne(field(row, 'l')) && isZero(row, 'p') && isZero(row, 'q')
}

function isMinusOne(json: Json | undefined): boolean {
  return json instanceof JsonNumber && json.text === '-1'
}

function isZero(row: JsonObject, key: string): boolean {
  const json = field(row, key)
  const decimal = typeof json === 'string' ? parseDecimal(json) : null
  return decimal !== null && decimal !== 'range' && decimal.mantissa === 0n
}

interface PrintKeys {
  readonly id: string
  readonly price: string
  readonly quantity: string
  readonly time: string
  readonly isBuyerMaker: string
}

function appendPrint(fields: FieldReader, keys: PrintKeys, asked: AskedFor, out: EventBatch): void {
  out.reserveEvent()
  out.reserveEntries(1)
  const event = out.count
  const entry = out.entryCount
  const id = fields.integer(keys.id)
  out.symbol[event] = asked.symbol
  out.stream[event] = asked.stream
  out.engineUs[event] = fields.time(keys.time)
  out.sentUs[event] = Number.NaN
  out.firstSeq[event] = id
  out.lastSeq[event] = id
  out.prevSeq[event] = Number.NaN
  fields.decimal(keys.price, out.price, entry)
  fields.decimal(keys.quantity, out.quantity, entry)
  out.side[entry] = fields.flag(keys.isBuyerMaker) ? Side.sell : Side.buy
  out.entryCount = entry + 1
  out.endEvent()
}
