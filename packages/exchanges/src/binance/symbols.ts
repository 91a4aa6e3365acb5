import { type StringTable, SYMBOL_BYTES_MAX } from '@cryptoflow/model'
import { isLowerCaseOf, isPlainText, isSameBytes, space } from '../bytes.ts'
import { STREAM_AT } from './envelope.ts'

/**
 * Symbols seen before, kept as the bytes that they came in: in lower case from the stream's name, then as the
 * payload wrote them. One that comes again is compared by words, instead of being checked and hashed by bytes.
 *
 * Every slot belongs to the symbol that took it last. A hit is the very bytes that were accepted once.
 */

const { bytes, view } = space
const SLOT_BITS = 8
const SLOT_BYTES = 2 * SYMBOL_BYTES_MAX
const WORD_BYTES = 4
const QUOTE = 34
const BACKSLASH = 92

const lengths = new Uint8Array(1 << SLOT_BITS)
const ids = new Int32Array(1 << SLOT_BITS)
const seen = new Uint8Array(SLOT_BYTES << SLOT_BITS)
const seenView = new DataView(seen.buffer)
let owner: StringTable | null = null

/**
 * The id of the symbol at `at`. In an envelope its `length` bytes must be the stream's symbol at STREAM_AT but
 * for the lower case. -1 when they are not, when they need JSON to be read or when the table refuses them.
 */
export function symbolId(at: number, length: number, isEnveloped: boolean, names: StringTable): number {
  if (!isEnveloped) return names.idOfBytes(bytes, at, at + length)
  if (owner !== names) forget(names)
  const slot = slotOf(at)
  const lower = slot * SLOT_BYTES
  const isKnown =
    lengths[slot] === length &&
    isSameBytes(at, seenView, lower + SYMBOL_BYTES_MAX, length) &&
    isSameBytes(STREAM_AT, seenView, lower, length)
  return isKnown ? (ids[slot] as number) : learn(at, length, slot, names)
}

function forget(names: StringTable): void {
  lengths.fill(0)
  owner = names
}

function learn(at: number, length: number, slot: number, names: StringTable): number {
  if (!isPlainText(at, length) || !isLowerCaseOf(STREAM_AT, at, length)) return -1
  const id = names.idOfBytes(bytes, at, at + length)
  if (id < 0 || length < WORD_BYTES) return id
  lengths[slot] = length
  ids[slot] = id
  seen.set(bytes.subarray(STREAM_AT, STREAM_AT + length), slot * SLOT_BYTES)
  seen.set(bytes.subarray(at, at + length), slot * SLOT_BYTES + SYMBOL_BYTES_MAX)
  return id
}

/** By eight bytes, of which those behind a shorter symbol are the payload's next key. */
function slotOf(at: number): number {
  const second = Math.imul(view.getInt32(at + WORD_BYTES, true), 0x9e3779b1)
  return Math.imul(view.getInt32(at, true) ^ second, 0x85ebca6b) >>> (32 - SLOT_BITS)
}

const upper = new Uint8Array(SYMBOL_BYTES_MAX)

/**
 * The id of the symbol whose lower case is the stream's, for messages that name it nowhere else: a-z become A-Z.
 * -1 for letters beyond ASCII, which the exact path looks at.
 */
export function streamSymbolId(length: number, names: StringTable): number {
  for (let i = 0; i < length; i++) {
    const byte = view.getUint8(STREAM_AT + i)
    if (byte < 32 || byte > 127 || byte === QUOTE || byte === BACKSLASH) return -1
    upper[i] = byte >= 97 && byte <= 122 ? byte - 32 : byte
  }
  return names.idOfBytes(upper, 0, length)
}

/**
 * The same on the exact path; null when it cannot be told: a letter beyond ASCII that has two cases, since how the
 * exchange lowers those is not documented. Chinese symbols, which are traded, have one case.
 */
export function streamSymbol(lower: string): string | null {
  const hasOneCase = (letter: string): boolean =>
    letter <= '\u007f' || (letter.toLowerCase() === letter && letter.toUpperCase() === letter)
  return [...lower].every(hasOneCase) ? lower.replace(/[a-z]/g, (letter) => letter.toUpperCase()) : null
}
