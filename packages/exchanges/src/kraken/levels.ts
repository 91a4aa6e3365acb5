import type { EventBatch } from '@cryptoflow/model'
import { scanRareBareDecimal, scanUsualBareDecimal } from '../bare-numbers.ts'
import { isSeven, MISS, space, word } from '../bytes.ts'
import { reserveLevels } from '../levels.ts'
import { isSpelled, spelled } from '../spelled.ts'

/** Lists of levels `[{"price":1.0,"qty":2.0}, ...]`, one entry each: what the books of both protocols are made of. */

const { view } = space
const LIST_END = 93
const LEVEL_END = 125
const PRICE_KEY = spelled('{"price":')
/** `},{"price":`, compared in the loop itself. */
const { first: NEXT_LEVEL_HEAD, last: NEXT_LEVEL_TAIL } = spelled('},{"price":')
const NEXT_LEVEL_BYTES = 11
const QUANTITY_KEY = word(',"qt')
const QUANTITY_KEY_TAIL = word('ty":')
const LEVEL_BYTES_MIN = 20

/**
 * The fast path: reads levels behind the list's `[`, appending entries; answers the offset behind its `]`.
 *
 * One loop and one call for both numbers of a level, so that the compiler takes the call into the loop.
 */
export function scanLevels(at: number, side: number, out: EventBatch): number {
  if (view.getUint8(at) === LIST_END) return at + 1
  if (!isSpelled(at, PRICE_KEY)) return MISS
  const room = reserveLevels(at, LEVEL_BYTES_MIN, out)
  if (room === 0) return MISS
  const last = out.entryCount + room
  const { price, quantity, side: sides } = out
  let row = out.entryCount
  let column = price
  at += PRICE_KEY.bytes
  for (;;) {
    let end = scanUsualBareDecimal(at, column.mantissas, column.scales, row)
    if (column === price) {
      if (!isSeven(end, QUANTITY_KEY, QUANTITY_KEY_TAIL)) {
        end = scanRareBareDecimal(at, column, row, false)
        if (!isSeven(end, QUANTITY_KEY, QUANTITY_KEY_TAIL)) return MISS
      }
      column = quantity
      at = end + 7
      continue
    }
    if (view.getUint8(end) !== LEVEL_END) {
      end = scanRareBareDecimal(at, column, row, false)
      if (view.getUint8(end) !== LEVEL_END) return MISS
    }
    sides[row] = side
    row += 1
    if (
      view.getFloat64(end, true) !== NEXT_LEVEL_HEAD ||
      view.getFloat64(end + 3, true) !== NEXT_LEVEL_TAIL
    ) {
      if (view.getUint8(end + 1) !== LIST_END) return MISS
      out.entryCount = row
      return end + 2
    }
    if (row === last) return MISS
    column = price
    at = end + NEXT_LEVEL_BYTES
  }
}
