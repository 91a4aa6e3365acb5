/**
 * What happened to the messages of a key. Counts of this process, no part of any row or state image.
 *
 * received = stored + duplicates + filtered + deadLetters.
 */
export interface Counters {
  received: number
  stored: number
  duplicates: number
  /** Kept from their table by a filter. */
  filtered: number
  deadLetters: number
  /** Of the stored or filtered ones: heard after messages that come behind them. */
  late: number
  /** Holes found or opened. */
  gaps: number
  /** Deltas applied to the book, the bridging ones included. */
  applied: number
  /** Snapshots fetched that joined their stream. */
  bridged: number
  /** Snapshots of the book heard in its stream, also those that could not become the book. */
  snapshots: number
  crossed: number
  /** Checksums of the exchange that were compared with the book's, and those that were another. */
  checksumsChecked: number
  checksumsFailed: number
  /** Snapshots asked for, replay included. */
  asked: number
  /** Answers that came after their question had lost its meaning. */
  oldAnswers: number
  /** Deltas that had to go because too many were held. */
  heldDropped: number
  /** Images of the book written: on the grid, and of the whole book. */
  derivedImages: number
  checkpoints: number
  /** Points at which the book was compared with the exchange's own best bid and offer, and equal ones. */
  quotePoints: number
  quoteEqual: number
  /** Bars written, and those of them that are not the first of their window. */
  bars: number
  barRevisions: number
  /** Trades that came into windows that were written, and those that came too late for a width of windows. */
  lateTrades: number
  droppedTrades: number
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
    snapshots: 0,
    crossed: 0,
    checksumsChecked: 0,
    checksumsFailed: 0,
    asked: 0,
    oldAnswers: 0,
    heldDropped: 0,
    derivedImages: 0,
    checkpoints: 0,
    quotePoints: 0,
    quoteEqual: 0,
    bars: 0,
    barRevisions: 0,
    lateTrades: 0,
    droppedTrades: 0,
  }
}

/** Adds `more` to `total`. Written out: a lane sums thousands of keys after each block. */
export function addCounters(total: Counters, more: Counters): void {
  total.received += more.received
  total.stored += more.stored
  total.duplicates += more.duplicates
  total.filtered += more.filtered
  total.deadLetters += more.deadLetters
  total.late += more.late
  total.gaps += more.gaps
  total.applied += more.applied
  total.bridged += more.bridged
  total.snapshots += more.snapshots
  total.crossed += more.crossed
  total.checksumsChecked += more.checksumsChecked
  total.checksumsFailed += more.checksumsFailed
  total.asked += more.asked
  total.oldAnswers += more.oldAnswers
  total.heldDropped += more.heldDropped
  total.derivedImages += more.derivedImages
  total.checkpoints += more.checkpoints
  total.quotePoints += more.quotePoints
  total.quoteEqual += more.quoteEqual
  total.bars += more.bars
  total.barRevisions += more.barRevisions
  total.lateTrades += more.lateTrades
  total.droppedTrades += more.droppedTrades
}
