import { type StringTable, SYMBOL_BYTES_MAX } from '@cryptoflow/model'
import { isPlainText, space } from '../bytes.ts'

/** `BTC-27MAR26-70000-P-USDT`, until 2024 without the settling coin. */
const OPTION = /^[A-Z0-9]+-\d{1,2}[A-Z]{3}\d{2}-\d+(?:\.\d+)?-[CP](?:-[A-Z]+)?$/
/** `SOLUSDT_SOL/USDT`: the two legs of a spread. */
const SPREAD = /^[A-Z0-9-]+_[A-Z0-9/-]+$/
/** `BTCUSD`, `BTCUSDH26`. */
const INVERSE = /^[A-Z0-9]+USD(?:[FGHJKMNQUVXZ]\d\d)?$/
/** `BTCUSDT`, `BTCPERP`, `BTCUSDT-26DEC25`, `BTC-26DEC25`. */
const LINEAR = /USDT|USDC|PERP$|-\d{1,2}[A-Z]{3}\d{2}$/

/** Whether a symbol is that of an option or of a spread. */
export function isOutOfScope(symbol: string): boolean {
  return OPTION.test(symbol) || SPREAD.test(symbol)
}

/** Whether a contract of this symbol is an inverse one. */
export function isInverseForm(symbol: string): boolean {
  return INVERSE.test(symbol)
}

/** Whether a contract of this symbol is a linear one. */
export function isLinearForm(symbol: string): boolean {
  return LINEAR.test(symbol)
}

/**
 * Symbols seen before, kept as the bytes that they came in: one that comes again is compared by words, instead of
 * being checked and hashed by bytes. Every slot belongs to the symbol that took it last, and a hit is the very bytes
 * that were accepted once.
 */

const { bytes, view } = space
const decoder = new TextDecoder()
const SLOT_BITS = 8
const WORD_BYTES = 4

const lengths = new Uint8Array(1 << SLOT_BITS)
const ids = new Int32Array(1 << SLOT_BITS)
const seen = new Uint8Array(SYMBOL_BYTES_MAX << SLOT_BITS)
const seenView = new DataView(seen.buffer)
let owner: StringTable | null = null

/** The id of the symbol at `at`; -1 when it needs JSON to be read, is out of scope or the table refuses it. */
export function symbolId(at: number, length: number, names: StringTable): number {
  if (owner !== names) forget(names)
  const slot = slotOf(at)
  const isKnown = lengths[slot] === length && isSeen(at, slot * SYMBOL_BYTES_MAX, length)
  return isKnown ? (ids[slot] as number) : learn(at, length, slot, names)
}

function forget(names: StringTable): void {
  lengths.fill(0)
  owner = names
}

function learn(at: number, length: number, slot: number, names: StringTable): number {
  if (!isPlainText(at, length) || isOutOfScope(decoder.decode(bytes.subarray(at, at + length)))) return -1
  const id = names.idOfBytes(bytes, at, at + length)
  if (id < 0 || length < WORD_BYTES) return id
  lengths[slot] = length
  ids[slot] = id
  seen.set(bytes.subarray(at, at + length), slot * SYMBOL_BYTES_MAX)
  return id
}

/** By eight bytes, of which those behind a shorter symbol are the message's next key. */
function slotOf(at: number): number {
  const second = Math.imul(view.getInt32(at + WORD_BYTES, true), 0x9e3779b1)
  return Math.imul(view.getInt32(at, true) ^ second, 0x85ebca6b) >>> (32 - SLOT_BITS)
}

/** Whether `length` bytes, one word at least, are those at `seenAt`; the last word overlaps the one before. */
function isSeen(at: number, seenAt: number, length: number): boolean {
  const last = length - WORD_BYTES
  for (let i = 0; i < last; i += WORD_BYTES) {
    if (view.getInt32(at + i, true) !== seenView.getInt32(seenAt + i, true)) return false
  }
  return view.getInt32(at + last, true) === seenView.getInt32(seenAt + last, true)
}

/** Whether `length` bytes of the frame are the same at two places. */
export function isSameText(at: number, other: number, length: number): boolean {
  if (length < WORD_BYTES) {
    for (let i = 0; i < length; i++) if (view.getUint8(at + i) !== view.getUint8(other + i)) return false
    return true
  }
  const last = length - WORD_BYTES
  for (let i = 0; i < last; i += WORD_BYTES) {
    if (view.getInt32(at + i, true) !== view.getInt32(other + i, true)) return false
  }
  return view.getInt32(at + last, true) === view.getInt32(other + last, true)
}
