import { type BookRule, type EventBatch, EventKind, Side } from '@cryptoflow/model'
import { half, isEight, isSix, MISS, scanDecimal, scanInteger, word } from '../bytes.ts'
import { type FieldReader, isArray } from '../json.ts'
import { timeUs } from '../time.ts'
import { isLastBrace, scanSymbol } from './envelope.ts'

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
  if (count > LEVELS_MAX) return fields.refuse('too_many_levels', `${key} brings more than ${LEVELS_MAX} levels`)
  out.reserveEntries(levels.length)
  for (const level of levels) {
    if (!isArray(level) || level.length < 2) return fields.refuse('malformed', `${key} has a level that is none`)
    const row = out.entryCount
    fields.decimalOf(level[0], `price in ${key}`, out.price, row)
    fields.decimalOf(level[1], `quantity in ${key}`, out.quantity, row)
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
const HEAD_TAIL = word('","E')
const SYMBOL_KEY = word(',"s"')
const FIRST_KEY = word('","U')
const LAST_KEY = word(',"u"')
const BIDS_KEY = word(',"b"')
const ASKS_KEY = word(',"a"')
const NUMBER = half('":')
const TEXT = half(':"')
const LIST = half(':[')
const COLON = half(': ') & 0xff

/**
 * The fast path: appends the diff at `at ... end - 1` when it is written exactly as the exchange writes it,
 * `{"e":"depthUpdate","E":1,"s":"B","U":1,"u":1,"b":[["1","1"]],"a":[]}`; false otherwise.
 */
export function scanDepth(
  view: DataView,
  bytes: Uint8Array,
  at: number,
  symbolBytes: number,
  stream: Uint8Array,
  out: EventBatch,
): boolean {
  const end = bytes.length
  if (!isEight(view, at, end, HEAD_1, HEAD_2) || !isEight(view, at + 8, end, HEAD_3, HEAD_4)) return false
  if (!isSeven(view, at + 16, end, HEAD_5, HEAD_TAIL) || !isNumberKey(view, at + 23, end)) return false
  out.reserveEvent()
  const event = out.count
  at = scanInteger(view, at + 24 + 1, end, out.sentUs, event)
