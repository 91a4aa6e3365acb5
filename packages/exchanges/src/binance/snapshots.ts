import { type DecodeOutcome, type EventBatch, EventKind, Side } from '@cryptoflow/model'
import { load } from '../bytes.ts'
import { FieldReader, field, isObject, type JsonObject, malformed, parseJson } from '../json.ts'
import { readLevels } from '../levels.ts'
import { EVENTS, NO_JSON, UNKNOWN } from '../outcomes.ts'
import { places, placesRead, readTemplate, takeEvent } from '../template-reader.ts'
import {
  assemble,
  integer,
  levels,
  optional,
  type Part,
  type Template,
  text,
  time,
  unread,
} from '../templates.ts'
import { streamSymbol, streamSymbolRead, symbolRead } from './symbols.ts'

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

const sides: Part[] = [',"bids":[', levels(Side.bid), ',"asks":[', levels(Side.ask), '}']

/** A spot partial book; without its stream's name it has no symbol. */
export const images = (isBare: boolean): Template[] =>
  isBare ? [] : [['{"lastUpdateId":', integer('lastSeq'), ...sides]]

/** The fast path of a spot partial book. */
export function takeImage(stream: number, _isBare: boolean, out: EventBatch): boolean {
  const symbol = streamSymbolRead(out.names)
  if (symbol < 0 || stream < 0) return false
  endWhole(out, EventKind.bookImage, stream, symbol)
  return true
}

const snapshot = assemble([
  {
    head: [],
    templates: [
      [
        '{"lastUpdateId":',
        integer('lastSeq'),
        optional(',"E":', time('sentUs'), ',"T":', time('engineUs')),
        optional(',"symbol":"', text('symbol'), '","pair":"', unread, '"'),
        ...sides,
      ],
    ],
  },
])

function scanSnapshot(stream: number, symbol: number, out: EventBatch): boolean {
  placesRead[places.symbol] = 0
  const found = readTemplate(snapshot, out)
  if (found < 0) return false
  const isNamed = placesRead[places.symbol] !== 0
  if (isNamed && symbolRead(true, out.names) !== symbol) return false
  if (!takeEvent(found, out)) return false
  endWhole(out, EventKind.bookSnapshot, stream, symbol)
  return true
}
