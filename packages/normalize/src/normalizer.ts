import {
  type AnswerContext,
  assert,
  type ConnectNote,
  type DeadLetterReason,
  type DisconnectNote,
  decodeAnswerPayload,
  type EventBatch,
  EventKind,
  type ExchangeMarket,
  type InstrumentKey,
  type JournalRecord,
  type Market,
  RecordKind,
  type StartNote,
  type StringTable,
} from '@cryptoflow/model'
import { BookKeeper } from './book-keeper.ts'
import { bookLabel } from './book-transitions.ts'
import { addCounters, type Counters, createCounters } from './counters.ts'
import { openAtStop, passMessage } from './gap-rows.ts'
import { HELD_BOUNDS, type HeldBounds } from './held.ts'
import { ImageGrid, type ImageOptions, imageDefaults } from './image-grid.ts'
import { KeyIndex, type KeyState } from './key-state.ts'
import type { DeadLetterRow, RowsFor, RowWriter } from './row-types.ts'
import { createRowWriter, nameId } from './rows.ts'
import { isAbsurd, stampOf } from './stamps.ts'
import {
  decodeStateImage,
  encodeStateImage,
  keyImage,
  numeral,
  restoreKeeper,
  restoreStream,
  STATE_IMAGE_VERSION,
} from './state-image.ts'
import { interrupt, judge, leaveConnection, type StreamState } from './stream.ts'

/** Where a snapshot request leads, and the number that its answer must carry. */
export type SnapshotRequest = Omit<AnswerContext, 'status'>

export interface NormalizerOptions {
  /** Journal id. */
  readonly writer: string
  /** The string table that batches and row buffers use. */
  readonly names: StringTable
  /** One object per market: it is compared by identity. */
  findMarket(exchange: string, market: Market): ExchangeMarket
  readonly rowsFor: RowsFor
  /** A side effect without a row: asks for a book snapshot whose answer comes as a record. */
  wantSnapshot(request: SnapshotRequest): void
  readonly images?: Partial<ImageOptions>
  readonly held?: HeldBounds
  /** Records come from an import of captures: any event time is allowed. */
  readonly imports?: boolean
  /** Keys that belong to this lane; default all. A dead letter without a symbol asks with symbol ''. */
  owns?(key: InstrumentKey): boolean
}

interface Connection {
  readonly market: ExchangeMarket
  /** Frame of its last dead letter, 0 = none. */
  deadLetter: number
}

/**
 * Turns the records of one journal, in their order, into rows.
 *
 * One method per record kind; every lane hears all records and writes rows of its own keys. Nothing here waits,
 * asks a clock or fails on what comes from the wire.
 */
export class Normalizer {
  private readonly options: NormalizerOptions
  private readonly rows: RowWriter
  private readonly index: KeyIndex
  private readonly grid: ImageGrid
  private readonly depthCap: number
  /** Open connections by the numbers of the records that opened them. */
  private readonly connections = new Map<number, Connection>()
  /** Dead letters that no key can be named for. */
  private readonly unnamed = createCounters()
  private stopped = false

  constructor(options: NormalizerOptions) {
    const images = { ...imageDefaults, ...options.images }
    nameId(options.names, '')
    this.options = options
    this.depthCap = images.depthCap
    this.rows = createRowWriter(options)
    this.index = new KeyIndex(options.names, (state, stream) => this.makeKeeper(state, stream))
    this.grid = new ImageGrid(images, this.rows, this.index.keys)
  }

  /** A connection opened: its streams are carried by it, and a book heard of for the first time is asked for. */
  connect(record: JournalRecord, note: ConnectNote): void {
    this.grid.advance(record.receivedUs)
    const market = this.options.findMarket(note.exchange, note.market)
    this.connections.set(record.number, { market, deadLetter: 0 })
    for (const { symbol, stream: name } of note.subscriptions) {
      if (!this.owns(market, symbol)) continue
      const state = this.index.key(market, symbol)
      const stream = this.index.stream(state, name)
      if (stream === null) continue
      if (!stream.connections.includes(record.number)) stream.connections.push(record.number)
      if (state.keeper?.stream === name) state.keeper.subscribed()
    }
  }

  /** A connection ended: the next message of each of its streams tells whether something was missed. */
  disconnect(record: JournalRecord, _note?: DisconnectNote): void {
    this.grid.advance(record.receivedUs)
    for (const { streams } of this.index.keys) {
      for (const stream of streams.values()) leaveConnection(stream, record.connection)
    }
    this.connections.delete(record.connection)
  }

  /** A process began to write. Without a stop before it, the one before was cut short. */
  start(record: JournalRecord, _note: StartNote): void {
    this.grid.advance(record.receivedUs)
    this.grid.closeDerived()
    for (const { streams } of this.index.keys) {
      for (const stream of streams.values()) {
        stream.connections = []
        if (!this.stopped) interrupt(stream, 'restart')
      }
    }
    this.connections.clear()
    this.stopped = false
  }

  /** The process stops on purpose: every stream gets an open gap that the next message closes. */
  stop(record: JournalRecord): void {
    this.grid.advance(record.receivedUs)
    this.grid.closeDerived()
    for (const state of this.index.keys) {
      for (const stream of state.streams.values()) {
        openAtStop(this.rows, this.options.writer, state, stream, record)
      }
    }
    this.stopped = true
  }

  clock(record: JournalRecord): void {
    this.grid.advance(record.receivedUs)
  }

  /** The market that a connection speaks; null when no such connection is open. */
  marketOf(connection: number): ExchangeMarket | null {
    return this.connections.get(connection)?.market ?? null
  }

  /** Events `from ... to - 1` of a batch were decoded from this frame; default all of them. */
  events(record: JournalRecord, market: ExchangeMarket, batch: EventBatch, from = 0, to = batch.count): void {
    assert(batch.names === this.options.names, 'batches and normalizer share one string table')
    this.grid.advance(record.receivedUs)
    for (let event = from; event < to; event++) this.event(record, market, batch, event, event - from)
  }

  /**
   * A REST answer: all events of the batch come from its body. An empty batch (another status than 200, a body
   * that could not be read) makes the book ask again.
   */
  answer(record: JournalRecord, context: AnswerContext, batch: EventBatch): void {
    assert(batch.names === this.options.names, 'batches and normalizer share one string table')
    this.grid.advance(record.receivedUs)
    const market = this.options.findMarket(context.exchange, context.market)
    if (!this.owns(market, context.symbol)) return
    const state = this.index.key(market, context.symbol)
    this.index.stream(state, context.stream)
    const usable = this.storeAnswer(record, context, state, batch)
    if (state.keeper?.stream !== context.stream) return
    const snapshot = usable < 0 ? null : { batch, event: usable, stamp: stampOf(record, batch, usable) }
    if (state.keeper.answer(context.resync, snapshot)) this.grid.checkpoint(state)
  }

  /** A frame or an answer could not be read; `raw`, the bytes in question, is kept as a copy. */
  deadLetter(
    record: JournalRecord,
    market: ExchangeMarket,
    reason: DeadLetterReason,
    detail: string,
    decoderVersion: string,
    raw: Uint8Array,
  ): void {
    this.grid.advance(record.receivedUs)
    const about = record.kind === RecordKind.answer ? decodeAnswerPayload(record.payload).context : null
    const symbol = about?.symbol ?? ''
    const stream = about?.stream ?? null
    this.writeDeadLetter(record, market, { reason, detail, decoderVersion, raw, symbol, stream })
  }

  /** Snapshots that books wait for: what a process that starts from this state must ask for again. */
  outstanding(): SnapshotRequest[] {
    const requests: SnapshotRequest[] = []
    for (const { key, keeper } of this.index.keys) {
      if (keeper?.asking) requests.push(requestOf(key, keeper.stream, keeper.resync))
    }
    return requests
  }

  /** Everything that later rows depend on; the same bytes after the same records. */
  image(): Uint8Array {
    return encodeStateImage({
      version: STATE_IMAGE_VERSION,
      derivedCell: numeral(this.grid.derivedCell),
      checkpointCell: numeral(this.grid.checkpointCell),
      stopped: this.stopped,
      connections: Array.from(this.connections, ([number, { market, deadLetter }]) => ({
        number,
        exchange: market.exchange,
        market: market.market,
        deadLetter,
      })),
      keys: this.index.keys.map(keyImage),
    })
  }

  /**
   * Goes on from a state image; only before the first record. With another number of lanes than before, called
   * once per old lane's image: each lane takes its own keys. Throws when the bytes are no image of this version.
   */
  restore(bytes: Uint8Array): void {
    const image = decodeStateImage(bytes)
    this.grid.derivedCell = image.derivedCell ?? Number.NEGATIVE_INFINITY
    this.grid.checkpointCell = image.checkpointCell ?? Number.NEGATIVE_INFINITY
    this.stopped = image.stopped
    for (const { number, exchange, market, deadLetter } of image.connections) {
      this.connections.set(number, { market: this.options.findMarket(exchange, market), deadLetter })
    }
    for (const saved of image.keys) {
      const market = this.options.findMarket(saved.exchange, saved.market)
      if (!this.owns(market, saved.symbol)) continue
      const state = this.index.key(market, saved.symbol)
      for (const savedStream of saved.streams) {
        const stream = this.index.stream(state, savedStream.name)
        if (stream !== null) restoreStream(stream, savedStream)
      }
      const { keeper } = state
      if (keeper !== null && keeper.stream === saved.keeper?.stream) {
        restoreKeeper(keeper, saved.keeper, this.depthCap)
      }
    }
  }

  /** Counts of this process over all keys, and all rows that it wrote. */
  get counters(): Counters & { readonly rows: number } {
    const total = { ...this.unnamed }
    for (const state of this.index.keys) addCounters(total, state.counters)
    return { ...total, rows: this.rows.written() }
  }

  /** Counts of this process per key, in order of first sight. */
  keyCounters(): { readonly key: InstrumentKey; readonly counters: Readonly<Counters> }[] {
    return this.index.keys.map(({ key, counters }) => ({
      key: plainKey(key),
      counters,
    }))
  }

  /** Last sequence heard per stream that has one: the progress that rides in an epoch. */
  progress(): { readonly key: InstrumentKey; readonly stream: string; readonly lastSeq: number }[] {
    return this.index.keys.flatMap(({ key, streams }) =>
      Array.from(streams.values())
        .filter(({ lastSeq }) => Number.isFinite(lastSeq))
        .map(({ spec, lastSeq }) => ({ key: plainKey(key), stream: spec.name, lastSeq })),
    )
  }

  private event(
    record: JournalRecord,
    market: ExchangeMarket,
    batch: EventBatch,
    event: number,
    index: number,
  ): void {
    const state = this.index.keyOfId(market, batch.symbol[event] as number, this.owns)
    if (state === null) return
    if (batch.kind[event] === EventKind.quote) {
      this.quote(state, batch, event)
      return
    }
    const name = this.options.names.text(batch.stream[event] as number)
    const stream = this.index.stream(state, name)
    const problem = this.problemOf(record, stream, batch, event)
    if (problem !== null) {
      const about = {
        symbol: state.key.symbol,
        stream: name,
        decoderVersion: market.decoderVersion,
        raw: record.payload,
      }
      this.writeDeadLetter(record, market, { ...problem, ...about })
      return
    }
    if (stream !== null) this.message(record, state, stream, batch, event, index)
  }

  /** Why an event cannot become rows, null when it can. */
  private problemOf(
    record: JournalRecord,
    stream: StreamState | null,
    batch: EventBatch,
    event: number,
  ): { readonly reason: DeadLetterReason; readonly detail: string } | null {
    if (stream === null || stream.spec.table === null) {
      return { reason: 'unknown_message', detail: 'the market stores no stream of this name' }
    }
    const stamp = stampOf(record, batch, event)
    if (this.options.imports || !isAbsurd(stamp)) return null
    return {
      reason: 'absurd_time',
      detail: `event time ${stamp.eventUs} us, received ${stamp.receivedUs} us`,
    }
  }

  private quote(state: KeyState, batch: EventBatch, event: number): void {
    state.counters.received += 1
    state.counters.filtered += 1
    state.keeper?.quotes.add(batch, event)
  }

  private message(
    record: JournalRecord,
    state: KeyState,
    stream: StreamState,
    batch: EventBatch,
    event: number,
    index: number,
  ): void {
    const { counters, keeper } = state
    const firstSeq = batch.firstSeq[event] as number
    const lastSeq = batch.lastSeq[event] as number
    const prevSeq = batch.prevSeq[event] as number
    const stands = judge(stream, firstSeq, lastSeq, prevSeq)
    counters.received += 1
    if (stands === 'duplicate') {
      counters.duplicates += 1
      return
    }
    counters.stored += 1
    if (stands === 'late') counters.late += 1
    else {
      const deadLetter = this.connections.get(record.connection)?.deadLetter ?? 0
      const sequenced = { record, index, firstSeq, lastSeq, prevSeq, deadLetter }
      passMessage(this.rows, this.options.writer, state, stream, stands, sequenced)
    }
    const stamp = stampOf(record, batch, event)
    if (batch.kind[event] === EventKind.trade) {
      this.rows.trade(state.key, stamp, batch, event)
      return
    }
    const own = keeper?.stream === stream.spec.name ? keeper : null
    const label = stands === 'late' ? 'stale' : bookLabel(own?.state ?? 'waiting')
    if (batch.kind[event] === EventKind.bookSnapshot) {
      this.rows.snapshot(state.key, stamp, batch, event, label, 'ws')
      return
    }
    this.rows.delta(state.key, stamp, batch, event, label)
    if (own === null || stands === 'late') return
    if (own.delta(batch, event, stamp, stands)) this.grid.checkpoint(state)
  }

  /** Stores the snapshots of an answer; answers the first one's index, -1 when there is none. */
  private storeAnswer(
    record: JournalRecord,
    context: AnswerContext,
    state: KeyState,
    batch: EventBatch,
  ): number {
    const { key, keeper, counters, market } = state
    const label = bookLabel(keeper?.stream === context.stream ? keeper.state : 'waiting')
    let usable = -1
    for (let event = 0; event < batch.count; event++) {
      assert(batch.kind[event] === EventKind.bookSnapshot, 'an answer holds book snapshots')
      const stamp = stampOf(record, batch, event)
      if (!this.options.imports && isAbsurd(stamp)) {
        const detail = `event time ${stamp.eventUs} us, received ${stamp.receivedUs} us`
        const about = {
          symbol: context.symbol,
          stream: context.stream,
          decoderVersion: market.decoderVersion,
          raw: record.payload,
        }
        this.writeDeadLetter(record, market, { reason: 'absurd_time', detail, ...about })
        continue
      }
      counters.received += 1
      counters.stored += 1
      this.rows.snapshot(key, stamp, batch, event, label, 'rest')
      if (usable < 0) usable = event
    }
    return usable
  }

  private writeDeadLetter(
    record: JournalRecord,
    market: ExchangeMarket,
    letter: Pick<DeadLetterRow, 'reason' | 'detail' | 'decoderVersion' | 'raw' | 'symbol' | 'stream'>,
  ): void {
    const isAnswer = record.kind === RecordKind.answer
    const connection = this.connections.get(record.connection)
    if (!isAnswer && connection !== undefined) connection.deadLetter = record.number
    if (!this.owns(market, letter.symbol)) return
    const counters = letter.symbol === '' ? this.unnamed : this.index.key(market, letter.symbol).counters
    counters.received += 1
    counters.deadLetters += 1
    this.rows.deadLetter({
      ...letter,
      market,
      connection: record.connection,
      source: isAnswer ? 'rest' : 'ws',
      receivedUs: record.receivedUs,
      frame: record.number,
    })
  }

  private makeKeeper(state: KeyState, stream: StreamState): BookKeeper {
    const { name, book } = stream.spec
    assert(book !== null, 'a book stream has a book rule')
    return new BookKeeper({
      stream: name,
      rule: book,
      depthCap: this.depthCap,
      held: this.options.held ?? HELD_BOUNDS,
      counters: state.counters,
      ask: (resync) => this.options.wantSnapshot(requestOf(state.key, name, resync)),
    })
  }

  private readonly owns = (market: ExchangeMarket, symbol: string): boolean =>
    this.options.owns?.({ exchange: market.exchange, market: market.market, symbol }) ?? true
}

/** See Normalizer. */
export function createNormalizer(options: NormalizerOptions): Normalizer {
  return new Normalizer(options)
}

function plainKey({ exchange, market, symbol }: InstrumentKey): InstrumentKey {
  return { exchange, market, symbol }
}

function requestOf(
  { exchange, market, symbol }: InstrumentKey,
  stream: string,
  resync: number,
): SnapshotRequest {
  return { exchange, market, symbol, stream, resync }
}
