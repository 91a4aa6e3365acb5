import {
  createRowBuffer,
  EventBatch,
  type ExchangeMarket,
  type JournalRecord,
  type Operators,
  RecordKind,
  type RowBuffer,
  StringTable,
  type TableName,
  tables,
} from '@cryptoflow/model'
import { createNormalizer, FrameRun } from '@cryptoflow/normalize'
import type { BenchFrame, FrameSet } from './frames.ts'

/** Whoever makes rows of frames, one after another. */
export interface RowReader {
  /** Rows since the last `reset`, by table. */
  readonly tables: ReadonlyMap<TableName, RowBuffer>
  read(frame: BenchFrame, number: number): void
  /** Forgets the rows and keeps their room. */
  reset(): void
}

/** Tables about what was received, which no yardstick makes. */
export function isTruthTable(table: TableName): boolean {
  return table === 'gaps' || table === 'coverage'
}

/** What the rows say they come from. */
export const WRITER = 'bench'

/**
 * Our decoder and normalizer: bytes to rows in columns, with no memory of frames before the first. `also` is done with
 * the events of each frame, which begin at `from`.
 */
export function openOurs(
  set: FrameSet,
  buffers: RowBuffers = openBuffers(),
  also: (batch: EventBatch, from: number) => void = () => {},
  operators: Operators = {},
): RowReader {
  const { names, batch } = buffers
  batch.clear()
  const bookless = new Map(set.sources.map((market) => [market, withoutBooks(market)]))
  const sources = set.sources.map((market) => bookless.get(market) as ExchangeMarket)
  const normalizer = createNormalizer({
    writer: WRITER,
    names,
    findMarket: (exchange, market) =>
      sources.find((known) => known.exchange === exchange && known.market === market) as ExchangeMarket,
    rowsFor: buffers.rowsFor,
    wantSnapshot: () => {},
    imports: true,
  })
  const record: JournalRecord = {
    number: 0,
    kind: RecordKind.connect,
    connection: 0,
    receivedUs: 0,
    payload: new Uint8Array(0),
  }
  normalizer.start(record, { lastRecord: 0, clean: true, version: WRITER, operators })
  for (const [source, { exchange, market }] of sources.entries()) {
    record.number = source + 1
    normalizer.connect(record, { exchange, market, subscriptions: [] })
  }
  record.kind = RecordKind.frame
  const run = new FrameRun(normalizer, batch)
  return {
    get tables() {
      run.flush()
      return buffers.tables
    },
    read(frame, number) {
      const market = sources[frame.source] as ExchangeMarket
      record.number = number
      record.connection = frame.source + 1
      record.receivedUs = frame.receivedUs
      record.payload = frame.bytes
      batch.connectionSeq = Number.NaN
      const from = batch.count
      const { kind } = market.decodeFrame(frame.bytes, batch)
      also(batch, from)
      if (kind === 'events') run.add(record, market, batch.connectionSeq)
    },
    reset() {
      run.flush()
      buffers.reset()
    },
  }
}

/** Neither yardstick keeps books: sequences are judged as ever, no book is held and no image made. */
function withoutBooks(market: ExchangeMarket): ExchangeMarket {
  const streams = market.streams.map((spec) => ({
    ...spec,
    follows: spec.follows ?? spec.book?.follows ?? null,
    book: null,
  }))
  return { ...market, streams }
}

/** One batch, and one row buffer per table, used again and again: their growth is not what is measured. */
export interface RowBuffers {
  readonly names: StringTable
  readonly batch: EventBatch
  readonly tables: ReadonlyMap<TableName, RowBuffer>
  rowsFor<T extends TableName>(table: T, exchange: string, eventUs: number): RowBuffer<(typeof tables)[T]>
  reset(): void
}

export function openBuffers(): RowBuffers {
  const names = new StringTable()
  const buffers = new Map<TableName, RowBuffer>()
  return {
    names,
    batch: new EventBatch(names),
    tables: buffers,
    rowsFor<T extends TableName>(table: T): RowBuffer<(typeof tables)[T]> {
      let buffer = buffers.get(table)
      if (buffer === undefined) {
        buffer = createRowBuffer(tables[table], names) as RowBuffer
        // One partition has all rows, as in a lane one has nearly all of an hour.
        buffer.fromUs = Number.NEGATIVE_INFINITY
        buffer.untilUs = Number.POSITIVE_INFINITY
        buffers.set(table, buffer)
      }
      return buffer as never
    },
    reset(): void {
      for (const buffer of buffers.values()) buffer.count = 0
    },
  }
}
