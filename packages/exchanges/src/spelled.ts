import { assert } from '@cryptoflow/model'
import { MISS, space } from './bytes.ts'

/**
 * Texts that stand on the wire in one spelling, compared by eight bytes at once.
 *
 * Eight bytes of ASCII are a float64 that is neither zero nor NaN, and equal to no other: its highest byte is below
 * 0x7f and above 0. What is no ASCII may be NaN, which equals nothing.
 */

/** Printable ASCII of at least eight characters as its eights. */
export interface Spelled {
  readonly first: number
  /** Between the first and the last. */
  readonly middle: Float64Array
  /** Overlaps what is before it. */
  readonly last: number
  readonly lastAt: number
  readonly bytes: number
}

const { view } = space
const EIGHT = 8

/** The text as it is compared: printable ASCII, at least eight characters. */
export function spelled(text: string): Spelled {
  const bytes = new TextEncoder().encode(text)
  assert(bytes.length >= EIGHT, 'the text has eight characters')
  const eightAt = (at: number): number => new DataView(bytes.buffer).getFloat64(at, true)
  const middles = Math.max(Math.ceil(bytes.length / EIGHT) - 2, 0)
  const middle = Float64Array.from({ length: middles }, (_, i) => eightAt(EIGHT * (i + 1)))
  const lastAt = bytes.length - EIGHT
  return { first: eightAt(0), middle, last: eightAt(lastAt), lastAt, bytes: bytes.length }
}

/** Whether the text stands at `at`. */
export function isSpelled(at: number, { first, middle, last, lastAt }: Spelled): boolean {
  if (view.getFloat64(at, true) !== first) return false
  for (let i = 0; i < middle.length; i++) {
    if (view.getFloat64(at + EIGHT * (i + 1), true) !== middle[i]) return false
  }
  return view.getFloat64(at + lastAt, true) === last
}

/** The offset behind the text, when it stands at `at`. */
export function behind(at: number, text: Spelled): number {
  return isSpelled(at, text) ? at + text.bytes : MISS
}
