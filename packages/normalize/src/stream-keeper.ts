import { assert, type EventBatch, type StreamBookRule } from '@cryptoflow/model'
import { Book } from './book.ts'
import { BookKeeper } from './book-keeper.ts'
import { type Counters, createCounters } from './counters.ts'
import type { HeldBounds } from './held.ts'
import { QuoteCheck } from './quotes.ts'
import { Audits } from './second-book.ts'
import { blankStamp, copyStamp, type Stamp } from './stamps.ts'
import type { Standing } from './stream.ts'
import {
  type StreamBookAction,
  type StreamBookInput,
  type StreamBookState,
  streamBookTransitions,
} from './stream-transitions.ts'
import { type Digits, Top } from './top.ts'

export interface StreamKeeperOptions {
  readonly stream: string
  readonly rule: StreamBookRule
  /** Levels a side of images, now. The book holds more where the exchange cuts its own deeper, as checksums need it. */
  readonly depthCap: () => number
  /** Of deltas for the second book of an audit. */
  readonly held: HeldBounds
  readonly counters: Counters
  /** As the instrument list of the key says now. */
  readonly digits: () => Digits
  /** Asks for a snapshot under this resync number. */
  readonly ask: (resync: number) => void
}

/** How long deltas come before the snapshot that should stand before them is asked for (again). */
export const SNAPSHOT_PATIENCE_US = 60_000_000

/** What speaks against a book. */
export type BookFault = 'crossed' | 'checksum'

/** What a message says about the book after it: nothing against it, and (`proven`) that it is the exchange's. */
type Verdict = BookFault | 'sound' | 'proven'

/** A snapshot as a book of its own, before it is known what becomes of it. */
export interface Candidate {
  readonly book: Book
  /** Levels a side that it is cut to from now on; Infinity: never. */
  readonly depth: number
  readonly fault: BookFault | null
}

/** A message as a place in its stream. */
export interface Place {
  readonly frame: number
  readonly receivedUs: number
}

/** One key's book whose snapshots come in its stream, moved by `streamBookTransitions` and by nothing else. */
export class StreamKeeper {
  readonly origin = 'stream'
  readonly stream: string
  state: StreamBookState = 'waiting'
  /** Number of the latest question for a snapshot; 0 before the first. */
  resync = 0
  /** Null while nothing is loaded. */
  book: Book | null = null
  /** Levels a side that the exchange keeps; Infinity: it removes every level itself. */
  depth = Number.POSITIVE_INFINITY
  /** The same of books that begin on the connection of now, as its record says it; null: it does not. */
  subscribedDepth: number | null = null
  /** Of the last update in the book; NaN where it had none. */
  seq = Number.NaN
  /** Of the last update in the book; its own. */
  stamp: Stamp | null = null
  /** An update is in no derived image yet. */
  changed = false
  /** An update is in no checkpoint yet. */
  unsaved = false
  /** The last message after which the book was known to be right, a snapshot that became it included. */
  proven: Place | null = null
  /** Received time of the first delta that found no book, since a snapshot, a question or a cut; NaN: none did. */
  missedUs = Number.NaN
  readonly quotes = new QuoteCheck()
  readonly audits = new Audits(() => this.secondBook())
  private readonly options: StreamKeeperOptions
  private readonly top: Top | null

  constructor(options: StreamKeeperOptions) {
    const { checksum } = options.rule
    this.options = options
    this.stream = options.stream
    this.top = checksum === null ? null : new Top(checksum.depth)
  }

  /** Levels a side that a book holds that begins now. */
  get cap(): number {
    const { depthCap, rule } = this.options
    return Math.max(depthCap(), ...(rule.depths ?? []))
  }

  get live(): boolean {
    return this.state === 'live'
  }

  /** Waits for the snapshot that it asked for. */
  get asking(): boolean {
    return this.state === 'resync'
  }

  /** Reads a snapshot event into a book of its own. */
  open(batch: EventBatch, event: number): Candidate {
    const { rule, counters } = this.options
    const book = new Book(this.cap)
    book.knowAll()
    book.apply(batch, batch.entryStart[event] as number, batch.entryStart[event + 1] as number)
    const levels = Math.max(book.bids.count, book.asks.count)
    const depth = this.subscribedDepth ?? depthOf(rule.depths, levels)
    book.cutTo(depth)
    counters.snapshots += 1
    const verdict = this.judge(book, batch.checksum[event] as number)
    return { book, depth, fault: verdict === 'crossed' || verdict === 'checksum' ? verdict : null }
  }

  /** A snapshot came. Answers whether it became the book. */
  snapshot(candidate: Candidate, lastSeq: number, stamp: Stamp): boolean {
    if (candidate.fault !== null) {
      this.move('snapshotWrong')
      return false
    }
    if (!this.move('snapshot').includes('load')) return false
    this.book = candidate.book
    this.depth = candidate.depth
    this.proven = { frame: stamp.frame, receivedUs: stamp.receivedUs }
    this.take(lastSeq, stamp)
    this.audits.second = null
    this.audits.prove(this)
    return true
  }

  /** A snapshot came that could not be stored. */
  refusedSnapshot(): void {
    this.options.counters.snapshots += 1
    this.move('snapshotWrong')
  }

  /** A delta that its stream did not find to be late or a duplicate. Answers what it shows to be wrong. */
  delta(batch: EventBatch, event: number, stamp: Stamp, stands: Standing): BookFault | null {
    const applies = this.move(stands === 'gap' ? 'deltaGap' : 'deltaNext').includes('apply')
    const lastSeq = batch.lastSeq[event] as number
    if (!applies) this.miss(stamp.receivedUs)
    const verdict = applies ? this.apply(batch, event, stamp) : 'sound'
    this.audits.hear(batch, event, stamp, stands)
    if (!Number.isNaN(lastSeq)) this.quotes.forgetBelow(lastSeq)
    if (verdict === 'crossed' || verdict === 'checksum') {
      this.move(verdict === 'crossed' ? 'crossed' : 'mismatch')
      return verdict
    }
    if (applies && (verdict === 'proven' || this.top === null)) {
      this.proven = { frame: stamp.frame, receivedUs: stamp.receivedUs }
    }
    return null
  }

  /** Whether a snapshot of another connection can be compared with this book. */
  get isAuditable(): boolean {
    return this.options.rule.joins !== undefined
  }

  /** The book of an audit that found ours wrong takes its place; it holds the same update. */
  adopt(book: Book): void {
    assert(this.live, 'an audited book is live')
    this.book = book
    this.changed = true
    this.unsaved = true
  }

  /** A message of the stream is missing, and no sequence will say so. */
  damaged(): void {
    this.move('damaged')
  }

  /** No connection that can be trusted carries the stream any more. */
  cut(): void {
    this.move('cut')
  }

  private secondBook(): BookKeeper {
    const { stream, depth, options } = this
    const { joins, follows } = options.rule
    assert(joins !== undefined && follows !== null, 'a book that is audited has numbers')
    return new BookKeeper({
      stream,
      rule: { origin: 'rest', joins, follows },
      depthCap: () => this.cap,
      depth,
      held: options.held,
      counters: createCounters(),
      ask: () => {},
    })
  }

  /** A delta found no book. */
  private miss(receivedUs: number): void {
    if (Number.isNaN(this.missedUs)) this.missedUs = receivedUs
    else if (receivedUs - this.missedUs >= SNAPSHOT_PATIENCE_US) this.move('overdue')
  }

  private apply(batch: EventBatch, event: number, stamp: Stamp): Verdict {
    const { book } = this
    const { counters } = this.options
    assert(book !== null, 'a live book holds a book')
    const start = batch.entryStart[event] as number
    const end = batch.entryStart[event + 1] as number
    const lastSeq = batch.lastSeq[event] as number
    counters.applied += 1
    // Without levels it says only that nothing has changed.
    if (end > start) {
      book.apply(batch, start, end)
      book.cutTo(this.depth)
      this.take(lastSeq, stamp)
      if (!Number.isNaN(lastSeq)) this.quotes.watch(book, lastSeq)
    }
    return this.judge(book, batch.checksum[event] as number)
  }

  private take(lastSeq: number, stamp: Stamp): void {
    this.seq = lastSeq
    this.stamp = copyStamp(this.stamp ?? blankStamp(), stamp)
    this.changed = true
    this.unsaved = true
  }

  /** `sent`: the checksum that came with the message; NaN: none did. */
  private judge(book: Book, sent: number): Verdict {
    const { rule, counters, digits } = this.options
    const { top } = this
    let verdict: Verdict = 'sound'
    if (rule.checksum !== null && top !== null && !Number.isNaN(sent)) {
      const own = rule.checksum.of(top.read(book, digits()))
      if (!Number.isNaN(own)) {
        counters.checksumsChecked += 1
        if (own !== sent) counters.checksumsFailed += 1
        verdict = own === sent ? 'proven' : 'checksum'
      }
    }
    if (!book.crossed()) return verdict
    counters.crossed += 1
    return verdict === 'checksum' ? verdict : 'crossed'
  }

  /** Answers the actions; those that need the message are left to the caller. */
  private move(input: StreamBookInput): readonly StreamBookAction[] {
    const { to, actions } = streamBookTransitions[this.state][input]
    this.state = to
    if (actions.includes('discard')) this.discard()
    if (actions.includes('ask')) this.ask()
    if (input === 'snapshot' || input === 'cut') this.missedUs = Number.NaN
    return actions
  }

  private ask(): void {
    this.resync += 1
    this.missedUs = Number.NaN
    this.options.counters.asked += 1
    this.options.ask(this.resync)
  }

  private discard(): void {
    this.book = null
    this.audits.second = null
    this.depth = Number.POSITIVE_INFINITY
    this.seq = Number.NaN
    this.stamp = null
    this.changed = false
    this.unsaved = false
  }
}

/** The least offered depth that holds `levels`, the largest where none does; Infinity where none is offered. */
function depthOf(depths: readonly number[] | null, levels: number): number {
  if (depths === null) return Number.POSITIVE_INFINITY
  return depths.find((depth) => depth >= levels) ?? depths.at(-1) ?? Number.POSITIVE_INFINITY
}
