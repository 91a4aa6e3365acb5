import { type DecodeOutcome, type EventBatch, EventKind, parseDecimal, Side } from '@cryptoflow/model'
import { half, isEight, isFive, isSeven, isSix, MISS, scanInteger, space, word } from '../bytes.ts'
import { FieldReader, field, isArray, isObject, type Json, malformed } from '../json.ts'
import { readLevels } from '../levels.ts'
import { EMPTY, EVENTS } from '../outcomes.ts'
import { settleTime } from '../time.ts'
import type { Message, Place } from './channels.ts'
import { head, isLastBrace, scanHead, scanSameSymbol } from './envelope.ts'
import { scanLevels } from './levels.ts'
import { symbolId } from './symbols.ts'

/**
 * Order books: a snapshot, then deltas of absolute quantities, 0 = removed; `u` counts the updates of the topic, `cts`
 * is the matching engine's time, absent in 2023. The book of depth 1 is the exchange's own best bid and ask: today
 * snapshots only, in 2023 also deltas that carry only what changed.
 * Source: bybit-exchange/docs 2026-07-24, v5/websocket/public/orderbook.
 */

/** The exact path of a book. */
export function readBook(message: Message, out: EventBatch): DecodeOutcome {
  const { data, fields } = message
  if (!isObject(data)) return NO_DATA
  const type = fields.text('type')
  if (type !== 'snapshot' && type !== 'delta')
    fields.refuse('malformed', 'type is neither snapshot nor delta')
  const inBook = new FieldReader(data)
  beginBook(message, inBook, out)
  const isSnapshot = type === 'snapshot'
  out.firstSeq[out.count] = isSnapshot ? Number.NaN : (out.lastSeq[out.count] as number)
  readLevels(inBook, 'b', Side.bid, out)
  readLevels(inBook, 'a', Side.ask, out)
  const symbol = readSymbol(message, inBook, out)
  endBook(out, isSnapshot ? EventKind.bookSnapshot : EventKind.bookDelta, message.stream, symbol)
  return fields.refusal ?? inBook.refusal ?? EVENTS
}

/** The exact path of the book of depth 1. */
export function readQuote(message: Message, out: EventBatch): DecodeOutcome {
  const { data, fields } = message
  if (!isObject(data)) return NO_DATA
  const inBook = new FieldReader(data)
  beginBook(message, inBook, out)
  out.firstSeq[out.count] = Number.NaN
  readBest(inBook, 'b', Side.bid, out)
  readBest(inBook, 'a', Side.ask, out)
  const symbol = readSymbol(message, inBook, out)
  endBook(out, EventKind.quote, message.stream, symbol)
  const isEmpty = out.entryStart[out.count] === out.entryStart[out.count - 1]
  return fields.refusal ?? inBook.refusal ?? (isEmpty ? EMPTY : EVENTS)
}

/** A book that was asked for by REST: the same fields, with its times among them. Source: docs of v5/market/orderbook. */
export function readAnsweredBook(fields: FieldReader, stream: number, out: EventBatch): void {
  beginBook({ fields }, fields, out)
  out.firstSeq[out.count] = Number.NaN
  readLevels(fields, 'b', Side.bid, out)
  readLevels(fields, 'a', Side.ask, out)
  endBook(out, EventKind.bookImage, stream, fields.symbol('s', out.names))
}

const NO_DATA = malformed('malformed', 'data is not an object')

function beginBook({ fields }: Pick<Message, 'fields'>, inBook: FieldReader, out: EventBatch): void {
  out.reserveEvent()
  const event = out.count
  out.sentUs[event] = fields.time('ts')
  out.engineUs[event] = fields.optionalTime('cts')
  out.lastSeq[event] = inBook.integer('u')
  out.prevSeq[event] = Number.NaN
}

/** The book's symbol, which must be the topic's: no book may get another's levels. */
function readSymbol({ data, symbol }: Message, inBook: FieldReader, out: EventBatch): number {
  const named = isObject(data) ? field(data, 's') : undefined
  if (named !== symbol) inBook.refuse('bad_symbol', 's is not the symbol of the topic')
  return inBook.symbol('s', out.names)
}

function endBook(out: EventBatch, kind: number, stream: number, symbol: number): void {
  out.kind[out.count] = kind
  out.symbol[out.count] = symbol
  out.stream[out.count] = stream
  out.endEvent()
}

/** Appends the first level that is not emptied, else the last; a side that the message does not carry has none. */
function readBest(fields: FieldReader, key: string, side: number, out: EventBatch): void {
  const levels = fields.list(key)
  const best = levels.find((level) => !isEmptied(level)) ?? levels.at(-1)
  if (best === undefined) return
  const [price, quantity] = isArray(best) ? best : []
  const row = out.entryCount
  out.reserveEntries(1)
  fields.decimalOf(price, `price in ${key}`, out.price, row)
  fields.decimalOf(quantity, `quantity in ${key}`, out.quantity, row)
  if (fields.refusal !== null) return
  out.side[row] = side
  out.entryCount = row + 1
}

function isEmptied(level: Json): boolean {
  const quantity = isArray(level) ? level[1] : undefined
  const decimal = typeof quantity === 'string' ? parseDecimal(quantity) : null
  return decimal !== null && decimal !== 'range' && decimal.mantissa === 0n
}

const { view } = space
const BRACE = 125
const SYMBOL_KEY = word('{"s"')
const BIDS_KEY = word('","b')
const BIDS_KEY_TAIL = word('b":[')
const ASKS_KEY = word(',"a"')
const UPDATE_KEY = word(',"u"')
const UPDATE_KEY_TAIL = word('"u":')
const SEQUENCE_KEY = word(',"se')
const SEQUENCE_KEY_TAIL = word('eq":')
const ENGINE_KEY = word('},"c')
const ENGINE_KEY_REST = word('ts":')
const TEXT = half(':"')
const LIST = half(':[')

/** Numbers that are passed by. */
const unused = new Float64Array(1)

/**
 * The fast path of a book: appends the message that `place` leads to when its data are written exactly as the
 * exchange writes them, `{"s":"B","b":[["1","1"]],"a":[],"u":1,"seq":1},"cts":1}`, also without `cts`.
 */
export function scanBook(place: Place, out: EventBatch): boolean {
  out.reserveEvent()
  let at = scanBids(place, out)
  if (!isSix(at, ASKS_KEY, LIST)) return false
  at = scanLevels(at + 6, Side.ask, out)
  if (!scanTail(at, out)) return false
  const { isSnapshot } = head
  out.firstSeq[out.count] = isSnapshot ? Number.NaN : (out.lastSeq[out.count] as number)
  return endScan(out, isSnapshot ? EventKind.bookSnapshot : EventKind.bookDelta, place)
}

/** The fast path of the book of depth 1, of one level a side at most; which of several counts the exact path says. */
export function scanQuote(place: Place, out: EventBatch): boolean {
  out.reserveEvent()
  const first = out.entryCount
  let at = scanBids(place, out)
  const bids = out.entryCount - first
  if (bids > 1 || !isSix(at, ASKS_KEY, LIST)) return false
  at = scanLevels(at + 6, Side.ask, out)
  const asks = out.entryCount - first - bids
  if (asks > 1 || bids + asks === 0 || !scanTail(at, out)) return false
  out.firstSeq[out.count] = Number.NaN
  return endScan(out, EventKind.quote, place)
}

/** Reads the head, the symbol and the bids. */
function scanBids(place: Place, out: EventBatch): number {
  let at = scanHead(place.at)
  if (!isSix(at, SYMBOL_KEY, TEXT)) return MISS
  at = scanSameSymbol(at + 6, place)
  return isSeven(at, BIDS_KEY, BIDS_KEY_TAIL) ? scanLevels(at + 7, Side.bid, out) : MISS
}

/** Reads `,"u":1,"seq":1},"cts":1}` or `,"u":1,"seq":1}}`, and so the frame's end. */
function scanTail(at: number, out: EventBatch): boolean {
  const event = out.count
  if (!isFive(at, UPDATE_KEY, UPDATE_KEY_TAIL)) return false
  at = scanInteger(at + 5, out.lastSeq, event)
  if (!isSeven(at, SEQUENCE_KEY, SEQUENCE_KEY_TAIL)) return false
  at = scanInteger(at + 7, unused, 0)
  if (isEight(at, ENGINE_KEY, ENGINE_KEY_REST)) {
    return isLastBrace(scanInteger(at + 8, out.engineUs, event)) && settleTime(out.engineUs, event)
  }
  out.engineUs[event] = Number.NaN
  return view.getUint8(at) === BRACE && isLastBrace(at + 1)
}

function endScan(out: EventBatch, kind: number, { symbolAt, symbolBytes, stream }: Place): boolean {
  const symbol = symbolId(symbolAt, symbolBytes, out.names)
  if (symbol < 0 || stream < 0) return false
  out.sentUs[out.count] = head.sentUs[0] as number
  out.prevSeq[out.count] = Number.NaN
  endBook(out, kind, stream, symbol)
  return true
}
