import {
  assert,
  decodeAnswerPayload,
  type EventBatch,
  EventKind,
  type ExchangeMarket,
  type InstrumentDetail,
  type JournalRecord,
  RecordKind,
  type StreamSpec,
} from '@cryptoflow/model'
import { bookLabel } from './book-transitions.ts'
import { detailOf, eventRows } from './event-rows.ts'
import {
  countOutcome,
  type FlowParts,
  isFiltered,
  labelOf,
  type Outcome,
  reveal,
  sourceOf,
} from './flow-parts.ts'
import { revealsGap } from './gap-rows.ts'
import type { IdWindow } from './id-window.ts'
import { ImageChanges } from './image-changes.ts'
import type { KeyState, Track } from './key-state.ts'
import { bookDelta, legHeard, lineUp, releaseLine, standsInLine } from './leg-flow.ts'
import { countsOfStream, type MessageCounts } from './minutes.ts'
import { tradeHeard } from './operators/trade-flow.ts'
import { blankStamp, isAbsurd, readStamp, type Stamp } from './stamps.ts'
import {
  isCarried,
  joinConnection,
  judge,
  moveOn,
  noteSkip,
  type Standing,
  type StreamState,
} from './stream.ts'
import { streamBookDamage, streamBookMessage } from './stream-book-flow.ts'
import { textHash } from './text-hash.ts'
import { type DeadLetterRow, deadLetterRow } from './truth-rows.ts'

/** What a dead letter says beside where it came from. */
export interface Letter
  extends Pick<DeadLetterRow, 'reason' | 'detail' | 'decoderVersion' | 'raw' | 'stream'> {
  /** Empty when nothing names it. */
  readonly symbol: string
}

/** From decoded events to rows and to the book: sequence, duplicates, storage, book, in this order. */
export class EventFlow {
  private readonly parts: FlowParts
  private readonly changes: ImageChanges
  /** Of the event at hand. */
  private readonly stamp = blankStamp()
  /** Nothing is missing between the event at hand and the one before it in its stream. */
  private isNext = false
  /** What is missing before the event at hand may still come over another connection. */
  private isWaiting = false

  constructor(parts: FlowParts) {
    this.parts = parts
    this.changes = new ImageChanges(parts.sink)
  }

  /** One event of a frame or of an answer; `index` is its position among the record's events. */
  event(
    record: JournalRecord,
    market: ExchangeMarket,
    batch: EventBatch,
    event: number,
    index: number,
  ): void {
    const symbolId = batch.symbol[event] as number
    const streamId = batch.stream[event] as number
    const { index: keys } = this.parts
    const track = keys.track(market, symbolId, streamId) ?? this.open(record, market, symbolId, streamId)
    if (track === null) return
    const { state, stream, counts, kinds, isMarketWide } = track
    counts.received += 1
    if (((kinds >>> (batch.kind[event] as number)) & 1) === 0) {
      this.refuse(record, state, counts, stream.spec.name, 'unknown_message', NO_EVENT)
      return
    }
    if (isMarketWide) this.attach(state, stream, record.connection)
    const { stamp } = this
    readStamp(stamp, record, batch, event)
    if (this.isFuture(stamp)) {
      if (stream.isRemembered) stream.deadLetter = record.number
      if (stream.streamBook !== null) streamBookDamage(state, stream, isSnapshot(batch, event))
      this.refuse(record, state, counts, stream.spec.name, 'absurd_time', futureDetail(stamp))
      return
    }
    const outcome =
      stream.streamBook === null
        ? this.message(record, state, stream, batch, event, index)
        : streamBookMessage(this.parts, state, stream, { record, batch, event, index }, stamp)
    countOutcome(counts, outcome)
  }

  /** An event of a frame that was heard before: it is counted. */
  repeat(market: ExchangeMarket, batch: EventBatch, event: number): void {
    const { index, names, owns } = this.parts
    const state = index.keyOfId(market, batch.symbol[event] as number, owns)
    if (state === null) return
    const stream = names.text(batch.stream[event] as number)
    const counts = countsOfStream(state.counts, specOf(market, stream))
    counts.received += 1
    counts.duplicates += 1
    state.counters.received += 1
    state.counters.duplicates += 1
  }

  /** The first event that names this key and stream; null when the key is not ours, or no such stream is stored. */
  private open(
    record: JournalRecord,
    market: ExchangeMarket,
    symbolId: number,
    streamId: number,
  ): Track | null {
    const { names, index: keys, owns } = this.parts
    const state = keys.keyOfId(market, symbolId, owns)
    if (state === null) return null
    const track = keys.openTrack(state, symbolId, streamId)
    if (track === null) {
      const counts = countsOfStream(state.counts, null)
      counts.received += 1
      this.refuse(record, state, counts, names.text(streamId), 'unknown_message', NO_STREAM)
    }
    return track
  }

  /**
   * Stores the snapshots that answer a book; answers the first one's index, -1 when there is none. `isAside`: they came
   * over a connection that is not the stream's, which must not be taken for a book that replaces ours.
   */
  snapshots(
    record: JournalRecord,
    state: KeyState,
    stream: StreamState,
    batch: EventBatch,
    isAside: boolean,
  ): number {
    const { key, keeper, counters } = state
    const { name, table } = stream.spec
    const label = isAside ? 'stale' : bookLabel(keeper?.stream === name ? keeper.state : 'waiting')
    const source = isAside ? 'ws' : 'rest'
    const { stamp } = this
    const counts = countsOfStream(state.counts, stream.spec)
    let usable = -1
    for (let event = 0; event < batch.count; event++) {
      assert(batch.kind[event] === EventKind.bookSnapshot, 'an answer to a book holds snapshots')
      readStamp(stamp, record, batch, event)
      counts.received += 1
      if (this.isFuture(stamp)) {
        this.refuse(record, state, counts, name, 'absurd_time', futureDetail(stamp))
        continue
      }
      counters.received += 1
      const outcome = isFiltered(state, table, batch, event) ? 'filtered' : 'stored'
      countOutcome(counts, outcome)
      counters[outcome] += 1
      if (outcome === 'stored') eventRows(this.parts.sink, table, key, stamp, batch, event, label, source)
      if (usable < 0) usable = event
    }
    return usable
  }

  deadLetter(record: JournalRecord, market: ExchangeMarket, letter: Letter): void {
    const { symbol, ...row } = letter
    if (!this.parts.owns(market, symbol)) return
    const { index } = this.parts
    const state = symbol === '' ? index.unnamed(market) : index.key(market, symbol)
    const counts = countsOfStream(state.counts, row.stream === null ? null : specOf(market, row.stream))
    counts.received += 1
    counts.deadLetters += 1
    this.bury(record, state, row)
  }

  private bury(record: JournalRecord, { key, counters }: KeyState, row: Omit<Letter, 'symbol'>): void {
    counters.received += 1
    counters.deadLetters += 1
    deadLetterRow(this.parts.sink, key, {
      ...row,
      connection: record.connection,
      source: isHeardAnswer(record) ? 'ws' : sourceOf(record),
      receivedUs: record.receivedUs,
      frame: record.number,
    })
  }

  /** A message of a stored stream, whose time, in `stamp`, is believed. */
  private message(
    record: JournalRecord,
    state: KeyState,
    stream: StreamState,
    batch: EventBatch,
    event: number,
    index: number,
  ): Outcome {
    const { counters } = state
    const { table } = stream
    const kind = batch.kind[event] as number
    const stands = stream.isRemembered ? this.pass(record, state, stream, batch, event, index) : 'unruled'
    counters.received += 1
    // A connection that repeats a message may have been the last that the book waited for.
    if (stands === 'duplicate') releaseLine(this.parts, state, stream, record)
    if (stands === 'duplicate' || (kind === EventKind.instrument && !this.learn(state, batch, event))) {
      counters.duplicates += 1
      return 'duplicate'
    }
    const outcome = isFiltered(state, table, batch, event) ? 'filtered' : 'stored'
    if (outcome === 'stored') counters.stored += 1
    else counters.filtered += 1
    if (stands === 'late') counters.late += 1
    const isInLine = standsInLine(state, stream, batch, event, this.isWaiting)
    const { stamp } = this
    if (outcome === 'stored') {
      const label = labelOf(state, stream, kind, stands, isInLine)
      eventRows(this.parts.sink, table, state.key, stamp, batch, event, label, sourceOf(record))
    }
    if (state.operators.bars !== null && table === 'ticks') {
      const standing = { isStored: outcome === 'stored', isNext: this.isNext, isLate: stands === 'late' }
      tradeHeard(state, stream, record, stamp, batch, event, standing)
    }
    if (kind === EventKind.bookImage && stream.changes !== null && stands !== 'late') {
      this.changes.write(state.key, stream, stream.changes, stamp, batch, event, stands === 'first')
    }
    const { keeper } = state
    if (keeper === null) return outcome
    if (kind === EventKind.quote) keeper.quotes.add(batch, event)
    else if (kind === EventKind.bookDelta && keeper.origin === 'rest' && keeper.stream === stream.name) {
      const message = { record, batch, event, index }
      if (isInLine) lineUp(this.parts, state, stream, message, stamp)
      else if (stands !== 'late') bookDelta(this.parts, state, stream, keeper, message, stamp, stands)
      releaseLine(this.parts, state, stream, record)
    }
    return outcome
  }

  /** Judges a message by its stream, writes the gap that it reveals, and makes it the stream's last one. */
  private pass(
    record: JournalRecord,
    state: KeyState,
    stream: StreamState,
    batch: EventBatch,
    event: number,
    index: number,
  ): Standing {
    const firstSeq = batch.firstSeq[event] as number
    const lastSeq = batch.lastSeq[event] as number
    const prevSeq = batch.prevSeq[event] as number
    let stands = judge(stream, firstSeq, lastSeq, prevSeq)
    if (stands !== 'duplicate' && stream.ids !== null && isRepeated(stream.ids, batch, event)) {
      stands = 'duplicate'
    }
    this.isWaiting = false
    if (stream.waiting.length > 0) {
      legHeard(this.parts, state, stream, stands, { record, batch, event, index })
    }
    if (stands === 'duplicate' || stands === 'late') return stands
    const isRevealed = revealsGap(stream, stands)
    const isUnread = this.isUnreadBefore(record, stream)
    if (isRevealed || isUnread) stream.image = null
    this.isNext = !isUnread && (!isRevealed || stands === 'next')
    if (isRevealed) {
      this.isWaiting = reveal(this.parts, state, stream, stands, { record, batch, event, index })
    } else if (stands === 'unproven') noteSkip(stream, firstSeq, lastSeq)
    moveOn(stream, lastSeq, record.number, record.receivedUs)
    return stands
  }

  /** Whether something that could not be read, and that may have been of this stream, came after its last message. */
  private isUnreadBefore({ connection }: JournalRecord, stream: StreamState): boolean {
    const { connections, letters } = this.parts
    if (stream.deadLetter > stream.lastFrame) return true
    return (
      letters.last > stream.lastFrame && (connections.get(connection)?.deadLetter ?? 0) > stream.lastFrame
    )
  }

  /**
   * A stream of the whole market is carried by the connection that its events come over; one that a key is heard
   * on for the first time, also by the others that list it.
   */
  private attach({ market }: KeyState, stream: StreamState, number: number): void {
    const { connections } = this.parts
    if (!isCarried(stream.spec) || stream.connections.includes(number) || !connections.has(number)) return
    if (!stream.heard) {
      for (const [other, connection] of connections) {
        const lists = connection.market === market && connection.marketWide.includes(stream.spec.name)
        if (lists) joinConnection(stream, other)
      }
    }
    joinConnection(stream, number)
  }

  /** Gives a key the name that an instrument list has for it; false when the list says what it said before. */
  private learn(state: KeyState, batch: EventBatch, event: number): boolean {
    const { instrument: name, raw, digits = null } = detailOf(batch, event) as InstrumentDetail
    const hash = textHash(raw)
    if (state.instrument?.hash === hash && state.instrument.name === name) {
      // A decoder that is newer than the state may read them where the one before did not.
      state.instrument.digits = digits
      return false
    }
    this.parts.index.nameInstrument(state, { name, hash, digits })
    return true
  }

  /** A readable event, received already, that cannot become rows: the bytes of its frame or answer are kept. */
  private refuse(
    record: JournalRecord,
    state: KeyState,
    counts: MessageCounts,
    stream: string,
    reason: Letter['reason'],
    detail: string,
  ): void {
    const { decoderVersion } = state.market
    counts.deadLetters += 1
    const isAnswer = record.kind === RecordKind.answer
    const raw = isAnswer ? decodeAnswerPayload(record.payload).body : record.payload
    this.bury(record, state, { reason, detail, decoderVersion, raw, stream })
  }

  private isFuture(stamp: Stamp): boolean {
    return !this.parts.imports && isAbsurd(stamp)
  }
}

const NO_STREAM = 'the market stores no stream of this name'
const NO_EVENT = 'the stream stores no event of this kind'

/** Whether a record holds the frame that an audit began with. */
function isHeardAnswer({ kind, payload }: JournalRecord): boolean {
  return kind === RecordKind.answer && decodeAnswerPayload(payload).context.isFrame === true
}

function specOf({ streams }: ExchangeMarket, name: string): StreamSpec | null {
  return streams.find((spec) => spec.name === name) ?? null
}

function isSnapshot(batch: EventBatch, event: number): boolean {
  return batch.kind[event] === EventKind.bookSnapshot
}

/** Whether an event has a name that its stream remembers; a new one is remembered. */
function isRepeated(ids: IdWindow, batch: EventBatch, event: number): boolean {
  const id = batch.textIds.get(event)
  return id !== undefined && !ids.add(textHash(id))
}

function futureDetail({ eventUs, receivedUs }: Stamp): string {
  return `event time ${eventUs} us, received ${receivedUs} us`
}
