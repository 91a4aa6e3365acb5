import { assert } from '@cryptoflow/model'
import { space } from '../bytes.ts'

/**
 * Texts that stand on the wire in one spelling, compared by eight bytes at once.
 *
 * Eight bytes of ASCII are a float64 that is neither zero nor NaN, and equal to no other: its highest byte is below
 * 0x7f and above 0. What is no ASCII may be NaN, which equals nothing.
 */

/** ASCII of at least eight characters as its eights, the last of which overlaps the one before. */
export interface Spelled {
  readonly eights: Float64Array
  readonly bytes: number
}

const { view } = space
const EIGHT = 8

/** The text as it is compared: printable ASCII, at least eight characters. */
export function spelled(text: string): Spelled {
  const bytes = new TextEncoder().encode(text)
  assert(bytes.length >= EIGHT, 'the text has eight characters')
  const source = new DataView(bytes.buffer)
  const starts = Array.from({ length: Math.ceil(bytes.length / EIGHT) }, (_, i) =>
    Math.min(i * EIGHT, bytes.length - EIGHT),
  )
  return { eights: Float64Array.from(starts, (at) => source.getFloat64(at, true)), bytes: bytes.length }
}

/** Whether the text stands at `at`. */
export function isSpelled(at: number, { eights, bytes }: Spelled): boolean {
  const last = eights.length - 1
  for (let i = 0; i < last; i++) if (view.getFloat64(at + EIGHT * i, true) !== eights[i]) return false
  return view.getFloat64(at + bytes - EIGHT, true) === eights[last]
}
