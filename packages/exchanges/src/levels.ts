import type { EventBatch } from '@cryptoflow/model'
import { space } from './bytes.ts'
import { type FieldReader, field, isArray, isObject, type Json } from './json.ts'

/** What lists of levels have in common, however an exchange writes a level: one entry each, and a bound. */

/** Most levels that one message may have (design, hostile bytes). */
export const LEVELS_MAX = 100_000

/** How many levels the event being written may still have. */
function roomLeft(out: EventBatch): number {
  return LEVELS_MAX - (out.entryCount - (out.entryStart[out.count] as number))
}

/** The exact path: makes room for the levels of the event being written; false when it would have too many. */
export function hasRoomFor(
  levels: readonly Json[],
  fields: FieldReader,
  key: string,
  out: EventBatch,
): boolean {
  const hasRoom = levels.length <= roomLeft(out)
  if (hasRoom) out.reserveEntries(levels.length)
  else fields.refuse('too_many_levels', `${key} brings more than ${LEVELS_MAX} levels`)
  return hasRoom
}

/** The exact path: appends levels that are objects, `[{"price":...,"qty":...},...]`, with the quantity under this name. */
export function readNamedLevels(
  fields: FieldReader,
  key: string,
  side: number,
  quantity: string,
  out: EventBatch,
): void {
  const levels = fields.list(key)
  if (!hasRoomFor(levels, fields, key, out)) return
  for (const json of levels) {
    const level = isObject(json) ? json : {}
    const row = out.entryCount
    fields.decimalOf(field(level, 'price'), `price in ${key}`, out.price, row)
    fields.decimalOf(field(level, quantity), `${quantity} in ${key}`, out.quantity, row)
    if (fields.refusal !== null) return
    out.side[row] = side
    out.entryCount = row + 1
  }
}

/** The exact path: appends levels that are lists, `[["price","quantity",...],...]`, whatever they have beside. */
export function readLevels(fields: FieldReader, key: string, side: number, out: EventBatch): void {
  const levels = fields.list(key)
  if (!hasRoomFor(levels, fields, key, out)) return
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

/** The fast path: makes room for as many levels of that many bytes at least as may stand at `at`, and says for how many. */
export function reserveLevels(at: number, bytesMin: number, out: EventBatch): number {
  const room = Math.min(roomLeft(out), Math.ceil((space.end - at) / bytesMin))
  out.reserveEntries(room)
  return room
}
