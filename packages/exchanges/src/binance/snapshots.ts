import { type DecodeOutcome, type EventBatch, EventKind, Side, SYMBOL_BYTES_MAX } from '@cryptoflow/model'
import {
  FRAME_AT,
  half,
  isEight,
  isFive,
  load,
  MISS,
  scanAsciiText,
  scanInteger,
  scanPlainText,
  space,
  word,
} from '../bytes.ts'
import { FieldReader, field, isObject, type JsonObject, malformed, parseJson } from '../json.ts'
import { readLevels } from '../levels.ts'
import { EVENTS, NO_JSON, UNKNOWN } from '../outcomes.ts'
import { settleTime } from '../time.ts'
import { isLastBrace } from './envelope.ts'
import { scanLevels, scanListStart } from './levels.ts'
import { streamSymbol, streamSymbolId } from './symbols.ts'

/**
 * Books written as `{"lastUpdateId":1,"bids":[["1","1"]],"asks":[]}`: the REST snapshot that diffs join, of futures
 * with times, of COIN-M also with symbol and pair; and the partial books of spot, whose symbol only the stream's name
 * tells, in lower case.
 * Sources: binance-spot-api-docs a5e0bc3 of 2026-07-21, rest-api.md, "Order book", and web-socket-streams.md,
 * "Partial Book Depth Streams"; developers.binance.com, "Order Book" of USD-M and COIN-M, read 2026-05-28.
 */

/**
 * Appends the REST book that answers a request for `symbol`. Never throws; on anything but `events` the batch is as
 * before. `stream` and `symbol` are ids of the batch's names.
 */
export function decodeSnapshot(
  body: Uint8Array,
  stream: number,
  symbol: number,
  out: EventBatch,
): DecodeOutcome {
  return decodeSnapshotFast(body, stream, symbol, out)
    ? EVENTS
    : decodeSnapshotExact(body, stream, symbol, out)
}

/** Appends the book and answers true, or leaves the batch as it was and answers false. */
export function decodeSnapshotFast(
  body: Uint8Array,
  stream: number,
  symbol: number,
  out: EventBatch,
): boolean {
  const { count } = out
  if (load(body) && scanSnapshot(stream, symbol, out)) return true
  out.rollback(count)
  return false
}

/** Reads a book in any spelling that JSON allows. */
export function decodeSnapshotExact(
  body: Uint8Array,
  stream: number,
  symbol: number,
  out: EventBatch,
): DecodeOutcome {
  const json = parseJson(body)
  if (!isObject(json)) return NO_JSON
  if (!Object.hasOwn(json, 'lastUpdateId')) return UNKNOWN
  const named = field(json, 'symbol')
  if (named !== undefined && named !== out.names.text(symbol)) return OTHER_SYMBOL
  const { count } = out
  const fields = new FieldReader(json)
  readSnapshot(fields, stream, symbol, out)
  if (fields.refusal === null) return EVENTS
  out.rollback(count)
  return fields.refusal
}

const OTHER_SYMBOL = malformed('bad_symbol', 'symbol is not the one that was asked for')

function readSnapshot(fields: FieldReader, stream: number, symbol: number, out: EventBatch): void {
  out.reserveEvent()
  const event = out.count
  out.sentUs[event] = fields.optionalTime('E')
  out.engineUs[event] = fields.optionalTime('T')
  // A new instrument without orders is answered with -1 (observed: tardis-node).
  const lastSeq = fields.integerOrNone('lastUpdateId')
  out.lastSeq[event] = lastSeq
  readLevels(fields, 'bids', Side.bid, out)
  readLevels(fields, 'asks', Side.ask, out)
  if (lastSeq < 0 && out.entryCount > (out.entryStart[event] as number)) {
    fields.refuse('malformed', 'lastUpdateId of a book with levels is below zero')
  }
  endWhole(out, EventKind.bookSnapshot, stream, symbol)
}

/** The exact path of a spot partial book. `lower` is the symbol in the stream's name. */
export function readImage(
  fields: FieldReader,
  stream: number,
  out: EventBatch,
  _message: JsonObject,
  lower: string,
): void {
  out.reserveEvent()
  const event = out.count
  out.sentUs[event] = Number.NaN
  out.engineUs[event] = Number.NaN
  out.lastSeq[event] = fields.integer('lastUpdateId')
  readLevels(fields, 'bids', Side.bid, out)
  readLevels(fields, 'asks', Side.ask, out)
  const symbol = fields.nameOf(streamSymbol(lower) ?? undefined, "the stream's symbol", out.names)
  endWhole(out, EventKind.bookImage, stream, symbol)
}

function endWhole(out: EventBatch, kind: number, stream: number, symbol: number): void {
  const event = out.count
  out.kind[event] = kind
  out.symbol[event] = symbol
  out.stream[event] = stream
  out.firstSeq[event] = Number.NaN
  out.prevSeq[event] = Number.NaN
  out.endEvent()
}

const { bytes, view } = space
const HEAD_1 = word('{"la')
const HEAD_2 = word('stUp')
const HEAD_3 = word('date')
const HEAD_4 = word('Id":')
const SENT_KEY = word(',"E"')
const SENT_KEY_TAIL = word('"E":')
const ENGINE_KEY = word(',"T"')
const ENGINE_KEY_TAIL = word('"T":')
const SYMBOL_KEY_1 = word(',"sy')
const SYMBOL_KEY_2 = word('mbol')
const PAIR_KEY_1 = word('","p')
const PAIR_KEY_2 = word('air"')
const BIDS_KEY_1 = word(',"bi')
const BIDS_KEY_2 = word('ds":')
const ASKS_KEY_1 = word(',"as')
const ASKS_KEY_2 = word('ks":')
const TEXT_KEY_TAIL = word('l":"')
const QUOTED = half(':"')
const QUOTE = 34

function scanSnapshot(stream: number, symbol: number, out: EventBatch): boolean {
  if (!isHead(FRAME_AT)) return false
  out.reserveEvent()
  const event = out.count
  let at = scanInteger(FRAME_AT + 16, out.lastSeq, event)
  out.sentUs[event] = Number.NaN
  out.engineUs[event] = Number.NaN
  if (isFive(at, SENT_KEY, SENT_KEY_TAIL)) at = scanTimes(at, out)
  if (isEight(at, SYMBOL_KEY_1, SYMBOL_KEY_2)) at = scanNames(at, symbol, out)
  if (!isLastBrace(scanSides(at, out), 0)) return false
  endWhole(out, EventKind.bookSnapshot, stream, symbol)
  return true
}

/** The fast path of a spot partial book. */
export function scanImage(at: number, symbolBytes: number, stream: number, out: EventBatch): boolean {
  if (symbolBytes === 0 || !isHead(at)) return false
  out.reserveEvent()
  const event = out.count
  at = scanInteger(at + 16, out.lastSeq, event)
  if (!isLastBrace(scanSides(at, out), symbolBytes)) return false
  const symbol = streamSymbolId(symbolBytes, out.names)
  if (symbol < 0 || stream < 0) return false
  out.sentUs[event] = Number.NaN
  out.engineUs[event] = Number.NaN
  endWhole(out, EventKind.bookImage, stream, symbol)
  return true
}

/** Whether `{"lastUpdateId":` stands at `at`. */
function isHead(at: number): boolean {
  return isEight(at, HEAD_1, HEAD_2) && isEight(at + 8, HEAD_3, HEAD_4)
}

/** Reads `,"E":1,"T":1`. */
function scanTimes(at: number, out: EventBatch): number {
  const event = out.count
  at = scanInteger(at + 5, out.sentUs, event)
  if (!isFive(at, ENGINE_KEY, ENGINE_KEY_TAIL)) return MISS
  at = scanInteger(at + 5, out.engineUs, event)
  return settleTime(out.sentUs, event) && settleTime(out.engineUs, event) ? at : MISS
}

/** Reads `,"symbol":"B","pair":"C"`; a miss when it is not the symbol that was asked for. */
function scanNames(at: number, symbol: number, out: EventBatch): number {
  if (view.getInt32(at + 7, true) !== TEXT_KEY_TAIL) return MISS
  const symbolAt = at + 11
  const symbolEnd = scanPlainText(symbolAt, SYMBOL_BYTES_MAX)
  if (symbolEnd === MISS || out.names.idOfBytes(bytes, symbolAt, symbolEnd) !== symbol) return MISS
  if (!isEight(symbolEnd, PAIR_KEY_1, PAIR_KEY_2) || view.getUint16(symbolEnd + 8, true) !== QUOTED) {
    return MISS
  }
  const end = scanAsciiText(symbolEnd + 10, SYMBOL_BYTES_MAX)
  return view.getUint8(end) === QUOTE ? end + 1 : MISS
}

/** Reads `,"bids":[...],"asks":[...]`. */
function scanSides(at: number, out: EventBatch): number {
  if (!isEight(at, BIDS_KEY_1, BIDS_KEY_2)) return MISS
  at = scanLevels(scanListStart(at + 8), Side.bid, out)
  if (!isEight(at, ASKS_KEY_1, ASKS_KEY_2)) return MISS
  return scanLevels(scanListStart(at + 8), Side.ask, out)
}
