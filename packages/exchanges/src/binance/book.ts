import { type EventBatch, EventKind, Side } from '@cryptoflow/model'
import type { FieldReader } from '../json.ts'
import { readLevels } from '../levels.ts'
import { integer, levels, optional, symbol, type Template, time, unread } from '../templates.ts'
import { kindOfFutures } from './envelope.ts'
import { symbolRead } from './symbols.ts'

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

/** Of spot. */
export const diffs = (): Template[] => [
  [
    '{"e":"depthUpdate","E":',
    time('sentUs'),
    ',"s":"',
    symbol,
    '","U":',
    integer('firstSeq'),
    ',"u":',
    integer('lastSeq'),
    ',"b":[',
    levels(Side.bid),
    ',"a":[',
    levels(Side.ask),
    '}',
  ],
]

/** Of futures, with `ps` (COIN-M always, USD-M since 2026-06-30) and with `st` (since then); also their partial books. */
export const futuresDiffs = (isBare: boolean): Template[] => [
  [
    '{"e":"depthUpdate","E":',
    time('sentUs'),
    ',"T":',
    time('engineUs'),
    ',"s":"',
    symbol,
    optional('","ps":"', unread),
    '","U":',
    integer('firstSeq'),
    ',"u":',
    integer('lastSeq'),
    ',"pu":',
    integer('prevSeq'),
    ',"b":[',
    levels(Side.bid),
    ',"a":[',
    levels(Side.ask),
    ...kindOfFutures(isBare),
    '}',
  ],
]

/** The fast path. */
export function takeDepth(stream: number, isBare: boolean, out: EventBatch): boolean {
  const event = out.count
  if ((out.firstSeq[event] as number) > (out.lastSeq[event] as number)) return false
  return takeBook(EventKind.bookDelta, stream, isBare, out)
}

/** The fast path of futures' partial books. */
export function takeFuturesImage(stream: number, isBare: boolean, out: EventBatch): boolean {
  out.firstSeq[out.count] = Number.NaN
  out.prevSeq[out.count] = Number.NaN
  return takeBook(EventKind.bookImage, stream, isBare, out)
}

function takeBook(kind: number, stream: number, isBare: boolean, out: EventBatch): boolean {
  const symbol = symbolRead(isBare, out.names)
  if (symbol < 0 || stream < 0) return false
  endBook(out, kind, stream, symbol)
  return true
}
