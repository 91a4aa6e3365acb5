import { type StringTable, SYMBOL_BYTES_MAX } from '@cryptoflow/model'
import { isSameBytes, MISS, scanPlainText, space } from '../bytes.ts'

/**
 * Symbols seen before, kept as the bytes that they came in: one that comes again is compared by words, instead of
 * being checked and hashed by bytes.
 *
 * Every slot belongs to the symbol that took it last. A hit is the very bytes that were accepted once, with a quote
 * behind them. The last slot is for symbols too short to be compared by words: it is written anew for each.
 */

const { bytes, view } = space
const SLOT_BITS = 10
const SHORT_SLOT = 1 << SLOT_BITS
const WORD_BYTES = 4
const QUOTE = 34

/** Length of the symbol in each slot, 0 where there is none, and its id in the table of names asked for last. */
export const seenLengths: Uint8Array = new Uint8Array(SHORT_SLOT + 1)
export const seenIds: Int32Array = new Int32Array(SHORT_SLOT + 1)

const seen = new Uint8Array(SYMBOL_BYTES_MAX * (SHORT_SLOT + 1))
const seenView = new DataView(seen.buffer)
let owner: StringTable | null = null

/** The slot of the symbol at `at`, which ends at a quote; -1 when it needs JSON to be read or the table refuses it. */
export function slotOf(at: number, names: StringTable): number {
  if (owner !== names) forget(names)
  const slot = hashOf(at)
  const length = seenLengths[slot] as number
  const isKnown =
    length > 0 &&
    view.getUint8(at + length) === QUOTE &&
    isSameBytes(at, seenView, slot * SYMBOL_BYTES_MAX, length)
  return isKnown ? slot : learn(at, slot, names)
}

function forget(names: StringTable): void {
  seenLengths.fill(0)
  owner = names
}

function learn(at: number, slot: number, names: StringTable): number {
  const end = scanPlainText(at, SYMBOL_BYTES_MAX)
  const id = end === MISS ? -1 : names.idOfBytes(bytes, at, end)
  if (id < 0) return -1
  const taken = end - at < WORD_BYTES ? SHORT_SLOT : slot
  seenLengths[taken] = end - at
  seenIds[taken] = id
  seen.set(bytes.subarray(at, end), taken * SYMBOL_BYTES_MAX)
  return taken
}

/** By sixteen bytes: dated products differ in their last four. What stands behind shorter symbols is the next key. */
function hashOf(at: number): number {
  const first = view.getInt32(at, true) ^ Math.imul(view.getInt32(at + WORD_BYTES, true), 0x9e3779b1)
  const second = view.getInt32(at + 8, true) ^ Math.imul(view.getInt32(at + 12, true), 0x85ebca6b)
  return Math.imul(first ^ Math.imul(second, 0xc2b2ae35), 0x27d4eb2f) >>> (32 - SLOT_BITS)
}
