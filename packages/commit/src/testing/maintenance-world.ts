import {
  type DataFile,
  type LiveFile,
  type LoadedTable,
  liveDataFiles,
  prepareAppend,
  prepareReplace,
  type TableMetadata,
} from '@cryptoflow/iceberg'
import { type EpochRequest, type TableName, tables } from '@cryptoflow/model'
import { type Chance, seededChance } from '@cryptoflow/runtime'
import { createCommitter } from '../committer.ts'
import { tableDefinition } from '../definition.ts'
import { requestHash } from '../hash.ts'
import { maintainTables } from '../maintain.ts'
import type { MaintenanceOptions, Rewritten } from '../maintenance.ts'
import { memoryCatalog, type PostFault } from '../memory-catalog.ts'
import { memoryLedger } from '../memory-ledger.ts'
import { Acts } from './acts.ts'
import {
  type MaintenanceAct,
  type MaintenanceScene,
  type MaintenanceVerdict,
  MIN_AGE_MS,
  roundPlan,
} from './maintenance-plan.ts'
import type { Choose } from './plan.ts'
import { offer } from './requests.ts'
import { RowStore } from './row-store.ts'
import { brokenPromise, leftBehind } from './table-watch.ts'
import { type Actor, quiescence, Turns } from './turns.ts'

const table: TableName = 'ticks'
const name = { namespace: 'market', name: table }
const definition = tableDefinition(tables[table])
const stepsMax = 6_000
/** So that the writer's files are of an age to be deleted from the first listing on. */
const AGES_AGO_MS = -1_000_000
const DAY_MS = 86_400_000
/** A round of maintenance takes many calls, and there must be something to maintain while the writer writes. */
const WRITER_WEIGHT = 0.1
/** Groups are made of what is small: what one round has made, a second one may join. */
const CALM_ROUNDS = 4
/** How much more often a call works than it meets each of its faults. */
const CALM = 3

/**
 * A writer, committers and maintainers of one table over a memory catalog, with real manifests in a store in memory.
 * Every call of every actor waits until it is chosen. After every step the table is compared with what was committed,
 * and every file that a retained snapshot reaches must be there.
 */
export async function runMaintenance(
  scene: MaintenanceScene,
  choose: Choose,
  seed: number,
): Promise<MaintenanceVerdict> {
  return new World(scene, choose, seed).run()
}

class World {
  readonly #scene: MaintenanceScene
  readonly #choose: Choose
  readonly #chance: Chance
  readonly #catalog = memoryCatalog()
  readonly #ledger = memoryLedger()
  readonly #store = new RowStore(() => this.#steps)
  readonly #sealed = new Map<number, readonly string[]>()
  readonly #rows = new Map<number, readonly string[]>()
  readonly #foreign: string[] = []
  readonly #turns = new Turns()
  readonly #acts: Acts<MaintenanceAct>
  readonly #done = { compacted: 0, expired: 0, orphans: 0 }
  readonly #committers: Actor[] = []
  readonly #maintainers: Actor[] = []
  #steps = 0
  #ids = 0
  #released = 0
  #violation: string | null = null
  #checked: { metadata: TableMetadata | undefined; removals: number } = { metadata: undefined, removals: 0 }

  constructor(scene: MaintenanceScene, choose: Choose, seed: number) {
    this.#scene = scene
    this.#choose = choose
    this.#chance = seededChance(seed)
    this.#acts = new Acts(scene.acts, choose)
    this.#catalog.fault = () =>
      this.#acts.oneOf<PostFault>('post-fault', ['applied-unknown', 'lost', 'delayed'], CALM)
    this.#ledger.fault = (write) =>
      write === 'mark' ? this.#acts.oneOf('mark-fault', ['error'] as const, CALM) : 'none'
  }

  async run(): Promise<MaintenanceVerdict> {
    await this.#ledger.register('w', 'a writer')
    const writer = { name: 'writer', alive: true, weight: WRITER_WEIGHT }
    this.#guard(writer, this.#runWriter(writer))
    for (let i = 0; i < this.#scene.committers; i++) this.#startCommitter(i)
    for (let i = 0; i < this.#scene.maintainers; i++) this.#startMaintainer(i)
    await quiescence()
    while (this.#violation === null && this.#released < this.#scene.epochs && this.#steps < stepsMax)
      await this.#step()
    if (this.#released < this.#scene.epochs) this.#fail('not everything was released in the end')
    for (const actor of [...this.#committers, ...this.#maintainers, writer]) actor.alive = false
    while (this.#catalog.land());
    await this.#check()
    await this.#calmRound()
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

  // ---------------------------------------------------------------- promises

  async #check(): Promise<void> {
    const metadata = this.#catalog.look(name)?.metadata
    const { removals } = this.#store
    if (metadata === undefined) return
    if (this.#checked.metadata === metadata && this.#checked.removals === removals) return
    this.#checked = { metadata, removals }
    const expected = { epochs: this.#rows, foreign: this.#foreign }
    this.#fail(await brokenPromise(await this.#loaded(), this.#store, expected))
  }

  /** With nobody else about, rounds leave one snapshot and no file that the table does not need. */
  async #calmRound(): Promise<void> {
    if (this.#violation !== null) return
    this.#acts.end()
    this.#steps += 10 * MIN_AGE_MS
    await this.#store.io.write(
      `${(await this.#loaded()).metadata.location}/data/young.parquet`,
      new Uint8Array(1),
    )
    for (let round = 0; round < CALM_ROUNDS; round++) {
      this.#steps += 1
      await maintainTables(this.#maintenance(null), roundPlan, () => {})
    }
    await this.#check()
    this.#fail(await leftBehind(await this.#loaded(), this.#store))
  }

  #fail(violation: string | null): void {
    this.#violation ??= violation
  }

  // ---------------------------------------------------------------- acts

  #possibleActs(): { readonly weight: number; apply(): unknown }[] {
    const acts: { weight: number; apply(): unknown }[] = []
    const offerAct = (act: MaintenanceAct, apply: () => unknown): void => {
      if (this.#acts.left(act) === 0) return
      const spend = (): unknown => {
        this.#acts.spend(act)
        return apply()
      }
      acts.push({ weight: 0.1, apply: spend })
    }
    if (this.#acts.taken.has('post-fault')) acts.push({ weight: 0.1, apply: () => this.#catalog.land() })
    for (const i of this.#committers.keys()) offerAct('crash-committer', () => this.#startCommitter(i))
    for (const i of this.#maintainers.keys()) offerAct('crash-maintainer', () => this.#startMaintainer(i))
    if (this.#catalog.look(name)?.metadata.currentSnapshotId) {
      offerAct('foreign-append', () => this.#foreignAppend())
      offerAct('foreign-compaction', () => this.#foreignCompaction())
    }
    return acts
  }

  async #foreignAppend(): Promise<void> {
    const row = `foreign-${++this.#ids}`
    const file = this.#store.put(`foreign-${this.#ids}`, [row])
    const base = await this.#loaded()
    const prepared = await prepareAppend(this.#context(), base, [file], this.#commitOptions())
    if (await this.#commitUnharmed(base, prepared)) this.#foreign.push(row)
  }

  async #foreignCompaction(): Promise<void> {
    const base = await this.#loaded()
    const removed = (await liveDataFiles(this.#store.io, base.metadata)).slice(0, 3)
    if (removed.length < 2) return
    const added = [
      this.#store.put(
        `theirs-${++this.#ids}`,
        removed.flatMap(({ location }) => this.#store.rowsOf(location)),
      ),
    ]
    const prepared = await prepareReplace(this.#context(), base, { removed, added }, this.#commitOptions())
    await this.#commitUnharmed(base, prepared)
  }

  async #commitUnharmed(
    base: LoadedTable,
    { requirements, updates }: Awaited<ReturnType<typeof prepareAppend>>,
  ): Promise<boolean> {
    const { fault } = this.#catalog
    this.#catalog.fault = () => 'none'
    const { outcome } = await this.#catalog.commit(base, requirements, updates)
    this.#catalog.fault = fault
    return outcome === 'applied'
  }

  // ---------------------------------------------------------------- actors

  #guard(actor: Actor, work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (actor.alive) this.#fail(String(error instanceof Error ? error.stack : error))
    })
  }

  /** Uploads and seals in one step: what is not sealed is for the least age to protect, which is not the question here. */
  async #runWriter(actor: Actor): Promise<void> {
    for (let epoch = 1; epoch <= this.#scene.epochs; epoch++) {
      await this.#turns.gate(actor)
      const rows = [`${epoch}a`, `${epoch}b`]
      this.#rows.set(epoch, rows)
      // An epoch that was cut before and lost with its process.
      this.#store.put(`epoch-${epoch}-lost`, rows, AGES_AGO_MS)
      const files = rows.map((row) => this.#store.put(`epoch-${epoch}-${row}`, [row], AGES_AGO_MS))
      this.#sealed.set(
        epoch,
        files.map(({ location }) => location),
      )
      await this.#turns.gate(actor)
      await this.#put(epoch, files)
      this.#guard(actor, this.#release(actor, epoch))
    }
  }

  async #put(epoch: number, files: readonly DataFile[]): Promise<void> {
    const request: EpochRequest = {
      writer: 'w',
      epoch,
      from: epoch,
      to: epoch,
      tables: { [table]: files.map(({ location }) => ({ ...offer(location), partition: [0, 'x'] })) },
      progress: {},
      sealedAtMs: epoch,
      version: '0',
    }
    await this.#ledger.put(request, requestHash(request))
  }

  async #release(actor: Actor, epoch: number): Promise<void> {
    for (let isDone = false; !isDone; ) {
      await this.#turns.gate(actor)
      const item = await this.#ledger.item('w', epoch)
      isDone = item?.kind === 'request' && item.done[table] !== undefined
    }
    this.#sealed.delete(epoch)
    this.#released += 1
  }

  #startCommitter(index: number): void {
    const actor = replaced(this.#committers, 'committer', index)
    const committer = createCommitter({
      voidAfterMs: Number.POSITIVE_INFINITY,
      catalog: this.#turns.gated(actor, this.#catalog),
      ledger: this.#turns.gated(actor, this.#ledger),
      append: (base, files, options) => prepareAppend(this.#context(actor), base, files, options),
      exists: async (location) => this.#store.has(location),
      tables: { [table]: definition },
      namespace: 'market',
      clock: this.#turns.clock(actor, () => this.#steps + 2 * DAY_MS),
      chance: seededChance(this.#chance.below(2 ** 31)),
      bounds: { epochs: 2 },
    })
    const work = async (): Promise<void> => {
      for (;;) {
        await this.#turns.gate(actor)
        const outcome = (await committer.runRound()).get(table)
        if (outcome?.kind === 'halted') this.#fail(`halted: ${outcome.why}`)
      }
    }
    this.#guard(actor, work())
  }

  #startMaintainer(index: number): void {
    const actor = replaced(this.#maintainers, 'maintainer', index)
    const own = this.#maintenance(actor)
    const options = this.#scene.mutate?.(own) ?? own
    const work = async (): Promise<void> => {
      for (;;) {
        await this.#turns.gate(actor)
        for (const report of await maintainTables(options, roundPlan, () => {})) {
          this.#done.compacted += report.compacted.removed
          this.#done.expired += report.expired.snapshots
          this.#done.orphans += report.orphans.files
        }
      }
    }
    this.#guard(actor, work())
  }

  #maintenance(actor: Actor | null): MaintenanceOptions {
    const io = this.#turns.gated(actor, this.#store.io)
    return {
      catalog: this.#turns.gated(actor, this.#catalog),
      ledger: this.#turns.gated(actor, this.#ledger),
      io,
      tables: { [table]: definition },
      namespace: 'market',
      clock: this.#turns.clock(actor, () => this.#steps + 2 * DAY_MS),
      chance: seededChance(this.#chance.below(2 ** 31)),
      uuid: () => this.#uuid(),
      exists: async (location) => this.#store.has(location),
      rewrite: async (_table, { files }) => {
        await this.#turns.gate(actor)
        return this.#rewritten(files)
      },
      list: async (location) => {
        await this.#turns.gate(actor)
        return this.#store.list(location)
      },
      sealed: async () => {
        await this.#turns.gate(actor)
        return { files: new Set([...this.#sealed.values()].flat()), elsewhere: () => null }
      },
      isStopped: () => false,
    }
  }

  #rewritten(files: readonly LiveFile[]): Rewritten {
    const gone = files.filter(({ location }) => !this.#store.has(location))
    const rows = files.flatMap((file) => (gone.includes(file) ? [] : this.#store.rowsOf(file.location)))
    const added = rows.length === 0 ? [] : [this.#store.put(`ours-${++this.#ids}`, rows)]
    return { added, refused: new Map(gone.map(({ location }) => [location, 'is not there'])) }
  }

  async #loaded(): Promise<LoadedTable> {
    return (await this.#catalog.load(name)) as LoadedTable
  }

  #context(actor: Actor | null = null) {
    return {
      io: this.#turns.gated(actor, this.#store.io),
      nowMs: () => this.#steps,
      uuid: () => this.#uuid(),
    }
  }

  #uuid(): string {
    return `00000000-0000-4000-8000-${(++this.#ids).toString(16).padStart(12, '0')}`
  }

  #commitOptions() {
    return { snapshotId: BigInt(++this.#ids) + (1n << 40n), summary: {}, attempt: 1 }
  }
}

/** A new actor in the place of one that is dead from now on. */
function replaced(actors: Actor[], name: string, index: number): Actor {
  const before = actors[index]
  if (before !== undefined) before.alive = false
  const actor = { name, alive: true, weight: 1 }
  actors[index] = actor
  return actor
}
