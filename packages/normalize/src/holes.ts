/** Sequences between two that were heard, both exclusive: `from < missing < to`. */
export interface Hole {
  /** -Infinity: everything before the first message ever. */
  from: number
  to: number
}

/** Recorded holes kept per stream; a late message of an older one counts as a duplicate. */
export const HOLES_MAX = 64

/** Remembers a hole unless nothing fits in it; the oldest gives way. */
export function addHole(holes: Hole[], from: number, to: number): void {
  if (!(to - from > 1)) return
  holes.push({ from, to })
  if (holes.length > HOLES_MAX) holes.shift()
}

/**
 * Takes a late message `first ... last` out of the hole that it lies in wholly: the hole shrinks or splits.
 *
 * `prev` (NaN = absent) is the sequence that the message names as the one before; where it is the hole's border,
 * nothing is missing between. False: no hole holds the message, it was heard before.
 */
export function fillHole(holes: Hole[], first: number, last: number, prev: number): boolean {
  const at = holes.findIndex((hole) => first > hole.from && last < hole.to)
  if (at < 0) return false
  const hole = holes[at] as Hole
  const parts: Hole[] = []
  if (first - hole.from > 1 && prev !== hole.from) parts.push({ from: hole.from, to: first })
  if (hole.to - last > 1) parts.push({ from: last, to: hole.to })
  holes.splice(at, 1, ...parts)
  if (holes.length > HOLES_MAX) holes.shift()
  return true
}
