import type { EventBatch } from '@cryptoflow/model'
import { half, MISS, scanPlainDecimal, scanRareDecimal, scanUsualDecimal, space, word } from '../bytes.ts'
import { reserveLevels } from '../levels.ts'

/** Lists of levels `[["price","quantity"], ...]`, one entry each: what all books are made of. */

const { view } = space
const LIST_START = 91
const LIST_END = 93
const LEVEL_START = half('["')
const BETWEEN = half(',"')
const NEXT_LEVEL = word('],["')
const LAST_LEVEL = half(']]')
const LEVEL_BYTES_MIN = 9

/** The offset behind the `[` that stands at `at`. */
export function scanListStart(at: number): number {
  return view.getUint8(at) === LIST_START ? at + 1 : MISS
}

/**
 * Reads levels `["1","1"],["1","1"]]` behind the list's `[`, appending entries; answers the offset behind `]`.
 *
 * Spot writes eight digits behind the point and futures few, so each has a loop of its own around its own scanner:
 * in a process that reads both, one loop for both read a quarter fewer levels of spot per second.
 */
export function scanLevels(at: number, side: number, out: EventBatch): number {
  const room = roomFor(at, out)
  if (room === 0) return scanListEnd(at)
  const { price, quantity, side: sides } = out
  const last = out.entryCount + room
  let row = out.entryCount
  let column = price
  at += 2
  // One call for both numbers of a level, so that the compiler always takes it into this loop.
  for (;;) {
    let quote = scanUsualDecimal(at, column.mantissas, column.scales, row)
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

/** The same for numbers with few digits behind the point. */
export function scanShortLevels(at: number, side: number, out: EventBatch): number {
  const room = roomFor(at, out)
  if (room === 0) return scanListEnd(at)
  const { price, quantity, side: sides } = out
  const last = out.entryCount + room
  let row = out.entryCount
  let column = price
  at += 2
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

/** The offset behind the `]` of an empty list. */
function scanListEnd(at: number): number {
  return view.getUint8(at) === LIST_END ? at + 1 : MISS
}
