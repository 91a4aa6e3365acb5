import { space } from './bytes.ts'

/** Texts of ASCII alone in the `space` of bytes.ts: ids, dates. */

const { bytes, view } = space
const QUOTE = 34

/** The same bytes, of which text is made without a decoder; Node has the method, its types have not. */
const latin1 = Buffer.from(bytes.buffer) as Buffer & { latin1Slice(start: number, end: number): string }

/**
 * The ASCII text between two offsets. Texts as long as ids mostly are, of 17 or 19 digits or UUIDs, are made without
 * leaving the compiled code, in half the time.
 */
export function asciiText(at: number, end: number): string {
  const length = end - at
  if (length === 19) return nineteenAt(at)
  if (length === 36) return thirtySixAt(at)
  return length === 17 ? seventeenAt(at) : latin1.latin1Slice(at, end)
}

function seventeenAt(at: number): string {
  return String.fromCharCode(
    view.getUint8(at),
    view.getUint8(at + 1),
    view.getUint8(at + 2),
    view.getUint8(at + 3),
    view.getUint8(at + 4),
    view.getUint8(at + 5),
    view.getUint8(at + 6),
    view.getUint8(at + 7),
    view.getUint8(at + 8),
    view.getUint8(at + 9),
    view.getUint8(at + 10),
    view.getUint8(at + 11),
    view.getUint8(at + 12),
    view.getUint8(at + 13),
    view.getUint8(at + 14),
    view.getUint8(at + 15),
    view.getUint8(at + 16),
  )
}

function nineteenAt(at: number): string {
  return String.fromCharCode(
    view.getUint8(at),
    view.getUint8(at + 1),
    view.getUint8(at + 2),
    view.getUint8(at + 3),
    view.getUint8(at + 4),
    view.getUint8(at + 5),
    view.getUint8(at + 6),
    view.getUint8(at + 7),
    view.getUint8(at + 8),
    view.getUint8(at + 9),
    view.getUint8(at + 10),
    view.getUint8(at + 11),
    view.getUint8(at + 12),
    view.getUint8(at + 13),
    view.getUint8(at + 14),
    view.getUint8(at + 15),
    view.getUint8(at + 16),
    view.getUint8(at + 17),
    view.getUint8(at + 18),
  )
}

function thirtySixAt(at: number): string {
  return String.fromCharCode(
    view.getUint8(at),
    view.getUint8(at + 1),
    view.getUint8(at + 2),
    view.getUint8(at + 3),
    view.getUint8(at + 4),
    view.getUint8(at + 5),
    view.getUint8(at + 6),
    view.getUint8(at + 7),
    view.getUint8(at + 8),
    view.getUint8(at + 9),
    view.getUint8(at + 10),
    view.getUint8(at + 11),
    view.getUint8(at + 12),
    view.getUint8(at + 13),
    view.getUint8(at + 14),
    view.getUint8(at + 15),
    view.getUint8(at + 16),
    view.getUint8(at + 17),
    view.getUint8(at + 18),
    view.getUint8(at + 19),
    view.getUint8(at + 20),
    view.getUint8(at + 21),
    view.getUint8(at + 22),
    view.getUint8(at + 23),
    view.getUint8(at + 24),
    view.getUint8(at + 25),
    view.getUint8(at + 26),
    view.getUint8(at + 27),
    view.getUint8(at + 28),
    view.getUint8(at + 29),
    view.getUint8(at + 30),
    view.getUint8(at + 31),
    view.getUint8(at + 32),
    view.getUint8(at + 33),
    view.getUint8(at + 34),
    view.getUint8(at + 35),
  )
}

const TOP_BITS = 0x80808080 | 0
const TOP_AND_LOWER_BITS = 0xa0a0a0a0 | 0
const LOWER_BITS = 0x20202020
/** Lifts every byte from the hyphen on to its top bit. */
const LIFT = 0x53535353

/**
 * Whether a text of `length` bytes, four at least, has nothing but digits, small letters and hyphens, or a few
 * other characters that JSON writes as they are: bytes from the hyphen on with the bit that small letters have.
 */
export function isLower(at: number, length: number): boolean {
  if (view.getUint8(at + length) !== QUOTE) return false
  const last = at + length - 4
  for (let i = at; i < last; i += 4) if (!isLowerWord(view.getInt32(i, true))) return false
  return isLowerWord(view.getInt32(last, true))
}

function isLowerWord(four: number): boolean {
  return (four & TOP_AND_LOWER_BITS) === LOWER_BITS && ((four + LIFT) & TOP_BITS) === TOP_BITS
}
