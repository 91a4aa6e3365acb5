import type { JournalRecord, TableName } from '@cryptoflow/model'
import { openOverdue, tableOfGap } from './gap-rows.ts'
import type { KeyIndex, KeyState } from './key-state.ts'
import {
  addHoleTo,
  type Ledger,
  ledgerOf,
  type MessageCounts,
  MINUTE_US,
  minuteOf,
  type OpenMinute,
  openMinute,
} from './minutes.ts'
import { imageTableOf, type RowSink } from './row-sink.ts'
import { isCarried, isSequenced, type StreamState } from './stream.ts'
import { coverageRow } from './truth-rows.ts'

/**
 * Minutes that a row waits at most for a stream to be heard again. What is found later of an older minute stands in
 * `gaps` alone. An hour: silent symbols then cost 60 minutes of memory each, and 60 rows at once when they are heard.
 */
export const WAIT_MINUTES = 60

/**
 * When rows of `coverage` are due: minutes of received time, one row per key and table.
 *
 *     minute n                 | minute n + 1            | minute n + 2
 *     counted, message by      | first record here:      | first record here: written, if each stream was heard
 *     message                  | n is put aside          | in between; else here again, a minute later
 *
 * A minute is written when no later record can change it: each stream that a connection carries was heard behind its
 * end, so that a hole that begins in it would be known, or has a hole that is open and in `gaps` already. All of it
 * is looked at once a minute, by the first record of a minute, whichever key that record is of. A minute without any
 * record was not recorded and gets no row.
 */
export class Coverage {
  /** Of the last record. */
  minute = Number.NEGATIVE_INFINITY
  private dueUs = Number.NEGATIVE_INFINITY
  private readonly writer: string
  private readonly sink: RowSink
  private readonly index: KeyIndex

  constructor(writer: string, sink: RowSink, index: KeyIndex) {
    this.writer = writer
    this.sink = sink
    this.index = index
  }

  /** Goes on from the minute of an earlier record. */
  resume(minute: number): void {
    this.minute = minute
    this.dueUs = (minute + 1) * MINUTE_US
  }

  /** A record is about to be applied. */
  advance(record: JournalRecord): void {
    if (record.receivedUs >= this.dueUs) this.turn(record)
  }

  /** A process is about to begin: what it subscribes is not known yet, and it may store other tables. */
  restart(record: JournalRecord): void {
    const before = this.minute
    this.advance(record)
    for (const state of this.index.states()) {
      for (const stream of state.streams) stream.wantedUntil = Math.min(stream.wantedUntil, before)
      this.count(state)
    }
  }

  private turn(record: JournalRecord): void {
    const now = minuteOf(record.receivedUs)
    for (const state of this.index.states()) {
      this.putAside(state)
      for (const ledger of state.ledgers) this.write(state, ledger, record, now)
    }
    this.resume(now)
  }

  /** Ends the minute of the last record: streams that were subscribed and silent have one too. */
  private putAside(state: KeyState): void {
    this.count(state)
    for (const stream of state.streams) {
      if (!isCarried(stream.spec) || stream.wantedUntil < this.minute) continue
      const table = tableOfGap(this.sink, state.key, stream.spec)
      if (table !== null) openMinute(ledgerOf(state.ledgers, table), this.minute)
    }
  }

  /** Moves what was counted to the minute of the last record. Messages that only serve another table are filtered. */
  private count(state: KeyState): void {
    for (const counts of state.counts) {
      if (counts.received === 0) continue
      const { spec } = counts
      const table = spec === null ? 'dead_letter' : tableOfGap(this.sink, state.key, spec)
      if (table !== null) {
        const isOwn = spec === null || table === spec.table
        addCounts(openMinute(ledgerOf(state.ledgers, table), this.minute), counts, isOwn)
      }
      counts.received = 0
      counts.stored = 0
      counts.duplicates = 0
      counts.filtered = 0
      counts.deadLetters = 0
    }
  }

  /** Writes the minutes that are known, oldest first. */
  private write(state: KeyState, { table, minutes }: Ledger, record: JournalRecord, now: number): void {
    let written = 0
    for (const open of minutes) {
      const streams = this.streamsOf(state, table, open.minute)
      const waits = streams.filter((stream) => knownUntil(state, stream) < (open.minute + 1) * MINUTE_US)
      const isUndecided = waits.some(({ waiting }) => waiting.length > 0)
      if (waits.length > 0 && (now <= open.minute + WAIT_MINUTES || isUndecided)) break
      for (const stream of waits) openOverdue(this.sink, this.writer, state, stream, record)
      for (const { openGap, lastReceivedUs } of streams) {
        const fromUs = Number.isNaN(lastReceivedUs) ? Number.NEGATIVE_INFINITY : lastReceivedUs
        if (openGap !== null) addHoleTo(open, fromUs, Number.POSITIVE_INFINITY, openGap.cause)
      }
      if (state.imageGap !== null && table === imageTableOf(state.key)) {
        addHoleTo(open, state.imageGap.fromUs, Number.POSITIVE_INFINITY, 'disk_full')
      }
      coverageRow(this.sink, state.key, table, open, record)
      written += 1
    }
    minutes.splice(0, written)
  }

  /** Streams of the table that can have holes and were subscribed in the minute. */
  private streamsOf({ key, streams }: KeyState, table: TableName, minute: number): StreamState[] {
    return streams.filter(
      ({ spec, wantedUntil }) =>
        isCarried(spec) && wantedUntil >= minute && tableOfGap(this.sink, key, spec) === table,
    )
  }
}

/** Holes of the stream that begin before this are in `gaps`, microseconds. */
function knownUntil({ keeper }: KeyState, stream: StreamState): number {
  const { openGap, heard, lastReceivedUs, streamBook, spec, waiting } = stream
  const [undecided] = waiting
  if (undecided !== undefined) return undecided.fromUs
  if (openGap !== null) return Number.POSITIVE_INFINITY
  if (!heard) return Number.NEGATIVE_INFINITY
  if (streamBook === null || isSequenced(stream) || keeper?.origin !== 'stream') return lastReceivedUs
  // A fault of the book reaches back to the last message after which it was known to be right.
  const proven = keeper.stream === spec.name ? keeper.proven : null
  return proven === null ? lastReceivedUs : Math.min(proven.receivedUs, lastReceivedUs)
}

function addCounts(open: OpenMinute, counts: MessageCounts, isOwn: boolean): void {
  open.received += counts.received
  open.duplicates += counts.duplicates
  open.filtered += counts.filtered
  open.deadLetters += counts.deadLetters
  if (isOwn) open.stored += counts.stored
  else open.filtered += counts.stored
}
