import type { GapCause } from './truth-rows.ts'

/**
 * A hole whose row is not written yet: another connection that carries the stream may still bring what is missing.
 *
 *     leg A   1  2  4  5           2 ... 4 waits for leg B: its 3 would fill it, its 4 says that it has none
 *     leg B         1  2
 *
 * Plain data, part of the state image. The row is that of the hole as it was found, whatever came late.
 */
export interface WaitingHole {
  /** Of the row, as if it were written at once. */
  readonly id: string
  readonly cause: GapCause
  readonly detail: string | null
  /** Sequences on both sides, and when they were received, microseconds. */
  readonly fromSeq: number
  readonly toSeq: number
  readonly fromUs: number
  readonly toUs: number
  /** Connections that carry the stream and have not passed the hole. */
  awaited: readonly number[]
  /** What is still missing, ascending; empty: nothing. */
  rest: readonly Rest[]
}

/** Sequences between two that were heard, both exclusive. */
export interface Rest {
  readonly from: number
  readonly to: number
  /** What the message behind names as the one before it; NaN = it does not. */
  readonly prev: number
  /** Whether every number between them is one of the stream. */
  readonly isDense: boolean
}

/**
 * How long a hole waits at most for connections that carry its stream and are silent, microseconds of record time. A
 * connection that is further behind its sister is of no use to a book that waits with it.
 */
export const LEG_LAG_US_MAX = 2_000_000

/** Holes of a stream that wait; the oldest gives way. */
export const WAITING_HOLES_MAX = 64

/** When the hole waits no longer. */
export function dueOf({ toUs }: WaitingHole): number {
  return toUs + LEG_LAG_US_MAX
}

/** Whether nobody is left who could fill the hole, once this connection has come to `seq` (Infinity: it ended). */
export function isPassed(hole: WaitingHole, connection: number, seq: number): boolean {
  if (seq >= hole.toSeq) hole.awaited = hole.awaited.filter((leg) => leg !== connection)
  return hole.awaited.length === 0
}

/** Takes a late message `first ... last` out of what is missing. `prev`: see `Rest`, of the late message. */
export function fillRest(
  hole: WaitingHole,
  first: number,
  last: number,
  prev: number,
  isDense: boolean,
): void {
  hole.rest = hole.rest.flatMap((part) => {
    if (first <= part.from || last >= part.to) return [part]
    const before = { from: part.from, to: first, prev, isDense }
    return [before, { ...part, from: last }].filter(isOpen)
  })
}

/** Whether a number fits between the borders, and no message says that none is there. */
function isOpen({ from, to, prev }: Rest): boolean {
  return to - from > 1 && prev !== from
}

/** How many sequence numbers are still missing; NaN where ids may skip. */
export function missingIn({ rest }: WaitingHole): number {
  return rest.reduce((sum, { from, to, isDense }) => sum + (isDense ? to - from - 1 : Number.NaN), 0)
}
