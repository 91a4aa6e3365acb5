import { type ChannelWatch, watchChannels } from '@cryptoflow/channels'
import { exchangeMarkets, hasMarket } from '@cryptoflow/exchanges'
import type { IngestCounters } from '@cryptoflow/ingest'
import { isLocked, type Journal, openJournal, timedDisk } from '@cryptoflow/journal'
import { marketText, type Operators, RecordKind, type StoredTables } from '@cryptoflow/model'
import { CryptoFlowError } from '@cryptoflow/runtime'
import { type Board, openBoard } from './board.ts'
import { claimStreams, refuseTaken } from './claims.ts'
import type { CollectOptions, MarketCollection } from './collect-options.ts'
import { type Parts, pump, startRounds } from './collecting.ts'
import { crashProbe } from './drill.ts'
import {
  type BreakerProgress,
  type Hearing,
  type Ingests,
  type MarketProgress,
  startIngests,
} from './ingests.ts'
import { type Keeper, keepGoing } from './keeper.ts'
import { openRewindableLane } from './lane-host.ts'
import { startMaintenance } from './maintenance-host.ts'
import { type CommitRole, openPublisher, settle } from './publisher.ts'
import { rawBounds } from './raw-bounds.ts'
import { sealer } from './sealer.ts'
import { resolveCollection } from './streams.ts'
import { VERSION } from './version.ts'
import { warehouseAt } from './warehouse.ts'

export interface Collector {
  readonly writer: string
  readonly board: Board
  /** Who brings its rows into the tables. */
  readonly commit: CommitRole
  /** Summed over the markets. */
  readonly counters: Readonly<IngestCounters>
  markets(): readonly MarketProgress[]
  breakers(): readonly BreakerProgress[]
  /** Queues of the process, as of a quarter of a second ago. */
  readonly channels: Pick<ChannelWatch, 'readings' | 'delays'>
  /** How the disk fares. */
  readonly journal: Pick<Journal, 'isFull' | 'counters' | 'bytesPerSecond' | 'directory' | 'segments'>
  /** Settles when the collector has ended: fulfilled after `stop`, rejected by the failure that ended it. */
  readonly ended: Promise<void>
  /** Stops reading, drains, seals, commits; returns when everything received is in the tables. */
  stop(): Promise<void>
}

/** Collects markets: sockets -> journal -> rows -> files -> tables. */
export async function startCollector(options: CollectOptions): Promise<Collector> {
  const hearings = options.collections.map(hearingOf)
  refuseDoubles(options.collections)
  const board = openBoard()
  const warehouse = warehouseAt(options.warehouseDirectory)
  const { measure } = options
  const directory = warehouse.journalOf(options.journalName ?? null)
  // Before there is a journal of it: a process that is refused leaves nothing behind.
  refuseTaken(warehouse, directory, hearings)
  let onFull = (): void => {}
  const journal = await openJournal({
    directory,
    clock: options.clock,
    version: VERSION,
    ...options.journal,
    ...(measure === undefined
      ? {}
      : { disk: timedDisk(options.clock, (seconds) => measure({ kind: 'synced', seconds })) }),
    onFull: () => onFull(),
    ...storedOf(options.collections, hearings),
    ...operatorsOf(options.collections),
    images: options.images,
    ...(options.drill === null ? {} : { probe: crashProbe(options.drill, board) }),
  }).catch((error: unknown) => {
    throw isLocked(error) ? takenJournal(error) : error
  })
  try {
    claimStreams(warehouse, directory, hearings)
    const failure = openFailure()
    const parts = await openParts(options, journal, hearings, board, failure.fail)
    const ingests = startIngests(parts, hearings, failure.fail)
    const keeper = keepGoing(parts, ingests, failure.fail)
    onFull = keeper.full
    if (journal.isFull) keeper.full()
    return run(parts, ingests, keeper, failure)
  } catch (error) {
    await journal.close()
    throw error
  }
}

/** Two processes on one warehouse is the first thing people do: say how. */
function takenJournal(cause: CryptoFlowError): CryptoFlowError {
  return new CryptoFlowError(
    `${cause.message}. Several processes may collect into one warehouse when each has a journal of its own ` +
      '(journal.name)',
    { kind: 'usage', reaction: 'stop', context: cause.context, cause },
  )
}

function hearingOf(collection: MarketCollection): Hearing {
  const { exchange, market, symbols, expectWithinMs, bookPoll } = collection
  if (!hasMarket(exchange, market)) {
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
  const { market: found, streams, tables, pollEveryMs } = resolveCollection(collection)
  return {
    market: found,
    tables,
    options: {
      symbols: [...new Set(symbols)],
      streams,
      pollEveryMs,
      ...(bookPoll === undefined ? {} : { spreadMaxPercent: bookPoll.spreadMaxPercent }),
      ...(expectWithinMs === undefined ? {} : { expectWithinMs }),
    },
  }
}

/** What the journal is told of tables: nothing of markets that are collected whole. */
function storedOf(
  collections: readonly MarketCollection[],
  hearings: readonly Hearing[],
): { stored?: StoredTables } {
  const chosen = hearings.filter((_, index) => {
    const { streams, bookPoll } = collections[index] as MarketCollection
    return streams !== undefined || bookPoll !== undefined
  })
  if (chosen.length === 0) return {}
  return { stored: Object.fromEntries(chosen.map(({ market, tables }) => [marketText(market), tables])) }
}

/** What the journal is told of operators: nothing of markets that have none. */
function operatorsOf(collections: readonly MarketCollection[]): { operators?: Operators } {
  const own = collections.flatMap(({ operators, ...market }) =>
    operators === undefined ? [] : [[marketText(market), operators] as const],
  )
  return own.length === 0 ? {} : { operators: Object.fromEntries(own) }
}

function refuseDoubles(collections: readonly MarketCollection[]): void {
  const names = collections.map(({ exchange, market }) => `${exchange} ${market}`)
  const double = names.find((name, index) => names.indexOf(name) !== index)
  if (double === undefined && names.length > 0) return
  throw new CryptoFlowError('collecting: expected one or more markets, each of them once', {
    kind: 'config',
    reaction: 'stop',
    context: { markets: names.join(', ') },
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
  hearings: readonly Hearing[],
  board: Board,
  onFailure: (error: unknown) => void,
): Promise<Parts> {
  const directory = journal.directory
  const { threads, images, compression, fileBounds, drill } = options
  const shared = {
    writer: journal.id,
    warehouseDirectory: warehouseAt(options.warehouseDirectory).directory,
    board: board.shared,
    drill,
  }
  const name = options.collections.map(({ exchange, market }) => `${exchange} ${market}`).join(', ')
  const role = { name, controlDirectory: directory, commit: options.commit }
  const publisher = await openPublisher({ ...shared, ...role }, threads)
  try {
    const { last, moved } = await publisher.resume(journal.recovered.lastRecord)
    if (moved !== null) options.notice({ kind: 'moved', directory, ...moved })
    board.set('sealed', last?.to ?? 0)
    const bounds = options.channels === undefined ? undefined : rawBounds(hearings, options.channels)
    const feed = journal.feed(board.get('sealed') + 1, bounds)
    const start = { imageDirectory: directory, image: last?.image ?? null }
    const lane = await openRewindableLane(
      { ...shared, ...start, images, compression, fileBounds, isImport: false },
      threads,
    )
    const { clock, measure } = options
    const measured = measure === undefined ? {} : { measure }
    const seal = sealer({ writer: journal.id, lane, publisher, clock, onFailure, ...measured }, last)
    return { options, journal, feed, publisher, lane, seal, board }
  } catch (error) {
    await publisher.close()
    throw error
  }
}

function run(
  parts: Parts,
  ingests: Ingests,
  keeper: Keeper,
  { failed, fail }: ReturnType<typeof openFailure>,
): Collector {
  const { options, journal, feed, publisher, lane, seal, board } = parts
  const cancelRounds = startRounds(parts, fail)
  const maintainer = startMaintenance(options)
  const channels = watchChannels(options.clock, [feed.channel], (reading) =>
    options.notice({ kind: reading.isFilling ? 'channel-filling' : 'channel-calm', reading }),
  )
  const closeAll = async (): Promise<void> => {
    await cancelRounds()
    channels.stop()
    const maintained = maintainer.stop()
    await keeper.stop()
    await ingests.stop()
    await maintained
    await Promise.allSettled([lane.close(), publisher.close()])
    await journal.close()
  }
  const ended = Promise.race([pump(parts, ingests), failed]).catch(async (error) => {
    await closeAll().catch(() => {})
    throw error
  })
  ended.catch(() => {})

  const drain = async (): Promise<void> => {
    const maintained = maintainer.stop()
    await keeper.stop()
    await ingests.stop()
    journal.append(RecordKind.stop, 0, options.clock.nowUs(), new Uint8Array(0))
    await journal.finish()
    await ended
    await cancelRounds()
    await seal.now()
    await seal.submitted()
    await settle(publisher)
    await maintained
  }
  let stopping: Promise<void> | null = null
  return {
    writer: journal.id,
    board,
    commit: options.commit,
    get counters() {
      return ingests.counters()
    },
    markets: ingests.markets,
    channels,
    breakers: ingests.breakers,
    journal,
    ended,
    stop() {
      stopping ??= drain().finally(closeAll)
      return stopping
    },
  }
}
