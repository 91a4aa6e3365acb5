import type { Normalizer } from '@cryptoflow/normalize'

/** How a book fared against the exchange's own best bid and offer. */
export interface BookCheck {
  readonly exchange: string
  readonly market: string
  readonly symbol: string
  /** Deltas applied, snapshots joined, times best bid met best ask. */
  readonly applied: number
  readonly bridges: number
  readonly crossed: number
  readonly gaps: number
  /** Points compared, and those that were equal. */
  readonly bbo_points: number
  readonly bbo_equal: number
}

/** The checks of every key whose book a lane has had, in order of first sight. */
export function bookChecks(normalizer: Normalizer): BookCheck[] {
  const books = normalizer.keyCounters().filter(({ counters }) => counters.applied + counters.bridged > 0)
  return books.map(({ key, counters }) => ({
    ...key,
    applied: counters.applied,
    bridges: counters.bridged,
    crossed: counters.crossed,
    gaps: counters.gaps,
    bbo_points: counters.quotePoints,
    bbo_equal: counters.quoteEqual,
  }))
}
