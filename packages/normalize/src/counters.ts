/**
 * What happened to the messages of a key. Counts of this process, no part of any row or state image.
 *
 * received = stored + duplicates + filtered + deadLetters.
 */
export interface Counters {
  received: number
  stored: number
  duplicates: number
  /** Read and on purpose not stored: quotes. */
  filtered: number
  deadLetters: number
  /** Of the stored ones: heard after messages that come behind them. */
  late: number
  /** Holes found or opened. */
  gaps: number
  /** Deltas applied to the book, the bridging ones included. */
  applied: number
  /** Snapshots joined to the stream. */
  bridged: number
  crossed: number
  /** Snapshots asked for, replay included. */
  asked: number
  /** Answers that came after their question had lost its meaning. */
  oldAnswers: number
  /** Deltas that had to go because too many were held. */
  heldDropped: number
  /** Points at which the book was compared with the exchange's own best bid and offer, and equal ones. */
  quotePoints: number
  quoteEqual: number
}

export function createCounters(): Counters {
  return {
    received: 0,
    stored: 0,
    duplicates: 0,
    filtered: 0,
    deadLetters: 0,
    late: 0,
    gaps: 0,
    applied: 0,
    bridged: 0,
    crossed: 0,
    asked: 0,
    oldAnswers: 0,
    heldDropped: 0,
    quotePoints: 0,
    quoteEqual: 0,
  }
}

/** Adds `more` to `total`. */
export function addCounters(total: Counters, more: Counters): void {
  for (const name of Object.keys(total) as (keyof Counters)[]) total[name] += more[name]
}
