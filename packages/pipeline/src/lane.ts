import { findMarket } from '@cryptoflow/exchanges'
import { type Disk, isDiskFull, readRecords, writeImage } from '@cryptoflow/journal'
import {
  type AuditNote,
  assert,
  type ConnectNote,
  tables as contracts,
  type DataFileOffer,
  type DecodeOutcome,
  type DisconnectNote,
  decodeAnswerPayload,
  decodeNote,
  decodeRedrivePayload,
  EventBatch,
  type ExchangeMarket,
  type ImageOptions,
  type ImagesNote,
  type InstrumentKey,
  type JournalBlock,
  type JournalRecord,
  keyText,
  type ObjectStore,
  type Probe,
  RecordKind,
  type StartNote,
  StringTable,
  type TableName,
} from '@cryptoflow/model'
import { createNormalizer, FrameRun, type Normalizer, type SnapshotRequest } from '@cryptoflow/normalize'
import { CryptoFlowError, entropy } from '@cryptoflow/runtime'
import { dataFileKey, type FileBounds, offerOf, sealRows } from '@cryptoflow/sink'
import { decodeAnswered } from './answered.ts'
import { type BookCheck, bookChecks } from './book-checks.ts'
import {
  deadLetterMeasures,
  gapMeasures,
  openKeyMeter,
  openOperatorMeter,
  openSpanMeter,
  openStreamMeter,
} from './lane-measures.ts'
import { decodeLetter } from './letters.ts'
import type { BlockMeasures, CutMeasures, FileMeasure } from './measure.ts'
import { type OpenPartition, openPartitions } from './partitions.ts'
import { type FrameTally, openTally } from './tally.ts'
import { openUnreadable, type UnreadableFrames } from './unreadable-frames.ts'
import { VERSION } from './version.ts'

export interface LaneOptions {
  /** Journal id: it stands in every row. */
  readonly writer: string
  readonly namespace: string
  readonly store: ObjectStore
  /** Takes back a file that was put for a cut that never was. */
  readonly discard: (key: string) => Promise<void>
  /** Where state images are kept; null keeps none (nothing to resume: one pass over a finite input). */
  readonly imageDirectory: string | null
  /** The disk of that directory; default: the machine's. */
  readonly imageDisk?: Disk
  /** State to begin from; null: the journal's beginning. */
  readonly image: Uint8Array | null
  /** Where the journal does not say how images are made, and with `isOwnImages` whatever it says. */
  readonly images: ImageOptions
  readonly isOwnImages?: boolean
  readonly compression: 'zstd' | 'snappy'
  /** Default: the sink's own. */
  readonly fileBounds?: FileBounds | undefined
  /** Rows of captures: no check against the present. */
  readonly isImport: boolean
  readonly probe?: Probe
  /** Keys that belong to this lane, where several read one journal; default all. A dead letter may have symbol ''. */
  readonly owns?: (key: InstrumentKey) => boolean
  /** Partitions that files are made of, where only some are needed; default all. */
  readonly keeps?: (partition: Pick<OpenPartition, 'table' | 'values'>) => boolean
  /** For measurements alone: no row depends on it. */
  readonly nowUs: () => number
}

/** What a stretch of journal became, so far. */
export interface LaneProgress {
  /** Rows that wait for the next barrier. */
  readonly rowsWaiting: number
  readonly lastRecord: number
  readonly lastReceivedUs: number
  /** Books to be fetched, in the order they were missed. */
  readonly wanted: readonly SnapshotRequest[]
  /** Connections that the exchange said it will end. */
  readonly closing: readonly number[]
  /** Connections whose count of frames has a hole, and which carry books that cannot prove themselves otherwise. */
  readonly broken: readonly number[]
  /** Connections of which frames could not be read, in this stretch. */
  readonly unreadable: readonly UnreadableFrames[]
  readonly rows: number
  readonly gaps: number
  readonly duplicates: number
  readonly deadLetters: number
  readonly measures: BlockMeasures
}

/** All rows of the records up to a barrier, as durable files, and the state after it. */
export interface Cut {
  readonly tables: Readonly<Partial<Record<TableName, readonly DataFileOffer[]>>>
  /** Hash of the state image; empty without an image directory. */
  readonly image: string
  readonly progress: Readonly<Record<string, number>>
  readonly to: number
  readonly measures: CutMeasures
}

/**
 * Bytes -> events -> rows -> files for the journal it is fed, in order. No clock, no network: the same blocks
 * give the same rows wherever the barriers lie.
 */
export interface Lane {
  accept(block: JournalBlock): LaneProgress
  /** Snapshot requests that the present state still waits for. */
  outstanding(): readonly SnapshotRequest[]
  /**
   * On a disk that is full beyond its reserve it throws `disk`, `retry`, and no file of it is left. The rows are gone
   * from memory: make a new lane from the last seal, and cut less (K8).
   */
  cut(epoch: number): Promise<Cut>
  tally(): FrameTally
  /** What the books of this process were compared with, per key. */
  books(): BookCheck[]
}

export function createLane(options: LaneOptions): Lane {
  const names = new StringTable()
  const batch = new EventBatch(names)
  const partitions = openPartitions(names)
  let wanted: SnapshotRequest[] = []
  let closing: number[] = []
  let broken: number[] = []
  const unreadable = openUnreadable()
  const spans = openSpanMeter(options.nowUs)
  const normalizer = createNormalizer({
    writer: options.writer,
    names,
    findMarket,
    rowsFor: partitions.rowsFor,
    wantSnapshot: (request) => wanted.push(request),
    wantReplace: (connection) => broken.push(connection),
    images: options.images,
    isOwnImages: options.isOwnImages ?? false,
    imports: options.isImport,
    span: spans.span,
    ...(options.owns === undefined ? {} : { owns: options.owns }),
  })
  if (options.image !== null) normalizer.restore(options.image)
  const run = new FrameRun(normalizer, batch, spans.span)
  const tally = openTally()
  const streams = openStreamMeter((id) => names.text(id))
  const keys = openKeyMeter(normalizer)
  const operators = openOperatorMeter(normalizer)
  let lastRecord = 0
  let lastReceivedUs = 0

  const frame = (record: JournalRecord): void => {
    const market = normalizer.marketOf(record.connection)
    assert(market !== null, 'a frame belongs to a connection that was opened')
    const from = batch.count
    // Only decoders of exchanges that count their frames say which one it is.
    batch.connectionSeq = Number.NaN
    const outcome = market.decodeFrame(record.payload, batch)
    tally.count(market, outcome, batch, from)
    streams.count(market, batch, from, record.receivedUs)
    unreadable.frames(record.connection)
    const { connectionSeq } = batch
    if (outcome.kind === 'events' || !Number.isNaN(connectionSeq)) run.add(record, market, connectionSeq)
    if (outcome.kind === 'closing') closing.push(record.connection)
    else if (outcome.kind === 'malformed' || outcome.kind === 'unknown') {
      unreadable.deadLetter(record.connection)
      run.flush()
      bury(record, market, outcome, record.payload)
    }
  }
  const answer = (record: JournalRecord): void => {
    const { context, body } = decodeAnswerPayload(record.payload)
    const market = findMarket(context.exchange, context.market)
    const outcome = decodeAnswered(market, context, body, batch)
    tally.count(market, outcome, batch, 0)
    streams.count(market, batch, 0, record.receivedUs)
    if (outcome.kind === 'malformed' || outcome.kind === 'unknown') bury(record, market, outcome, body)
    normalizer.answer(record, context, batch)
    batch.clear()
  }
  const bury = (
    record: JournalRecord,
    market: ExchangeMarket,
    { reason, detail }: Extract<DecodeOutcome, { kind: 'malformed' | 'unknown' }>,
    raw: Uint8Array,
  ): void => normalizer.deadLetter(record, market, reason, detail, market.decoderVersion, raw)

  const redrive = (record: JournalRecord): void => {
    const { note, raw } = decodeRedrivePayload(record.payload)
    decodeLetter(findMarket(note.exchange, note.market), note, raw, batch)
    normalizer.redrive(record, note, batch)
    batch.clear()
  }

  const take = (record: JournalRecord): void => {
    if (record.kind !== RecordKind.frame) run.flush()
    switch (record.kind) {
      case RecordKind.frame:
        frame(record)
        break
      case RecordKind.answer:
        answer(record)
        break
      case RecordKind.connect:
        normalizer.connect(record, decodeNote<ConnectNote>(record.payload))
        break
      case RecordKind.disconnect:
        normalizer.disconnect(record, decodeNote<DisconnectNote>(record.payload))
        break
      case RecordKind.clock:
        normalizer.clock(record)
        break
      case RecordKind.start:
        normalizer.start(record, decodeNote<StartNote>(record.payload))
        break
      case RecordKind.stop:
        normalizer.stop(record)
        break
      case RecordKind.images:
        normalizer.images(record, decodeNote<ImagesNote>(record.payload))
        break
      case RecordKind.audit:
        normalizer.audit(record, decodeNote<AuditNote>(record.payload))
        break
      case RecordKind.redrive:
        redrive(record)
        break
      default:
        refuseKind(record)
    }
  }

  return {
    accept(block) {
      const beganUs = options.nowUs()
      for (const record of readRecords(block)) {
        take(record)
        lastRecord = record.number
        lastReceivedUs = record.receivedUs
      }
      run.flush()
      const { rows, gaps, duplicates, deadLetters } = normalizer.counters
      const rowsWaiting = partitions.rowCount()
      const progress = {
        rowsWaiting,
        lastRecord,
        lastReceivedUs,
        wanted,
        closing,
        broken,
        unreadable: unreadable.take(),
        rows,
        gaps,
        duplicates,
        deadLetters,
        measures: {
          seconds: (options.nowUs() - beganUs) / 1e6,
          operators: spans.take(),
          streams: streams.take(),
        },
      }
      wanted = []
      closing = []
      broken = []
      return progress
    },
    outstanding: () => normalizer.outstanding(),
    async cut(epoch) {
      const to = lastRecord
      const image = normalizer.image()
      const progress = progressOf(normalizer)
      const { imageDirectory, imageDisk, probe } = options
      const taken = partitions.take().filter(options.keeps ?? (() => true))
      const gaps = gapMeasures(taken)
      const deadLetters = deadLetterMeasures(taken)
      const put: string[] = []
      try {
        const { tables, files } = await sealAll(options, epoch, taken, put)
        const hash = imageDirectory === null ? '' : await writeImage(imageDirectory, image, probe, imageDisk)
        return {
          tables,
          image: hash,
          progress,
          to,
          measures: { files, gaps, deadLetters, ...keys.take(), ...operators.take() },
        }
      } catch (error) {
        if (!isDiskFull(error)) throw error
        for (const key of put) await options.discard(key)
        throw noRoom(to, error)
      }
    },
    tally: tally.read,
    books: () => bookChecks(normalizer),
  }
}

/** What rows depend on and this version does not know must not be passed over. */
function refuseKind({ kind, number }: JournalRecord): never {
  throw new CryptoFlowError(
    `reading the journal found record ${number} of kind ${kind}: a newer version wrote it`,
    {
      kind: 'usage',
      reaction: 'stop',
      context: { record: number, kind },
    },
  )
}

function noRoom(to: number, cause: unknown): CryptoFlowError {
  const context = { to }
  return new CryptoFlowError('cutting an epoch found the disk full, its reserve included', {
    kind: 'disk',
    reaction: 'retry',
    context,
    cause,
  })
}

/** Last sequence per key and stream, as it rides in the epoch. */
function progressOf(normalizer: Normalizer): Record<string, number> {
  const entries = normalizer
    .progress()
    .map(({ key, stream, lastSeq }) => [`${keyText(key)}\0${stream}`, lastSeq])
  return Object.fromEntries(entries)
}

async function sealAll(
  options: LaneOptions,
  epoch: number,
  partitions: ReturnType<ReturnType<typeof openPartitions>['take']>,
  put: string[],
): Promise<{ readonly tables: Cut['tables']; readonly files: readonly FileMeasure[] }> {
  const offers: Partial<Record<TableName, DataFileOffer[]>> = {}
  const measured: FileMeasure[] = []
  const { compression, fileBounds: bounds } = options
  const encoding = { compression, bounds, version: VERSION }
  for (const { table, values, buffer } of partitions) {
    const files = offers[table] ?? []
    offers[table] = files
    let beganUs = options.nowUs()
    for (const file of sealRows(buffer, encoding)) {
      const part = files.length
      const name = { entropy: entropy(3), writer: options.writer, epoch, table, part, nonce: entropy(4) }
      const key = `${options.namespace}/${dataFileKey(name)}`
      await options.store.put(key, file.bytes)
      put.push(key)
      files.push(
        offerOf(file, contracts[table], { location: options.store.location(key), partition: values }),
      )
      const endedUs = options.nowUs()
      const { rows, bytes } = files.at(-1) as DataFileOffer
      measured.push({ table, rows, bytes, seconds: (endedUs - beganUs) / 1e6 })
      beganUs = endedUs
    }
  }
  return { tables: offers, files: measured }
}
