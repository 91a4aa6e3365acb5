import {
  type AnswerContext,
  type AuditNote,
  assert,
  type ConnectNote,
  type DeadLetterReason,
  type DisconnectNote,
  decodeAnswerPayload,
  type EventBatch,
  type ExchangeMarket,
  type ImageOptions,
  type ImagesNote,
  type InstrumentKey,
  type JournalRecord,
  type Operators,
  RecordKind,
  type RedriveNote,
  type StartNote,
  type StoredTables,
} from '@cryptoflow/model'
import { takeAnswer } from './answers.ts'
import { type Connection, countFrame, createConnection } from './connection.ts'
import { addCounters, type Counters, createCounters } from './counters.ts'
import { Coverage } from './coverage.ts'
import { numeral } from './decimals-image.ts'
import { EventFlow } from './event-flow.ts'
import type { FlowParts } from './flow-parts.ts'
import { openAtStop } from './gap-rows.ts'
import { ImageGrid, imageDefaults } from './image-grid.ts'
import { countsOf, isAuditable, KeyIndex } from './key-state.ts'
import { legEnded, legsEnded, legsOverdue } from './leg-flow.ts'
import { doubtBooks, loseFrames } from './lost-frames.ts'
import { makeKeeper } from './make-keeper.ts'
import { type NormalizerOptions, requestOf, type SnapshotRequest } from './normalizer-options.ts'
import { BarGrid } from './operators/bar-grid.ts'
import { tallyOperators } from './operators/tally.ts'
import { redriveRows } from './redrive.ts'
import { restoreKey } from './restore-key.ts'
import { nameId } from './row-ids.ts'
import { createRowSink, type RowSink, storeOnly } from './row-sink.ts'
import { decodeStateImage, encodeStateImage, keyImages, STATE_IMAGE_VERSION } from './state-image.ts'
import { interrupt, leaveConnection } from './stream.ts'
import { cutStreamBook } from './stream-book-flow.ts'
import { carry, carryForAll } from './subscriptions.ts'

/** What happened to the messages of a key, and how many bids and asks its book holds; null: it has none now. */
export interface KeyCounters {
  readonly key: InstrumentKey
  readonly counters: Readonly<Counters>
  readonly levels: readonly [bids: number, asks: number] | null
}

/**
 * Turns the records of one journal, in their order, into rows.
 *
 * One method per record kind; every lane hears all records and writes rows of its own keys. Nothing here waits,
 * asks a clock or fails on what comes from the wire.
 */
export class Normalizer {
  private readonly options: NormalizerOptions
  private readonly sink: RowSink
  private readonly index: KeyIndex
  private readonly grid: ImageGrid
  private readonly bars: BarGrid
  private readonly coverage: Coverage
  /** Where the journal does not say it. */
  private readonly ownImages: ImageOptions
  /** Open connections by the numbers of the records that opened them. */
  private readonly connections = new Map<number, Connection>()
  private readonly parts: FlowParts
  private readonly flow: EventFlow
  /** As the last start said. */
  private stored: StoredTables | undefined
  private operators: Operators | undefined
  private madeImages: ImageOptions | undefined

  constructor(options: NormalizerOptions) {
    this.ownImages = { ...imageDefaults, ...options.images }
    nameId(options.names, '')
    this.options = options
    this.sink = createRowSink(options)
    this.index = new KeyIndex(options.names, (state, stream) =>
      makeKeeper(options, () => this.grid.options.depthCap, state, stream),
    )
    this.grid = new ImageGrid(this.ownImages, options.writer, this.sink, this.index.keys, options.span)
    this.bars = new BarGrid(this.sink, this.index.keys, options.span)
    this.coverage = new Coverage(options.writer, this.sink, this.index)
    this.parts = {
      writer: options.writer,
      names: options.names,
      imports: options.imports ?? false,
      sink: this.sink,
      index: this.index,
      grid: this.grid,
      connections: this.connections,
      letters: { last: 0 },
      legs: { dueUs: Number.POSITIVE_INFINITY },
      owns: this.owns,
    }
    this.flow = new EventFlow(this.parts)
  }

  /** A connection opened: its streams are carried by it, and a book heard of for the first time is asked for. */
  connect(record: JournalRecord, note: ConnectNote): void {
    this.advance(record)
    const market = this.options.findMarket(note.exchange, note.market)
    const wide = note.subscriptions.filter(({ symbol }) => symbol === '').map(({ stream }) => stream)
    this.connections.set(record.number, createConnection(market, wide))
    for (const subscription of note.subscriptions) {
      const { symbol, stream } = subscription
      if (symbol === '') carryForAll(this.index, market, stream, record.number)
      else if (this.owns(market, symbol))
        carry(this.index, this.index.key(market, symbol), subscription, record.number)
    }
  }

  /** A connection ended: the next message of each of its streams tells whether something was missed. */
  disconnect(record: JournalRecord, note?: DisconnectNote): void {
    this.advance(record)
    for (const state of this.index.keys) {
      for (const stream of state.streams) {
        const isCut = leaveConnection(stream, record.connection, note?.cause)
        legEnded(this.parts, state, stream, record, record.connection)
        if (isCut) cutStreamBook(state, stream)
      }
    }
    this.connections.delete(record.connection)
  }

  /** A process began to write. Streams without an open gap were not stopped before it: they were cut short. */
  start(record: JournalRecord, note: StartNote): void {
    this.grid.advance(record.receivedUs)
    this.grid.closeDerived()
    // This process looks at the disk anew. Holes stay open until the first image.
    this.grid.isWithheld = false
    this.makeImages(note.images)
    this.bars.advance(record)
    this.coverage.restart(record)
    legsEnded(this.parts, record)
    this.stored = note.stored
    storeOnly(this.sink, note.stored)
    this.operators = note.operators
    this.index.use(note.operators)
    this.bars.replan(record)
    for (const state of this.index.keys) {
      for (const stream of state.streams) {
        stream.connections = []
        interrupt(stream, 'restart')
        cutStreamBook(state, stream)
      }
      // Nobody waits for the answer any more.
      if (state.keeper !== null) state.keeper.audits.second = null
    }
    this.connections.clear()
  }

  /** The process stops on purpose: every stream gets an open gap that the next message closes. */
  stop(record: JournalRecord): void {
    this.advance(record)
    legsEnded(this.parts, record)
    this.grid.closeDerived()
    this.bars.stop(record)
    for (const state of this.index.keys) {
      for (const stream of state.streams) {
        openAtStop(this.sink, this.options.writer, state, stream, record)
      }
    }
  }

  clock(record: JournalRecord): void {
    this.advance(record)
  }

  /** The disk has no room for images of our own books any more, or has it again. */
  images(record: JournalRecord, { made }: ImagesNote): void {
    this.advance(record)
    if (made) this.grid.make()
    else this.grid.withhold(record)
  }

  /** The market that a connection speaks; null when no such connection is open. */
  marketOf(connection: number): ExchangeMarket | null {
    return this.connections.get(connection)?.market ?? null
  }

  /**
   * Events `from ... to - 1` of a batch were decoded from this frame; default all of them.
   *
   * `connectionSeq` as the decoder left it in `EventBatch`; NaN where the exchange counts no frames. Of one that does,
   * every frame must be told, also those without events: what is not told is missing.
   */
  events(
    record: JournalRecord,
    market: ExchangeMarket,
    batch: EventBatch,
    from = 0,
    to = batch.count,
    connectionSeq = Number.NaN,
  ): void {
    assert(batch.names === this.options.names, 'batches and normalizer share one string table')
    this.advance(record)
    const { flow, sink } = this
    const isCounted = !Number.isNaN(connectionSeq)
    if (isCounted && !this.counts(record, connectionSeq)) {
      for (let event = from; event < to; event++) flow.repeat(market, batch, event)
      return
    }
    if (isCounted) sink.connectionSeq = connectionSeq
    for (let event = from; event < to; event++) flow.event(record, market, batch, event, event - from)
    if (isCounted) sink.connectionSeq = Number.NaN
  }

  /**
   * A REST answer: all events of the batch come from its body.
   *
   * Of a book stream they are snapshots; an empty batch (another status than 200, a body that could not be read)
   * makes the book ask again. Of every other stream they are messages like those of a frame.
   */
  answer(record: JournalRecord, context: AnswerContext, batch: EventBatch): void {
    assert(batch.names === this.options.names, 'batches and normalizer share one string table')
    this.advance(record)
    const market = this.options.findMarket(context.exchange, context.market)
    takeAnswer(this.parts, this.flow, record, market, context, batch)
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
    this.advance(record)
    const about = record.kind === RecordKind.answer ? decodeAnswerPayload(record.payload).context : null
    const symbol = about?.symbol ?? ''
    const stream = about?.stream ?? null
    const connection = this.connections.get(record.connection)
    if (connection !== undefined && about === null) {
      connection.deadLetter = record.number
      this.parts.letters.last = record.number
      if (reason !== 'unknown_message') doubtBooks(this.index.keys, record.connection, record.number)
    }
    this.flow.deadLetter(record, market, { reason, detail, decoderVersion, raw, symbol, stream })
  }

  /** A book is about to be asked for, to be compared with ours; or it will not be after all. */
  audit(record: JournalRecord, { exchange, market: name, symbol, stream, state }: AuditNote): void {
    this.advance(record)
    const market = this.options.findMarket(exchange, name)
    if (!this.owns(market, symbol)) return
    const { keeper } = this.index.key(market, symbol)
    if (keeper === null || keeper.stream !== stream || !isAuditable(keeper)) return
    if (state === 'asked') keeper.audits.begin(record.number, keeper)
    else keeper.audits.second = null
  }

  /** A dead letter is read again: `batch` holds what the present decoder reads in it. */
  redrive(record: JournalRecord, note: RedriveNote, batch: EventBatch): void {
    assert(batch.names === this.options.names, 'batches and normalizer share one string table')
    const market = this.options.findMarket(note.exchange, note.market)
    if (this.owns(market, note.symbol)) redriveRows(this.sink, record, market, note, batch)
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
      minute: numeral(this.coverage.minute),
      barCell: numeral(this.bars.cell),
      ...(this.grid.isWithheld ? { isWithheld: true } : {}),
      connections: Array.from(this.connections, ([number, connection]) => ({
        number,
        exchange: connection.market.exchange,
        market: connection.market.market,
        marketWide: connection.marketWide,
        deadLetter: connection.deadLetter,
        lastSeq: connection.lastSeq,
        lastFrame: connection.lastFrame,
      })),
      ...(this.stored === undefined ? {} : { stored: this.stored }),
      ...(this.operators === undefined ? {} : { operators: this.operators }),
      ...(this.madeImages === undefined ? {} : { images: this.madeImages }),
      ...keyImages([...this.index.states()]),
    })
  }

  /**
   * Goes on from a state image; only before the first record. With another number of lanes than before, called
   * once per old lane's image: each lane takes its own keys. Throws when the bytes are no image of this version.
   */
  restore(bytes: Uint8Array): void {
    const image = decodeStateImage(bytes)
    this.makeImages(image.images)
    this.grid.resume(
      image.derivedCell ?? Number.NEGATIVE_INFINITY,
      image.checkpointCell ?? Number.NEGATIVE_INFINITY,
      image.isWithheld ?? false,
    )
    this.coverage.resume(image.minute ?? Number.NEGATIVE_INFINITY)
    this.bars.resume(image.barCell ?? Number.NEGATIVE_INFINITY)
    this.parts.legs.dueUs = Number.NEGATIVE_INFINITY
    for (const { number, exchange, market, ...saved } of image.connections) {
      this.connections.set(number, { ...saved, market: this.options.findMarket(exchange, market) })
      this.parts.letters.last = Math.max(this.parts.letters.last, saved.deadLetter)
    }
    this.stored = image.stored
    storeOnly(this.sink, image.stored)
    this.operators = image.operators
    this.index.use(image.operators)
    const markets = image.markets.map(([exchange, market]) => this.options.findMarket(exchange, market))
    for (const saved of image.keys) {
      const market = markets[saved.market] as ExchangeMarket
      if (this.owns(market, saved.symbol)) restoreKey(this.index, market, saved, this.grid.options.depthCap)
    }
  }

  /** Counts of this process over all keys, and all rows that it wrote. */
  get counters(): Counters & { readonly rows: number } {
    const total = createCounters()
    for (const state of this.index.states()) addCounters(total, countsOf(state))
    return { ...total, rows: this.sink.written }
  }

  /** Counts of this process per key, in order of first sight. */
  keyCounters(): KeyCounters[] {
    return this.index.keys.map((state) => {
      const book = state.keeper?.book ?? null
      const levels = book === null ? null : ([book.bids.count, book.asks.count] as const)
      return { key: plainKey(state.key), counters: countsOf(state), levels }
    })
  }

  /** What the operators did in this process. */
  operatorTallies(): ReturnType<typeof tallyOperators> {
    return tallyOperators(this.index.states())
  }

  /** Last sequence heard per stream that has one: the progress that rides in an epoch. */
  progress(): { readonly key: InstrumentKey; readonly stream: string; readonly lastSeq: number }[] {
    return this.index.keys.flatMap(({ key, streams }) =>
      streams
        .filter(({ lastSeq }) => Number.isFinite(lastSeq))
        .map(({ spec, lastSeq }) => ({ key: plainKey(key), stream: spec.name, lastSeq })),
    )
  }

  /** A record is about to be applied: what its time completes is written. */
  private advance(record: JournalRecord): void {
    this.grid.advance(record.receivedUs)
    this.bars.advance(record)
    this.coverage.advance(record)
    if (record.receivedUs >= this.parts.legs.dueUs) legsOverdue(this.parts, record)
  }

  /** Images are made so from here on, by what the journal says; undefined: it says nothing. */
  private makeImages(told: ImageOptions | undefined): void {
    this.madeImages = told
    const images = this.options.isOwnImages === true ? this.ownImages : (told ?? this.ownImages)
    this.grid.replan(images)
  }

  /** Counts a frame of a connection; false when it was heard before. Frames that never came cost what they carried. */
  private counts(record: JournalRecord, seq: number): boolean {
    const connection = this.connections.get(record.connection)
    if (connection === undefined) return true
    // One that could not be read had perhaps a number that nobody saw.
    const cause = connection.deadLetter > connection.lastFrame ? 'undecodable' : 'sequence'
    const standing = countFrame(connection, seq, record.number)
    if (standing === 'hole') {
      loseFrames(this.index.keys, record.connection, cause, connection.deadLetter)
      this.options.wantReplace?.(record.connection)
    }
    return standing !== 'repeat'
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
