import type { EventBatch } from '@cryptoflow/model'
import { half, MISS, scanPlainDecimal, scanRareDecimal, space, word } from '../bytes.ts'
import { reserveLevels } from '../levels.ts'

/** Lists of levels `[["price","quantity"], ...]`, one entry each: what all books are made of. */

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
  return reserveLevels(at, LEVEL_BYTES_MIN, out)
}
