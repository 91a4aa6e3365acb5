import { type EventBatch, EventKind, Side, type StringTable } from '@cryptoflow/model'
import { space, word } from '../bytes.ts'
import type { FieldReader } from '../json.ts'
import { places, placesRead, values, valuesRead } from '../template-reader.ts'
import { integer, price, quantity, symbol, type Template, text, time, truth } from '../templates.ts'
import { kindOfFutures } from './envelope.ts'
import { symbolRead } from './symbols.ts'

/**
 * Trades: `m` (the buyer was the maker) gives the taker's side; `t` is the id, `T` the engine's time; `X`, of futures
 * only, says what kind of trade it was.
 * Sources: binance-spot-api-docs, web-socket-streams.md, "Trade Streams", a5e0bc3 of 2026-07-21; the futures stream
 * is in no document: captures of 2024.
 */

/** The exact path: appends the trade that the fields give. */
export function readTrade(fields: FieldReader, stream: number, out: EventBatch): void {
  out.reserveEvent()
  out.reserveEntries(1)
  const event = out.count
  const entry = out.entryCount
  out.sentUs[event] = fields.time('E')
  out.engineUs[event] = fields.time('T')
  const id = fields.integer('t')
  fields.decimal('p', out.price, entry)
  fields.decimal('q', out.quantity, entry)
  out.entryCount += 1
  const side = fields.flag('m') ? Side.sell : Side.buy
  const type = fields.optionalName('X', out.names)
  endTrade(out, id, side, stream, fields.symbol('s', out.names), type)
}

function endTrade(
  out: EventBatch,
  id: number,
  side: number,
  stream: number,
  symbol: number,
  type: number,
): void {
  const event = out.count
  out.kind[event] = EventKind.trade
  out.symbol[event] = symbol
  out.stream[event] = stream
  out.firstSeq[event] = id
  out.lastSeq[event] = id
  out.prevSeq[event] = Number.NaN
  out.tradeType[event] = type
  out.side[out.entryCount - 1] = side
  out.endEvent()
}

/** Of spot. */
export const trades = (): Template[] => [
  [
    '{"e":"trade","E":',
    time('sentUs'),
    ',"s":"',
    symbol,
    '","t":',
    integer('lastSeq'),
    ',"p":"',
    price,
    '","q":"',
    quantity(Side.buy),
    '","T":',
    time('engineUs'),
    ',"m":',
    truth('isMaker'),
    ',"M":',
    truth('unused'),
    '}',
  ],
]

/** Of futures, with `st` since 2026-06-30. */
export const futuresTrades = (isBare: boolean): Template[] => [
  [
    '{"e":"trade","E":',
    time('sentUs'),
    ',"T":',
    time('engineUs'),
    ',"s":"',
    symbol,
    '","t":',
    integer('lastSeq'),
    ',"p":"',
    price,
    '","q":"',
    quantity(Side.buy),
    '","X":"',
    text('name'),
    '","m":',
    truth('isMaker'),
    ...kindOfFutures(isBare),
    '}',
  ],
]

/** The fast path of spot. */
export function takeTrade(stream: number, isBare: boolean, out: EventBatch): boolean {
  const symbol = symbolRead(isBare, out.names)
  if (symbol < 0 || stream < 0) return false
  endTaken(out, stream, symbol, -1)
  return true
}

/** The fast path of futures. */
export function takeFuturesTrade(stream: number, isBare: boolean, out: EventBatch): boolean {
  const symbol = symbolRead(isBare, out.names)
  const type = typeRead(out.names)
  if (symbol < 0 || stream < 0 || type < 0) return false
  endTaken(out, stream, symbol, type)
  return true
}

function endTaken(out: EventBatch, stream: number, symbol: number, type: number): void {
  const side = placesRead[places.isMaker] === 1 ? Side.sell : Side.buy
  endTrade(out, valuesRead[values.lastSeq] as number, side, stream, symbol, type)
}

const { bytes, view } = space
const MARKET = word('MARK')
const MARKET_TAIL = word('RKET')
let market: { readonly names: StringTable; readonly id: number } | null = null

/** The id of a trade's type; the one that nearly all trades have is looked up once for a table of names. */
function typeRead(names: StringTable): number {
  const at = placesRead[places.name] as number
  const end = placesRead[places.name + 1] as number
  const isMarket =
    end === at + 6 && view.getInt32(at, true) === MARKET && view.getInt32(at + 2, true) === MARKET_TAIL
  if (!isMarket) return names.idOfBytes(bytes, at, end)
  if (market?.names !== names) market = { names, id: names.idOf('MARKET') }
  return market.id
}
