import type { Catalog, DataFile, LoadedTable, TableDefinition } from '@cryptoflow/iceberg'
import { assert, type TableName } from '@cryptoflow/model'
import { type Backoff, backoffMs, type Chance, type Clock, messageOf, sleep } from '@cryptoflow/runtime'
import { drawSnapshotId, isPassing } from './answers.ts'
import { type Backlog, type BatchBounds, defaultBatchBounds, firstUndecided } from './batch.ts'
import { dataFileOf } from './files.ts'
import type { CommitLedger } from './ledger.ts'
import { commitIdKey, type DecidedMap, epochsKey, isDecided } from './map.ts'
import {
  type Append,
  applyRound,
  commitOf,
  firstStep,
  type RoundContext,
  type RoundEvent,
  type RoundOutcome,
  type RoundState,
} from './round.ts'

/**
 * Writes the manifests that show `files` on top of the table as loaded: `prepareAppend` of the iceberg
 * package with its context bound. Every call writes under new names.
 */
export type AppendPreparer = (
  table: LoadedTable,
  files: readonly DataFile[],
  options: {
    readonly snapshotId: bigint
    readonly summary: Readonly<Record<string, string>>
    readonly attempt: number
  },
) => Promise<Append>

export interface CommitterOptions {
  readonly catalog: Catalog
  readonly ledger: CommitLedger
  readonly append: AppendPreparer
  /** Whether a data file is there: asked for each file just before it is committed. */
  readonly exists: (location: string) => Promise<boolean>
  /** The tables this committer serves; others are another's. */
  readonly tables: Readonly<Partial<Record<TableName, TableDefinition>>>
  readonly namespace: string
  readonly clock: Clock
  /** Draws snapshot ids, too: committers of one table need different seeds. */
  readonly chance: Chance
  readonly bounds?: Partial<BatchBounds>
  /** Age of a request from which on its files are not appended any more (R16), milliseconds; default 36 hours. */
  readonly voidAfterMs?: number
}

export type RoundReport = ReadonlyMap<TableName, RoundOutcome>

/**
 * Moves data files from the ledger into tables, one table snapshot per table and round. Any number may run at
 * once, in any process: what a table holds is decided by the table's own map, not by who commits.
 */
export interface Committer {
  /**
   * One round over all tables at once. A table that is halted stays so, and the others go on. Throws on bugs
   * only; what the catalog, the ledger and the store answer is in the report.
   */
  runRound(): Promise<RoundReport>
  /** Tables that need a person, with the reason. */
  readonly halted: ReadonlyMap<TableName, string>
  /** Takes a halted table up again, after it was repaired. */
  resume(table: TableName): void
}

const attemptsMax = 20
const pauses: Backoff = { firstMs: 50, maxMs: 2_000, jitter: 0.5 }
/** Half of the three days after which a catalog may delete files that no table names. */
const VOID_AFTER_MS = 36 * 3_600_000
/** Marks made between two looks at the ledger. */
const marksPerQuery = 500

export function createCommitter(options: CommitterOptions): Committer {
  const bounds = { ...defaultBatchBounds, ...options.bounds }
  const halted = new Map<TableName, string>()
  const entries = Object.entries(options.tables) as [TableName, TableDefinition][]
  const { voidAfterMs = VOID_AFTER_MS } = options
  const contexts = entries.map(([table, definition]) => {
    return { table, definition, bounds, attemptsMax, voidAfterMs }
  })
  const steps = { ...options, nowMs: forwardMs(options.clock) }
  let running = false

  const roundOf = async (context: RoundContext): Promise<RoundOutcome> => {
    const why = halted.get(context.table)
    if (why !== undefined) return { kind: 'halted', why }
    const outcome = await runTable(steps, context)
    if (outcome.kind === 'halted') halted.set(context.table, outcome.why)
    return outcome
  }

  return {
    halted,
    resume: (table) => {
      halted.delete(table)
    },
    async runRound() {
      assert(!running, 'one committer runs one round at a time')
      running = true
      try {
        const rounds = await Promise.allSettled(contexts.map(roundOf))
        return new Map(rounds.map((round, i) => [contexts[i]!.table, settled(round)]))
      } finally {
        running = false
      }
    },
  }
}

interface Steps extends CommitterOptions {
  nowMs(): number
}

/** A clock that is set back makes no request younger (K13). */
function forwardMs(clock: Clock): () => number {
  let latestMs = Number.NEGATIVE_INFINITY
  return () => {
    latestMs = Math.max(latestMs, Math.floor(clock.nowUs() / 1000))
    return latestMs
  }
}

async function runTable(options: Steps, context: RoundContext): Promise<RoundOutcome> {
  let state: RoundState = firstStep
  while (state.step !== 'ended') {
    state = applyRound(context, state, await answerOf(options, context, state))
  }
  return state.outcome
}

/** Does the step and says what came of it. */
async function answerOf(
  options: Steps,
  context: RoundContext,
  state: Exclude<RoundState, { step: 'ended' }>,
): Promise<RoundEvent> {
  try {
    return await perform(options, context, state)
  } catch (error) {
    const passing = isPassing(error)
    if (passing === null) throw error
    if (!passing) return { kind: 'refused', why: messageOf(error) }
    return state.step === 'posting' ? { kind: 'unknown' } : { kind: 'failed', why: messageOf(error) }
  }
}

async function perform(
  options: Steps,
  context: RoundContext,
  state: Exclude<RoundState, { step: 'ended' }>,
): Promise<RoundEvent> {
  const { catalog, ledger, clock, chance } = options
  const name = { namespace: options.namespace, name: context.table }
  switch (state.step) {
    case 'loading': {
      if (state.pause) await sleep(clock, backoffMs(pauses, state.attempt, chance))
      const table = await catalog.load(name)
      return { kind: 'loaded', table, knownDone: await ledger.hasMarks(context.table) }
    }
    case 'creating':
      await catalog.create(name, context.definition)
      return { kind: 'created' }
    case 'reading':
      return {
        kind: 'read',
        backlogs: await readBacklogs(ledger, state.map, context.bounds),
        nowMs: options.nowMs(),
      }
    case 'checking': {
      const locations = state.batch.files.map((file) => file.location)
      const there = await Promise.all(locations.map(options.exists))
      return { kind: 'checked', missing: locations.filter((_, i) => !there[i]) }
    }
    case 'building':
      return { kind: 'built', append: await build(options, context, state) }
    case 'posting': {
      // Between the look at its age and now the process may have stood still for days.
      if (options.nowMs() - state.batch.oldestMs > context.voidAfterMs) return { kind: 'late' }
      const { requirements, updates } = commitOf(state.base, state.batch, state.append)
      const { outcome } = await catalog.commit(state.base, requirements, updates)
      return { kind: outcome }
    }
    case 'marking':
      await markDecided(ledger, context.table, state.map, String(state.snapshot))
      return { kind: 'marked' }
  }
}

/** C2: after the table was loaded (R5), the registry first, so that every writer's items are younger. */
async function readBacklogs(ledger: CommitLedger, map: DecidedMap, bounds: BatchBounds): Promise<Backlog[]> {
  const backlogs: Backlog[] = []
  for (const entry of await ledger.writers()) {
    const from = firstUndecided(map, entry)
    const items = from === null ? [] : await ledger.following(entry.writer, from, bounds.epochs)
    backlogs.push({ entry, items })
  }
  return backlogs
}

async function build(
  { append, chance }: CommitterOptions,
  { definition }: RoundContext,
  { base, batch, attempt }: Extract<RoundState, { step: 'building' }>,
): Promise<Append> {
  const snapshotId = drawSnapshotId(base, chance)
  const files = batch.files.map((offer) => dataFileOf(offer, definition.sortOrder.orderId))
  const summary = {
    [commitIdKey]: `${snapshotId}.${attempt}`,
    [epochsKey]: JSON.stringify(Object.fromEntries(batch.epochs)),
  }
  const prepared = await append(base, files, { snapshotId, summary, attempt })
  assert(prepared.snapshot.snapshotId === snapshotId, 'the snapshot has the id that was asked for')
  return prepared
}

/** C7, for this round's epochs and for every earlier one whose mark was lost. A void epoch is told as void (R16). */
async function markDecided(
  ledger: CommitLedger,
  table: TableName,
  map: DecidedMap,
  snapshot: string,
): Promise<void> {
  for (const [writer, decided] of map.decided) {
    for (let more = true; more; ) {
      const epochs = await ledger.unmarked(writer, table, decided, marksPerQuery)
      const wanted = epochs.filter((epoch) => isDecided(map, writer, epoch))
      for (const epoch of wanted) await ledger.mark(writer, epoch, table, snapshot)
      for (const epoch of epochs) {
        if (!isDecided(map, writer, epoch)) await ledger.markVoid(writer, epoch, table)
      }
      more = epochs.length === marksPerQuery && wanted.length > 0
    }
  }
}

function settled<T>(result: PromiseSettledResult<T>): T {
  if (result.status === 'rejected') throw result.reason
  return result.value
}
