import { findMarket } from '@cryptoflow/exchanges'
import { readRecords, writeImage } from '@cryptoflow/journal'
import {
  type ConnectNote,
  type DataFileOffer,
  type DecodeOutcome,
  decodeAnswerPayload,
  decodeNote,
  EventBatch,
  type ExchangeMarket,
  type JournalBlock,
  type JournalRecord,
  type ObjectStore,
  type Probe,
  RecordKind,
  type StartNote,
  StringTable,
  type TableName,
} from '@cryptoflow/model'
import { createNormalizer, type ImageSettings, type SnapshotRequest } from '@cryptoflow/normalize'
import { entropy } from '@cryptoflow/runtime'
import { dataFileKey, sealRows } from '@cryptoflow/sink'
import { openPartitions } from './partitions.ts'

export interface LaneOptions {
  /** Journal id: it stands in every row. */
  readonly writer: string
  readonly namespace: string
  readonly store: ObjectStore
  /** Where state images are kept; null keeps none (nothing to resume: one pass over a finite input). */
  readonly imageDirectory: string | null
  /** State to begin from; null: the journal's beginning. */
  readonly image: Uint8Array | null
  readonly images: ImageSettings
  readonly compression: 'zstd' | 'snappy'
  /** Rows of captures: no check against the present. */
  readonly isImport: boolean
  readonly probe?: Probe
}

/** What a stretch of journal became, so far. */
export interface LaneProgress {
  /** Rows that wait for the next barrier. */
  readonly rowsWaiting: number
  readonly lastRecord: number
  readonly lastReceivedUs: number
  /** Books to be fetched, in the order they were missed. */
  readonly wanted: readonly SnapshotRequest[]
  readonly rows: number
  readonly gaps: number
  readonly duplicates: number
  readonly deadLetters: number
}

/** All rows of the records up to a barrier, as durable files, and the state after it. */
export interface Cut {
  readonly tables: Readonly<Partial<Record<TableName, readonly DataFileOffer[]>>>
  /** Hash of the state image; empty without an image directory. */
  readonly image: string
  readonly progress: Readonly<Record<string, number>>
  readonly to: number
}

/** Frames by what they became, for reports on a replay. */
export interface FrameTally {
  readonly decoded: Record<string, number>
  readonly ignored: Record<string, number>
  readonly deadLetters: Record<string, number>
}

/**
 * Bytes -> events -> rows -> files for the journal it is fed, in order. No clock, no network: the same blocks
 * give the same rows wherever the barriers lie.
 */
export interface Lane {
  accept(block: JournalBlock): LaneProgress
  /** Snapshot requests that the present state still waits for. */
  outstanding(): readonly SnapshotRequest[]
  cut(epoch: number): Promise<Cut>
  tally(): FrameTally
}

export function createLane(options: LaneOptions): Lane {
  const names = new StringTable()
  const batch = new EventBatch(names)
  const partitions = openPartitions(names)
  let wanted: SnapshotRequest[] = []
  const normalizer = createNormalizer({
    writer: options.writer,
    names,
    findMarket,
    rowsFor: partitions.rowsFor,
    wantSnapshot: (request) => wanted.push(request),
    images: options.images,
    imports: options.isImport,
  })
  if (options.image !== null) normalizer.restore(options.image)
  const tally = openTally()
  let lastRecord = 0
  let lastReceivedUs = 0

  const decodeFrame = (record: JournalRecord): void => {
    const market = normalizer.marketOf(record.connection)
    if (market === null) return
    batch.clear()
    const outcome = market.decodeFrame(record.payload, batch)
    tally.count(outcome)
    if (outcome.kind === 'events') normalizer.events(record, market, batch)
    else if (outcome.kind === 'malformed' || outcome.kind === 'unknown') {
      normalizer.deadLetter(record, market, outcome.reason, outcome.detail, record.payload)
    }
  }
  const decodeAnswer = (record: JournalRecord): void => {
    const { context, body } = decodeAnswerPayload(record.payload)
    const market = findMarket(context.exchange, context.market)
    batch.clear()
    const outcome = market.decodeAnswer(context, body, batch)
    tally.count(outcome)
    if (outcome.kind === 'events') normalizer.answer(record, context, market, batch)
    else if (outcome.kind === 'malformed' || outcome.kind === 'unknown') {
      normalizer.deadLetter(record, market, outcome.reason, outcome.detail, body)
    }
  }
  const take = (record: JournalRecord): void => {
    switch (record.kind) {
      case RecordKind.frame:
        decodeFrame(record)
        break
      case RecordKind.answer:
        decodeAnswer(record)
        break
      case RecordKind.connect:
        normalizer.connect(record, decodeNote<ConnectNote>(record.payload))
        break
      case RecordKind.disconnect:
        normalizer.disconnect(record)
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
    }
  }

  return {
    accept(block) {
      for (const record of readRecords(block)) {
        take(record)
        lastRecord = record.number
        lastReceivedUs = record.receivedUs
      }
      const { counters } = normalizer
      const progress = { rowsWaiting: partitions.rowCount(), lastRecord, lastReceivedUs, wanted, ...counters }
      wanted = []
      return progress
    },
    outstanding: () => normalizer.outstanding(),
    async cut(epoch) {
      const to = lastRecord
      const image = normalizer.image()
      const tables = await sealAll(options, epoch, partitions.take())
      const { imageDirectory, probe } = options
      const hash = imageDirectory === null ? '' : await writeImage(imageDirectory, image, probe)
      return { tables, image: hash, progress: normalizer.progress(), to }
    },
    tally: tally.read,
  }
}

async function sealAll(
  options: LaneOptions,
  epoch: number,
  partitions: ReturnType<ReturnType<typeof openPartitions>['take']>,
): Promise<Cut['tables']> {
  const offers: Partial<Record<TableName, DataFileOffer[]>> = {}
  for (const { table, values, buffer } of partitions) {
    const files = offers[table] ?? []
    offers[table] = files
    for (const file of sealRows(buffer, { compression: options.compression })) {
      const part = files.length
      const name = { entropy: entropy(3), writer: options.writer, epoch, table, part, nonce: entropy(4) }
      const key = `${options.namespace}/${dataFileKey(name)}`
      await options.store.put(key, file.bytes)
      const { bytes, ...metrics } = file
      files.push({
        location: options.store.location(key),
        bytes: bytes.length,
        partition: values,
        ...metrics,
      })
    }
  }
  return offers
}

function openTally(): { count(outcome: DecodeOutcome): void; read(): FrameTally } {
  const decoded = new Map<string, number>()
  const ignored = new Map<string, number>()
  const deadLetters = new Map<string, number>()
  const more = (counts: Map<string, number>, name: string): void => {
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return {
    count(outcome) {
      if (outcome.kind === 'events') more(decoded, 'events')
      else if (outcome.kind === 'ignored') more(ignored, outcome.reason)
      else if (outcome.kind === 'unknown' || outcome.kind === 'malformed') more(deadLetters, outcome.reason)
      else more(ignored, outcome.kind)
    },
    read: () => ({
      decoded: Object.fromEntries(decoded),
      ignored: Object.fromEntries(ignored),
      deadLetters: Object.fromEntries(deadLetters),
    }),
  }
}
