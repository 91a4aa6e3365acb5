import { type EventBatch, EventKind, Side } from '@cryptoflow/model'
import type { FieldReader } from '../json.ts'
import {
  integer,
  optional,
  type Part,
  price,
  quantity,
  symbol,
  type Template,
  time,
  unread,
} from '../templates.ts'
import { kindOfFutures } from './envelope.ts'
import { symbolRead } from './symbols.ts'

/**
 * The exchange's own best bid and ask. `u` grows but skips, so it orders quotes and finds no gap. Spot sends neither
 * a time nor a type.
 * Sources: binance-spot-api-docs, web-socket-streams.md, "Individual Symbol Book Ticker Streams", a5e0bc3;
 * developers.binance.com, the same page of USD-M and COIN-M, read 2026-05-28.
 */

/** The exact path of spot: appends the quote that the fields give. */
export function readQuote(fields: FieldReader, stream: number, out: EventBatch): void {
  out.reserveEvent()
  out.sentUs[out.count] = Number.NaN
  out.engineUs[out.count] = Number.NaN
  readSides(fields, stream, out)
}

/** The exact path of futures. */
export function readFuturesQuote(fields: FieldReader, stream: number, out: EventBatch): void {
  out.reserveEvent()
  out.sentUs[out.count] = fields.time('E')
  out.engineUs[out.count] = fields.time('T')
  readSides(fields, stream, out)
}

function readSides(fields: FieldReader, stream: number, out: EventBatch): void {
  out.reserveEntries(2)
  const bid = out.entryCount
  out.lastSeq[out.count] = fields.integer('u')
  fields.decimal('b', out.price, bid)
  fields.decimal('B', out.quantity, bid)
  fields.decimal('a', out.price, bid + 1)
  fields.decimal('A', out.quantity, bid + 1)
  out.side[bid] = Side.bid
  out.side[bid + 1] = Side.ask
  out.entryCount += 2
  endQuote(out, stream, fields.symbol('s', out.names))
}

function endQuote(out: EventBatch, stream: number, symbol: number): void {
  const event = out.count
  out.kind[event] = EventKind.quote
  out.symbol[event] = symbol
  out.stream[event] = stream
  out.firstSeq[event] = Number.NaN
  out.prevSeq[event] = Number.NaN
  out.endEvent()
}

const sides: Part[] = [
  '","b":"',
  price,
  '","B":"',
  quantity(Side.bid),
  '","a":"',
  price,
  '","A":"',
  quantity(Side.ask),
]

/** Of spot. */
export const quotes = (): Template[] => [['{"u":', integer('lastSeq'), ',"s":"', symbol, ...sides, '"}']]

/** Of futures, as USD-M and as COIN-M writes them, either with `ps` and with `st` since 2026-06-30. */
export const futuresQuotes = (isBare: boolean): Template[] => {
  const rest: Part[] = [
    symbol,
    optional('","ps":"', unread),
    ...sides,
    '","T":',
    time('engineUs'),
    ',"E":',
    time('sentUs'),
    ...kindOfFutures(isBare),
    '}',
  ]
  return [
    ['{"e":"bookTicker","u":', integer('lastSeq'), ',"s":"', ...rest],
    ['{"u":', integer('lastSeq'), ',"e":"bookTicker","s":"', ...rest],
  ]
}

/** The fast path. */
export function takeQuote(stream: number, isBare: boolean, out: EventBatch): boolean {
  const symbol = symbolRead(isBare, out.names)
  if (symbol < 0 || stream < 0) return false
  endQuote(out, stream, symbol)
  return true
}
