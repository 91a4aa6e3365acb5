import type { EventBatch } from '@cryptoflow/model'
import { half, MISS, scanPlainDecimal, scanRareDecimal, space, word } from '../bytes.ts'
import { type FieldReader, isArray } from '../json.ts'

/** Lists of levels `[["price","quantity"], ...]`, one entry each: what all books are made of. */

/** Most levels that one message may have (design, hostile bytes). */
export const LEVELS_MAX = 100_000

/** The exact path: appends the levels that the field gives. */
export function readLevels(fields: FieldReader, key: string, side: number, out: EventBatch): void {
  const levels = fields.list(key)
  const count = out.entryCount - (out.entryStart[out.count] as number) + levels.length
  if (count > LEVELS_MAX) {
    fields.refuse('too_many_levels', `${key} brings more than ${LEVELS_MAX} levels`)
    return
  }
  out.reserveEntries(levels.length)
  for (const level of levels) {
    const [price, quantity] = isArray(level) ? level : []
    const row = out.entryCount
    fields.decimalOf(price, `price in ${key}`, out.price, row)
    fields.decimalOf(quantity, `quantity in ${key}`, out.quantity, row)
    if (fields.refusal !== null) return
    out.side[row] = side
    out.entryCount = row + 1
  }
}

const { view } = space
const LIST_END = 93
const LEVEL_START = half('["')
const BETWEEN = half(',"')
const NEXT_LEVEL = word('],["')
const LAST_LEVEL = half(']]')
const LEVEL_BYTES_MIN = 9

/**
 * The fast path: reads levels `["1","1"],["1","1"]]` behind the list's `[`, appending entries; answers the offset
 * behind `]`.
 */
export function scanLevels(at: number, side: number, out: EventBatch): number {
  const room = roomFor(at, out)
  if (room === 0) return view.getUint8(at) === LIST_END ? at + 1 : MISS
  const { price, quantity, side: sides } = out
  const last = out.entryCount + room
  let row = out.entryCount
  let column = price
  at += 2
  // One call for both numbers of a level, so that the compiler always takes it into this loop.
  for (;;) {
    let quote = scanPlainDecimal(at, column.mantissas, column.scales, row)
    if (quote === MISS) quote = scanRareDecimal(at, column, row)
    if (column === price) {
      if (view.getUint16(quote + 1, true) !== BETWEEN) return MISS
      column = quantity
      at = quote + 3
      continue
    }
    sides[row] = side
    row += 1
    if (view.getInt32(quote + 1, true) !== NEXT_LEVEL) {
      if (view.getUint16(quote + 1, true) !== LAST_LEVEL) return MISS
      out.entryCount = row
      return quote + 3
    }
    if (row === last) return MISS
    column = price
    at = quote + 5
  }
}

/** Makes room for the levels that may stand at `at` and says for how many; 0 when none stands there, or none may. */
function roomFor(at: number, out: EventBatch): number {
  if (view.getUint16(at, true) !== LEVEL_START) return 0
  const left = LEVELS_MAX - (out.entryCount - (out.entryStart[out.count] as number))
  const room = Math.min(left, Math.ceil((space.end - at) / LEVEL_BYTES_MIN))
  out.reserveEntries(room)
  return room
}
