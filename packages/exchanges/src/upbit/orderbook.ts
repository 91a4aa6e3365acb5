import { type DecodeOutcome, type EventBatch, EventKind, Side } from '@cryptoflow/model'
import { MISS, scanInteger } from '../bytes.ts'
import { type FieldReader, field, isObject, type Json, type JsonObject } from '../json.ts'
import { LEVELS_MAX } from '../levels.ts'
import { ignored } from '../outcomes.ts'
import { settleTime } from '../time.ts'
import type { FieldNames } from './fields.ts'
import { passNumber } from './numbers.ts'
import { symbolEnd, symbolId } from './symbols.ts'
import { type ScanUnits, scanDefaultUnits, scanSimpleUnits } from './units.ts'
import { behind, isEnd, type Spelled, spelled } from './words.ts'

/**
 * Books: every message is the whole of the best levels a side, 1, 5, 15 or 30, as many as were subscribed. There are
 * no changes, no sequence and no checksum. A unit pairs the i-th best ask with the i-th best bid; where one side has
 * fewer levels, its place in the unit has the price 0 and is no level.
 * Source: docs.upbit.com/kr v1.6.4, WebSocket, Orderbook, read 2026-10-07; padding: tardis-dev/tardis-node 2026-08-22
 * and bmoscon/cryptofeed 2026-08-09.
 */

/** A book whose prices are put together into steps: none of its levels stands in the exchange's own book. */
const GROUPED = ignored('grouped')

/** The exact path: appends the image that the fields give, or says that its prices are not the exchange's own. */
export function readImage(
  fields: FieldReader,
  _message: JsonObject,
  names: FieldNames,
  stream: number,
  out: EventBatch,
): DecodeOutcome | null {
  const grouping = fields.optionalDecimal(names.level)
  if (fields.refusal === null && grouping !== null && grouping.mantissa !== 0n) return GROUPED
  out.reserveEvent()
  out.sentUs[out.count] = fields.time(names.timestamp)
  const units = fields.list(names.units)
  if (units.length * 2 > LEVELS_MAX) {
    fields.refuse('too_many_levels', `${names.units} brings more than ${LEVELS_MAX} levels`)
    return null
  }
  out.reserveEntries(units.length * 2)
  readSide(fields, units, { price: names.bidPrice, quantity: names.bidSize, side: Side.bid }, out)
  readSide(fields, units, { price: names.askPrice, quantity: names.askSize, side: Side.ask }, out)
  endImage(out, stream, fields.symbol(names.code, out.names))
  return null
}

interface SideKeys {
  readonly price: string
  readonly quantity: string
  readonly side: number
}

function readSide(fields: FieldReader, units: readonly Json[], keys: SideKeys, out: EventBatch): void {
  for (const json of units) {
    if (fields.refusal !== null) return
    const unit = isObject(json) ? json : {}
    const row = out.entryCount
    fields.decimalOf(field(unit, keys.price), keys.price, out.price, row)
    fields.decimalOf(field(unit, keys.quantity), keys.quantity, out.quantity, row)
    if (isPadding(out, row)) continue
    out.side[row] = keys.side
    out.entryCount = row + 1
  }
}

/** Whether the level in the row has no price; then the row is free again. */
function isPadding({ price, quantity }: EventBatch, row: number): boolean {
  if (price.mantissas[row] !== 0) return false
  quantity.forgetWide(row)
  return true
}

function endImage(out: EventBatch, stream: number, symbol: number): void {
  const event = out.count
  out.kind[event] = EventKind.bookImage
  out.symbol[event] = symbol
  out.stream[event] = stream
  out.engineUs[event] = Number.NaN
  out.firstSeq[event] = Number.NaN
  out.lastSeq[event] = Number.NaN
  out.prevSeq[event] = Number.NaN
  out.checksum[event] = Number.NaN
  out.endEvent()
}

/** Every text of a message but its values, in their order. */
export interface ImageWords {
  readonly head: Spelled
  readonly timestamp: Spelled
  readonly totals: readonly Spelled[]
  /** With the key of the first unit's first number. */
  readonly units: Spelled
  readonly scanUnits: ScanUnits
  readonly realtime: Spelled
  readonly snapshot: Spelled
  /** Books in the exchange's own steps of prices; older messages do not say it. */
  readonly ungrouped: Spelled
}

/** Of the format `DEFAULT`. */
export const defaultImage: ImageWords = {
  head: spelled('{"type":"orderbook","code":"'),
  timestamp: spelled('","timestamp":'),
  totals: [',"total_ask_size":', ',"total_bid_size":'].map((text) => spelled(text)),
  units: spelled(',"orderbook_units":[{"ask_price":'),
  scanUnits: scanDefaultUnits,
  realtime: spelled('}],"stream_type":"REALTIME"'),
  snapshot: spelled('}],"stream_type":"SNAPSHOT"'),
  ungrouped: spelled(',"level":0'),
}

/** Of the format `SIMPLE`. */
export const simpleImage: ImageWords = {
  head: spelled('{"ty":"orderbook","cd":"'),
  timestamp: spelled('","tms":'),
  totals: [',"tas":', ',"tbs":'].map((text) => spelled(text)),
  units: spelled(',"obu":[{"ap":'),
  scanUnits: scanSimpleUnits,
  realtime: spelled('}],"st":"REALTIME"'),
  snapshot: spelled('}],"st":"SNAPSHOT"'),
  ungrouped: spelled(',"lv":0'),
}

/**
 * The fast path: appends the image whose code stands at `at`, when it is written exactly as the exchange writes it;
 * false otherwise.
 */
export function scanImage(at: number, words: ImageWords, stream: number, out: EventBatch): boolean {
  const codeEnd = symbolEnd(at)
  const symbol = symbolId(at, codeEnd, out.names)
  if (symbol < 0) return false
  out.reserveEvent()
  at = scanInteger(behind(codeEnd, words.timestamp), out.sentUs, out.count)
  for (const total of words.totals) at = passNumber(behind(at, total))
  at = words.scanUnits(behind(at, words.units), out)
  const realtime = behind(at, words.realtime)
  at = realtime === MISS ? behind(at, words.snapshot) : realtime
  if (!isEnd(at) && !isEnd(behind(at, words.ungrouped))) return false
  if (!settleTime(out.sentUs, out.count)) return false
  endImage(out, stream, symbol)
  return true
}
