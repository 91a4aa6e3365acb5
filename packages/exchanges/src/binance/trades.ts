import { type Continuity, type EventBatch, EventKind, Side } from '@cryptoflow/model'
import { half, isEight, isSeven, isSix, MISS, type Space, scanDecimal, scanInteger, word } from '../bytes.ts'
import type { FieldReader } from '../json.ts'
import { timeUs } from '../time.ts'
import { isLastBrace, scanSymbol } from './envelope.ts'
import { symbolId } from './symbols.ts'

/**
 * Trades: `m` (the buyer was the maker) gives the taker's side; `t` is the id, `T` the engine's time.
 * Source: binance-spot-api-docs, web-socket-streams.md, "Trade Streams", a5e0bc3 of 2026-07-21.
 */

/** Ids grow by one per symbol: so in every capture; the documents promise only that they are unique. */
export function followsTrade(lastId: number, id: number): Continuity {
  if (id === lastId + 1) return 'next'
  return id <= lastId ? 'stale' : 'gap'
}

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
  const side = fields.flag('m') ? Side.sell : Side.buy
  endTrade(out, id, side, stream, fields.symbol('s', out.names))
}

function endTrade(out: EventBatch, id: number, side: number, stream: number, symbol: number): void {
  const event = out.count
  out.kind[event] = EventKind.trade
  out.symbol[event] = symbol
  out.stream[event] = stream
  out.firstSeq[event] = id
  out.lastSeq[event] = id
  out.prevSeq[event] = Number.NaN
  out.side[out.entryCount] = side
  out.entryCount += 1
  out.endEvent()
}

const HEAD_1 = word('{"e"')
const HEAD_2 = word(':"tr')
const HEAD_3 = word('ade"')
const HEAD_4 = word(',"E"')
const COLON = 58
const SYMBOL_KEY = word(',"s"')
const ID_KEY = word('","t')
const PRICE_KEY = word(',"p"')
const QUANTITY_KEY = word('","q')
const QUANTITY_KEY_TAIL = word('q":"')
const TIME_KEY = word('","T')
const MAKER_KEY = word(',"m"')
const UNUSED_KEY = word(',"M"')
const NUMBER = half('":')
const TEXT = half(':"')
const TRUE = word('true')
const FALSE_TAIL = word('alse')
const LETTER_F = 102

/**
 * The fast path: appends the trade at `at` when it is written exactly as the exchange writes it,
 * `{"e":"trade","E":1,"s":"B","t":1,"p":"1","q":"1","T":1,"m":true,"M":true}`; false otherwise.
 */
export function scanTrade(
  space: Space,
  at: number,
  symbolBytes: number,
  stream: number,
  out: EventBatch,
): boolean {
  const { view } = space
  if (!isEight(view, at, HEAD_1, HEAD_2) || !isEight(view, at + 8, HEAD_3, HEAD_4)) return false
  if (view.getUint8(at + 16) !== COLON) return false
  out.reserveEvent()
  out.reserveEntries(1)
  const event = out.count
  const entry = out.entryCount
  at = scanInteger(view, at + 17, out.sentUs, event)
  if (!isSix(view, at, SYMBOL_KEY, TEXT)) return false
  const symbolAt = at + 6
  const symbolEnd = scanSymbol(space, symbolAt, symbolBytes)
  if (!isSix(view, symbolEnd, ID_KEY, NUMBER)) return false
  at = scanInteger(view, symbolEnd + 6, out.firstSeq, event)
  if (!isSix(view, at, PRICE_KEY, TEXT)) return false
  at = scanDecimal(view, at + 6, out.price, entry)
  if (!isSeven(view, at, QUANTITY_KEY, QUANTITY_KEY_TAIL)) return false
  at = scanDecimal(view, at + 7, out.quantity, entry)
  if (!isSix(view, at, TIME_KEY, NUMBER)) return false
  at = scanInteger(view, at + 6, out.engineUs, event)
  const makerAt = at + 5
  at = scanFlag(view, at, MAKER_KEY)
  const isSell = at === makerAt + 4
  at = scanFlag(view, at, UNUSED_KEY)
  if (!isLastBrace(space, at, symbolBytes)) return false

  const sentUs = timeUs(out.sentUs[event] as number)
  const engineUs = timeUs(out.engineUs[event] as number)
  if (sentUs === Number.POSITIVE_INFINITY || engineUs === Number.POSITIVE_INFINITY) return false
  const symbol = symbolId(space, symbolAt, symbolEnd - symbolAt, symbolBytes > 0, out.names)
  if (symbol < 0 || stream < 0) return false
  out.sentUs[event] = sentUs
  out.engineUs[event] = engineUs
  endTrade(out, out.firstSeq[event] as number, isSell ? Side.sell : Side.buy, stream, symbol)
  return true
}

/** Reads `,"k":true` or `,"k":false`, whose length tells which it was. */
function scanFlag(view: DataView, at: number, key: number): number {
  if (view.getInt32(at, true) !== key || view.getUint8(at + 4) !== COLON) return MISS
  if (view.getInt32(at + 5, true) === TRUE) return at + 9
  return view.getUint8(at + 5) === LETTER_F && view.getInt32(at + 6, true) === FALSE_TAIL ? at + 10 : MISS
}
