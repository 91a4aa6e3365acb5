import { type EpochRequest, tables } from '@cryptoflow/model'
import { type Chance, seededChance } from '@cryptoflow/runtime'
import { type Committer, createCommitter } from '../committer.ts'
import { tableDefinition } from '../definition.ts'
import type { CommitLedger } from '../ledger.ts'
import type { MemoryCatalog } from '../memory-catalog.ts'
import type { MemoryLedger } from '../memory-ledger.ts'
import { replacesOf, type VoidRows } from '../void-rows.ts'
import { createEpochWriter, type EpochLog, type EpochWriter } from '../writer.ts'
import { mutatedCommitterPorts, mutatedWriterPorts } from './mutations.ts'
import { type Journal, type Life, namespace, type Oracle, served } from './oracle.ts'
import type { Plan } from './plan.ts'
import type { Actor, Turns } from './turns.ts'

/** Longer than any schedule: requests grow old by leaps only. */
export const voidAfterMs = 1_000_000

/** A journal and the process on it. */
export interface Host extends Journal {
  actor: Actor | null
  done: boolean
  /** Disk gone: what only it knew is nobody's any more. */
  lost: boolean
}

/** What the players of a schedule share. */
export interface Stage {
  readonly plan: Plan
  readonly chance: Chance
  readonly catalog: MemoryCatalog
  readonly ledger: MemoryLedger
  readonly oracle: Oracle
  readonly turns: Turns
  nowMs(): number
  /** A number that nobody has had. */
  nextId(): number
  /** Whether faults may still happen. */
  isFaulty(): boolean
  /** A writer has met its fence and goes on under a new id. */
  fenced(): void
  fail(violation: string | null): void
}

/** Production's committer, round after round. */
export async function runCommitter(stage: Stage, actor: Actor): Promise<void> {
  const { plan, catalog, ledger, oracle, turns, chance } = stage
  const ports = mutatedCommitterPorts(plan.mutation, { catalog, ledger, append: catalog.append })
  const committer: Committer = createCommitter({
    catalog: turns.gated(actor, ports.catalog),
    ledger: turns.gated(actor, plan.lyingLedger ? lying(stage, ports.ledger) : ports.ledger),
    append: ports.append,
    exists: async (location) => oracle.has(location),
    tables: Object.fromEntries(served.map((table) => [table, tableDefinition(tables[table])])),
    namespace,
    clock: turns.clock(actor, stage.nowMs),
    chance: seededChance(chance.below(2 ** 31)),
    bounds: { epochs: 3, files: 3, emptyEpochs: plan.emptyEpochs ?? 1 },
    voidAfterMs,
  })
  for (;;) {
    await turns.gate(actor)
    for (const [table, outcome] of await committer.runRound()) {
      if (outcome.kind === 'halted') stage.fail(`${table} halted: ${outcome.why}`)
    }
  }
}

function lying({ chance, isFaulty }: Stage, ledger: CommitLedger): CommitLedger {
  return {
    ...ledger,
    following: async (writer, from, limit) => {
      const items = await ledger.following(writer, from, limit)
      const hidden = isFaulty() ? chance.below(4) : -1
      return items.filter((_, index) => index !== hidden)
    },
  }
}

/** Production's writer on a journal: cuts, seals and settles until all is released; under a new id after a fence. */
export async function runWriter(stage: Stage, journal: Host, actor: Actor): Promise<void> {
  const { frames } = stage.plan
  journal.done = false
  const writers: EpochWriter[] = []
  for (const life of journal.lives) writers.push(await openLife(stage, life, actor))
  for (;;) {
    await stage.turns.gate(actor)
    for (const writer of writers) await writer.settle()
    const { fenced, lastSealed, canSeal, voids } = writers.at(-1)!.state
    const life = journal.lives.at(-1)!
    const lastRecord = lastSealed?.to ?? life.begin - 1
    if (fenced?.settled) {
      stage.fenced()
      const writer = `writer-${journal.tag}-${stage.nextId()}`
      journal.lives.push({ writer, log: [], begin: lastRecord + 1 })
      writers.push(await openLife(stage, journal.lives.at(-1)!, actor))
    } else if (fenced === null && canSeal && (lastRecord < frames || voids.length > 0)) {
      const request = cut(stage, journal, { epoch: lastSealed?.epoch ?? 0, to: lastRecord }, voids)
      await writers.at(-1)!.submit({ request, image: 'image' })
    }
    const open = writers.some(({ state }) => state.sealed + state.accepted > 0)
    const { lastSealed: last, fenced: fence } = writers.at(-1)!.state
    const end = last?.to ?? journal.lives.at(-1)!.begin - 1
    if (!open && fence === null && end >= frames) break
  }
  journal.done = true
}

async function openLife(stage: Stage, life: Life, actor: Actor): Promise<EpochWriter> {
  const { turns } = stage
  const mutated = mutatedWriterPorts(stage.plan.mutation)
  const log: EpochLog = {
    entries: life.log,
    append: async (entry) => {
      await turns.gate(actor)
      if (entry.kind === 'released') checkReleased(stage, life, entry.epoch)
      life.log.push(entry)
    },
  }
  const writer = createEpochWriter({
    log,
    ledger: turns.gated(actor, mutated.ledger(stage.ledger, life.log)),
    clock: turns.clock(actor, stage.nowMs),
    writer: life.writer,
    name: actor.name,
    sealedMax: 3,
  })
  // The log is read in one go; a second reader of it is a clone.
  await writer.resume()
  return writer
}

/** While a table may have been put back, I2 holds in the end only: R10 heals it. */
function checkReleased({ plan, oracle, fail }: Stage, life: Life, epoch: number): void {
  if (plan.acts['restore-catalog'] !== undefined || plan.ignoresNull) return
  fail(oracle.missingOf(life, epoch))
}

/** The next request: one to three records, another cut after every restart, and rows that came to nothing before. */
function cut(
  { plan, chance, oracle, nextId, nowMs }: Stage,
  journal: Host,
  last: { readonly epoch: number; readonly to: number },
  voids: readonly VoidRows[],
): EpochRequest {
  const { writer } = journal.lives.at(-1)!
  const from = last.to + 1
  const to = Math.max(from, Math.min(plan.frames, from + chance.below(3)))
  const id = `${writer}-${nextId()}`
  const named = served.map((table) => {
    const ranges = [{ from, to }, ...voids.filter((each) => each.table === table)]
    return [table, oracle.offer(journal.tag, { id, table, ranges })] as const
  })
  return {
    writer,
    epoch: last.epoch + 1,
    from,
    to,
    tables: Object.fromEntries(named.filter(([, files]) => files.length > 0)),
    progress: {},
    sealedAtMs: nowMs(),
    version: '0',
    ...(voids.length === 0 ? {} : { replaces: replacesOf(voids) }),
  }
}
