import { type EventBatch, EventKind, Side } from '@cryptoflow/model'
import type { FieldReader } from '../json.ts'
import { places, placesRead, values, valuesRead } from '../template-reader.ts'
import {
  integer,
  optional,
  type Part,
  price,
  quantity,
  symbol,
  type Template,
  time,
  truth,
  unread,
} from '../templates.ts'
import { kindOfFutures } from './envelope.ts'
import { symbolRead } from './symbols.ts'

/**
 * Aggregates: what one taker's order filled at one price. `a` is its id, `f` and `l` the first and last trade in it.
 * Of futures `q` has all trades, `nq` those without retail price improvement, which is not read.
 * Sources: binance-spot-api-docs, web-socket-streams.md, "Aggregate Trade Streams", a5e0bc3 of 2026-07-21;
 * developers.binance.com, "Aggregate Trade Streams" of USD-M and COIN-M, read 2026-05-28.
 */

const TRADES_MAX = 2 ** 31 - 1

/** The exact path of spot: appends the aggregate that the fields give. */
export function readAggregate(fields: FieldReader, stream: number, out: EventBatch): void {
  append(fields, fields.integer('a'), stream, out)
}

/** The exact path of futures, whose aggregates of 2019 have no id. */
export function readFuturesAggregate(fields: FieldReader, stream: number, out: EventBatch): void {
  append(fields, fields.optionalInteger('a'), stream, out)
}

function append(fields: FieldReader, id: number, stream: number, out: EventBatch): void {
  out.reserveEvent()
  out.reserveEntries(1)
  const event = out.count
  const entry = out.entryCount
  out.firstSeq[event] = id
  out.sentUs[event] = fields.time('E')
  out.engineUs[event] = fields.time('T')
  const first = fields.integer('f')
  const last = fields.integer('l')
  if (!isSpan(first, last)) fields.refuse('malformed', 'f to l is no span of trades')
  out.firstTradeId[event] = first
  out.lastTradeId[event] = last
  fields.decimal('p', out.price, entry)
  fields.decimal('q', out.quantity, entry)
  out.entryCount += 1
  const side = fields.flag('m') ? Side.sell : Side.buy
  endAggregate(out, side, stream, fields.symbol('s', out.names))
}

/** Whether an aggregate can be of the trades `first ... last`: one at least, and a number of them that 32 bits hold. */
function isSpan(first: number, last: number): boolean {
  return first <= last && last - first < TRADES_MAX
}

function endAggregate(out: EventBatch, side: number, stream: number, symbol: number): void {
  const event = out.count
  out.kind[event] = EventKind.aggregate
  out.symbol[event] = symbol
  out.stream[event] = stream
  out.lastSeq[event] = out.firstSeq[event] as number
  out.prevSeq[event] = Number.NaN
  out.tradeType[event] = -1
  out.side[out.entryCount - 1] = side
  out.endEvent()
}

const filled: Part[] = [
  price,
  '","q":"',
  quantity(Side.buy),
  optional('","nq":"', unread),
  '","f":',
  integer('firstTradeId'),
  ',"l":',
  integer('lastTradeId'),
  ',"T":',
  time('engineUs'),
  ',"m":',
  truth('isMaker'),
]

/** Of spot. */
export const aggregates = (): Template[] => [
  [
    '{"e":"aggTrade","E":',
    time('sentUs'),
    ',"s":"',
    symbol,
    '","a":',
    integer('firstSeq'),
    ',"p":"',
    ...filled,
    ',"M":',
    truth('unused'),
    '}',
  ],
]

/** Of futures, also with `a` behind `s` as documented, with `nq` since 2025-12-31 and with `st` since 2026-06-30. */
export const futuresAggregates = (isBare: boolean): Template[] => {
  const head: Part[] = ['{"e":"aggTrade","E":', time('sentUs')]
  const rest: Part[] = [...filled, ...kindOfFutures(isBare), '}']
  return [
    [...head, ',"a":', integer('firstSeq'), ',"s":"', symbol, '","p":"', ...rest],
    [...head, ',"s":"', symbol, '","a":', integer('firstSeq'), ',"p":"', ...rest],
  ]
}

/** The fast path. */
export function takeAggregate(stream: number, isBare: boolean, out: EventBatch): boolean {
  const event = out.count
  const first = valuesRead[values.firstTradeId] as number
  const last = valuesRead[values.lastTradeId] as number
  const symbol = symbolRead(isBare, out.names)
  if (!isSpan(first, last) || symbol < 0 || stream < 0) return false
  out.firstTradeId[event] = first
  out.lastTradeId[event] = last
  endAggregate(out, placesRead[places.isMaker] === 1 ? Side.sell : Side.buy, stream, symbol)
  return true
}
