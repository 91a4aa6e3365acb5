import type { Normalizer } from '@cryptoflow/normalize'

/** How a book fared against what the exchange itself says of it. */
export interface BookCheck {
  readonly exchange: string
  readonly market: string
  readonly symbol: string
  /** Deltas applied, snapshots fetched that joined, snapshots heard in the stream, times best bid met best ask. */
  readonly applied: number
  readonly bridges: number
  readonly snapshots: number
  readonly crossed: number
  readonly gaps: number
  /** Levels that the book holds now; null where it has none that is live. */
  readonly levels: { readonly bids: number; readonly asks: number } | null
  /** Points compared with its best bid and offer, and those that were equal. */
  readonly bbo_points: number
  readonly bbo_equal: number
  /** Checksums compared, and those that were equal. */
  readonly checksums: number
  readonly checksums_equal: number
}

/** The checks of every key whose book a lane has had, in order of first sight. */
export function bookChecks(normalizer: Normalizer): BookCheck[] {
  const all = normalizer.keyCounters()
  const books = all.filter(({ counters }) => counters.applied + counters.bridged + counters.snapshots > 0)
  return books.map(({ key, counters, levels }) => ({
    ...key,
    applied: counters.applied,
    bridges: counters.bridged,
    snapshots: counters.snapshots,
    crossed: counters.crossed,
    gaps: counters.gaps,
    levels: levels === null ? null : { bids: levels[0], asks: levels[1] },
    bbo_points: counters.quotePoints,
    bbo_equal: counters.quoteEqual,
    checksums: counters.checksumsChecked,
    checksums_equal: counters.checksumsChecked - counters.checksumsFailed,
  }))
}
