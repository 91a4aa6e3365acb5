import { type EventBatch, EventKind, Side } from '@cryptoflow/model'
import { half, isEight, isFive, isSeven, isSix, MISS, scanInteger, word } from '../bytes.ts'
import type { FieldReader } from '../json.ts'
import { readLevels } from '../levels.ts'
import { settleTime } from '../time.ts'
import { isLastBrace, scanFuturesKind, scanPair, scanSymbol } from './envelope.ts'
import { scanLevels, scanShortLevels } from './levels.ts'
import { symbolId } from './symbols.ts'

export { decodeSnapshot } from './snapshots.ts'

/**
 * Order book: diffs `U ... u` of absolute quantities, of futures with `pu`, the last id of the diff before; and the
 * partial books of futures, which are written as diffs are. The REST snapshot that diffs join is in `snapshots.ts`.
 * Sources: binance-spot-api-docs, web-socket-streams.md, "Diff. Depth Stream", a5e0bc3 of 2026-07-21;
 * developers.binance.com, "Diff. Book Depth Streams" and "Partial Book Depth Streams", read 2026-05-28.
 */

/** The exact path of spot: appends the diff that the fields give. */
export function readDepth(fields: FieldReader, stream: number, out: EventBatch): void {
  out.reserveEvent()
  const event = out.count
  out.sentUs[event] = fields.time('E')
  out.engineUs[event] = Number.NaN
  readIds(fields, out)
  out.prevSeq[event] = Number.NaN
  readSides(fields, 'b', 'a', out)
  endBook(out, EventKind.bookDelta, stream, fields.symbol('s', out.names))
}

/** The exact path of futures. */
export function readFuturesDepth(fields: FieldReader, stream: number, out: EventBatch): void {
  out.reserveEvent()
  const event = out.count
  out.sentUs[event] = fields.time('E')
  out.engineUs[event] = fields.time('T')
  readIds(fields, out)
  out.prevSeq[event] = fields.integer('pu')
  readSides(fields, 'b', 'a', out)
  endBook(out, EventKind.bookDelta, stream, fields.symbol('s', out.names))
}

function readIds(fields: FieldReader, out: EventBatch): void {
  const first = fields.integer('U')
  const last = fields.integer('u')
  if (first > last) fields.refuse('malformed', 'U is above u')
  out.firstSeq[out.count] = first
  out.lastSeq[out.count] = last
}

/** The exact path of futures' partial books, which are written as diffs are. */
export function readFuturesImage(fields: FieldReader, stream: number, out: EventBatch): void {
  out.reserveEvent()
  const event = out.count
  out.sentUs[event] = fields.time('E')
  out.engineUs[event] = fields.time('T')
  out.firstSeq[event] = Number.NaN
  out.lastSeq[event] = fields.integer('u')
  out.prevSeq[event] = Number.NaN
  readSides(fields, 'b', 'a', out)
  endBook(out, EventKind.bookImage, stream, fields.symbol('s', out.names))
}

function readSides(fields: FieldReader, bids: string, asks: string, out: EventBatch): void {
  readLevels(fields, bids, Side.bid, out)
  readLevels(fields, asks, Side.ask, out)
}

function endBook(out: EventBatch, kind: number, stream: number, symbol: number): void {
  out.kind[out.count] = kind
  out.symbol[out.count] = symbol
  out.stream[out.count] = stream
  out.endEvent()
}

const HEAD_1 = word('{"e"')
const HEAD_2 = word(':"de')
const HEAD_3 = word('pthU')
const HEAD_4 = word('pdat')
const HEAD_5 = word('e","')
const HEAD_TAIL = word('"E":')
const TIME_KEY = word(',"T"')
const TIME_KEY_TAIL = word('"T":')
const SYMBOL_KEY = word(',"s"')
const FIRST_KEY = word('","U')
const LAST_KEY = word(',"u"')
const LAST_KEY_TAIL = word('"u":')
const PREVIOUS_KEY = word(',"pu')
const BIDS_KEY = word(',"b"')
const ASKS_KEY = word(',"a"')
const NUMBER = half('":')
const TEXT = half(':"')
const LIST = half(':[')

/** Whether `{"e":"depthUpdate","E":` stands at `at`. */
function isHead(at: number): boolean {
  return isEight(at, HEAD_1, HEAD_2) && isEight(at + 8, HEAD_3, HEAD_4) && isSeven(at + 16, HEAD_5, HEAD_TAIL)
}

/**
 * The fast path of spot: appends the diff at `at` when it is written exactly as the exchange writes it,
 * `{"e":"depthUpdate","E":1,"s":"B","U":1,"u":1,"b":[["1","1"]],"a":[]}`; false otherwise.
 */
export function scanDepth(at: number, symbolBytes: number, stream: number, out: EventBatch): boolean {
  if (!isHead(at)) return false
  out.reserveEvent()
  const event = out.count
  at = scanInteger(at + 23, out.sentUs, event)
  if (!isSix(at, SYMBOL_KEY, TEXT)) return false
  const symbolAt = at + 6
  const symbolEnd = scanSymbol(symbolAt, symbolBytes)
  at = scanIds(symbolEnd, out)
  at = scanSides(at, out)
  if (!isLastBrace(at, symbolBytes) || !settleTime(out.sentUs, event)) return false

  const symbol = symbolId(symbolAt, symbolEnd - symbolAt, symbolBytes > 0, out.names)
  if (symbol < 0 || stream < 0) return false
  out.engineUs[event] = Number.NaN
  out.prevSeq[event] = Number.NaN
  endBook(out, EventKind.bookDelta, stream, symbol)
  return true
}

/**
 * The fast path of futures:
 * `{"e":"depthUpdate","E":1,"T":1,"s":"B","U":1,"u":1,"pu":1,"b":[["1","1"]],"a":[]}`, also with `ps` behind `s`
 * (COIN-M always, USD-M since 2026-06-30) and with `st` at its end (since then).
 */
export function scanFuturesDepth(at: number, symbolBytes: number, stream: number, out: EventBatch): boolean {
  return scanFuturesBook(at, symbolBytes, stream, EventKind.bookDelta, out)
}

/** The same of a partial book. */
export function scanFuturesImage(at: number, symbolBytes: number, stream: number, out: EventBatch): boolean {
  if (!scanFuturesBook(at, symbolBytes, stream, EventKind.bookImage, out)) return false
  out.firstSeq[out.count - 1] = Number.NaN
  out.prevSeq[out.count - 1] = Number.NaN
  return true
}

function scanFuturesBook(
  at: number,
  symbolBytes: number,
  stream: number,
  kind: number,
  out: EventBatch,
): boolean {
  if (!isHead(at)) return false
  out.reserveEvent()
  const event = out.count
  at = scanInteger(at + 23, out.sentUs, event)
  if (!isFive(at, TIME_KEY, TIME_KEY_TAIL)) return false
  at = scanInteger(at + 5, out.engineUs, event)
  if (!isSix(at, SYMBOL_KEY, TEXT)) return false
  const symbolAt = at + 6
  const symbolEnd = scanSymbol(symbolAt, symbolBytes)
  at = scanIds(scanPair(symbolEnd), out)
  if (!isSix(at, PREVIOUS_KEY, NUMBER)) return false
  at = scanInteger(at + 6, out.prevSeq, event)
  at = scanFuturesKind(scanFuturesSides(at, out), symbolBytes)
  if (!isLastBrace(at, symbolBytes)) return false

  if (!settleTime(out.sentUs, event) || !settleTime(out.engineUs, event)) return false
  const symbol = symbolId(symbolAt, symbolEnd - symbolAt, symbolBytes > 0, out.names)
  if (symbol < 0 || stream < 0) return false
  endBook(out, kind, stream, symbol)
  return true
}

/** Reads `","U":1,"u":1` behind a symbol. */
function scanIds(at: number, out: EventBatch): number {
  if (!isSix(at, FIRST_KEY, NUMBER)) return MISS
  at = scanInteger(at + 6, out.firstSeq, out.count)
  if (!isFive(at, LAST_KEY, LAST_KEY_TAIL)) return MISS
  at = scanInteger(at + 5, out.lastSeq, out.count)
  return (out.firstSeq[out.count] as number) > (out.lastSeq[out.count] as number) ? MISS : at
}

/** Reads `,"b":[...],"a":[...]`. */
function scanSides(at: number, out: EventBatch): number {
  if (!isSix(at, BIDS_KEY, LIST)) return MISS
  at = scanLevels(at + 6, Side.bid, out)
  return isSix(at, ASKS_KEY, LIST) ? scanLevels(at + 6, Side.ask, out) : MISS
}

/** The same of futures. */
function scanFuturesSides(at: number, out: EventBatch): number {
  if (!isSix(at, BIDS_KEY, LIST)) return MISS
  at = scanShortLevels(at + 6, Side.bid, out)
  return isSix(at, ASKS_KEY, LIST) ? scanShortLevels(at + 6, Side.ask, out) : MISS
}
