import { type Market, type StringTable, SYMBOL_BYTES_MAX } from '@cryptoflow/model'
import { space } from '../bytes.ts'
import { kindOfProduct } from './products.ts'

/**
 * Products seen before, kept as the bytes that they came in. One that comes again is compared by words, instead of
 * being looked at by its name's parts and hashed by bytes. Every slot belongs to the product that took it last.
 */

const { bytes, view } = space
const SLOT_BITS = 8
const WORD_BYTES = 4

const lengths = new Uint8Array(1 << SLOT_BITS)
const ids = new Int32Array(1 << SLOT_BITS)
/** Whether the product was kept by the market `linear`, else by `spot`. */
const linear = new Uint8Array(1 << SLOT_BITS)
const seen = new Uint8Array(SYMBOL_BYTES_MAX << SLOT_BITS)
const seenView = new DataView(seen.buffer)
let owner: StringTable | null = null

/**
 * The id of the product of `length` bytes at `at`, which stand there without escapes; -1 when another market keeps it
 * or the table refuses it.
 */
export function productId(at: number, length: number, market: Market, names: StringTable): number {
  if (owner !== names) {
    lengths.fill(0)
    owner = names
  }
  const slot = slotOf(at)
  const isKnown =
    lengths[slot] === length && linear[slot] === Number(market === 'linear') && isSeen(at, slot, length)
  return isKnown ? (ids[slot] as number) : learn(at, length, slot, market, names)
}

function learn(at: number, length: number, slot: number, market: Market, names: StringTable): number {
  const kind = kindOfProduct(asciiText(at, length))
  if (kind !== null && kind !== market) return -1
  const id = names.idOfBytes(bytes, at, at + length)
  if (id < 0 || length < WORD_BYTES) return id
  lengths[slot] = length
  ids[slot] = id
  linear[slot] = Number(market === 'linear')
  seen.set(bytes.subarray(at, at + length), slot * SYMBOL_BYTES_MAX)
  return id
}

/** Byte by byte: a product's kind hangs on ASCII letters alone, and no byte of another letter looks like one. */
function asciiText(at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length))
}

/** By eight bytes, of which those behind a shorter product are what follows it in the message. */
function slotOf(at: number): number {
  const second = Math.imul(view.getInt32(at + WORD_BYTES, true), 0x9e3779b1)
  return Math.imul(view.getInt32(at, true) ^ second, 0x85ebca6b) >>> (32 - SLOT_BITS)
}

/** Whether `length` bytes, one word at least, are those of the slot; the last word overlaps the one before. */
function isSeen(at: number, slot: number, length: number): boolean {
  const seenAt = slot * SYMBOL_BYTES_MAX
  const last = length - WORD_BYTES
  for (let i = 0; i < last; i += WORD_BYTES) {
    if (view.getInt32(at + i, true) !== seenView.getInt32(seenAt + i, true)) return false
  }
  return view.getInt32(at + last, true) === seenView.getInt32(seenAt + last, true)
}
