import { type EventBatch, EventKind, Side } from '@cryptoflow/model'
import { isEight, isSameText, MISS, scanInteger, space, word } from '../bytes.ts'
import { type FieldReader, field, JsonNumber, type JsonObject } from '../json.ts'
import { readLevels } from '../levels.ts'
import { isEnd, isNext, scanData, scanSnapshot, scanSymbolKey, scanTime, scanUpdate } from './envelope.ts'
import { type Element, type Place, textTime } from './fields.ts'
import { scanLevels } from './levels.ts'

/**
 * Order books: snapshots and updates of the incremental channels, the images of `books5`, and the book of REST. An
 * update names its predecessor (`prevSeqId`); recordings of 2021 and 2022 have neither id. A quantity of 0 removes
 * the level. The checksum is 0, which is none, since 2026-06-23.
 *
 * Source: okx.com/docs-v5, "WS / Order book channel", as of 2026-07-07, and "GET / Order book", as of 2026-02-23.
 */

/** The exact path: appends the book that an element is, asks first, as they are sent. */
export function readBook(element: Element, { stream, symbol }: Place, kind: number, out: EventBatch): void {
  const { row, fields } = element
  const isImage = kind === EventKind.bookImage
  out.reserveEvent()
  const event = out.count
  out.engineUs[event] = textTime(element, 'ts')
  out.lastSeq[event] = fields.optionalInteger('seqId')
  out.prevSeq[event] = isImage ? Number.NaN : prevSeqOf(row, fields)
  out.checksum[event] = isImage ? Number.NaN : checksumOf(row, fields)
  readLevels(fields, 'asks', Side.ask, out)
  readLevels(fields, 'bids', Side.bid, out)
  endBook(out, kind, stream, symbol)
}

/** -1 is what a snapshot follows. */
function prevSeqOf(row: JsonObject, fields: FieldReader): number {
  return field(row, 'prevSeqId') === undefined ? Number.NaN : fields.integerOrNone('prevSeqId')
}

const CHECKSUM_MAX = 2_147_483_647

/** Signed 32 bits; 0 is none. */
function checksumOf(row: JsonObject, fields: FieldReader): number {
  const json = field(row, 'checksum')
  if (json === undefined) return Number.NaN
  const isWhole = json instanceof JsonNumber && /^-?\d+$/.test(json.text)
  const value = isWhole ? Number(json.text) : 0
  if (!isWhole) fields.refuse('malformed', 'checksum is not a whole number')
  else if (!isChecksum(value)) fields.refuse('number_out_of_range', 'checksum has more than 32 bits')
  return value === 0 ? Number.NaN : value
}

function isChecksum(value: number): boolean {
  return value <= CHECKSUM_MAX && value >= -CHECKSUM_MAX - 1
}

function endBook(out: EventBatch, kind: number, stream: number, symbol: number): void {
  const event = out.count
  out.kind[event] = kind
  out.symbol[event] = symbol
  out.stream[event] = stream
  out.sentUs[event] = Number.NaN
  out.firstSeq[event] = Number.NaN
  out.endEvent()
}

/**
 * The fast path: appends the books of the frame when it is written as the exchange writes it,
 * `..."},"action":"update","data":[{"asks":[["1","1","0","1"]],"bids":[],"ts":"1","checksum":0,"prevSeqId":1,"seqId":2}]}`,
 * what stands behind the levels in any order; false otherwise.
 */
export function scanBook(
  symbolAt: number,
  symbolEnd: number,
  stream: number,
  symbol: number,
  out: EventBatch,
): boolean {
  const update = scanUpdate(symbolEnd)
  const at = update === MISS ? scanSnapshot(symbolEnd) : update
  const kind = update === MISS ? EventKind.bookSnapshot : EventKind.bookDelta
  return scanElements(at, kind, symbolAt, symbolEnd - symbolAt, stream, symbol, out)
}

/** The same of images: without `action`, with `instId`. */
export function scanImage(
  symbolAt: number,
  symbolEnd: number,
  stream: number,
  symbol: number,
  out: EventBatch,
): boolean {
  const at = scanData(symbolEnd)
  return scanElements(at, EventKind.bookImage, symbolAt, symbolEnd - symbolAt, stream, symbol, out)
}

function scanElements(
  at: number,
  kind: number,
  symbolAt: number,
  symbolBytes: number,
  stream: number,
  symbol: number,
  out: EventBatch,
): boolean {
  for (;;) {
    out.reserveEvent()
    at = scanTail(scanSides(at, out), symbolAt, symbolBytes, out)
    if (at === MISS) return false
    if (kind === EventKind.bookImage) {
      out.prevSeq[out.count] = Number.NaN
      out.checksum[out.count] = Number.NaN
    }
    endBook(out, kind, stream, symbol)
    if (!isNext(at)) return isEnd(at)
    at += 1
  }
}

const { view } = space
const ASKS_HEAD = word('{"as')
const ASKS_TAIL = word('ks":')
const BIDS_HEAD = word(',"bi')
const BIDS_TAIL = word('ds":')
const LIST_START = 91

/** Reads `{"asks":[...],"bids":[...]`. */
export function scanSides(at: number, out: EventBatch): number {
  if (!isEight(at, ASKS_HEAD, ASKS_TAIL) || view.getUint8(at + 8) !== LIST_START) return MISS
  at = scanLevels(at + 9, Side.ask, out)
  if (!isEight(at, BIDS_HEAD, BIDS_TAIL) || view.getUint8(at + 8) !== LIST_START) return MISS
  return scanLevels(at + 9, Side.bid, out)
}

const TIME = word(',"ts')
const CHECKSUM = word(',"ch')
const PREVIOUS = word(',"pr')
const LAST = word(',"se')
const SYMBOL = word(',"in')
const BRACE = 125
const QUOTE = 34

/**
 * Reads what stands behind the levels, in any order and up to the element's `}`; answers the offset behind it. Of a
 * key that comes twice the last counts, as in JSON. A miss when the time is not there.
 */
export function scanTail(at: number, symbolAt: number, symbolBytes: number, out: EventBatch): number {
  const event = out.count
  let hasTime = false
  out.lastSeq[event] = Number.NaN
  out.prevSeq[event] = Number.NaN
  out.checksum[event] = Number.NaN
  for (;;) {
    switch (view.getInt32(at, true)) {
      case TIME:
        at = scanTime(at + 1, out.engineUs, event)
        hasTime = true
        break
      case CHECKSUM:
        at = scanChecksum(at, out)
        break
      case PREVIOUS:
        at = scanPrevious(at, out)
        break
      case LAST:
        at = view.getInt32(at + 4, true) === LAST_TAIL && view.getUint8(at + 8) === COLON ? at + 9 : MISS
        at = scanInteger(at, out.lastSeq, event)
        break
      case SYMBOL:
        at = scanSymbolKey(at + 1)
        if (!isSameText(at, symbolAt, symbolBytes) || view.getUint8(at + symbolBytes) !== QUOTE) return MISS
        at += symbolBytes + 1
        break
      default:
        return hasTime && view.getUint8(at) === BRACE ? at + 1 : MISS
    }
  }
}

const COLON = 58
const MINUS = 45
const ONE = 49
const LAST_TAIL = word('qId"')
const PREVIOUS_1 = word('evSe')
const CHECKSUM_1 = word('ecks')
const CHECKSUM_2 = word('um":')

/** Reads `,"prevSeqId":1`; -1 is the only number below zero. */
function scanPrevious(at: number, out: EventBatch): number {
  if (!isEight(at + 4, PREVIOUS_1, LAST_TAIL) || view.getUint8(at + 12) !== COLON) return MISS
  if (view.getUint8(at + 13) !== MINUS) return scanInteger(at + 13, out.prevSeq, out.count)
  const end = scanInteger(at + 14, out.prevSeq, out.count)
  if (end !== at + 15 || view.getUint8(at + 14) !== ONE) return MISS
  out.prevSeq[out.count] = -1
  return end
}

/** Reads `,"checksum":-1`. */
function scanChecksum(at: number, out: EventBatch): number {
  if (!isEight(at + 4, CHECKSUM_1, CHECKSUM_2)) return MISS
  const { checksum, count } = out
  const isNegative = view.getUint8(at + 12) === MINUS
  const end = scanInteger(isNegative ? at + 13 : at + 12, checksum, count)
  const value = isNegative ? -(checksum[count] as number) : (checksum[count] as number)
  checksum[count] = value === 0 ? Number.NaN : value
  return isChecksum(value) ? end : MISS
}
