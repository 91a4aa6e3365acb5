import {
  type AnswerContext,
  assert,
  type ConnectNote,
  type DeadLetterReason,
  type DisconnectNote,
  decodeAnswerPayload,
  type EventBatch,
  type ExchangeMarket,
  type InstrumentKey,
  type JournalRecord,
  type Market,
  RecordKind,
  type StartNote,
  type StringTable,
} from '@cryptoflow/model'
import { BookKeeper } from './book-keeper.ts'
import { addCounters, type Counters } from './counters.ts'
import { type Connection, EventFlow } from './event-flow.ts'
import { openAtStop } from './gap-rows.ts'
import { HELD_BOUNDS, type HeldBounds } from './held.ts'
import { ImageGrid, type ImageOptions, imageDefaults } from './image-grid.ts'
import { KeyIndex, type KeyState } from './key-state.ts'
import type { RowsFor, RowWriter } from './row-types.ts'
import { createRowWriter, nameId } from './rows.ts'
import { stampOf } from './stamps.ts'
import {
  decodeStateImage,
  encodeStateImage,
  keyImage,
  numeral,
  restoreKeeper,
  restoreStream,
  STATE_IMAGE_VERSION,
} from './state-image.ts'
import { interrupt, leaveConnection, type StreamState } from './stream.ts'

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
  private readonly flow: EventFlow

  constructor(options: NormalizerOptions) {
    const images = { ...imageDefaults, ...options.images }
    nameId(options.names, '')
    this.options = options
    this.depthCap = images.depthCap
    this.rows = createRowWriter(options)
    this.index = new KeyIndex(options.names, (state, stream) => this.makeKeeper(state, stream))
    this.grid = new ImageGrid(images, this.rows, this.index.keys)
    this.flow = new EventFlow({
      writer: options.writer,
      names: options.names,
      imports: options.imports ?? false,
      rows: this.rows,
      index: this.index,
      grid: this.grid,
      connections: this.connections,
      owns: this.owns,
    })
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

  /** A process began to write. Streams without an open gap were not stopped before it: they were cut short. */
  start(record: JournalRecord, _note: StartNote): void {
    this.grid.advance(record.receivedUs)
    this.grid.closeDerived()
    for (const { streams } of this.index.keys) {
      for (const stream of streams.values()) {
        stream.connections = []
        interrupt(stream, 'restart')
      }
    }
    this.connections.clear()
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
    for (let event = from; event < to; event++) this.flow.event(record, market, batch, event, event - from)
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
    const usable = this.flow.answer(record, context, state, batch)
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
    const connection = this.connections.get(record.connection)
    if (connection !== undefined && about === null) connection.deadLetter = record.number
    this.flow.deadLetter(record, market, { reason, detail, decoderVersion, raw, symbol, stream })
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
    const total = { ...this.flow.unnamed }
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
