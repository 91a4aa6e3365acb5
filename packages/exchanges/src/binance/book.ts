import { type BookRule, type EventBatch, EventKind, Side } from '@cryptoflow/model'
import {
  FRAME_AT,
  half,
  isEight,
  isFive,
  isSeven,
  isSix,
  MISS,
  type Space,
  scanInteger,
  scanRareDecimal,
  scanUsualDecimal,
  word,
} from '../bytes.ts'
import { type FieldReader, isArray } from '../json.ts'
import { timeUs } from '../time.ts'
import { isLastBrace, scanSymbol } from './envelope.ts'
import { symbolId } from './symbols.ts'

/**
 * Order book: diffs `U ... u` of absolute quantities, and the REST snapshot that they join.
 * Source: binance-spot-api-docs, web-socket-streams.md, "How to manage a local order book correctly", as
 * corrected 2025-11-12, a5e0bc3 of 2026-07-21.
 */

/** Most levels that one message may have (design, hostile bytes). */
export const LEVELS_MAX = 100_000

/**
 * A diff joins when it holds the update after the snapshot, and follows when it begins right behind the last.
 * One that begins earlier but ends later (seen by nobody; possible across connections) leaves no hole, and its
 * quantities are absolute: the documents have it applied, so it is `next` too.
 */
export const spotBookRule: BookRule = {
  joins: (snapshotSeq, firstSeq, lastSeq) => linked(snapshotSeq, firstSeq, lastSeq),
  follows: (lastSeq, firstSeq, nextLastSeq) => linked(lastSeq, firstSeq, nextLastSeq),
}

function linked(position: number, firstSeq: number, lastSeq: number): 'next' | 'stale' | 'gap' {
  if (lastSeq <= position) return 'stale'
  return firstSeq <= position + 1 && lastSeq > position ? 'next' : 'gap'
}

/** The exact path: appends the diff that the fields give. */
export function readDepth(fields: FieldReader, stream: number, out: EventBatch): void {
  out.reserveEvent()
  const event = out.count
  out.sentUs[event] = fields.time('E')
  out.firstSeq[event] = fields.integer('U')
  out.lastSeq[event] = fields.integer('u')
  readLevels(fields, 'b', Side.bid, out)
  readLevels(fields, 'a', Side.ask, out)
  endBook(out, EventKind.bookDelta, stream, fields.symbol('s', out.names))
}

/** The exact path: appends the REST snapshot that the fields give. */
export function readSnapshot(fields: FieldReader, stream: number, symbol: number, out: EventBatch): void {
  out.reserveEvent()
  const event = out.count
  out.sentUs[event] = Number.NaN
  out.firstSeq[event] = Number.NaN
  out.lastSeq[event] = fields.integer('lastUpdateId')
  readLevels(fields, 'bids', Side.bid, out)
  readLevels(fields, 'asks', Side.ask, out)
  endBook(out, EventKind.bookSnapshot, stream, symbol)
}

function readLevels(fields: FieldReader, key: string, side: number, out: EventBatch): void {
  const levels = fields.list(key)
  const count = out.entryCount - (out.entryStart[out.count] as number) + levels.length
  if (count > LEVELS_MAX) {
    fields.refuse('too_many_levels', `${key} brings more than ${LEVELS_MAX} levels`)
    return
  }
  out.reserveEntries(levels.length)
  for (const level of levels) {
    const [price, quantity] = isArray(level) ? level : []
    const row = out.entryCount
    fields.decimalOf(price, `price in ${key}`, out.price, row)
    fields.decimalOf(quantity, `quantity in ${key}`, out.quantity, row)
    if (fields.refusal !== null) return
    out.side[row] = side
    out.entryCount = row + 1
  }
}

function endBook(out: EventBatch, kind: number, stream: number, symbol: number): void {
  const event = out.count
  out.kind[event] = kind
  out.symbol[event] = symbol
  out.stream[event] = stream
  out.engineUs[event] = Number.NaN
  out.prevSeq[event] = Number.NaN
  out.endEvent()
}

const HEAD_1 = word('{"e"')
const HEAD_2 = word(':"de')
const HEAD_3 = word('pthU')
const HEAD_4 = word('pdat')
const HEAD_5 = word('e","')
const HEAD_TAIL = word('"E":')
const SYMBOL_KEY = word(',"s"')
const FIRST_KEY = word('","U')
const LAST_KEY = word(',"u"')
const LAST_KEY_TAIL = word('"u":')
const BIDS_KEY = word(',"b"')
const ASKS_KEY = word(',"a"')
const NUMBER = half('":')
const TEXT = half(':"')
const LIST = half(':[')

/**
 * The fast path: appends the diff at `at` when it is written exactly as the exchange writes it,
 * `{"e":"depthUpdate","E":1,"s":"B","U":1,"u":1,"b":[["1","1"]],"a":[]}`; false otherwise.
 */
export function scanDepth(
  space: Space,
  at: number,
  symbolBytes: number,
  stream: number,
  out: EventBatch,
): boolean {
  const { view } = space
  if (!isEight(view, at, HEAD_1, HEAD_2) || !isEight(view, at + 8, HEAD_3, HEAD_4)) return false
  if (!isSeven(view, at + 16, HEAD_5, HEAD_TAIL)) return false
  out.reserveEvent()
  const event = out.count
  at = scanInteger(view, at + 23, out.sentUs, event)
  if (!isSix(view, at, SYMBOL_KEY, TEXT)) return false
  const symbolAt = at + 6
  const symbolEnd = scanSymbol(space, symbolAt, symbolBytes)
  if (!isSix(view, symbolEnd, FIRST_KEY, NUMBER)) return false
  at = scanInteger(view, symbolEnd + 6, out.firstSeq, event)
  if (!isFive(view, at, LAST_KEY, LAST_KEY_TAIL)) return false
  at = scanInteger(view, at + 5, out.lastSeq, event)
  if (!isSix(view, at, BIDS_KEY, LIST)) return false
  at = scanLevels(space, at + 6, Side.bid, out)
  if (!isSix(view, at, ASKS_KEY, LIST)) return false
  at = scanLevels(space, at + 6, Side.ask, out)
  if (!isLastBrace(space, at, symbolBytes)) return false

  const sentUs = timeUs(out.sentUs[event] as number)
  if (sentUs === Number.POSITIVE_INFINITY) return false
  const symbol = symbolId(space, symbolAt, symbolEnd - symbolAt, symbolBytes > 0, out.names)
  if (symbol < 0 || stream < 0) return false
  out.sentUs[event] = sentUs
  endBook(out, EventKind.bookDelta, stream, symbol)
  return true
}

const SNAPSHOT_1 = word('{"la')
const SNAPSHOT_2 = word('stUp')
const SNAPSHOT_3 = word('date')
const SNAPSHOT_4 = word('Id":')
const SNAPSHOT_BIDS_1 = word(',"bi')
const SNAPSHOT_BIDS_2 = word('ds":')
const SNAPSHOT_ASKS_1 = word(',"as')
const SNAPSHOT_ASKS_2 = word('ks":')

/** The fast path for `{"lastUpdateId":1,"bids":[["1","1"]],"asks":[]}`; false when written otherwise. */
export function scanSnapshot(space: Space, stream: number, symbol: number, out: EventBatch): boolean {
  const { view } = space
  if (!isEight(view, FRAME_AT, SNAPSHOT_1, SNAPSHOT_2)) return false
  if (!isEight(view, FRAME_AT + 8, SNAPSHOT_3, SNAPSHOT_4)) return false
  out.reserveEvent()
  let at = scanInteger(view, FRAME_AT + 16, out.lastSeq, out.count)
  if (!isEight(view, at, SNAPSHOT_BIDS_1, SNAPSHOT_BIDS_2)) return false
  at = scanListStart(view, at + 8)
  at = scanLevels(space, at, Side.bid, out)
  if (!isEight(view, at, SNAPSHOT_ASKS_1, SNAPSHOT_ASKS_2)) return false
  at = scanListStart(view, at + 8)
  at = scanLevels(space, at, Side.ask, out)
  if (!isLastBrace(space, at, 0)) return false
  out.sentUs[out.count] = Number.NaN
  out.firstSeq[out.count] = Number.NaN
  endBook(out, EventKind.bookSnapshot, stream, symbol)
  return true
}

const LIST_START = 91
const LIST_END = 93
const LEVEL_START = half('["')
const BETWEEN = half(',"')
const NEXT_LEVEL = word('],["')
const LAST_LEVEL = half(']]')
const LEVEL_BYTES_MIN = 9

function scanListStart(view: DataView, at: number): number {
  return view.getUint8(at) === LIST_START ? at + 1 : MISS
}

/** Reads levels `["1","1"],["1","1"]]` behind the list's `[`, appending entries; answers the offset behind `]`. */
function scanLevels(space: Space, at: number, side: number, out: EventBatch): number {
  const { view } = space
  if (view.getUint8(at) === LIST_END) return at + 1
  if (view.getUint16(at, true) !== LEVEL_START) return MISS
  const left = LEVELS_MAX - (out.entryCount - (out.entryStart[out.count] as number))
  if (left === 0) return MISS
  const room = Math.min(left, Math.ceil((space.end - at) / LEVEL_BYTES_MIN))
  out.reserveEntries(room)
  const { price, quantity, side: sides } = out
  const last = out.entryCount + room
  let row = out.entryCount
  let column = price
  at += 2
  // One call for both numbers of a level, so that the compiler always takes it into this loop.
  for (;;) {
    let quote = scanUsualDecimal(view, at, column.mantissas, column.scales, row)
    if (quote === MISS) quote = scanRareDecimal(view, at, column, row)
    if (column === price) {
      if (view.getUint16(quote + 1, true) !== BETWEEN) return MISS
      column = quantity
      at = quote + 3
      continue
    }
    sides[row] = side
    row += 1
    if (view.getInt32(quote + 1, true) !== NEXT_LEVEL) {
      if (view.getUint16(quote + 1, true) !== LAST_LEVEL) return MISS
      out.entryCount = row
      return quote + 3
    }
    if (row === last) return MISS
    column = price
    at = quote + 5
  }
}
