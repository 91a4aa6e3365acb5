import {
  assert,
  type EventBatch,
  EventKind,
  type ExchangeMarket,
  type InstrumentDetail,
  type JournalRecord,
  RecordKind,
  type StringTable,
} from '@cryptoflow/model'
import { bookLabel } from './book-transitions.ts'
import { type Counters, createCounters } from './counters.ts'
import { detailOf, eventRows } from './event-rows.ts'
import { revealGap, revealsGap } from './gap-rows.ts'
import type { ImageGrid } from './image-grid.ts'
import type { KeyIndex, KeyState, Track } from './key-state.ts'
import { type RowSink, rowKey } from './row-sink.ts'
import type { BookLabel } from './row-types.ts'
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
import { textHash } from './text-hash.ts'
import { type DeadLetterRow, deadLetterRow } from './truth-rows.ts'

export interface Connection {
  readonly market: ExchangeMarket
  /** Streams of the whole market that it carries. */
  readonly marketWide: readonly string[]
  /** Last frame of it that could not be read, 0 = none. Every lane knows it. */
  deadLetter: number
}

/** What a dead letter says beside where it came from. */
export interface Letter
  extends Pick<DeadLetterRow, 'reason' | 'detail' | 'decoderVersion' | 'raw' | 'stream'> {
  /** Empty when nothing names it. */
  readonly symbol: string
}

/** What the flow of events shares with the normalizer that it belongs to. */
export interface EventFlowParts {
  /** Journal id. */
  readonly writer: string
  readonly names: StringTable
  readonly imports: boolean
  readonly sink: RowSink
  readonly index: KeyIndex
  readonly grid: ImageGrid
  /** Open connections by the numbers of the records that opened them. */
  readonly connections: ReadonlyMap<number, Connection>
  owns(market: ExchangeMarket, symbol: string): boolean
}

/** From decoded events to rows and to the book: sequence, duplicates, storage, book, in this order. */
export class EventFlow {
  /** Dead letters that no key can be named for. */
  readonly unnamed: Counters = createCounters()
  private readonly parts: EventFlowParts
  /** Of the event at hand. */
  private readonly stamp = blankStamp()

  constructor(parts: EventFlowParts) {
    this.parts = parts
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
    const { state, stream, kinds } = track
    if (((kinds >>> (batch.kind[event] as number)) & 1) === 0) {
      this.refuse(record, state, stream.spec.name, 'unknown_message', NO_EVENT)
      return
    }
    if (stream.spec.scope === 'market') this.attach(state, stream, record.connection)
    const { stamp } = this
    readStamp(stamp, record, batch, event)
    if (this.isFuture(stamp)) {
      if (stream.isRemembered) stream.deadLetter = record.number
      this.refuse(record, state, stream.spec.name, 'absurd_time', futureDetail(stamp))
      return
    }
    this.message(record, state, stream, batch, event, index)
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
    if (track === null) this.refuse(record, state, names.text(streamId), 'unknown_message', NO_STREAM)
    return track
  }

  /** Stores the snapshots that answer a book; answers the first one's index, -1 when there is none. */
  snapshots(record: JournalRecord, state: KeyState, stream: StreamState, batch: EventBatch): number {
    const { key, keeper, counters } = state
    const { name, table } = stream.spec
    const label = bookLabel(keeper?.stream === name ? keeper.state : 'waiting')
    const { stamp } = this
    let usable = -1
    for (let event = 0; event < batch.count; event++) {
      assert(batch.kind[event] === EventKind.bookSnapshot, 'an answer to a book holds snapshots')
      readStamp(stamp, record, batch, event)
      if (this.isFuture(stamp)) {
        this.refuse(record, state, name, 'absurd_time', futureDetail(stamp))
        continue
      }
      counters.received += 1
      counters.stored += 1
      eventRows(this.parts.sink, table, key, stamp, batch, event, label, 'rest')
      if (usable < 0) usable = event
    }
    return usable
  }

  deadLetter(record: JournalRecord, market: ExchangeMarket, letter: Letter): void {
    const { index, sink, names, owns } = this.parts
    const { symbol, ...row } = letter
    if (!owns(market, symbol)) return
    const state = symbol === '' ? null : index.key(market, symbol)
    const counters = state?.counters ?? this.unnamed
    counters.received += 1
    counters.deadLetters += 1
    deadLetterRow(sink, state?.key ?? rowKey(market, '', names), {
      ...row,
      connection: record.connection,
      source: sourceOf(record),
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
  ): void {
    const { counters } = state
    const { spec } = stream
    const kind = batch.kind[event] as number
    const stands = stream.isRemembered ? this.pass(record, state, stream, batch, event, index) : 'unruled'
    counters.received += 1
    if (stands === 'duplicate' || (kind === EventKind.instrument && !this.learn(state, batch, event))) {
      counters.duplicates += 1
      return
    }
    counters.stored += 1
    if (stands === 'late') counters.late += 1
    const { stamp } = this
    const label = labelOf(state, stream, kind, stands)
    eventRows(this.parts.sink, spec.table, state.key, stamp, batch, event, label, sourceOf(record))
    const { keeper } = state
    if (keeper === null) return
    if (kind === EventKind.quote) keeper.quotes.add(batch, event)
    else if (kind === EventKind.bookDelta && stands !== 'late' && keeper.stream === spec.name) {
      if (keeper.delta(batch, event, stamp, stands)) this.parts.grid.checkpoint(state)
    }
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
    const stands = judge(stream, firstSeq, lastSeq, prevSeq, batch.kind[event] === EventKind.bookSnapshot)
    if (stands === 'duplicate' || stands === 'late') return stands
    if (revealsGap(stream, stands)) {
      const { sink, writer, connections } = this.parts
      const ofConnection = connections.get(record.connection)?.deadLetter ?? 0
      const deadLetter = Math.max(ofConnection, stream.deadLetter)
      const message = { record, index, firstSeq, lastSeq, prevSeq, deadLetter }
      revealGap(sink, writer, state, stream, stands, message)
    } else if (stands === 'unproven') noteSkip(stream, firstSeq, lastSeq)
    moveOn(stream, lastSeq, record.number, record.receivedUs)
    return stands
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
    const { instrument: name, raw } = detailOf(batch, event) as InstrumentDetail
    const hash = textHash(raw)
    if (state.instrument?.hash === hash && state.instrument.name === name) return false
    this.parts.index.nameInstrument(state, { name, hash })
    return true
  }

  /** A readable event that cannot become rows: the record's bytes are kept. */
  private refuse(
    record: JournalRecord,
    { market, key }: KeyState,
    stream: string,
    reason: Letter['reason'],
    detail: string,
  ): void {
    const { decoderVersion } = market
    const { symbol } = key
    this.deadLetter(record, market, { reason, detail, decoderVersion, raw: record.payload, symbol, stream })
  }

  private isFuture(stamp: Stamp): boolean {
    return !this.parts.imports && isAbsurd(stamp)
  }
}

const NO_STREAM = 'the market stores no stream of this name'
const NO_EVENT = 'the stream stores no event of this kind'

function sourceOf(record: JournalRecord): 'ws' | 'rest' {
  return record.kind === RecordKind.answer ? 'rest' : 'ws'
}

/** What our book was: of an update the book of its stream, of an image the key's. */
function labelOf(state: KeyState, { spec }: StreamState, kind: number, stands: Standing): BookLabel {
  if (stands === 'late') return 'stale'
  const { keeper } = state
  if (keeper === null) return 'waiting'
  return keeper.stream === spec.name || kind === EventKind.bookImage ? bookLabel(keeper.state) : 'waiting'
}

function futureDetail({ eventUs, receivedUs }: Stamp): string {
  return `event time ${eventUs} us, received ${receivedUs} us`
}
