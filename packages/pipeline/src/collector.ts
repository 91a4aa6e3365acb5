import { exchangeMarkets, findMarket, hasMarket } from '@cryptoflow/exchanges'
import { type IngestCounters, type Intake, startIngest } from '@cryptoflow/ingest'
import { type Journal, openJournal } from '@cryptoflow/journal'
import { RecordKind } from '@cryptoflow/model'
import { CryptoFlowError } from '@cryptoflow/runtime'
import { type Board, openBoard } from './board.ts'
import type { CollectOptions } from './collect-options.ts'
import { type Parts, pump, startRounds } from './collecting.ts'
import { crashProbe } from './drill.ts'
import { openLane } from './lane-host.ts'
import { openPublisher, settle } from './publisher.ts'
import { sealer } from './sealer.ts'
import { VERSION } from './version.ts'
import { warehouseAt } from './warehouse.ts'

export interface Collector {
  readonly writer: string
  readonly board: Board
  readonly counters: Readonly<IngestCounters>
  /** Settles when the collector has ended: fulfilled after `stop`, rejected by the failure that ended it. */
  readonly ended: Promise<void>
  /** Stops reading, drains, seals, commits; returns when everything received is in the tables. */
  stop(): Promise<void>
}

/** Collects one market: sockets -> journal -> rows -> files -> tables. */
export async function startCollector(options: CollectOptions): Promise<Collector> {
  refuseUnknownMarket(options)
  const board = openBoard()
  const warehouse = warehouseAt(options.warehouseDirectory)
  const journal = await openJournal({
    directory: warehouse.journalDirectory,
    clock: options.clock,
    version: VERSION,
    ...(options.drill === null ? {} : { probe: crashProbe(options.drill, board) }),
  })
  try {
    const failure = openFailure()
    return run(await openParts(options, journal, board, failure.fail), failure)
  } catch (error) {
    await journal.close()
    throw error
  }
}

function refuseUnknownMarket({ exchange, market }: CollectOptions): void {
  if (hasMarket(exchange, market)) return
  throw new CryptoFlowError('collecting: no adapter reads this market', {
    kind: 'config',
    reaction: 'stop',
    context: {
      exchange,
      market,
      known: exchangeMarkets.map((known) => `${known.exchange} ${known.market}`).join(', '),
    },
  })
}

/** The first failure of any part; what fails after it is a consequence. */
function openFailure(): { readonly failed: Promise<never>; fail(error: unknown): void } {
  let fail: (error: unknown) => void = () => {}
  const failed = new Promise<never>((_, reject) => {
    fail = reject
  })
  failed.catch(() => {})
  return { failed, fail }
}

async function openParts(
  options: CollectOptions,
  journal: Journal,
  board: Board,
  onFailure: (error: unknown) => void,
): Promise<Parts> {
  const directory = journal.directory
  const { threads, images, compression, drill } = options
  const shared = {
    writer: journal.id,
    warehouseDirectory: warehouseAt(options.warehouseDirectory).directory,
    board: board.shared,
    drill,
  }
  const name = `${options.exchange} ${options.market}`
  const publisher = await openPublisher({ ...shared, name, controlDirectory: directory }, threads)
  try {
    const last = await publisher.resume()
    checkDiskTold(journal, last?.to ?? 0)
    board.set('sealed', last?.to ?? 0)
    const start = { imageDirectory: directory, image: last?.image ?? null }
    const lane = await openLane({ ...shared, ...start, images, compression, isImport: false }, threads)
    const seal = sealer({ writer: journal.id, lane, publisher, clock: options.clock, onFailure }, last)
    return { options, journal, publisher, lane, seal, board }
  } catch (error) {
    await publisher.close()
    throw error
  }
}

function run(parts: Parts, { failed, fail }: ReturnType<typeof openFailure>): Collector {
  const { options, journal, publisher, lane, seal, board } = parts
  const ingest = startIngest({
    ...options,
    market: findMarket(options.exchange, options.market, options.urls),
    intake: intakeOf(journal, board, fail),
  })
  const cancelRounds = startRounds(parts, fail)
  const closeAll = async (): Promise<void> => {
    cancelRounds()
    await ingest.stop()
    await Promise.allSettled([lane.close(), publisher.close()])
    await journal.close()
  }
  const ended = Promise.race([pump(parts, ingest), failed]).catch(async (error) => {
    await closeAll().catch(() => {})
    throw error
  })
  ended.catch(() => {})

  const drain = async (): Promise<void> => {
    await ingest.stop()
    journal.append(RecordKind.stop, 0, options.clock.nowUs(), new Uint8Array(0))
    await journal.finish()
    await ended
    cancelRounds()
    await seal.now()
    await seal.submitted()
    await settle(publisher)
  }
  let stopping: Promise<void> | null = null
  return {
    writer: journal.id,
    board,
    counters: ingest.counters,
    ended,
    stop() {
      stopping ??= drain().finally(closeAll)
      return stopping
    },
  }
}

/** The journal as ingest sees it. A journal that failed takes nothing more: the collector ends with its failure. */
function intakeOf(journal: Journal, board: Board, fail: (error: unknown) => void): Intake {
  return {
    append(kind, connection, receivedUs, payload) {
      try {
        const number = journal.append(kind, connection, receivedUs, payload)
        board.set('appended', number)
        return number
      } catch (error) {
        fail(error)
        return journal.lastRecord
      }
    },
    get isCongested() {
      return journal.isCongested
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
