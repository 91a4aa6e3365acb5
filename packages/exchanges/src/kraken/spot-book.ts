import { type EventBatch, EventKind, Side } from '@cryptoflow/model'
import { MISS, scanInteger, space, word } from '../bytes.ts'
import type { FieldReader, JsonObject } from '../json.ts'
import { field } from '../json.ts'
import { readNamedLevels } from '../levels.ts'
import { readRfcTime, scanRfcTime } from '../rfc-time.ts'
import { isSpelled, spelled } from '../spelled.ts'
import { scanLevels } from './levels.ts'
import { seenIds, seenLengths, slotOf } from './seen.ts'

/**
 * The spot book: snapshots and updates of absolute quantities in one stream, without a sequence, each with the
 * checksum of the best ten levels a side after it. `timestamp` is the engine's time; old snapshots have none.
 * Source: docs.kraken.com as copied 2026-05-27, websocket-v2/book and guides/spot-ws-book-v2.
 */

const CHECKSUM_MAX = 2 ** 32 - 1

/** The exact path: appends the book message that the fields give; `kind` is EventKind's snapshot or delta. */
export function readSpotBook(
  fields: FieldReader,
  message: JsonObject,
  kind: number,
  stream: number,
  out: EventBatch,
): void {
  out.reserveEvent()
  const event = out.count
  const time = field(message, 'timestamp')
  out.engineUs[event] = time === undefined ? Number.NaN : readRfcTime(fields, time, 'timestamp')
  const checksum = fields.integer('checksum')
  if (checksum > CHECKSUM_MAX) fields.refuse('number_out_of_range', 'checksum is not below 2^32')
  readNamedLevels(fields, 'bids', Side.bid, 'qty', out)
  readNamedLevels(fields, 'asks', Side.ask, 'qty', out)
  out.checksum[event] = checksum
  endBook(out, kind, stream, fields.symbol('symbol', out.names))
}

function endBook(out: EventBatch, kind: number, stream: number, symbol: number): void {
  const event = out.count
  out.kind[event] = kind
  out.symbol[event] = symbol
  out.stream[event] = stream
  out.sentUs[event] = Number.NaN
  out.firstSeq[event] = Number.NaN
  out.lastSeq[event] = Number.NaN
  out.prevSeq[event] = Number.NaN
  out.endEvent()
}

const { view } = space
const UPDATE_HEAD = spelled('{"channel":"book","type":"update","data":[{"symbol":"')
const SNAPSHOT_HEAD = spelled('{"channel":"book","type":"snapshot","data":[{"symbol":"')
const BIDS_KEY = spelled('","bids":[')
const ASKS_KEY = spelled(',"asks":[')
const CHECKSUM_KEY = spelled(',"checksum":')
const TIME_KEY = spelled(',"timestamp":"')
const TAIL = word('"}]}')

/**
 * The fast path: appends the one book message of a frame that is written exactly as the exchange writes it,
 * `{"channel":"book","type":"update","data":[{"symbol":"A","bids":[],"asks":[],"checksum":1,"timestamp":"..."}]}`;
 * false otherwise.
 */
export function scanSpotBook(at: number, stream: number, out: EventBatch): boolean {
  if (isSpelled(at, UPDATE_HEAD)) {
    return scanBook(at + UPDATE_HEAD.bytes, EventKind.bookDelta, stream, out)
  }
  if (!isSpelled(at, SNAPSHOT_HEAD)) return false
  return scanBook(at + SNAPSHOT_HEAD.bytes, EventKind.bookSnapshot, stream, out)
}

function scanBook(symbolAt: number, kind: number, stream: number, out: EventBatch): boolean {
  out.reserveEvent()
  const event = out.count
  const slot = slotOf(symbolAt, out.names)
  if (slot < 0 || stream < 0) return false
  const symbol = seenIds[slot] as number
  let at = scanSides(symbolAt + (seenLengths[slot] as number), out)
  if (!isSpelled(at, CHECKSUM_KEY)) return false
  at = scanInteger(at + CHECKSUM_KEY.bytes, out.checksum, event)
  if (!isSpelled(at, TIME_KEY) || (out.checksum[event] as number) > CHECKSUM_MAX) return false
  at = scanRfcTime(at + TIME_KEY.bytes, out.engineUs, event)
  if (view.getInt32(at, true) !== TAIL || at + 4 !== space.end) return false
  endBook(out, kind, stream, symbol)
  return true
}

/** Reads `","bids":[...],"asks":[...]` behind a symbol. */
function scanSides(at: number, out: EventBatch): number {
  if (!isSpelled(at, BIDS_KEY)) return MISS
  at = scanLevels(at + BIDS_KEY.bytes, Side.bid, out)
  return isSpelled(at, ASKS_KEY) ? scanLevels(at + ASKS_KEY.bytes, Side.ask, out) : MISS
}
