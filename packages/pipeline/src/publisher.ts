import { existsSync, mkdirSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import {
  type CommitLedger,
  type CommitterOptions,
  createCommitter,
  createEpochWriter,
  createSqliteLedger,
  type RoundReport,
  tableDefinition,
  type VoidRows,
} from '@cryptoflow/commit'
import { prepareAppend, type TableDefinition } from '@cryptoflow/iceberg'
import { type ControlLog, type Disk, isDiskFull, openControlLog, withBallast } from '@cryptoflow/journal'
import { type EpochRequest, type TableContract, type TableName, tables } from '@cryptoflow/model'
import { CryptoFlowError, randomSeed, seededChance, sleep, systemClock, uuid } from '@cryptoflow/runtime'
import { filePath } from '@cryptoflow/stores'
import { openAttendance, waitingIn } from './attendance.ts'
import { type Board, openBoard } from './board.ts'
import { callThread } from './calls.ts'
import { type CrashDrill, crashProbe } from './drill.ts'
import type { RoundMeasures } from './measure.ts'
import { confirmIdentity, type Moved, refuseFenced } from './quarantine.ts'
import type { StateAt } from './recut.ts'
import { openSeals } from './seals.ts'
import { NAMESPACE, openCatalog, warehouseAt } from './warehouse.ts'
import { openWriteMeter } from './write-meter.ts'

/** Everything a publisher needs, as plain data that crosses threads. */
export interface PublisherConfig {
  readonly writer: string
  /** A label for people. */
  readonly name: string
  readonly warehouseDirectory: string
  /** Where the writer's control log and state images lie. */
  readonly controlDirectory: string
  readonly board: SharedArrayBuffer
  readonly drill: CrashDrill | null
  /** Default: it commits itself, however old a request is, and nobody is told. */
  readonly commit?: CommitRole
}

/** Who brings what a writer seals into the tables, and how often. */
export interface CommitRole {
  /** `committer`: the writer only offers its requests; processes of their own commit them. */
  readonly by: 'collector' | 'committer'
  readonly everyMs: number
  /** Age of a request from which on it is not appended any more, but its rows are made again (R16), milliseconds. */
  readonly voidAfterMs: number
}

/** The last sealed epoch of this writer: where recovery goes on. */
export interface LastSeal {
  readonly epoch: number
  readonly to: number
  readonly image: string
}

export interface Resumed {
  /** Null when nothing was ever sealed. */
  readonly last: LastSeal | null
  /** Null when the journal is where it was. */
  readonly moved: Moved | null
}

/** Makes sealed requests public: SEAL, ledger, tables, marks, release, in this order (`exactly-once.md` 3.1). */
export interface Publisher {
  /**
   * Takes up what an earlier process left, if its journal may still be used under its id. `journalTo`: its last record
   * before this process; null in a replay.
   */
  resume(journalTo: number | null): Promise<Resumed>
  /**
   * Seals the next epoch and offers it to the ledger; returns when the seal is durable. At the bound of sealed
   * epochs it waits for commits. Throws when another process uses this writer id (R12).
   */
  submit(request: EpochRequest, image: string): Promise<void>
  /** One committer round over all tables, unless others commit; then releases. */
  round(): Promise<RoundSummary>
  close(): Promise<void>
}

export interface RoundSummary {
  /** Every sealed epoch is in its tables and released; where others commit: in the ledger, where they find it. */
  readonly isSettled: boolean
  /** Tables that need a person, with the reason. */
  readonly halted: Readonly<Record<string, string>>
  /** Tables that were left to the next round, and why. */
  readonly failed: FailedTables | null
  /** Why the ledger was of no use to this writer; null when it was. */
  readonly trouble: string | null
  /** Rows of this writer that tables have passed over: they are to come again under a later epoch (R16). */
  readonly voids: readonly VoidRows[]
  /** State images that are kept for making rows again, oldest first. */
  readonly states: readonly StateAt[]
  readonly measures: RoundMeasures
}

/** A quiet table's map moves only after this many epochs without rows of it: fewer snapshots, nothing waits for it. */
const EMPTY_EPOCHS = 20
export const committerBounds = { emptyEpochs: EMPTY_EPOCHS }

/** Pause before a round is tried again because a bound is reached. */
const AT_BOUND_PAUSE_MS = 500

export async function openPublisher(config: PublisherConfig, threads: 0 | 1): Promise<Publisher> {
  if (threads === 0) return inTurn(await buildPublisher(config))
  const worker = new Worker(new URL('./publisher-thread.ts', import.meta.url), { workerData: config })
  const thread = callThread(worker)
  return {
    resume: (journalTo) => thread.call('resume', journalTo),
    submit: (request, image) => thread.call('submit', { request, image }),
    round: () => thread.call('round'),
    async close() {
      await thread.call('close')
      await thread.close()
    },
  }
}

/** Answers calls one after the other, as a thread does: a round on the clock and one at the end must not meet. */
export function inTurn(publisher: Publisher): Publisher {
  let last: Promise<unknown> = Promise.resolve()
  const turn = <T>(call: () => Promise<T>): Promise<T> => {
    const answer = last.then(call)
    last = answer.catch(() => {})
    return answer
  }
  return {
    resume: (journalTo) => turn(() => publisher.resume(journalTo)),
    submit: (request, image) => turn(() => publisher.submit(request, image)),
    round: () => turn(publisher.round),
    close: () => turn(publisher.close),
  }
}

/** Builds the publisher that a config describes, in the calling thread. */
export async function buildPublisher(config: PublisherConfig): Promise<Publisher> {
  const clock = systemClock()
  const directory = config.controlDirectory
  const board = openBoard(config.board)
  const probe = config.drill === null ? undefined : crashProbe(config.drill, board)
  const probes = probe === undefined ? {} : { probe }
  const warehouse = warehouseAt(config.warehouseDirectory)
  mkdirSync(directory, { recursive: true })
  const { catalog, io, nowMs } = openCatalog(warehouse, clock, probe)
  const ledger = createSqliteLedger({ path: warehouse.ledgerFile, ...probes })
  const publisher = createPublisher({
    writer: config.writer,
    name: config.name,
    directory,
    log: await openControlLog(directory, probes),
    catalog,
    ledger,
    append: (table, files, options) => prepareAppend({ io, nowMs, uuid }, table, files, options),
    exists: async (location) => existsSync(filePath(location)),
    board,
    clock,
    chance: seededChance(randomSeed()),
    ...(config.commit === undefined ? {} : { commit: config.commit }),
  })
  return {
    ...publisher,
    async close() {
      await publisher.close()
      catalog.close()
      ledger.close()
    },
  }
}

/** What a publisher works with. */
export interface PublisherParts
  extends Pick<PublisherConfig, 'writer' | 'name' | 'commit'>,
    Pick<CommitterOptions, 'catalog' | 'append' | 'exists' | 'clock' | 'chance'> {
  readonly ledger: CommitLedger
  /** Of the control log, the state images and the ballast. */
  readonly directory: string
  readonly log: ControlLog
  readonly board: Board
  /** The disk of the directory; default: the machine's. */
  readonly disk?: Disk
}

/** Publishes by these parts. `close` takes leave of the ledger and closes the control log, nothing else. */
export function createPublisher(parts: PublisherParts): Publisher {
  const { directory, log, board, clock, disk, commit } = parts
  const meter = openWriteMeter(clock)
  const ledger = meter.ledger(parts.ledger)
  const writer = createEpochWriter({ log, ledger, clock, writer: parts.writer, name: parts.name })
  const committer = createCommitter({
    catalog: meter.catalog(parts.catalog),
    ledger,
    append: parts.append,
    exists: parts.exists,
    tables: tableDefinitions(),
    namespace: NAMESPACE,
    clock,
    chance: parts.chance,
    bounds: committerBounds,
    // Who only passes by could not make rows again: what is there is committed.
    voidAfterMs: commit?.voidAfterMs ?? Number.POSITIVE_INFINITY,
  })
  const isCommitter = commit?.by !== 'committer'
  const attendance =
    commit === undefined || !isCommitter
      ? null
      : openAttendance({ ledger, clock, id: parts.writer, name: parts.name, everyMs: commit.everyMs })
  const seals = openSeals(directory, log.entries, disk, () => writer.state.lastReleased)

  const round = async (): Promise<RoundSummary> => {
    await attendance?.tell()
    const report: RoundReport = isCommitter ? await committer.runRound() : new Map()
    for (const { kind } of report.values()) {
      if (kind !== 'committed') continue
      board.add('commits', 1)
      board.set('committedUs', clock.nowUs())
    }
    const released = await writer.settle()
    refuseFenced({ directory, writer })
    board.set('released', Math.max(board.get('released'), ...released.map(seals.endOf)))
    board.set('retirable', Math.min(board.get('released'), seals.baseTo()))
    // Where others commit, this is when their work is seen.
    if (!isCommitter && released.length > 0) board.set('committedUs', clock.nowUs())
    const { sealed, accepted } = writer.state
    const pending = sealed + accepted
    const tables = [...report].map(([table, { kind }]) => ({ table, outcome: kind }))
    const alarms = (await waitingIn(ledger, clock))?.alarms ?? null
    const measures = { tables, voided: voidedIn(report), pending, alarms, ...meter.take() }
    const halted = Object.fromEntries(committer.halted)
    const { voids, trouble } = writer.state
    const isSettled = (isCommitter ? pending : sealed) === 0
    return { isSettled, halted, failed: failedIn(report), trouble, voids, states: seals.states(), measures }
  }
  return {
    async resume(journalTo) {
      const moved = await confirmIdentity({ directory, log, writer, journalTo })
      await seals.tidy()
      const { lastSealed: last, lastReleased } = writer.state
      board.set('released', seals.endOf(lastReleased))
      board.set('retirable', Math.min(board.get('released'), seals.baseTo()))
      return { last, moved }
    },
    async submit(request, image) {
      while (!writer.state.canSeal) {
        const { isSettled } = await round()
        if (!isSettled) await sleep(clock, AT_BOUND_PAUSE_MS)
      }
      await writer.submit({ request, image })
      refuseFenced({ directory, writer })
      board.set('sealed', request.to)
      await seals.add(request, image)
    },
    async round() {
      try {
        return await withBallast(directory, round, disk)
      } catch (error) {
        if (!isDiskFull(error)) throw error
        const message = 'committing found the disk full, its reserve included'
        throw new CryptoFlowError(message, { kind: 'disk', reaction: 'retry', cause: error })
      }
    },
    async close() {
      await attendance?.leave()
      await log.close()
    },
  }
}

/** What a round's commits passed over, with the tables. */
export function voidedIn(report: RoundReport): RoundMeasures['voided'] {
  return [...report].flatMap(([table, outcome]) =>
    outcome.kind === 'committed' ? outcome.voided.map((each) => ({ ...each, table })) : [],
  )
}

/** Tables that a round could not commit to, and may the next time. */
export interface FailedTables {
  readonly tables: readonly TableName[]
  /** Of the first of them. */
  readonly reason: string
}

export function failedIn(report: RoundReport): FailedTables | null {
  const failed = [...report].flatMap(([table, outcome]) => {
    if (outcome.kind === 'failed') return [{ table, why: outcome.why }]
    if (outcome.kind !== 'behind') return []
    return [{ table, why: `none of ${outcome.attempts} attempts was known to be applied` }]
  })
  const [first] = failed
  return first === undefined ? null : { tables: failed.map(({ table }) => table), reason: first.why }
}

export function tableDefinitions(): Record<TableName, TableDefinition> {
  const entries = Object.entries<TableContract>(tables)
  return Object.fromEntries(entries.map(([name, contract]) => [name, tableDefinition(contract)])) as Record<
    TableName,
    TableDefinition
  >
}

/** Rounds at the end: one that decides nothing means that another process committed in between. */
const CLOSING_ROUNDS_MAX = 100

/** Rounds until every sealed epoch is in its tables and released. Throws when a table refuses to move on. */
export async function settle(publisher: Publisher): Promise<void> {
  for (let i = 0; i < CLOSING_ROUNDS_MAX; i++) {
    const summary = await publisher.round()
    if (summary.isSettled) return
    refuseHalted(summary)
  }
  throw new CryptoFlowError(
    'committing: not every epoch is in its tables after 100 rounds; what is pending is kept and taken up by the ' +
      'next process on this warehouse',
    { kind: 'catalog', reaction: 'retry' },
  )
}

/** I8: a table in a state that cannot be explained stops its writer, and nothing is deleted. */
export function refuseHalted({ halted }: RoundSummary): void {
  if (Object.keys(halted).length === 0) return
  throw new CryptoFlowError(
    'committing: a table cannot be written to; its files and requests are kept (cryptoflow repair)',
    {
      kind: 'catalog',
      reaction: 'stop',
      context: halted,
    },
  )
}
