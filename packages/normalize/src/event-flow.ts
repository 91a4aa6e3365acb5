import {
  type AnswerContext,
  assert,
  type EventBatch,
  EventKind,
  type ExchangeMarket,
  type JournalRecord,
  RecordKind,
  type StringTable,
} from '@cryptoflow/model'
import { bookLabel } from './book-transitions.ts'
import { type Counters, createCounters } from './counters.ts'
import { passMessage } from './gap-rows.ts'
import type { ImageGrid } from './image-grid.ts'
import type { KeyIndex, KeyState } from './key-state.ts'
import type { DeadLetterRow, RowWriter, Stamp } from './row-types.ts'
import { isAbsurd, stampOf } from './stamps.ts'
import { judge, type StreamState } from './stream.ts'

export interface Connection {
  readonly market: ExchangeMarket
  /** Last frame of it that could not be read, 0 = none. Every lane knows it. */
  deadLetter: number
}

/** What a dead letter says beside where it came from. */
export type Letter = Pick<DeadLetterRow, 'reason' | 'detail' | 'decoderVersion' | 'raw' | 'symbol' | 'stream'>

/** What the flow of events shares with the normalizer that it belongs to. */
export interface EventFlowParts {
  /** Journal id. */
  readonly writer: string
  readonly names: StringTable
  readonly imports: boolean
  readonly rows: RowWriter
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

  constructor(parts: EventFlowParts) {
    this.parts = parts
  }

  /** One event of a frame; `index` is its position among the frame's events. */
  event(
    record: JournalRecord,
    market: ExchangeMarket,
    batch: EventBatch,
    event: number,
    index: number,
  ): void {
    const { names, index: keys, owns } = this.parts
    const state = keys.keyOfId(market, batch.symbol[event] as number, owns)
    if (state === null) return
    if (batch.kind[event] === EventKind.quote) {
      state.counters.received += 1
      state.counters.filtered += 1
      state.keeper?.quotes.add(batch, event)
      return
    }
    const name = names.text(batch.stream[event] as number)
    const stream = keys.stream(state, name)
    if (stream === null || stream.spec.table === null) {
      const detail = 'the market stores no stream of this name'
      this.refuse(record, state, name, 'unknown_message', detail)
      return
    }
    const stamp = stampOf(record, batch, event)
    if (this.isFuture(stamp)) {
      stream.deadLetter = record.number
      this.refuse(record, state, name, 'absurd_time', futureDetail(stamp))
      return
    }
    this.message(record, state, stream, batch, event, index, stamp)
  }

  /** Stores the snapshots of an answer; answers the first one's index, -1 when there is none. */
  answer(record: JournalRecord, context: AnswerContext, state: KeyState, batch: EventBatch): number {
    const { key, keeper, counters } = state
    const label = bookLabel(keeper?.stream === context.stream ? keeper.state : 'waiting')
    let usable = -1
    for (let event = 0; event < batch.count; event++) {
      assert(batch.kind[event] === EventKind.bookSnapshot, 'an answer holds book snapshots')
      const stamp = stampOf(record, batch, event)
      if (this.isFuture(stamp)) {
        this.refuse(record, state, context.stream, 'absurd_time', futureDetail(stamp))
        continue
      }
      counters.received += 1
      counters.stored += 1
      this.parts.rows.snapshot(key, stamp, batch, event, label, 'rest')
      if (usable < 0) usable = event
    }
    return usable
  }

  deadLetter(record: JournalRecord, market: ExchangeMarket, letter: Letter): void {
    const { index, rows, owns } = this.parts
    if (!owns(market, letter.symbol)) return
    const counters = letter.symbol === '' ? this.unnamed : index.key(market, letter.symbol).counters
    counters.received += 1
    counters.deadLetters += 1
    rows.deadLetter({
      ...letter,
      market,
      connection: record.connection,
      source: record.kind === RecordKind.answer ? 'rest' : 'ws',
      receivedUs: record.receivedUs,
      frame: record.number,
    })
  }

  /** A message of a stored stream, whose time is believed. */
  private message(
    record: JournalRecord,
    state: KeyState,
    stream: StreamState,
    batch: EventBatch,
    event: number,
    index: number,
    stamp: Stamp,
  ): void {
    const { rows, writer, grid, connections } = this.parts
    const { counters, key } = state
    const kind = batch.kind[event] as number
    const firstSeq = batch.firstSeq[event] as number
    const lastSeq = batch.lastSeq[event] as number
    const prevSeq = batch.prevSeq[event] as number
    const isSnapshot = kind === EventKind.bookSnapshot
    const stands = judge(stream, firstSeq, lastSeq, prevSeq, isSnapshot)
    counters.received += 1
    if (stands === 'duplicate') {
      counters.duplicates += 1
      return
    }
    counters.stored += 1
    if (stands === 'late') counters.late += 1
    else {
      const ofConnection = connections.get(record.connection)?.deadLetter ?? 0
      const deadLetter = Math.max(ofConnection, stream.deadLetter)
      const message = { record, index, firstSeq, lastSeq, prevSeq, deadLetter }
      passMessage(rows, writer, state, stream, stands, message)
    }
    if (kind === EventKind.trade) {
      rows.trade(key, stamp, batch, event)
      return
    }
    const keeper = state.keeper?.stream === stream.spec.name ? state.keeper : null
    const label = stands === 'late' ? 'stale' : bookLabel(keeper?.state ?? 'waiting')
    if (isSnapshot) {
      rows.snapshot(key, stamp, batch, event, label, 'ws')
      return
    }
    rows.delta(key, stamp, batch, event, label)
    if (keeper === null || stands === 'late') return
    if (keeper.delta(batch, event, stamp, stands)) grid.checkpoint(state)
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

function futureDetail({ eventUs, receivedUs }: Stamp): string {
  return `event time ${eventUs} us, received ${receivedUs} us`
}
