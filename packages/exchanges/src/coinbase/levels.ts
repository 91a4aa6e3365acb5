import { type DecimalColumn, type EventBatch, Side } from '@cryptoflow/model'
import { half, MISS, scanDecimal, scanShortDecimal, space, word } from '../bytes.ts'
import { type FieldReader, isArray, type Json } from '../json.ts'
import { hasRoomFor, reserveLevels } from '../levels.ts'

/** Lists of levels of the Exchange socket: `[["price","quantity"],...]` and `[["buy","price","quantity"],...]`. */

/** The exact path: appends the levels of an update, which name their sides `buy` and `sell`. */
export function readChanges(fields: FieldReader, key: string, out: EventBatch): void {
  const changes = fields.list(key)
  if (!hasRoomFor(changes, fields, key, out)) return
  for (const change of changes) {
    const [side, price, quantity] = isArray(change) ? change : []
    if (side !== 'buy' && side !== 'sell')
      fields.refuse('malformed', `side in ${key} is neither buy nor sell`)
    readLevel(fields, key, side === 'buy' ? Side.bid : Side.ask, [price, quantity], out)
    if (fields.refusal !== null) return
  }
}

function readLevel(
  fields: FieldReader,
  key: string,
  side: number,
  [price, quantity]: readonly [Json | undefined, Json | undefined],
  out: EventBatch,
): void {
  const row = out.entryCount
  fields.decimalOf(price, `price in ${key}`, out.price, row)
  fields.decimalOf(quantity, `quantity in ${key}`, out.quantity, row)
  out.side[row] = side
  out.entryCount = row + 1
}

const { view } = space
const LIST_END = 93
const LEVEL_START = half('["')
const BETWEEN = half('",')
const BETWEEN_TAIL = half(',"')
const NEXT_LEVEL = word('"],[')
const LAST_LEVEL = half('"]')
const BUY_1 = word('["bu')
const BUY_2 = word('y","')
const SELL_1 = word('["se')
const SELL_2 = word('ll",')
const QUOTE = 34
const LEVEL_BYTES_MIN = '["1","1"],'.length

/** Reads `["1","1"],["1","1"]]` behind a list's `[`, appending entries; answers the offset behind its `]`. */
export function scanSide(at: number, side: number, out: EventBatch): number {
  if (view.getUint8(at) === LIST_END) return at + 1
  const end = out.entryCount + reserveLevels(at, LEVEL_BYTES_MIN, out)
  const { price, quantity, side: sides } = out
  for (let row = out.entryCount; row < end; row++) {
    if (view.getUint16(at, true) !== LEVEL_START) return MISS
    sides[row] = side
    at = scanNumbers(at + 2, price, quantity, row)
    if (view.getInt32(at, true) !== NEXT_LEVEL) return scanLast(at, row, out)
    at += 3
  }
  return MISS
}

/** Reads `["buy","1","1"],["sell","1","1"]]` in the same way. */
export function scanChanges(at: number, out: EventBatch): number {
  if (view.getUint8(at) === LIST_END) return at + 1
  const end = out.entryCount + reserveLevels(at, LEVEL_BYTES_MIN, out)
  const { price, quantity, side: sides } = out
  for (let row = out.entryCount; row < end; row++) {
    const [first, second] = [view.getInt32(at, true), view.getInt32(at + 4, true)]
    if (first === BUY_1 && second === BUY_2) {
      sides[row] = Side.bid
      at += 8
    } else if (first === SELL_1 && second === SELL_2 && view.getUint8(at + 8) === QUOTE) {
      sides[row] = Side.ask
      at += 9
    } else return MISS
    at = scanNumbers(at, price, quantity, row)
    if (view.getInt32(at, true) !== NEXT_LEVEL) return scanLast(at, row, out)
    at += 3
  }
  return MISS
}

/** Reads `1","1"` behind a quote; answers the offset of the last quote. */
function scanNumbers(at: number, price: DecimalColumn, quantity: DecimalColumn, row: number): number {
  at = scanShortDecimal(at, price, row)
  if (view.getUint16(at, true) !== BETWEEN || view.getUint16(at + 1, true) !== BETWEEN_TAIL) return MISS
  return scanDecimal(at + 3, quantity, row)
}

/** The list's last level is `row`; answers the offset behind `"]]`. */
function scanLast(at: number, row: number, out: EventBatch): number {
  if (view.getUint16(at, true) !== LAST_LEVEL || view.getUint8(at + 2) !== LIST_END) return MISS
  out.entryCount = row + 1
  return at + 3
}
