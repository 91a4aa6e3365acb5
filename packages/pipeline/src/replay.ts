import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { blockOf, lockFile, openJournalReader } from '@cryptoflow/journal'
import type { ImageOptions, JournalBlock, JournalRecord } from '@cryptoflow/model'
import type { SnapshotRequest } from '@cryptoflow/normalize'
import type { Clock } from '@cryptoflow/runtime'
import { openBoard } from './board.ts'
import type { BookCheck } from './book-checks.ts'
import { openCapture } from './capture.ts'
import { captureRecords, type ResyncOf } from './capture-records.ts'
import type { LineVerdict } from './capture-verdict.ts'
import type { LaneProgress } from './lane.ts'
import { openLane } from './lane-host.ts'
import { pacedBy, unpaced } from './pace.ts'
import { openPublisher, settle } from './publisher.ts'
import { sealer } from './sealer.ts'
import type { FrameTally } from './tally.ts'
import { warehouseAt } from './warehouse.ts'

export interface ReplayOptions {
  readonly warehouseDirectory: string
  /** Where the journal does not say how images are made, and with `isOwnImages` whatever it says. */
  readonly images: ImageOptions
  readonly isOwnImages?: boolean
  readonly compression: 'zstd' | 'snappy'
  /** Rows after which an epoch is sealed. */
  readonly sealRows: number
  /** How many times as fast as the records were received; null: as fast as they are read. */
  readonly speed: number | null
  readonly clock: Clock
  readonly onProgress?: (progress: LaneProgress) => void
}

export interface CaptureReplayOptions extends ReplayOptions {
  /** Received time of messages for which nothing tells one, microseconds; default 0. */
  readonly receivedAtUs?: number
}

/** What a replay made of its input. */
export interface ReplayReport {
  readonly writer: string
  readonly records: number
  readonly rows: number
  /** Of a journal: the frames and answers that were read this time. Of a capture: all of its messages. */
  readonly tally: FrameTally
  /** What the books were compared with, where the input has the exchange's best bid and offer or its checksums. */
  readonly books: readonly BookCheck[]
  /** Messages of a capture; 0 for a journal. */
  readonly messages: number
  /** Messages of a short capture one by one; null for a long one and for a journal. */
  readonly lines: readonly LineVerdict[] | null
}

/** Who paces a replay watches it: what is older than this is in the tables. */
const PACED_SEAL_US = 30_000_000

/** Bytes of records after which an epoch is sealed whatever rows they gave: texts and bytes of rows are no longer. */
const SEAL_BYTES = 256 * 2 ** 20

/** Records of a capture are handed on in blocks of about this many bytes. */
const BLOCK_BYTES = 1 << 20

/**
 * Replays a journal that nobody writes into a warehouse, under the journal's own id and frame numbers.
 *
 * Taken up where an interrupted replay of the same journal into the same warehouse stopped; a complete one
 * adds nothing.
 */
export async function replayJournal(directory: string, options: ReplayOptions): Promise<ReplayReport> {
  const reader = await openJournalReader(directory)
  const replay = await openReplay(reader.id, false, options)
  try {
    for await (const block of reader.blocks(replay.from)) await replay.accept(block)
    return { ...(await replay.finish()), messages: 0, lines: null }
  } finally {
    await replay.close()
  }
}

/** Replays a capture file: the rows are those that a journal of the same messages would give. */
export async function replayCapture(path: string, options: CaptureReplayOptions): Promise<ReplayReport> {
  const file = await openCapture(path)
  const replay = await openReplay(file.writer, true, options)
  const awaited = new Map<string, number>()
  const note = (requests: readonly SnapshotRequest[]): void => {
    for (const request of requests) awaited.set(bookText(request), request.resync)
  }
  let records: JournalRecord[] = []
  let bytes = 0
  const flush = async (): Promise<void> => {
    if (records.length > 0) note(await replay.accept(blockOf(records)))
    records = []
    bytes = 0
  }
  const resyncOf: ResyncOf = async ({ exchange, market }, symbol, stream) => {
    await flush()
    return awaited.get(bookText({ exchange, market, symbol, stream })) ?? 0
  }
  try {
    note(await replay.outstanding())
    for await (const record of captureRecords(file, resyncOf, options.receivedAtUs)) {
      if (record.number < replay.from) continue
      records.push(record)
      bytes += record.payload.length
      if (bytes >= BLOCK_BYTES) await flush()
    }
    await flush()
    const { messages, tally, lines } = file
    return { ...(await replay.finish()), messages, tally, lines }
  } finally {
    await replay.close()
  }
}

function bookText(book: Omit<SnapshotRequest, 'resync'>): string {
  return [book.exchange, book.market, book.symbol, book.stream].join('\0')
}

interface Replay {
  /** First record that is not yet sealed in this warehouse. */
  readonly from: number
  /** Answers which books are to be fetched. */
  accept(block: JournalBlock): Promise<readonly SnapshotRequest[]>
  outstanding(): Promise<readonly SnapshotRequest[]>
  finish(): Promise<Pick<ReplayReport, 'writer' | 'records' | 'rows' | 'tally' | 'books'>>
  close(): Promise<void>
}

async function openReplay(writer: string, isImport: boolean, options: ReplayOptions): Promise<Replay> {
  const warehouse = warehouseAt(options.warehouseDirectory)
  const board = openBoard()
  const directory = warehouse.replayDirectory(writer)
  mkdirSync(directory, { recursive: true })
  const unlock = lockFile(join(directory, 'lock.db'))
  const shared = { writer, warehouseDirectory: warehouse.directory, board: board.shared, drill: null }
  const opened: { close(): Promise<void> }[] = []
  const close = async (): Promise<void> => {
    await Promise.all(opened.map((each) => each.close()))
    unlock()
  }
  try {
    const publisher = await openPublisher({ ...shared, name: 'replay', controlDirectory: directory }, 0)
    opened.push(publisher)
    const { last } = await publisher.resume(null)
    const image = { imageDirectory: directory, image: last?.image ?? null }
    const { images, isOwnImages = false, compression } = options
    const lane = await openLane({ ...shared, ...image, images, isOwnImages, compression, isImport }, 0)
    opened.push(lane)
    const seal = sealer({ ...shared, lane, publisher, clock: options.clock, onFailure: () => {} }, last)
    const { clock, speed } = options
    const pace = speed === null ? unpaced : pacedBy(clock, speed)
    let rows = 0
    let bytes = 0
    let lastSealUs = clock.nowUs()
    return {
      from: (last?.to ?? 0) + 1,
      outstanding: lane.outstanding,
      async accept(block) {
        const wanted: SnapshotRequest[] = []
        for await (const part of pace(block)) {
          const progress = await lane.accept(part)
          rows = progress.rows
          wanted.push(...progress.wanted)
          options.onProgress?.(progress)
          bytes += part.bytes.length
          const isLate = speed !== null && clock.nowUs() - lastSealUs >= PACED_SEAL_US
          if (progress.rowsWaiting < options.sealRows && bytes < SEAL_BYTES && !isLate) continue
          await seal.now()
          bytes = 0
          lastSealUs = clock.nowUs()
          if (isLate) {
            await seal.submitted()
            await publisher.round()
          }
        }
        return wanted
      },
      async finish() {
        await seal.now()
        await seal.submitted()
        await settle(publisher)
        const records = board.get('sealed')
        return { writer, records, rows, tally: await lane.tally(), books: await lane.books() }
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
