import { type StringTable, SYMBOL_BYTES_MAX } from '@cryptoflow/model'
import { isSameBytes, space } from './bytes.ts'

/** Whether the `length` bytes at `at` of the space, which have no escapes, are a symbol that is kept. */
export type IsKept = (at: number, length: number) => boolean

const { bytes, view } = space
const SLOT_BITS = 9
const WORD_BYTES = 4

/**
 * Symbols seen before, kept as the bytes that they came in: one that comes again is compared by words, instead of
 * being looked at and hashed by bytes.
 *
 * Every slot belongs to the symbol that took it last, and a hit is the very bytes that were kept once. It is for one
 * table of names at a time and for one idea of what is kept, so each market has its own where markets differ in that.
 */
export class SeenSymbols {
  private readonly isKept: IsKept
  private readonly lengths = new Uint8Array(1 << SLOT_BITS)
  private readonly ids = new Int32Array(1 << SLOT_BITS)
  private readonly seen = new Uint8Array(SYMBOL_BYTES_MAX << SLOT_BITS)
  private readonly view = new DataView(this.seen.buffer)
  private owner: StringTable | null = null

  constructor(isKept: IsKept) {
    this.isKept = isKept
  }

  /** The id of the symbol of `length` bytes at `at`; -1 when it is not kept or the table refuses it. */
  id(at: number, length: number, names: StringTable): number {
    if (this.owner !== names) this.forget(names)
    const slot = slotOf(at, length)
    const isKnown =
      this.lengths[slot] === length && isSameBytes(at, this.view, slot * SYMBOL_BYTES_MAX, length)
    return isKnown ? (this.ids[slot] as number) : this.learn(at, length, slot, names)
  }

  private forget(names: StringTable): void {
    this.lengths.fill(0)
    this.owner = names
  }

  private learn(at: number, length: number, slot: number, names: StringTable): number {
    if (!this.isKept(at, length)) return -1
    const id = names.idOfBytes(bytes, at, at + length)
    if (id < 0 || length < WORD_BYTES) return id
    this.lengths[slot] = length
    this.ids[slot] = id
    this.seen.set(bytes.subarray(at, at + length), slot * SYMBOL_BYTES_MAX)
    return id
  }
}

/**
 * By its first eight bytes and its last four: contracts of one family begin alike, those of one kind end alike. Of the
 * eight, those behind a shorter symbol are the message's next key.
 */
function slotOf(at: number, length: number): number {
  const second = Math.imul(view.getInt32(at + WORD_BYTES, true), 0x9e3779b1)
  const last = Math.imul(view.getInt32(at + length - WORD_BYTES, true), 0x27d4eb2f)
  return Math.imul(view.getInt32(at, true) ^ second ^ last, 0x85ebca6b) >>> (32 - SLOT_BITS)
}
