import { type EventBatch, EventKind, Side } from '@cryptoflow/model'
import { asciiText } from '../ascii.ts'
import { MISS, scanAsciiText, scanInteger, space, word } from '../bytes.ts'
import { type FieldReader, field, type Json, JsonNumber, type JsonObject } from '../json.ts'
import { settleTime } from '../time.ts'
import type { FieldNames } from './fields.ts'
import { passNumber, scanNumber } from './numbers.ts'
import { symbolEnd, symbolId } from './symbols.ts'
import { behind, isEnd, type Spelled, spelled } from './words.ts'

/**
 * Trades: one a frame, `ask_bid` is the taker's side. `sequential_id` tells a trade from all others of its symbol, but
 * neither their order nor whether one is missing; it has 17 digits, which no float64 holds, and is kept as text.
 * `trade_timestamp` is the matching engine's, `timestamp` that of the message.
 * Source: docs.upbit.com/kr v1.6.4, WebSocket, Trade, read 2026-10-07; frames of 2021-04-17 and 2026-09-02.
 */

/** Digits of the largest number of 64 bits. */
const ID_DIGITS_MAX = 20
const ID = /^(?:0|[1-9]\d*)$/

/** The exact path: appends the trade that the fields give. */
export function readTrade(
  fields: FieldReader,
  message: JsonObject,
  names: FieldNames,
  stream: number,
  out: EventBatch,
): null {
  out.reserveEvent()
  out.reserveEntries(1)
  out.sentUs[out.count] = fields.time(names.timestamp)
  out.engineUs[out.count] = fields.time(names.tradeTimestamp)
  fields.decimal(names.tradePrice, out.price, out.entryCount)
  fields.decimal(names.tradeVolume, out.quantity, out.entryCount)
  const side = field(message, names.askBid)
  if (side !== 'BID' && side !== 'ASK') fields.refuse('malformed', `${names.askBid} is neither BID nor ASK`)
  const id = readId(fields, field(message, names.sequentialId), names.sequentialId)
  const symbol = fields.symbol(names.code, out.names)
  endTrade(out, { id, side: side === 'BID' ? Side.buy : Side.sell, stream, symbol })
  return null
}

function readId(fields: FieldReader, json: Json | undefined, key: string): string {
  if (!(json instanceof JsonNumber) || !ID.test(json.text)) {
    fields.refuse('malformed', `${key} is not a whole number`)
    return '0'
  }
  if (json.text.length > ID_DIGITS_MAX) fields.refuse('number_out_of_range', `${key} has more than 20 digits`)
  return json.text
}

/** What a trade is beside its times, its price and its quantity. */
interface Trade {
  readonly id: string
  readonly side: number
  readonly stream: number
  readonly symbol: number
}

export function endTrade(out: EventBatch, { id, side, stream, symbol }: Trade): void {
  const event = out.count
  out.kind[event] = EventKind.trade
  out.symbol[event] = symbol
  out.stream[event] = stream
  // Ids of some years would fit, those of others not: none of them is taken for a number.
  out.firstSeq[event] = Number.NaN
  out.lastSeq[event] = Number.NaN
  out.prevSeq[event] = Number.NaN
  out.tradeType[event] = -1
  out.textIds.set(event, id)
  out.side[out.entryCount] = side
  out.entryCount += 1
  out.endEvent()
}

/** Every text of a message but its values, in their order. */
export interface TradeWords {
  readonly head: Spelled
  readonly timestamp: Spelled
  readonly date: Spelled
  readonly time: Spelled
  readonly tradeTimestamp: Spelled
  readonly price: Spelled
  readonly volume: Spelled
  readonly side: Spelled
  readonly closing: Spelled
  readonly change: Spelled
  readonly changePrice: Spelled
  readonly id: Spelled
  /** Best ask and bid with their quantities, which older messages do not have. */
  readonly best: readonly Spelled[]
  readonly realtime: Spelled
  readonly snapshot: Spelled
}

/** Of the format `SIMPLE`. */
export const simpleTrade: TradeWords = {
  head: spelled('{"ty":"trade","cd":"'),
  timestamp: spelled('","tms":'),
  date: spelled(',"td":"'),
  time: spelled('","ttm":"'),
  tradeTimestamp: spelled('","ttms":'),
  price: spelled(',"tp":'),
  volume: spelled(',"tv":'),
  side: spelled(',"ab":"'),
  closing: spelled('","pcp":'),
  change: spelled(',"c":"'),
  changePrice: spelled('","cp":'),
  id: spelled(',"sid":'),
  best: [',"bap":', ',"bas":', ',"bbp":', ',"bbs":'].map((text) => spelled(text)),
  realtime: spelled(',"st":"REALTIME"'),
  snapshot: spelled(',"st":"SNAPSHOT"'),
}

const { view } = space
const BID = word('BID"')
const ASK = word('ASK"')
/** Longest date, time or word that is passed by. */
const TEXT_BYTES_MAX = 16
/**
 * The fast path of the format whose texts are `words`: appends the trade whose code stands at `at`, when it is written
 * exactly as the exchange writes it; false otherwise.
 */
export function scanTrade(at: number, words: TradeWords, stream: number, out: EventBatch): boolean {
  const codeEnd = symbolEnd(at)
  const symbol = symbolId(at, codeEnd, out.names)
  if (symbol < 0) return false
  out.reserveEvent()
  out.reserveEntries(1)
  const event = out.count
  const entry = out.entryCount
  at = scanInteger(behind(codeEnd, words.timestamp), out.sentUs, event)
  at = scanAsciiText(behind(at, words.date), TEXT_BYTES_MAX)
  at = scanAsciiText(behind(at, words.time), TEXT_BYTES_MAX)
  at = scanInteger(behind(at, words.tradeTimestamp), out.engineUs, event)
  at = scanNumber(behind(at, words.price), out.price, entry)
  at = behind(scanNumber(behind(at, words.volume), out.quantity, entry), words.side)
  const side = view.getInt32(at, true)
  if (side !== BID && side !== ASK) return false
  at = passNumber(behind(at + 3, words.closing))
  at = scanAsciiText(behind(at, words.change), TEXT_BYTES_MAX)
  const idAt = behind(passNumber(behind(at, words.changePrice)), words.id)
  const idEnd = scanId(idAt)
  if (!isEnd(behindKind(behindBest(idEnd, words.best), words))) return false
  if (!settleTime(out.sentUs, event) || !settleTime(out.engineUs, event)) return false
  const id = asciiText(idAt, idEnd)
  endTrade(out, { id, side: side === BID ? Side.buy : Side.sell, stream, symbol })
  return true
}

const ZERO = 48
const NINE = 57

/** The offset behind the whole number at `at`. */
export function scanId(at: number): number {
  const start = at
  for (let byte = view.getUint8(at); byte >= ZERO && byte <= NINE; byte = view.getUint8(at)) at += 1
  const digits = at - start
  const isWhole = digits === 1 || view.getUint8(start) !== ZERO
  return digits > 0 && digits <= ID_DIGITS_MAX && isWhole ? at : MISS
}

/** Passes by the best ask and bid, all four numbers or none. */
function behindBest(at: number, best: readonly Spelled[]): number {
  if (behind(at, best[0] as Spelled) === MISS) return at
  for (const key of best) at = passNumber(behind(at, key))
  return at
}

function behindKind(at: number, { realtime, snapshot }: TradeWords): number {
  const end = behind(at, realtime)
  return end === MISS ? behind(at, snapshot) : end
}
