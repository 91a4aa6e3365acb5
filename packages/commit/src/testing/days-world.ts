import {
  type Catalog,
  type FileIO,
  type LoadedTable,
  prepareAppend,
  reachableFiles,
  type TableMetadata,
} from '@cryptoflow/iceberg'
import { type ControlEntry, type EpochRequest, type TableName, tables } from '@cryptoflow/model'
import { type Chance, CryptoFlowError, seededChance } from '@cryptoflow/runtime'
import { type AppendPreparer, createCommitter } from '../committer.ts'
import { tableDefinition } from '../definition.ts'
import type { CommitLedger } from '../ledger.ts'
import type { MaintenanceOptions } from '../maintenance.ts'
import { memoryCatalog, type PostFault } from '../memory-catalog.ts'
import { memoryLedger } from '../memory-ledger.ts'
import { sweepTables } from '../sweep.ts'
import { replacesOf, type VoidRows } from '../void-rows.ts'
import { createEpochWriter, type EpochWriter } from '../writer.ts'
import { Acts } from './acts.ts'
import { CLEAN_AGE_MS, DAY_MS, type DayAct, type DaysPlan, type DaysVerdict } from './days-plan.ts'
import { withoutVoids } from './mutations.ts'
import type { Choose } from './plan.ts'
import { offer } from './requests.ts'
import { RowStore } from './row-store.ts'
import { brokenPromise } from './table-watch.ts'
import { type Actor, quiescence, Turns } from './turns.ts'

const table: TableName = 'ticks'
const name = { namespace: 'market', name: table }
const definition = tableDefinition(tables[table])
/** Many times what any schedule takes. */
const stepsMax = 8_000
/** A signed request is good for minutes: one that is on its way for longer is refused. */
const POST_LIFE_MS = 15 * 60_000
/** The least that can be told: requests that are younger than the age at which they are void have files as old. */
const ORPHAN_AGE_MS = DAY_MS
/** How much more often a call works than it meets each of its faults. */
const CALM = 4

/**
 * Days of a table: production's writer, committers and search for orphans over a memory catalog, with real manifests.
 * Every call waits until it is chosen, so that the search has its turn between any two steps of a committer, and time
 * leaps between any two calls. The catalog deletes what is old and in no snapshot; requests grow old, lose their files
 * and are refused. After every step each reachable file must be there, and the table show what its map says.
 */
export async function runDays(plan: DaysPlan, choose: Choose, seed: number): Promise<DaysVerdict> {
  return new Days(plan, choose, seed).run()
}

class Days {
  readonly #plan: DaysPlan
  readonly #choose: Choose
  readonly #chance: Chance
  readonly #catalog = memoryCatalog()
  readonly #ledger = memoryLedger()
  readonly #store = new RowStore(() => this.#nowMs())
  readonly #turns = new Turns()
  readonly #acts: Acts<DayAct>
  readonly #log: ControlEntry[] = []
  /** Rows by epoch, those that it brings again included. */
  readonly #rows = new Map<number, readonly string[]>()
  readonly #refused = new Set<string>()
  /** What somebody has looked for: what is lost afterwards is beyond any rule. */
  readonly #asked = new Set<string>()
  readonly #filesOf = new Map<bigint, readonly string[]>()
  readonly #done = { voided: 0, orphans: 0, cleaned: 0 }
  readonly #committers: Actor[] = []
  #isOver = false
  #steps = 0
  #leapMs = 100 * DAY_MS
  #ids = 0
  #violation: string | null = null
  #checked: { metadata: TableMetadata | undefined; removals: number } = { metadata: undefined, removals: 0 }

  constructor(plan: DaysPlan, choose: Choose, seed: number) {
    this.#plan = plan
    this.#choose = choose
    this.#chance = seededChance(seed)
    this.#acts = new Acts(plan.acts, choose)
    this.#catalog.fault = () => this.#acts.oneOf<PostFault>('post-fault', ['applied-unknown', 'lost'], CALM)
    this.#ledger.fault = (write) =>
      write === 'mark' ? this.#acts.oneOf('mark-fault', ['error'] as const, CALM) : 'none'
  }

  async run(): Promise<DaysVerdict> {
    const writer = { name: 'writer', alive: true, weight: 0.5 }
    const sweeper = { name: 'sweeper', alive: true, weight: 1 }
    this.#guard(writer, this.#runWriter(writer))
    this.#guard(sweeper, this.#runSweeper(sweeper))
    for (let i = 0; i < this.#plan.committers; i++) this.#startCommitter(i)
    await quiescence()
    while (this.#violation === null && !this.#isOver && this.#steps < stepsMax) await this.#step()
    if (!this.#isOver) this.#fail('not everything was released in the end')
    for (const actor of [...this.#committers, writer, sweeper]) actor.alive = false
    return { violation: this.#violation, taken: this.#acts.taken, done: this.#done }
  }

  async #step(): Promise<void> {
    this.#steps += 1
    const waiting = this.#turns.waiting()
    const acts = this.#possibleActs()
    const chosen = this.#choose([...waiting, ...acts.map(({ weight }) => weight)])
    const act = acts[chosen - waiting.length]
    if (act === undefined) this.#turns.open(chosen)
    else await act.apply()
    await quiescence()
    await this.#check()
  }

  #nowMs(): number {
    return this.#steps + this.#leapMs
  }

  async #check(): Promise<void> {
    const loaded = await this.#catalog.load(name)
    const { removals } = this.#store
    if (loaded === null) return
    if (this.#checked.metadata === loaded.metadata && this.#checked.removals === removals) return
    this.#checked = { metadata: loaded.metadata, removals }
    this.#fail(await brokenPromise(loaded, this.#store, { epochs: this.#rows, foreign: [] }))
  }

  #fail(violation: string | null): void {
    this.#violation ??= violation
  }

  #guard(actor: Actor, work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (actor.alive) this.#fail(`${actor.name}: ${error instanceof Error ? error.stack : error}`)
    })
  }

  // ---------------------------------------------------------------- acts

  #possibleActs(): { readonly weight: number; apply(): unknown }[] {
    const acts: { weight: number; apply(): unknown }[] = []
    const offerAct = (act: DayAct, apply: () => unknown): void => {
      const spend = (): unknown => {
        this.#acts.spend(act)
        return apply()
      }
      if (this.#acts.left(act) > 0) acts.push({ weight: 0.1, apply: spend })
    }
    const pass = (ms: number): void => {
      this.#leapMs += ms
    }
    offerAct('hours', () => pass(CLEAN_AGE_MS / 5))
    offerAct('days', () => pass(CLEAN_AGE_MS + 1))
    offerAct('clean', () => this.#clean())
    for (const i of this.#committers.keys()) offerAct('crash-committer', () => this.#startCommitter(i))
    const losable = this.#sealedFiles().find((each) => !this.#asked.has(each) && this.#store.has(each))
    if (losable !== undefined) offerAct('lose-file', () => this.#store.io.remove(losable))
    return acts
  }

  /** In one step: the catalog knows its own snapshots. */
  async #clean(): Promise<void> {
    const loaded = await this.#catalog.load(name)
    if (loaded === null) return
    const reached = await reachableFiles(this.#store.io, loaded)
    for (const { location, modifiedMs } of this.#store.list(loaded.metadata.location)) {
      if (reached.has(location) || this.#nowMs() - modifiedMs <= CLEAN_AGE_MS) continue
      await this.#store.io.remove(location)
      this.#done.cleaned += 1
    }
  }

  // ---------------------------------------------------------------- actors

  async #runWriter(actor: Actor): Promise<void> {
    const writer = createEpochWriter({
      log: {
        entries: this.#log,
        append: async (entry) => {
          await this.#turns.gate(actor)
          if (entry.kind === 'released') await this.#checkReleased(entry.epoch)
          this.#log.push(entry)
        },
      },
      ledger: this.#turns.gated(actor, this.#ledger),
      clock: this.#turns.clock(actor, () => this.#nowMs()),
      writer: 'w',
      name: 'a writer',
    })
    await writer.resume()
    while (!this.#isOver) {
      await this.#turns.gate(actor)
      await writer.settle()
      const { voids, lastSealed, sealed, accepted } = writer.state
      const epoch = (lastSealed?.epoch ?? 0) + 1
      if (epoch <= this.#plan.epochs || voids.length > 0) await this.#submit(writer, epoch, voids)
      else this.#isOver = sealed + accepted === 0
    }
  }

  /** One row of its own in each epoch, and the rows of epochs that came to nothing. */
  async #submit(writer: EpochWriter, epoch: number, voids: readonly VoidRows[]): Promise<void> {
    const rows = [epoch, ...voids.map((each) => each.epoch)].map((each) => `row ${each}`)
    this.#rows.set(epoch, rows)
    const { location } = this.#store.put(`epoch-${epoch}`, rows)
    if (this.#acts.oneOf('refuse', ['refused'], CALM) === 'refused') this.#refused.add(location)
    const request: EpochRequest = {
      ...{
        writer: 'w',
        epoch,
        from: epoch,
        to: epoch,
        progress: {},
        version: '0',
        sealedAtMs: this.#nowMs(),
      },
      tables: { [table]: [{ ...offer(location), partition: [0, 'x'] }] },
      ...(voids.length === 0 ? {} : { replaces: replacesOf(voids) }),
    }
    await writer.submit({ request, image: 'image' })
  }

  async #checkReleased(epoch: number): Promise<void> {
    const { metadata } = await this.#loaded()
    const reached = await reachableFiles(this.#store.io, { ...(await this.#loaded()), metadata })
    const stored = [...reached]
      .filter((each) => each.endsWith('.parquet'))
      .flatMap((each) => this.#store.rowsOf(each))
    const lost = this.#rows.get(epoch)?.find((row) => !stored.includes(row))
    if (lost !== undefined) this.#fail(`epoch ${epoch} is released, and ${lost} is in no table`)
  }

  #startCommitter(index: number): void {
    const before = this.#committers[index]
    if (before !== undefined) before.alive = false
    const actor: Actor = { name: `committer-${index}`, alive: true, weight: 1 }
    this.#committers[index] = actor
    this.#guard(actor, this.#runCommitter(actor))
  }

  async #runCommitter(actor: Actor): Promise<void> {
    const { mutation } = this.#plan
    const catalog = this.#catalogFor(actor)
    const committer = createCommitter({
      catalog: mutation === 'R16 voids are listed' ? withoutVoids(catalog) : catalog,
      ledger: this.#turns.gated(actor, this.#ledger),
      append: this.#appendFor(actor),
      exists: async (location) => {
        await this.#turns.gate(actor)
        this.#asked.add(location)
        return this.#store.has(location) || mutation === 'R16 files are looked for'
      },
      tables: { [table]: definition },
      namespace: 'market',
      clock: this.#turns.clock(actor, () => this.#nowMs()),
      chance: seededChance(this.#chance.below(2 ** 31)),
      bounds: { epochs: 3 },
      voidAfterMs: mutation === 'R16 requests grow old' ? Number.POSITIVE_INFINITY : CLEAN_AGE_MS / 2,
    })
    for (;;) {
      await this.#turns.gate(actor)
      const outcome = (await committer.runRound()).get(table)
      if (outcome?.kind === 'halted') this.#fail(`halted: ${outcome.why}`)
      if (outcome?.kind === 'committed') this.#done.voided += outcome.voided.length
    }
  }

  /** A post that was too long on its way does not arrive, and one with a file that is refused is refused. */
  #catalogFor(actor: Actor): Catalog {
    const catalog = this.#turns.gated(actor, this.#catalog)
    return {
      load: (each) => catalog.load(each),
      create: (each, made) => catalog.create(each, made),
      commit: async (base, requirements, updates) => {
        const sentMs = this.#nowMs()
        await this.#turns.gate(actor)
        if (this.#nowMs() - sentMs > POST_LIFE_MS) return { outcome: 'unknown', cause: 'too long on its way' }
        const added = updates.find(({ action }) => action === 'add-snapshot')
        const files =
          added?.action === 'add-snapshot' ? this.#filesOf.get(added.snapshot.snapshotId) : undefined
        if (files?.some((location) => this.#refused.has(location))) {
          const reason = { kind: 'catalog', reaction: 'reject' } as const
          throw new CryptoFlowError('commit: the simulated catalog answers 400', reason)
        }
        return this.#catalog.commit(base, requirements, updates)
      },
    }
  }

  #appendFor(actor: Actor): AppendPreparer {
    return (base, files, options) => {
      this.#filesOf.set(
        options.snapshotId,
        files.map(({ location }) => location),
      )
      const io = this.#turns.gated(actor, this.#store.io)
      return prepareAppend(this.#context(io), base, files, options)
    }
  }

  async #runSweeper(actor: Actor): Promise<void> {
    const own = this.#sweeping(actor)
    const options =
      this.#plan.mutation === 'R17 what is sealed or in the ledger is protected' ? unprotected(own) : own
    for (;;) {
      await this.#turns.gate(actor)
      for (const { deleted } of (
        await sweepTables(options, { minAgeMs: ORPHAN_AGE_MS, isDryRun: false })
      ).values())
        this.#done.orphans += deleted
    }
  }

  #sweeping(actor: Actor): MaintenanceOptions {
    const io = this.#turns.gated(actor, this.#store.io)
    return {
      catalog: this.#turns.gated(actor, this.#catalog),
      ledger: this.#turns.gated(actor, this.#ledger),
      io,
      tables: { [table]: definition },
      namespace: 'market',
      clock: this.#turns.clock(actor, () => this.#nowMs()),
      chance: seededChance(this.#chance.below(2 ** 31)),
      uuid: () => this.#uuid(),
      exists: async (location) => this.#store.has(location),
      rewrite: async () => ({ added: [], refused: new Map() }),
      list: async (location) => {
        await this.#turns.gate(actor)
        return this.#store.list(location)
      },
      sealed: async () => {
        await this.#turns.gate(actor)
        return { files: new Set(this.#sealedFiles()), elsewhere: () => null }
      },
      isStopped: () => false,
    }
  }

  /** Of requests that are sealed and not released. */
  #sealedFiles(): string[] {
    const released = this.#log.findLast(({ kind }) => kind === 'released')?.epoch ?? 0
    const seals = this.#log.filter((entry) => entry.kind === 'seal').filter(({ epoch }) => epoch > released)
    return seals.flatMap(({ request }) => (request.tables[table] ?? []).map(({ location }) => location))
  }

  async #loaded(): Promise<LoadedTable> {
    return (await this.#catalog.load(name)) as LoadedTable
  }

  #context(io: FileIO) {
    return { io, nowMs: () => this.#nowMs(), uuid: () => this.#uuid() }
  }

  #uuid(): string {
    return `00000000-0000-4000-8000-${(++this.#ids).toString(16).padStart(12, '0')}`
  }
}

/** Whoever looks for orphans knows of no request. */
function unprotected(options: MaintenanceOptions): MaintenanceOptions {
  const ledger: CommitLedger = { ...options.ledger, writers: async () => [] }
  return { ...options, ledger, sealed: async () => ({ files: new Set(), elsewhere: () => null }) }
}
