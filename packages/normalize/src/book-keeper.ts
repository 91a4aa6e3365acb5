import { assert, type Continuity, type EventBatch, type RestBookRule } from '@cryptoflow/model'
import { Book } from './book.ts'
import { type BookInput, type BookState, bookTransitions } from './book-transitions.ts'
import { type Counters, createCounters } from './counters.ts'
import { deltaOf, type HeldBounds, HeldDeltas } from './held.ts'
import { QuoteCheck } from './quotes.ts'
import { Audits, type Message } from './second-book.ts'
import { blankStamp, copyStamp, type Stamp } from './stamps.ts'
import type { Standing } from './stream.ts'

export interface BookKeeperOptions {
  readonly stream: string
  readonly rule: RestBookRule
  /** Levels a side of books that begin now. */
  readonly depthCap: () => number
  /**
   * Of the second book of one that begins in its stream: levels a side that the exchange keeps, of which a snapshot
   * brings all. Absent: a snapshot says how deep it knows the book.
   */
  readonly depth?: number
  readonly held: HeldBounds
  readonly counters: Counters
  /** Asks for a snapshot under this resync number. */
  readonly ask: (resync: number) => void
}

/** One key's book that begins with a fetched snapshot, moved by `bookTransitions` and by nothing else. */
export class BookKeeper {
  readonly origin = 'rest'
  readonly stream: string
  state: BookState = 'waiting'
  /** Number of the latest question for a snapshot; 0 before the first. */
  resync = 0
  /** Null while nothing is loaded. */
  book: Book | null = null
  /** Sequence up to which the book is complete. */
  seq = Number.NaN
  /** Of the last update in the book; its own. */
  stamp: Stamp | null = null
  /** An update is in no derived image yet. */
  changed = false
  /** An update is in no checkpoint yet. */
  unsaved = false
  readonly held: HeldDeltas
  readonly quotes = new QuoteCheck()
  readonly audits = new Audits(
    () => new BookKeeper({ ...this.options, counters: createCounters(), ask: () => {} }),
  )
  private readonly options: BookKeeperOptions

  constructor(options: BookKeeperOptions) {
    this.options = options
    this.stream = options.stream
    this.held = new HeldDeltas(options.held)
  }

  /** A connection carries the stream. Only the first one ever is a reason to ask. */
  subscribed(): void {
    if (this.resync === 0) this.move('subscribed', null)
  }

  /** A delta that its stream did not find to be late or a duplicate. Answers whether the book became live. */
  delta(batch: EventBatch, event: number, stamp: Stamp, stands: Standing): boolean {
    const wasLive = this.state === 'live'
    const message = { batch, event, stamp }
    this.move(this.judge(message, stands), message)
    this.audits.hear(batch, event, stamp, stands)
    if (this.held.count === 0) this.quotes.forgetBelow(batch.lastSeq[event] as number)
    return !wasLive && this.live
  }

  /**
   * The answer to question `resync`: a snapshot event, or null when it held none. Answers whether the book became
   * live. An answer to an earlier question changes nothing.
   */
  answer(resync: number, snapshot: Message | null): boolean {
    const wasLive = this.state === 'live'
    if (resync !== this.resync) this.options.counters.oldAnswers += 1
    else if (snapshot === null) this.move('snapshotMissing', null)
    else this.move(this.judgeSnapshot(snapshot), snapshot)
    return !wasLive && this.live
  }

  /** The book of an audit that found ours wrong takes its place; it holds the same update. */
  adopt(book: Book): void {
    assert(this.live, 'an audited book is live')
    this.book = book
    this.changed = true
    this.unsaved = true
  }

  get live(): boolean {
    return this.state === 'live'
  }

  /** Waits for an answer to question `resync`. */
  get asking(): boolean {
    return this.resync > 0 && (this.state === 'waiting' || this.state === 'resync')
  }

  private judge({ batch, event, stamp }: Message, stands: Standing): BookInput {
    const { rule } = this.options
    const first = batch.firstSeq[event] as number
    const last = batch.lastSeq[event] as number
    const prev = batch.prevSeq[event] as number
    switch (this.state) {
      case 'waiting':
      case 'resync':
        return stands === 'gap' ? 'deltaGap' : 'deltaNext'
      case 'waitingLoaded':
      case 'resyncLoaded': {
        const continuity = rule.joins(this.seq, first, last, prev)
        return this.isDenied(continuity, stamp, this.stamp) ? 'deltaGap' : DELTA_INPUTS[continuity]
      }
      case 'live':
        return DELTA_INPUTS[rule.follows(this.seq, first, last, prev)]
    }
  }

  private judgeSnapshot({ batch, event, stamp }: Message): BookInput {
    const { held } = this
    const { kind, at } = held.standing(this.options.rule, batch.lastSeq[event] as number)
    const isDenied =
      (at > 0 && this.isDenied('stale', held.at(at - 1).stamp, stamp)) ||
      (kind === 'joins' && this.isDenied('next', held.at(at).stamp, stamp))
    return isDenied ? 'snapshotMissing' : SNAPSHOT_INPUTS[kind]
  }

  /**
   * Whether the exchange's own times deny what the numbers say of a delta: that it stands behind a snapshot, or before
   * it. Then the two connections of an audit do not count the same updates, and nothing is compared.
   */
  private isDenied(continuity: Continuity, delta: Stamp, snapshot: Stamp | null): boolean {
    if (this.options.depth === undefined || snapshot === null) return false
    if (delta.timeSource !== 'engine' || snapshot.timeSource !== 'engine') return false
    return continuity === 'next'
      ? delta.eventUs < snapshot.eventUs
      : continuity === 'stale' && delta.eventUs > snapshot.eventUs
  }

  private move(input: BookInput, message: Message | null): void {
    const from = this.state
    const transition = bookTransitions[from][input]
    this.state = transition.to
    for (const action of transition.actions) {
      switch (action) {
        case 'ask':
          this.resync += 1
          this.options.counters.asked += 1
          this.options.ask(this.resync)
          break
        case 'load':
          this.load(message)
          break
        case 'drain':
          this.drain()
          break
        case 'apply':
          this.apply(message, from !== 'live')
          break
        case 'hold':
          this.hold(message)
          break
        case 'restart':
          this.held.forget(this.held.count)
          break
        case 'discard':
          this.discard()
          break
      }
    }
    if (from !== 'live' && this.state === 'live') this.audits.prove(this)
  }

  private load(message: Message | null): void {
    assert(message !== null, 'a snapshot is loaded from its message')
    const { batch, event, stamp } = message
    const { depth, depthCap } = this.options
    const book = new Book(depthCap())
    const from = batch.entryStart[event] as number
    const to = batch.entryStart[event + 1] as number
    if (depth === undefined) book.load(batch, from, to)
    else {
      book.knowAll()
      book.apply(batch, from, to)
      book.cutTo(depth)
    }
    this.book = book
    this.seq = batch.lastSeq[event] as number
    this.stamp = copyStamp(this.stamp ?? blankStamp(), stamp)
  }

  /** Applies the held deltas from the one that joins on; the crossing one and what follows it stay held. */
  private drain(): void {
    const { held } = this
    const { at: joining } = held.standing(this.options.rule, this.seq)
    for (let at = joining; at < held.count; at++) {
      const { start, end, lastSeq, stamp } = held.at(at)
      if (this.applyLevels(held, start, end, lastSeq, stamp, at === joining)) continue
      held.forget(at)
      this.move('crossed', null)
      return
    }
    held.forget(held.count)
  }

  private apply(message: Message | null, bridges: boolean): void {
    assert(message !== null, 'a delta is applied from its message')
    const { batch, event, stamp } = message
    const start = batch.entryStart[event] as number
    const end = batch.entryStart[event + 1] as number
    if (this.applyLevels(batch, start, end, batch.lastSeq[event] as number, stamp, bridges)) return
    this.move('crossed', message)
  }

  /** False when the book is crossed afterwards. */
  private applyLevels(
    levels: Parameters<Book['apply']>[0],
    start: number,
    end: number,
    lastSeq: number,
    stamp: Stamp,
    bridges: boolean,
  ): boolean {
    const { book } = this
    const { counters, depth } = this.options
    assert(book !== null, 'a live book holds a book')
    book.apply(levels, start, end)
    if (depth !== undefined) book.cutTo(depth)
    this.seq = lastSeq
    this.stamp = copyStamp(this.stamp ?? blankStamp(), stamp)
    this.changed = true
    this.unsaved = true
    counters.applied += 1
    if (bridges) counters.bridged += 1
    else this.quotes.watch(book, lastSeq)
    if (!book.crossed()) return true
    counters.crossed += 1
    return false
  }

  private hold(message: Message | null): void {
    if (message === null) return
    const { batch, event, stamp } = message
    this.options.counters.heldDropped += this.held.push(deltaOf(batch, event, stamp), batch)
  }

  private discard(): void {
    this.book = null
    this.audits.second = null
    this.seq = Number.NaN
    this.stamp = null
    this.changed = false
    this.unsaved = false
  }
}

const DELTA_INPUTS = { next: 'deltaNext', gap: 'deltaGap', stale: 'deltaStale' } as const
const SNAPSHOT_INPUTS = { joins: 'snapshotJoins', ahead: 'snapshotAhead', tooOld: 'snapshotTooOld' } as const
