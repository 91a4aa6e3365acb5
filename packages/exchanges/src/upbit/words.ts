import { assert } from '@cryptoflow/model'
import { MISS, space, word } from '../bytes.ts'

/** Texts that a message has at fixed places, compared by eight bytes at once, or by four and two. */

const { view } = space
const OBJECT_END = 125

/**
 * Printable ASCII of six bytes at least.
 *
 * Eight bytes of ASCII are a float64 that is neither zero nor NaN, and equal to no other: its highest byte is below
 * 0x7f and above 0. What is no ASCII may be NaN, which equals nothing. Texts of six and seven bytes are words of four.
 */
export interface Spelled {
  readonly first: number
  /** Overlaps what is before it. */
  readonly last: number
  readonly lastAt: number
  /** Between the first and the last. */
  readonly middle: Float64Array
  readonly bytes: number
}

const EIGHT = 8
const FOUR = 4

/** Eight characters as the number that `view.getFloat64(at, true)` reads. */
export function eight(text: string): number {
  return new DataView(new TextEncoder().encode(text).buffer).getFloat64(0, true)
}

/** The text as it is compared. */
export function spelled(text: string): Spelled {
  assert(text.length >= 6, 'the text has six characters')
  const width = text.length < EIGHT ? FOUR : EIGHT
  const partAt = (at: number): number =>
    width === FOUR ? word(text.slice(at, at + FOUR)) : eight(text.slice(at, at + EIGHT))
  const lastAt = text.length - width
  const middles = width === FOUR ? 0 : Math.max(Math.ceil(text.length / EIGHT) - 2, 0)
  const middle = Float64Array.from({ length: middles }, (_, i) => partAt(EIGHT * (i + 1)))
  return { first: partAt(0), last: partAt(lastAt), lastAt, middle, bytes: text.length }
}

/** The offset behind the text, when it stands at `at`. */
export function behind(at: number, { first, last, lastAt, middle, bytes }: Spelled): number {
  if (bytes < EIGHT) {
    const isThere = view.getInt32(at, true) === first && view.getInt32(at + lastAt, true) === last
    return isThere ? at + bytes : MISS
  }
  if (view.getFloat64(at, true) !== first) return MISS
  for (let i = 0; i < middle.length; i++) {
    if (view.getFloat64(at + EIGHT * (i + 1), true) !== middle[i]) return MISS
  }
  return view.getFloat64(at + lastAt, true) === last ? at + bytes : MISS
}

/**
 * Whether a text stands at `at` that is told by its first eight characters and its last eight. For the hottest texts:
 * what is written into the code as constants takes half the time of what is looked up in a `Spelled`.
 */
export function isEights(at: number, first: number, lastAt: number, last: number): boolean {
  return view.getFloat64(at, true) === first && view.getFloat64(at + lastAt, true) === last
}

/** The same of a text of 17 to 24 characters, whose second eight begins behind the first. */
export function isThreeEights(
  at: number,
  first: number,
  second: number,
  lastAt: number,
  last: number,
): boolean {
  return isEights(at, first, lastAt, last) && view.getFloat64(at + EIGHT, true) === second
}

/** Whether at `at` the message's object ends, and with it the frame. */
export function isEnd(at: number): boolean {
  return at + 1 === space.end && view.getUint8(at) === OBJECT_END
}
