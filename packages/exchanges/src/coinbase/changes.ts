import { type EventBatch, EventKind, type Market, Side, SYMBOL_BYTES_MAX } from '@cryptoflow/model'
import { half, MISS, scanPlainText, space } from '../bytes.ts'
import { type FieldReader, field, type JsonObject } from '../json.ts'
import { readLevels } from '../levels.ts'
import { readRfcTime, scanRfcTime } from '../rfc-time.ts'
import { behind, spelled } from '../spelled.ts'
import { endBook } from './level2.ts'
import { readChanges, scanChanges, scanSide } from './levels.ts'
import { productId } from './symbols.ts'

/**
 * Books of the Exchange socket, channel `level2_batch`, which was `level2` until 2023-08-01: a snapshot without a time,
 * then changes of absolute quantities. Asks come first, as the exchange sends them; its documents have bids first.
 * Source: docs.cdp.coinbase.com, Exchange WebSocket channels, "Level2 Batch Channel", read 2026-09-27; frames of 2019
 * to 2023.
 */

/** The exact path: appends the snapshot that the fields give. */
export function readSnapshot(fields: FieldReader, stream: number, out: EventBatch): void {
  out.reserveEvent()
  readLevels(fields, 'asks', Side.ask, out)
  if (fields.refusal === null) readLevels(fields, 'bids', Side.bid, out)
  const symbol = fields.symbol('product_id', out.names)
  endBook(out, { ...untimed, kind: EventKind.bookSnapshot, stream, symbol })
}

const untimed = { engineUs: Number.NaN, sentUs: Number.NaN }

/** The exact path: appends the changes that the fields give. A time of year 1 counts as absent. */
export function readUpdate(fields: FieldReader, message: JsonObject, stream: number, out: EventBatch): void {
  out.reserveEvent()
  const engineUs = readRfcTime(fields, field(message, 'time'), 'time')
  readChanges(fields, 'changes', out)
  const symbol = fields.symbol('product_id', out.names)
  endBook(out, { ...untimed, kind: EventKind.bookDelta, engineUs, stream, symbol })
}

const { view } = space
const OBJECT_END = 125
const END = half('"}')
const ASKS = spelled('","asks":[')
const BIDS = spelled(',"bids":[')
const CHANGES = spelled('","changes":[')
const TIME = spelled(',"time":"')
const time = new Float64Array(1)

/**
 * The fast path: appends the snapshot whose product stands at `at`, when it is written exactly as the exchange writes
 * it, `{"type":"snapshot","product_id":"A-B","asks":[["1","1"]],"bids":[]}`; false otherwise.
 */
export function scanSnapshot(at: number, market: Market, stream: number, out: EventBatch): boolean {
  const symbolAt = at
  const symbolEnd = scanPlainText(at, SYMBOL_BYTES_MAX)
  at = behind(symbolEnd, ASKS)
  if (at === MISS) return false
  out.reserveEvent()
  at = behind(scanSide(at, Side.ask, out), BIDS)
  if (at === MISS) return false
  at = scanSide(at, Side.bid, out)
  if (at + 1 !== space.end || view.getUint8(at) !== OBJECT_END) return false

  const symbol = productId(symbolAt, symbolEnd - symbolAt, market, out.names)
  if (symbol < 0) return false
  endBook(out, { ...untimed, kind: EventKind.bookSnapshot, stream, symbol })
  return true
}

/** The same of `{"type":"l2update","product_id":"A-B","changes":[["buy","1","1"]],"time":""}`. */
export function scanUpdate(at: number, market: Market, stream: number, out: EventBatch): boolean {
  const symbolAt = at
  const symbolEnd = scanPlainText(at, SYMBOL_BYTES_MAX)
  at = behind(symbolEnd, CHANGES)
  if (at === MISS) return false
  out.reserveEvent()
  at = behind(scanChanges(at, out), TIME)
  if (at === MISS) return false
  at = scanRfcTime(at, time, 0)
  if (at + 2 !== space.end || view.getUint16(at, true) !== END) return false

  const symbol = productId(symbolAt, symbolEnd - symbolAt, market, out.names)
  if (symbol < 0) return false
  endBook(out, { kind: EventKind.bookDelta, engineUs: time[0] as number, sentUs: Number.NaN, stream, symbol })
  return true
}
