import type { Hall } from '@cryptoflow/exchange-sim/memory'
import { isDiskFull, type Journal, openControlLog, openJournal, readImage } from '@cryptoflow/journal'
import type { ExchangeMarket } from '@cryptoflow/model'
import { RecordKind } from '@cryptoflow/model'
import { openBoard } from '@cryptoflow/pipeline'
import {
  createLane,
  createPublisher,
  inline,
  inTurn,
  type Parts,
  pump,
  rewindable,
  sealer,
  settle,
  startRounds,
} from '@cryptoflow/pipeline/parts'
import { seededChance } from '@cryptoflow/runtime'
import type { Life, Mischance } from './life.ts'
import { type Landing, type Listener, openListener } from './listener.ts'
import type { Machine } from './machine.ts'
import type { Plan } from './plan.ts'

export const DIRECTORY = '/warehouse/raw'
const NAMESPACE = 'cryptoflow'
/** The same machine, boot and directory at every start. */
const home = { boot: 'boot', host: 'host', disk: 'disk' }
const FLUSH_MS = 5
const RESUME_EVERY_MS = 50
/** Images of our own books: few rows, on both grids. */
export const images = {
  derivedEveryUs: 500_000,
  derivedLevels: 5,
  checkpointEveryUs: 2_000_000,
  depthCap: 30,
}

export interface ProcessOptions {
  readonly plan: Plan
  readonly life: Life
  readonly machine: Machine
  readonly hall: Hall
  readonly market: ExchangeMarket
  readonly streams: readonly string[]
  readonly mischance: Mischance
  /** Which start of the writer this is, from 0: each cuts elsewhere. */
  readonly start: number
  readonly landed: (landing: Landing) => void
  /** Something ended the process, its own way. */
  readonly failed: (error: unknown) => void
}

export interface Process {
  /** Last record that the lane was ever given: it was called durable. */
  readonly durable: number
  /** Stops as a collector does: drains, seals, commits, and returns when all of it is in the tables. */
  stop(): Promise<void>
  /** It is dead: the exchange notices. */
  vanish(): void
}

/** A collecting process: the real parts behind the doors, joined as `collector.ts` joins them, on a simulated machine. */
export async function startProcess(options: ProcessOptions): Promise<Process> {
  const { plan, life, machine, hall, market, streams, mischance, failed } = options
  const { clock } = life
  const { disk, store, ledger, catalog } = machine.serve(life)
  const chance = seededChance(plan.seed * 31 + options.start)
  const hooks = { full: () => {} }
  const journal = await openJournal({
    directory: DIRECTORY,
    clock,
    version: 'simulation',
    disk,
    flushEveryMs: FLUSH_MS,
    segmentBytes: plan.segmentBytes,
    reserveBytes: plan.reserveBytes,
    resumeBytes: 1,
    onFull: () => hooks.full(),
  })
  const log = await openControlLog(DIRECTORY, { disk, home })
  const board = openBoard()
  const publisher = inTurn(
    createPublisher({
      writer: journal.id,
      name: 'simulation',
      directory: DIRECTORY,
      disk,
      log,
      catalog,
      ledger,
      append: catalog.append,
      exists: async (location) => machine.objects.has(location),
      board,
      clock,
      chance,
    }),
  )
  const { last } = await publisher.resume(journal.recovered.lastRecord)
  const bounds = { itemsMax: plan.channelItems, bytesMax: 1 << 20 }
  const feed = journal.feed((last?.to ?? 0) + 1, bounds)
  const lane = await rewindable(async (image) => {
    const state = image === null ? null : await readImage(DIRECTORY, image, disk)
    return inline(
      createLane({
        writer: journal.id,
        namespace: NAMESPACE,
        store,
        discard: store.discard,
        imageDirectory: DIRECTORY,
        imageDisk: disk,
        image: state,
        images,
        compression: 'snappy',
        isImport: false,
        nowUs: clock.nowUs,
      }),
    )
  }, last?.image ?? null)
  let durable = 0
  const watched: Parts['lane'] = {
    ...lane,
    accept(block) {
      durable = Math.max(durable, block.last)
      return lane.accept(block)
    },
  }
  const seal = sealer({ writer: journal.id, lane, publisher, clock, onFailure: failed }, last)
  const { sealEveryMs, commitEveryMs } = plan
  const parts: Parts = {
    options: {
      collections: [],
      warehouseDirectory: '/warehouse',
      images,
      compression: 'snappy',
      sealEveryMs,
      sealRows: 1 + chance.below(plan.sealRows),
      commitEveryMs,
      threads: 0,
      clock,
      chance,
      drill: null,
      notice: () => {},
    },
    journal,
    feed,
    publisher,
    lane: watched,
    seal,
    board,
  }
  const listener = openListener({
    ...options,
    hall,
    market,
    symbols: plan.symbols,
    streams,
    journal,
    clock,
    chance,
    mischance,
  })
  const stopWaiting = waitForRoom(options, journal, listener, hooks)
  const cancelRounds = startRounds(parts, failed)
  const ended = pump(parts, listener)
  ended.catch(failed)
  return {
    get durable() {
      return durable
    },
    vanish: () => listener.vanish(),
    async stop() {
      stopWaiting()
      listener.stop()
      journal.append(RecordKind.stop, 0, clock.nowUs(), new Uint8Array(0))
      await journal.finish()
      await ended
      cancelRounds()
      await seal.now()
      await seal.submitted()
      await settle(publisher)
      await publisher.close()
      await journal.close()
    },
  }
}

/** What a full disk asks for, as the keeper of a collector does it: nothing is heard until there is room. */
function waitForRoom(
  { life, failed }: ProcessOptions,
  journal: Journal,
  listener: Listener,
  hooks: { full: () => void },
): () => void {
  let isStopped = false
  const look = (): void => {
    if (isStopped) return
    journal.tryResume().then((hole) => {
      if (hole === null) life.clock.after(RESUME_EVERY_MS, look)
      else listener.resume()
    }, failed)
  }
  hooks.full = () => {
    listener.pause()
    life.clock.after(RESUME_EVERY_MS, look)
  }
  if (journal.isFull) hooks.full()
  return () => {
    isStopped = true
  }
}

/** Whether a failure asks for nothing but another try, as a supervisor of processes gives it. */
export function mayTryAgain(error: unknown): boolean {
  return isDiskFull(error) || (error instanceof Error && 'reaction' in error && error.reaction === 'retry')
}
