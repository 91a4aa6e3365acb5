import { type DecodeOutcome, type EventBatch, EventKind, Side, type StringTable } from '@cryptoflow/model'
import { FieldReader, field, isObject, type JsonObject, malformed } from '../json.ts'
import { LEVELS_MAX } from '../levels.ts'
import { EMPTY, EVENTS } from '../outcomes.ts'
import type { Message } from './channels.ts'

/**
 * Trades, up to 1,024 in a message: `S` is the taker's side, `T` the engine's time, `i` the id, which is no number but
 * a UUID on futures and 19 digits on spot; `BT` marks block trades, `RPI` (since 2025) those with an order of the
 * retail price improvement program. The type is always snapshot, and every trade is new.
 * Source: bybit-exchange/docs 2026-07-24, v5/websocket/public/trade and v5/market/recent-trade.
 */

/** Longest id that is taken for one, in bytes. */
export const ID_BYTES_MAX = 64
/** Type of a trade with an order of that program, whose message only has a flag. */
const RPI = 'RPI'

/** The exact path: appends the trades of a message. */
export function readTrades(message: Message, out: EventBatch): DecodeOutcome {
  const { fields } = message
  const sentUs = fields.time('ts')
  const rows = fields.list('data')
  if (rows.length > LEVELS_MAX) fields.refuse('too_many_levels', `data has more than ${LEVELS_MAX} trades`)
  if (fields.refusal !== null) return fields.refusal
  for (const [index, row] of rows.entries()) {
    if (!isObject(row)) return malformed('malformed', `trade ${index} is not an object`)
    const inTrade = new FieldReader(row)
    if (field(row, 's') !== message.symbol) inTrade.refuse('bad_symbol', 's is not the symbol of the topic')
    readTrade(row, inTrade, streamKeys, { stream: message.stream, sentUs }, out)
    if (inTrade.refusal !== null) return inTrade.refusal
  }
  return rows.length === 0 ? EMPTY : EVENTS
}

/** What fields of a trade are called. */
interface TradeKeys {
  readonly id: string
  readonly symbol: string
  readonly side: string
  readonly price: string
  readonly quantity: string
  readonly isBlock: string
  readonly isRpi: string
  readonly timeUs: (fields: FieldReader) => number
}

const streamKeys: TradeKeys = {
  id: 'i',
  symbol: 's',
  side: 'S',
  price: 'p',
  quantity: 'v',
  isBlock: 'BT',
  isRpi: 'RPI',
  timeUs: (fields) => fields.time('T'),
}

/** Names of a row of REST recent-trade, with times as texts. */
export const restKeys = (timeUs: TradeKeys['timeUs']): TradeKeys => ({
  id: 'execId',
  symbol: 'symbol',
  side: 'side',
  price: 'price',
  quantity: 'size',
  isBlock: 'isBlockTrade',
  isRpi: 'isRPITrade',
  timeUs,
})

/** Appends one trade. `sentUs`: microseconds, NaN = absent; `stream`: id of the stream's name. */
export function readTrade(
  row: JsonObject,
  fields: FieldReader,
  keys: TradeKeys,
  from: { readonly stream: number; readonly sentUs: number },
  out: EventBatch,
): void {
  out.reserveEvent()
  out.reserveEntries(1)
  const event = out.count
  const entry = out.entryCount
  out.engineUs[event] = keys.timeUs(fields)
  out.sentUs[event] = from.sentUs
  fields.decimal(keys.price, out.price, entry)
  fields.decimal(keys.quantity, out.quantity, entry)
  const side = sideOf(fields, keys.side)
  const id = idOf(fields, keys.id)
  const isBlock = fields.flag(keys.isBlock)
  const isRpi = field(row, keys.isRpi) !== undefined && fields.flag(keys.isRpi)
  const type = isRpi ? rpiId(out.names) : -1
  if (isRpi && type < 0) fields.refuse('bad_symbol', 'more names than the table of names holds')
  out.symbol[event] = fields.symbol(keys.symbol, out.names)
  out.stream[event] = from.stream
  endTrade(out, isBlock, side, type, id)
}

let rpi: { readonly names: StringTable; readonly id: number } | null = null

/** The id of the type's name, looked up once for a table of names; -1 when the table is full. */
export function rpiId(names: StringTable): number {
  if (rpi?.names !== names) rpi = { names, id: names.idOf(RPI) }
  return rpi.id
}

function sideOf(fields: FieldReader, key: string): number {
  const side = fields.text(key)
  if (side !== 'Buy' && side !== 'Sell') fields.refuse('malformed', `${key} is neither Buy nor Sell`)
  return side === 'Sell' ? Side.sell : Side.buy
}

function idOf(fields: FieldReader, key: string): string {
  const id = fields.text(key)
  if (!isId(id)) fields.refuse('malformed', `${key} is no id of visible characters`)
  return id
}

/** At least one character, and none below the space, which are for machines and not for tables. */
function isId(text: string): boolean {
  return text !== '' && [...text].every((character) => character >= ' ')
}

/** Ends the trade whose times, symbol, stream, price and quantity stand in their columns. `type`: id of a name, -1 = none. */
export function endTrade(out: EventBatch, isBlock: boolean, side: number, type: number, id: string): void {
  const event = out.count
  out.kind[event] = isBlock ? EventKind.block : EventKind.trade
  out.firstSeq[event] = Number.NaN
  out.lastSeq[event] = Number.NaN
  out.prevSeq[event] = Number.NaN
  out.tradeType[event] = type
  out.textIds.set(event, id)
  out.side[out.entryCount] = side
  out.entryCount += 1
  out.endEvent()
}
