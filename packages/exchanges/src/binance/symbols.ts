import { type StringTable, SYMBOL_BYTES_MAX } from '@cryptoflow/model'
import { isLowerCaseOf, isPlainText, type Space } from '../bytes.ts'
import { STREAM_AT } from './envelope.ts'

/**
 * Symbols seen before, kept as the bytes that they came in: in lower case from the stream's name, then as the
 * payload wrote them. One that comes again is compared by words, instead of being checked and hashed by bytes.
 *
 * Every slot belongs to the symbol that took it last. A hit is the very bytes that were accepted once.
 */

const SLOT_BITS = 8
const SLOT_BYTES = 2 * SYMBOL_BYTES_MAX
const WORD_BYTES = 4

const lengths = new Uint8Array(1 << SLOT_BITS)
const ids = new Int32Array(1 << SLOT_BITS)
const seen = new Uint8Array(SLOT_BYTES << SLOT_BITS)
const seenView = new DataView(seen.buffer)
let owner: StringTable | null = null

/**
 * The id of the symbol at `at`. In an envelope its `length` bytes must be the stream's symbol at STREAM_AT but
 * for the lower case. -1 when they are not, when they need JSON to be read or when the table refuses them.
 */
export function symbolId(
  space: Space,
  at: number,
  length: number,
  isEnveloped: boolean,
  names: StringTable,
): number {
  const { bytes, view } = space
  if (!isEnveloped) return names.idOfBytes(bytes, at, at + length)
  if (owner !== names) forget(names)
  const slot = slotOf(view, at)
  const lower = slot * SLOT_BYTES
  const isKnown =
    lengths[slot] === length &&
    isSeen(view, at, lower + SYMBOL_BYTES_MAX, length) &&
    isSeen(view, STREAM_AT, lower, length)
  return isKnown ? (ids[slot] as number) : learn(space, at, length, slot, names)
}

function forget(names: StringTable): void {
  lengths.fill(0)
  owner = names
}

function learn({ bytes, view }: Space, at: number, length: number, slot: number, names: StringTable): number {
  if (!isPlainText(view, at, length) || !isLowerCaseOf(view, STREAM_AT, at, length)) return -1
  const id = names.idOfBytes(bytes, at, at + length)
  if (id < 0 || length < WORD_BYTES) return id
  lengths[slot] = length
  ids[slot] = id
  seen.set(bytes.subarray(STREAM_AT, STREAM_AT + length), slot * SLOT_BYTES)
  seen.set(bytes.subarray(at, at + length), slot * SLOT_BYTES + SYMBOL_BYTES_MAX)
  return id
}

/** By eight bytes, of which those behind a shorter symbol are the payload's next key. */
function slotOf(view: DataView, at: number): number {
  const second = Math.imul(view.getInt32(at + WORD_BYTES, true), 0x9e3779b1)
  return Math.imul(view.getInt32(at, true) ^ second, 0x85ebca6b) >>> (32 - SLOT_BITS)
}

/** Whether `length` bytes, one word at least, are those at `seenAt`; the last word overlaps the one before. */
function isSeen(view: DataView, at: number, seenAt: number, length: number): boolean {
  const last = length - WORD_BYTES
  for (let i = 0; i < last; i += WORD_BYTES) {
    if (view.getInt32(at + i, true) !== seenView.getInt32(seenAt + i, true)) return false
  }
  return view.getInt32(at + last, true) === seenView.getInt32(seenAt + last, true)
}
