import { type EpochRequest, type TableName, tables } from '@cryptoflow/model'
import { type Chance, type Clock, CryptoFlowError, seededChance } from '@cryptoflow/runtime'
import { type Committer, createCommitter } from '../committer.ts'
import { tableDefinition } from '../definition.ts'
import type { CommitLedger } from '../ledger.ts'
import { mapProperty } from '../map.ts'
import { type MemoryCatalog, memoryCatalog, type PostFault } from '../memory-catalog.ts'
import { memoryLedger, type WriteFault } from '../memory-ledger.ts'
import { replacesOf, type VoidRows } from '../void-rows.ts'
import { createEpochWriter, type EpochLog, type EpochWriter } from '../writer.ts'
import { mutatedCommitterPorts, mutatedWriterPorts } from './mutations.ts'
import { type Journal, type Life, namespace, Oracle, served } from './oracle.ts'
import type { Act, Choose, Plan, Verdict } from './plan.ts'
import { around } from './ports.ts'

const faultyStepsMax = 600
/** Many times what any backlog here takes: a schedule that needs more is stuck. */
const calmStepsMax = 4_000
const tailSteps = 150
/** Longer than any schedule: requests grow old by leaps only. */
const voidAfterMs = 1_000_000

/** A journal and the process on it. */
interface Host extends Journal {
  actor: Actor | null
  done: boolean
  /** Disk gone: what only it knew is nobody's any more. */
  lost: boolean
}

interface Actor {
  readonly name: string
  alive: boolean
}

interface Gate {
  readonly actor: Actor
  open(): void
}

/**
 * Whole schedules of the commit protocol: production writers and committers over a memory catalog and ledger,
 * where every call of every actor waits until it is chosen, and crashes, faults and other people's acts are
 * choices, too. The oracle knows which rows each journal holds and which it has released.
 */
export async function runSchedule(plan: Plan, choose: Choose, seed: number): Promise<Verdict> {
  return new Schedule(plan, choose, seed).run()
}

class Schedule {
  readonly #plan: Plan
  readonly #choose: Choose
  readonly #chance: Chance
  readonly #catalog = memoryCatalog()
  readonly #ledger = memoryLedger()
  readonly #journals: Host[] = []
  readonly #left: Map<Act, number>
  readonly #taken = new Map<Act, number>()
  readonly #retired = new Set<string>()
  readonly #oracle = new Oracle(this.#catalog)
  #gates: Gate[] = []
  #committers: Actor[] = []
  #violation: string | null = null
  #ids = 0
  #steps = 0
  #leapMs = 0
  #fences = 0
  #savedCatalog: ReturnType<MemoryCatalog['copy']> | null = null

  constructor(plan: Plan, choose: Choose, seed: number) {
    this.#plan = plan
    this.#choose = choose
    this.#chance = seededChance(seed)
    this.#left = new Map(Object.entries(plan.acts) as [Act, number][])
    this.#catalog.ignoresNull = plan.ignoresNull ?? false
    this.#catalog.fault = () => this.#oneOf<PostFault>('post-fault', ['applied-unknown', 'lost', 'delayed'])
    this.#ledger.fault = (write) => {
      const faults: WriteFault[] = ['error', 'applied-but-error', 'delayed']
      return write === 'end' ? 'none' : this.#oneOf(write === 'mark' ? 'mark-fault' : 'put-fault', faults)
    }
  }

  async run(): Promise<Verdict> {
    for (let i = 0; i < this.#plan.writers; i++) this.#addJournal(String.fromCharCode(65 + i), null)
    for (let i = 0; i < this.#plan.committers; i++) this.#startCommitter(i)
    await quiescence()
    while (this.#violation === null && this.#steps < faultyStepsMax && this.#hasErrands())
      await this.#step(true)
    await this.#endFaults()
    for (let i = 0; i < calmStepsMax && this.#violation === null && !this.#isQuiet(); i++)
      await this.#step(false)
    // Whoever was still on the way lands now; nothing may change for the worse.
    for (let i = 0; i < tailSteps && this.#violation === null; i++) await this.#step(false)
    if (!this.#isQuiet()) this.#fail('not everything was released in the end')
    this.#fail(this.#oracle.missing(this.#journals))
    for (const { actor } of this.#journals) if (actor !== null) actor.alive = false
    for (const actor of this.#committers) actor.alive = false
    return { violation: this.#violation, steps: this.#steps, taken: this.#taken, fences: this.#fences }
  }

  // ---------------------------------------------------------------- scheduler

  async #step(faulty: boolean): Promise<void> {
    this.#steps += 1
    this.#gates = this.#gates.filter(({ actor }) => actor.alive)
    const acts = faulty ? this.#possibleActs() : []
    const options = [...this.#gates.map(() => 1), ...acts.map(({ weight }) => weight)]
    if (options.length === 0) return this.#fail('no actor can go on')
    const chosen = faulty ? this.#choose(options) : 0
    const act = acts[chosen - this.#gates.length]
    if (act === undefined) this.#gates.splice(chosen, 1)[0]!.open()
    else act.apply()
    await quiescence()
    this.#fail(this.#oracle.doubled())
  }

  #gate(actor: Actor): Promise<void> {
    return new Promise((open) => {
      this.#gates.push({ actor, open })
    })
  }

  /** The same port, where every call of the actor waits for its turn; a dead actor's never comes. */
  #gated<T extends object>(actor: Actor, port: T): T {
    return around(port, async (_method, call) => {
      await this.#gate(actor)
      return call()
    })
  }

  #hasErrands(): boolean {
    const retire = (this.#left.get('retire') ?? 0) > 0 && this.#finishedWriters().length > 0
    const purge = (this.#left.get('purge') ?? 0) > 0 && this.#forgettable().length > 0
    return retire || purge || !this.#isQuiet()
  }

  #isQuiet(): boolean {
    return this.#journals.every(({ done, lost }) => done || lost)
  }

  #fail(violation: string | null): void {
    this.#violation ??= violation
  }

  // ---------------------------------------------------------------- acts

  #oneOf<T extends string>(act: Act, faults: readonly T[]): T | 'none' {
    if ((this.#left.get(act) ?? 0) === 0) return 'none'
    const chosen = this.#choose([4, ...faults.map(() => 1)])
    if (chosen === 0) return 'none'
    this.#spend(act)
    return faults[chosen - 1]!
  }

  #spend(act: Act): void {
    this.#left.set(act, (this.#left.get(act) ?? 0) - 1)
    this.#taken.set(act, (this.#taken.get(act) ?? 0) + 1)
  }

  #possibleActs(): { weight: number; apply(): void }[] {
    const acts: { weight: number; apply(): void }[] = []
    const offer = (act: Act, apply: () => void): void => {
      const spend = (): void => {
        this.#spend(act)
        apply()
      }
      if ((this.#left.get(act) ?? 0) > 0) acts.push({ weight: 0.12, apply: spend })
    }
    const { landWeight = 0.1 } = this.#plan
    if (this.#taken.has('post-fault')) acts.push({ weight: landWeight, apply: () => this.#catalog.land() })
    if (this.#taken.has('put-fault')) acts.push({ weight: landWeight, apply: () => this.#ledger.land() })
    const living = this.#journals.filter(({ done, lost }) => !done && !lost)
    for (const journal of living) offer('crash', () => this.#restart(journal))
    for (const [index] of this.#committers.entries()) offer('crash', () => this.#startCommitter(index))
    for (const table of served) this.#offerTableActs(table, offer)
    for (const journal of living) this.#offerWriterActs(journal, offer)
    offer('age', () => {
      this.#leapMs += voidAfterMs + 1
    })
    for (const writer of this.#finishedWriters()) offer('retire', () => void this.#retire(writer))
    for (const writer of this.#forgettable()) offer('purge', () => this.#ledger.purge(writer))
    offer('restore-catalog', () => {
      if (this.#savedCatalog !== null) this.#catalog.restore(this.#savedCatalog)
    })
    if (this.#left.has('restore-catalog') && this.#steps % 40 === 0) this.#saveCatalog()
    return acts
  }

  /** Tables older than our first commit would halt, rightly; the schedule is about healing. */
  #saveCatalog(): void {
    const looks = served.map((table) => this.#catalog.look({ namespace, name: table }))
    if (looks.every((look) => look?.metadata.properties[mapProperty] !== undefined)) {
      this.#savedCatalog = this.#catalog.copy()
    }
  }

  #offerTableActs(table: TableName, offer: (act: Act, apply: () => void) => void): void {
    const name = { namespace, name: table }
    if (this.#catalog.look(name) === null) return
    offer('foreign-append', () => this.#catalog.foreign(name, 'append'))
    offer('replace', () => this.#catalog.foreign(name, 'replace'))
    offer('expire', () => this.#catalog.expire(name))
  }

  #offerWriterActs(journal: Host, offer: (act: Act, apply: () => void) => void): void {
    const life = journal.lives.at(-1)!
    const sealed = life.log.filter(({ kind }) => kind === 'seal').length
    const accepted = life.log.filter(({ kind }) => kind === 'accepted').length
    const requests = life.log.flatMap((entry) => (entry.kind === 'seal' ? [entry.request] : []))
    const losable = this.#plan.acts['lose-file'] === undefined ? undefined : this.#oracle.losable(requests)
    if (losable !== undefined) offer('lose-file', () => this.#oracle.lose(losable))
    if (accepted > 0) offer('lose-item', () => this.#ledger.lose(life.writer, accepted))
    offer('declare-dead', () => void this.#declareDead(life.writer))
    offer('clone', () => this.#addJournal(`${journal.tag}${++this.#ids}`, journal))
    // The oracle cannot ask a lost disk for its unsealed rows, so only a sealed-and-accepted one is lost.
    if (sealed === accepted) offer('disk-lost', () => this.#loseDisk(journal))
  }

  async #declareDead(writer: string): Promise<void> {
    for (let epoch = 1; (await this.#ledger.end(writer, epoch)) === 'taken'; epoch++);
  }

  #loseDisk(journal: Host): void {
    journal.lost = true
    if (journal.actor !== null) journal.actor.alive = false
    // The same host begins with an empty journal under the same id: R3 broken, R12 must catch it.
    const life = journal.lives.at(-1)!
    this.#addJournal(`${journal.tag}${++this.#ids}`, null, life.writer)
  }

  #finishedWriters(): string[] {
    const finished = this.#journals.filter(({ done }) => done).map(({ lives }) => lives.at(-1)!.writer)
    return [...new Set(finished)].filter((writer) => !this.#retired.has(writer))
  }

  /** Retired, and no process lives that ever used the id: what the backup window stands for. */
  #forgettable(): string[] {
    const living = this.#journals.filter(({ done }) => !done).flatMap(({ lives }) => lives)
    return [...this.#retired].filter((id) => !living.some(({ writer }) => writer === id))
  }

  async #retire(writer: string): Promise<void> {
    await this.#declareDead(writer)
    if ((await this.#ledger.retire(writer)) === 'retired') this.#retired.add(writer)
  }

  async #endFaults(): Promise<void> {
    this.#left.clear()
    while (this.#catalog.land() || this.#ledger.land());
  }

  // ---------------------------------------------------------------- actors

  #addJournal(tag: string, source: Host | null, writer = `writer-${tag}`): void {
    const lives = source?.lives.map((life) => ({ ...life, log: [...life.log] }))
    const journal: Host = {
      tag,
      lives: lives ?? [{ writer, log: [], begin: 1 }],
      actor: null,
      done: false,
      lost: false,
    }
    this.#journals.push(journal)
    this.#restart(journal)
  }

  #restart(journal: Host): void {
    if (journal.actor !== null) journal.actor.alive = false
    const actor: Actor = { name: journal.tag, alive: true }
    journal.actor = actor
    for (const life of journal.lives) mutatedWriterPorts(this.#plan.mutation).forget(life.log)
    this.#guard(actor, this.#runWriter(journal, actor))
  }

  #startCommitter(index: number): void {
    const before = this.#committers[index]
    if (before !== undefined) before.alive = false
    const actor: Actor = { name: `committer-${index}`, alive: true }
    this.#committers[index] = actor
    this.#guard(actor, this.#runCommitter(actor))
  }

  #guard(actor: Actor, work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (actor.alive) this.#fail(`${actor.name}: ${error instanceof Error ? error.stack : error}`)
    })
  }

  async #runCommitter(actor: Actor): Promise<void> {
    const ports = mutatedCommitterPorts(this.#plan.mutation, {
      catalog: this.#catalog,
      ledger: this.#ledger,
      append: this.#catalog.append,
    })
    const committer: Committer = createCommitter({
      catalog: this.#gated(actor, ports.catalog),
      ledger: this.#gated(actor, this.#plan.lyingLedger ? this.#lying(ports.ledger) : ports.ledger),
      append: ports.append,
      exists: async (location) => this.#oracle.has(location),
      tables: Object.fromEntries(served.map((table) => [table, tableDefinition(tables[table])])),
      namespace,
      clock: this.#clock(actor),
      chance: seededChance(this.#chance.below(2 ** 31)),
      bounds: { epochs: 3, files: 3 },
      voidAfterMs,
    })
    for (;;) {
      await this.#gate(actor)
      for (const [table, outcome] of await committer.runRound()) {
        if (outcome.kind === 'halted') this.#fail(`${table} halted: ${outcome.why}`)
      }
    }
  }

  #lying(ledger: CommitLedger): CommitLedger {
    return {
      ...ledger,
      consecutive: async (writer, from, limit) => {
        const items = await ledger.consecutive(writer, from, limit)
        const hidden = this.#left.size === 0 ? -1 : this.#chance.below(4)
        return items.filter((_, index) => index !== hidden)
      },
    }
  }

  async #runWriter(journal: Host, actor: Actor): Promise<void> {
    journal.done = false
    const writers: EpochWriter[] = []
    for (const life of journal.lives) writers.push(await this.#open(life, actor))
    for (;;) {
      await this.#gate(actor)
      for (const writer of writers) await writer.settle()
      const { fenced, lastSealed, canSeal, voids } = writers.at(-1)!.state
      const life = journal.lives.at(-1)!
      const lastRecord = lastSealed?.to ?? life.begin - 1
      if (fenced?.settled) {
        this.#fences += 1
        journal.lives.push({ writer: `writer-${journal.tag}-${++this.#ids}`, log: [], begin: lastRecord + 1 })
        writers.push(await this.#open(journal.lives.at(-1)!, actor))
      } else if (fenced === null && canSeal && (lastRecord < this.#plan.frames || voids.length > 0)) {
        const request = this.#cut(journal, life, { epoch: lastSealed?.epoch ?? 0, to: lastRecord }, voids)
        await writers.at(-1)!.submit({ request, image: 'image' })
      }
      const open = writers.some(({ state }) => state.sealed + state.accepted > 0)
      const { lastSealed: last, fenced: fence } = writers.at(-1)!.state
      const end = last?.to ?? journal.lives.at(-1)!.begin - 1
      if (!open && fence === null && end >= this.#plan.frames) break
    }
    journal.done = true
  }

  /** While a table may have been put back, I2 holds in the end only: R10 heals it. */
  #checkReleased(life: Life, epoch: number): void {
    if (this.#plan.acts['restore-catalog'] !== undefined || this.#plan.ignoresNull) return
    this.#fail(this.#oracle.missingOf(life, epoch))
  }

  async #open(life: Life, actor: Actor): Promise<EpochWriter> {
    const mutated = mutatedWriterPorts(this.#plan.mutation)
    const log: EpochLog = {
      entries: life.log,
      append: async (entry) => {
        await this.#gate(actor)
        if (entry.kind === 'released') this.#checkReleased(life, entry.epoch)
        life.log.push(entry)
      },
    }
    const writer = createEpochWriter({
      log,
      ledger: this.#gated(actor, mutated.ledger(this.#ledger, life.log)),
      clock: this.#clock(actor),
      writer: life.writer,
      name: actor.name,
      sealedMax: 3,
    })
    // The log is read in one go; a second reader of it is a clone.
    await writer.resume()
    return writer
  }

  /** The next request: one to three records, another cut after every restart, and rows that came to nothing before. */
  #cut(
    journal: Host,
    life: Life,
    last: { readonly epoch: number; readonly to: number },
    voids: readonly VoidRows[],
  ): EpochRequest {
    const from = last.to + 1
    const to = Math.max(from, Math.min(this.#plan.frames, from + this.#chance.below(3)))
    const id = `${life.writer}-${++this.#ids}`
    const named = served.map((table) => {
      const ranges = [{ from, to }, ...voids.filter((each) => each.table === table)]
      return [table, this.#oracle.offer(journal.tag, { id, table, ranges })] as const
    })
    return {
      writer: life.writer,
      epoch: last.epoch + 1,
      from,
      to,
      tables: Object.fromEntries(named.filter(([, files]) => files.length > 0)),
      progress: {},
      sealedAtMs: this.#nowMs(),
      version: '0',
      ...(voids.length === 0 ? {} : { replaces: replacesOf(voids) }),
    }
  }

  #nowMs(): number {
    return this.#steps + this.#leapMs
  }

  #clock(actor: Actor): Clock {
    return {
      nowUs: () => this.#nowMs() * 1000,
      after: (_ms, callback) => {
        void this.#gate(actor).then(callback)
        return () => {}
      },
      every: () => {
        throw new CryptoFlowError('no actor here repeats itself', { kind: 'usage', reaction: 'stop' })
      },
    }
  }
}

/** Every promise that can go on without an actor's turn has gone on. */
function quiescence(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
