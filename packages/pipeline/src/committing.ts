import { existsSync } from 'node:fs'
import {
  createCommitter,
  createSqliteLedger,
  type RoundOutcome,
  type RoundReport,
  type WriterBacklog,
} from '@cryptoflow/commit'
import { prepareAppend } from '@cryptoflow/iceberg'
import type { TableName } from '@cryptoflow/model'
import { type Clock, randomSeed, seededChance, ulid, uuid } from '@cryptoflow/runtime'
import { filePath } from '@cryptoflow/stores'
import { openAlarmTeller } from './alarm-teller.ts'
import { openAttendance, waitingIn } from './attendance.ts'
import { type MaintenanceHostOptions, startMaintenance } from './maintenance-host.ts'
import { committerBounds, failedIn, tableDefinitions, voidedIn } from './publisher.ts'
import { NAMESPACE, openCatalog, warehouseAt } from './warehouse.ts'
import { shareWarehouse } from './warehouse-lock.ts'
import { openWriteMeter } from './write-meter.ts'

export interface CommittingOptions extends MaintenanceHostOptions {
  readonly everyMs: number
  /** Age of a request from which on it is not appended any more (R16), milliseconds. */
  readonly voidAfterMs: number
  /** A label for people. */
  readonly name: string
}

/** What a committing process has done since its start, and what it found at its last round. */
export interface CommitProgress {
  readonly commits: number
  readonly epochs: number
  readonly rows: number
  readonly files: number
  /** Time of the last commit, microseconds; 0 before it. */
  readonly committedUs: number
  /** What waits of each writer, the oldest first. */
  readonly backlogs: readonly WriterBacklog[]
  readonly halted: ReadonlyMap<TableName, string>
}

/** Commits what collecting processes have sealed, and nothing else. */
export interface CommittingProcess {
  readonly id: string
  readonly progress: CommitProgress
  /** Settles when it has ended: fulfilled after `stop`, rejected by the failure that ended it. */
  readonly ended: Promise<void>
  /** Finishes the round that is under way; what waits is the next committer's. */
  stop(): Promise<void>
}

/** How often a halted table is looked at again: somebody may have repaired it. */
const LOOK_AGAIN_US = 60_000_000

/**
 * Commits into a warehouse for any number of collecting processes, beside any number of others that commit: what a table
 * holds is decided by its own map. A table that needs a person is told and left, the others go on. It keeps nothing of
 * its own: a death anywhere is as if the round had never begun.
 */
export async function startCommitting(options: CommittingOptions): Promise<CommittingProcess> {
  const { clock, everyMs, name, notice, measure } = options
  const warehouse = warehouseAt(options.warehouseDirectory)
  const id = ulid(clock.nowUs())
  const { catalog, io, nowMs } = openCatalog(warehouse, clock)
  const release = shareWarehouse(warehouse)
  const meter = openWriteMeter(clock)
  const opened = createSqliteLedger({ path: warehouse.ledgerFile })
  const ledger = meter.ledger(opened)
  const committer = createCommitter({
    catalog: meter.catalog(catalog),
    ledger,
    append: (table, files, each) => prepareAppend({ io, nowMs, uuid }, table, files, each),
    exists: async (location) => existsSync(filePath(location)),
    tables: tableDefinitions(),
    namespace: NAMESPACE,
    clock,
    chance: seededChance(randomSeed()),
    bounds: committerBounds,
    voidAfterMs: options.voidAfterMs,
  })
  const attendance = openAttendance({ ledger, clock, id, name, everyMs })
  const tellAlarms = openAlarmTeller(clock, notice)
  const tellTables = openTableTeller(clock, notice)
  const progress = {
    ...{ commits: 0, epochs: 0, rows: 0, files: 0, committedUs: 0 },
    backlogs: [] as readonly WriterBacklog[],
    halted: committer.halted,
  }

  /** One round; whether more is waiting than it took. */
  const round = async (): Promise<boolean> => {
    for (const table of tellTables.due(committer.halted)) committer.resume(table)
    await attendance.tell()
    const report = await committer.runRound()
    for (const outcome of report.values()) if (outcome.kind === 'committed') count(progress, outcome, clock)
    tellTables.tell(report)
    const waiting = await waitingIn(ledger, clock)
    const alarms = waiting?.alarms ?? null
    progress.backlogs = waiting?.backlogs ?? progress.backlogs
    tellAlarms(alarms)
    const tables = [...report].map(([table, { kind }]) => ({ table, outcome: kind }))
    const pending = progress.backlogs.reduce((sum, { epochs }) => sum + epochs, 0)
    const voided = voidedIn(report)
    for (const { why: reason, ...each } of voided) notice({ kind: 'voided', ...each, reason })
    measure?.({ kind: 'round', tables, voided, pending, alarms, ...meter.take() })
    return [...report.values()].some((outcome) => outcome.kind === 'committed' && outcome.more)
  }
  const failure = Promise.withResolvers<void>()
  failure.promise.catch(() => {})
  let isStopping = false
  let working: Promise<void> | null = null
  const work = async (): Promise<void> => {
    while ((await round()) && !isStopping);
  }
  const begin = (): void => {
    working ??= work()
      .catch(failure.reject)
      .finally(() => {
        working = null
      })
  }
  begin()
  const cancel = clock.every(everyMs, begin)
  const maintainer = startMaintenance(options)
  const end = async (): Promise<void> => {
    isStopping = true
    cancel()
    await maintainer.stop()
    await working
    await attendance.leave()
    catalog.close()
    opened.close()
    release()
  }
  const ended = failure.promise.catch(async (error) => {
    await end().catch(() => {})
    throw error
  })
  ended.catch(() => {})
  return {
    id,
    progress,
    ended,
    async stop() {
      if (!isStopping) await end()
      failure.resolve()
      await ended
    },
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

function count(
  progress: Mutable<CommitProgress>,
  { epochsTotal, rows, files }: Extract<RoundOutcome, { kind: 'committed' }>,
  clock: Clock,
): void {
  progress.commits += 1
  progress.epochs += epochsTotal
  progress.rows += rows
  progress.files += files
  progress.committedUs = clock.nowUs()
}

/** Tells what became of tables that were not committed to, and knows which halted ones are to be looked at again. */
function openTableTeller(
  clock: Clock,
  notice: CommittingOptions['notice'],
): { tell(report: RoundReport): void; due(halted: ReadonlyMap<TableName, string>): readonly TableName[] } {
  let known = new Map<TableName, string>()
  let lookedUs = clock.nowUs()
  return {
    tell(report) {
      const halted = new Map<TableName, string>()
      for (const [table, outcome] of report) {
        if (outcome.kind === 'halted') halted.set(table, outcome.why)
      }
      for (const [table, reason] of halted) {
        if (known.get(table) !== reason) notice({ kind: 'halted', table, reason })
      }
      for (const table of known.keys()) if (!halted.has(table)) notice({ kind: 'unhalted', table })
      known = halted
      const failed = failedIn(report)
      if (failed !== null) notice({ kind: 'commit-failed', ...failed })
    },
    due(halted) {
      if (clock.nowUs() - lookedUs < LOOK_AGAIN_US) return []
      lookedUs = clock.nowUs()
      return [...halted.keys()]
    },
  }
}
