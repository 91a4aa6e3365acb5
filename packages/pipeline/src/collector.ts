import { findMarket } from '@cryptoflow/exchanges'
import { type Ingest, type IngestCounters, type IngestNotice, startIngest } from '@cryptoflow/ingest'
import { type Journal, openJournal } from '@cryptoflow/journal'
import { type Market, RecordKind } from '@cryptoflow/model'
import type { ImageSettings } from '@cryptoflow/normalize'
import { type Backoff, type Chance, type Clock, CryptoFlowError } from '@cryptoflow/runtime'
import { type Board, openBoard } from './board.ts'
import { type CrashDrill, crashProbe } from './drill.ts'
import type { LaneProgress } from './lane.ts'
import { type LaneHost, openLane } from './lane-host.ts'
import { openPublisher, type Publisher, settle } from './publisher.ts'
import { sealer } from './sealer.ts'
import { VERSION } from './version.ts'
import { warehouseAt } from './warehouse.ts'

export interface CollectOptions {
  readonly exchange: string
  readonly market: Market
  /** Addresses other than the exchange's own, for simulators and proxies. */
  readonly urls?: { readonly wsUrl: string; readonly restUrl: string }
  readonly symbols: readonly string[]
  readonly streams: readonly string[]
  readonly warehouseDirectory: string
  readonly images: ImageSettings
  readonly compression: 'zstd' | 'snappy'
  /** A barrier at the latest after this many milliseconds or rows. */
  readonly sealEveryMs: number
  readonly sealRows: number
  readonly commitEveryMs: number
  /** 1: lane and publisher in threads of their own; 0: everything inline. */
  readonly threads: 0 | 1
  readonly backoff?: Backoff
  readonly clock: Clock
  readonly chance: Chance
  readonly drill: CrashDrill | null
  readonly notice: (notice: IngestNotice) => void
}

export interface Collector {
  readonly writer: string
  readonly board: Board
  readonly counters: Readonly<IngestCounters>
  /** Settles when the collector has ended: fulfilled after `stop`, rejected by the failure that ended it. */
  readonly ended: Promise<void>
  /** Stops reading, drains, seals, commits; returns when everything received is in the tables. */
  stop(): Promise<void>
}

/** Blocks handed to the lane and not yet answered; what is beyond waits in the journal. */
const BLOCKS_IN_FLIGHT_MAX = 8

/** Collects one market: sockets -> journal -> rows -> files -> tables. */
export async function startCollector(options: CollectOptions): Promise<Collector> {
  const { clock } = options
  const warehouse = warehouseAt(options.warehouseDirectory)
  const board = openBoard()
  const journal = await openJournal({
    directory: warehouse.journalDirectory,
    clock,
    version: VERSION,
    ...(options.drill === null ? {} : { probe: crashProbe(options.drill, board) }),
  })
  const shared = {
    writer: journal.id,
    warehouseDirectory: warehouse.directory,
    board: board.shared,
    drill: options.drill,
  }
  const publisher = await openPublisher(
    {
      ...shared,
      name: `${options.exchange} ${options.market}`,
      controlDirectory: warehouse.journalDirectory,
    },
    options.threads,
  )
  const last = await publisher.resume()
  checkDiskTold(journal, last?.to ?? 0)
  const lane = await openLane(
    {
      ...shared,
      imageDirectory: warehouse.journalDirectory,
      image: last?.image ?? null,
      images: options.images,
      compression: options.compression,
      isImport: false,
    },
    options.threads,
  )
  board.set('sealed', last?.to ?? 0)
  const ingest = startIngest({
    ...options,
    market: findMarket(options.exchange, options.market, options.urls),
    intake: {
      append(kind, connection, receivedUs, payload) {
        const number = journal.append(kind, connection, receivedUs, payload)
        board.set('appended', number)
        return number
      },
      get isCongested() {
        return journal.isCongested
      },
    },
  })
  const parts = { options, journal, publisher, lane, ingest, board }
  const seal = sealer({ ...shared, lane, publisher, clock }, last)
  const cancelRounds = startRounds(parts)
  const pumping = pump(parts, seal)
  let stopping: Promise<void> | null = null
  const ended = pumping.finally(cancelRounds)
  ended.catch(() => {})

  const stop = async (): Promise<void> => {
    await ingest.stop()
    journal.append(RecordKind.stop, 0, clock.nowUs(), new Uint8Array(0))
    await journal.finish()
    await ended
    await seal.now()
    await seal.submitted()
    await settle(publisher)
    await Promise.all([lane.close(), publisher.close()])
    await journal.close()
  }
  return {
    writer: journal.id,
    board,
    counters: ingest.counters,
    ended,
    stop() {
      stopping ??= stop()
      return stopping
    },
  }
}

/** K6: a journal that ends before what was sealed from it lost synced records, or is an older copy. */
function checkDiskTold(journal: Journal, sealedTo: number): void {
  if (journal.durableRecord >= sealedTo) return
  throw new CryptoFlowError(
    'opening the journal: it ends before records that were already sealed; the disk lost synced data or is an ' +
      'older copy. Nothing was changed. Keep this warehouse for reading and collect into a new one',
    {
      kind: 'disk',
      reaction: 'stop',
      context: { journal: journal.id, lastRecord: journal.durableRecord, sealedTo },
    },
  )
}

interface Parts {
  readonly options: CollectOptions
  readonly journal: Journal
  readonly publisher: Publisher
  readonly lane: LaneHost
  readonly ingest: Ingest
  readonly board: Board
}

/** Feeds the lane from the journal, cuts when due, passes on what the books miss. Ends with the journal. */
async function pump(parts: Parts, seal: ReturnType<typeof sealer>): Promise<void> {
  const { options, journal, lane, board, ingest } = parts
  const feed = journal.feed(board.get('sealed') + 1)
  const inFlight: Promise<LaneProgress>[] = []
  let rowsWaiting = 0
  let lastCutUs = options.clock.nowUs()

  const settleOldest = async (keep: number): Promise<void> => {
    while (inFlight.length > keep) {
      const progress = await (inFlight.shift() as Promise<LaneProgress>)
      rowsWaiting = progress.rowsWaiting
      showProgress(board, progress)
      // While catching up, books may have been mended long ago: what is still missed is asked for once, at the end.
      if (progress.lastRecord > journal.startRecord)
        for (const request of progress.wanted) ingest.want(request)
    }
  }
  for (;;) {
    const block = await feed.next()
    if (block === null) break
    board.set('durable', block.last)
    inFlight.push(watched(lane.accept(block)))
    await settleOldest(BLOCKS_IN_FLIGHT_MAX)
    if (block.first <= journal.startRecord && block.last >= journal.startRecord) {
      await settleOldest(0)
      for (const request of await lane.outstanding()) ingest.want(request)
    }
    const isLate = options.clock.nowUs() - lastCutUs >= options.sealEveryMs * 1000
    if (rowsWaiting < options.sealRows && !isLate) continue
    await settleOldest(0)
    lastCutUs = options.clock.nowUs()
    if (rowsWaiting === 0) continue
    await seal.now()
    rowsWaiting = 0
  }
  await settleOldest(0)
}

/** A call whose failure is met later, by whoever settles it. */
function watched<T>(call: Promise<T>): Promise<T> {
  call.catch(() => {})
  return call
}

function showProgress(board: Board, progress: LaneProgress): void {
  board.set('read', progress.lastRecord)
  board.set('readTimeUs', progress.lastReceivedUs)
  board.set('rows', progress.rows)
  board.set('gaps', progress.gaps)
  board.set('duplicates', progress.duplicates)
  board.set('deadLetters', progress.deadLetters)
}

/** Committer rounds on the commit clock, never two at once. */
function startRounds({ options, publisher }: Parts): () => void {
  let isRunning = false
  return options.clock.every(options.commitEveryMs, () => {
    if (isRunning) return
    isRunning = true
    publisher.round().then(
      () => {
        isRunning = false
      },
      () => {
        isRunning = false
      },
    )
  })
}
