/** Exchange times before this count as absent (docs/tables.md): 2009-01-03, the first block. */
const EARLIEST_US = Date.UTC(2009, 0, 3) * 1000
/** From here on a number is microseconds: as milliseconds it would be the year 33658. */
const MICROSECONDS_FROM = 1e15

/**
 * An exchange's time, sent in milliseconds or in microseconds, as microseconds since 1970.
 *
 * NaN when it is before 2009-01-03 (absent), Infinity when it is not exact in a float64 (after the year 2255).
 */
export function timeUs(sent: number): number {
  const us = sent >= MICROSECONDS_FROM ? sent : sent * 1000
  if (us > Number.MAX_SAFE_INTEGER) return Number.POSITIVE_INFINITY
  return us < EARLIEST_US ? Number.NaN : us
}

/** Turns the time in `column[row]`, as sent, into microseconds; false when it is not exact. */
export function settleTime(column: Float64Array, row: number): boolean {
  const us = timeUs(column[row] as number)
  column[row] = us
  return us !== Number.POSITIVE_INFINITY
}

/** `20261225`, the day in UTC of a time in microseconds; null when it is none. */
export function dayText(us: number): string | null {
  return Number.isFinite(us) ? new Date(us / 1000).toISOString().slice(0, 10).replaceAll('-', '') : null
}
