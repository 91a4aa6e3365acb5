import type { Hall, Told } from '@cryptoflow/exchange-sim/memory'
import { isDiskFull, type Journal, openControlLog, openJournal, readImage } from '@cryptoflow/journal'
import { type ExchangeMarket, type ImageOptions, marketText, RecordKind } from '@cryptoflow/model'
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
import { type Chance, type Clock, seededChance } from '@cryptoflow/runtime'
import { operators } from './bars.ts'
import type { Life, Mischance } from './life.ts'
import { type Landing, type Listener, openListener } from './listener.ts'
import type { Machine, Served } from './machine.ts'
import type { Plan } from './plan.ts'

export const DIRECTORY = '/warehouse/raw'
const NAMESPACE = 'cryptoflow'
/** The same machine, boot and directory at every start. */
const home = { boot: 'boot', host: 'host', disk: 'disk' }
const FLUSH_MS = 5
const RESUME_EVERY_MS = 50
/** Images of our own books: few rows, on both grids. The configuration is another one at every other start. */
const imagesAt = (start: number): ImageOptions =>
  start % 2 === 1
    ? { derivedEveryUs: 500_000, derivedLevels: 5, checkpointEveryUs: 2_000_000, depthCap: 30 }
    : { derivedEveryUs: 700_000, derivedLevels: 3, checkpointEveryUs: 3_000_000, depthCap: 20 }

export interface ProcessOptions {
  readonly plan: Plan
  readonly life: Life
  readonly machine: Machine
  readonly hall: Hall
  readonly market: ExchangeMarket
  readonly streams: readonly string[]
  readonly mischance: Mischance
  /** Which start of the writer this is, from 1: each cuts elsewhere. */
  readonly start: number
  readonly landed: (landing: Landing) => void
  readonly aside: (told: Told) => void
  /** Something ended the process, its own way. */
  readonly failed: (error: unknown) => void
}

export interface Process {
  /** Last record that it found in the journal. */
  readonly found: number
  /** Last record that the lane was ever given: it was called durable. */
  readonly durable: number
  /** Stops as a collector does: drains, seals, commits, and returns when all of it is in the tables. */
  stop(): Promise<void>
  /** It is dead: the exchange notices. */
  vanish(): void
}

/** A collecting process: the real parts behind the doors, joined as `collector.ts` joins them, on a simulated machine. */
export async function startProcess(options: ProcessOptions): Promise<Process> {
  const { plan, life, machine } = options
  const { clock } = life
  const served = machine.serve(life)
  const hooks = { full: () => {} }
  const journal = await openJournal({
    directory: DIRECTORY,
    clock,
    version: 'simulation',
    operators: { [marketText(options.market)]: operators },
    images: imagesAt(options.start),
    disk: served.disk,
    flushEveryMs: FLUSH_MS,
    segmentBytes: plan.segmentBytes,
    reserveBytes: plan.reserveBytes,
    resumeBytes: 1,
    onFull: () => hooks.full(),
  })
  const chance = seededChance(plan.seed * 31 + options.start)
  const parts = await openParts(options, served, journal, chance)
  let durable = 0
  const lane: Parts['lane'] = {
    ...parts.lane,
    accept(block) {
      // A sync that had begun comes back to a process that died meanwhile: its disk is not the one that is left.
      if (life.isAlive) durable = Math.max(durable, block.last)
      return parts.lane.accept(block)
    },
  }
  const listener = openListener({ ...options, symbols: plan.symbols, journal, clock, chance })
  const stopWaiting = waitForRoom(options, journal, listener, hooks)
  const cancelRounds = startRounds(parts, options.failed)
  const ended = pump({ ...parts, lane }, listener)
  ended.catch(options.failed)
  return {
    found: journal.recovered.lastRecord,
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
      await parts.seal.now()
      await parts.seal.submitted()
      await settle(parts.publisher)
      await parts.publisher.close()
      await journal.close()
    },
  }
}

async function openParts(
  { plan, life, machine, failed, start }: ProcessOptions,
  { disk, store, ledger, catalog }: Served,
  journal: Journal,
  chance: Chance,
): Promise<Parts> {
  const { clock } = life
  const images = imagesAt(start)
  const board = openBoard()
  const publisher = inTurn(
    createPublisher({
      writer: journal.id,
      name: 'simulation',
      directory: DIRECTORY,
      disk,
      log: await openControlLog(DIRECTORY, { disk, home }),
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
  const feed = journal.feed((last?.to ?? 0) + 1, { itemsMax: plan.channelItems, bytesMax: 1 << 20 })
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
  const seal = sealer({ writer: journal.id, lane, publisher, clock, onFailure: failed }, last)
  return { options: optionsOf(plan, images, clock, chance), journal, feed, publisher, lane, seal, board }
}

function optionsOf(
  { sealRows, sealEveryMs, commitEveryMs }: Plan,
  images: ImageOptions,
  clock: Clock,
  chance: Chance,
): Parts['options'] {
  return {
    collections: [],
    warehouseDirectory: '/warehouse',
    images,
    compression: 'snappy',
    sealEveryMs,
    sealRows: 1 + chance.below(sealRows),
    commit: { by: 'collector', everyMs: commitEveryMs, voidAfterMs: Number.POSITIVE_INFINITY },
    threads: 0,
    clock,
    chance,
    drill: null,
    notice: () => {},
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
