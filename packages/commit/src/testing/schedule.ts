import type { TableName } from '@cryptoflow/model'
import { type Chance, seededChance } from '@cryptoflow/runtime'
import { mapProperty } from '../map.ts'
import { type MemoryCatalog, memoryCatalog, type PostFault } from '../memory-catalog.ts'
import { type LedgerCopy, memoryLedger, type WriteFault } from '../memory-ledger.ts'
import { Acts } from './acts.ts'
import { mutatedWriterPorts } from './mutations.ts'
import { namespace, Oracle, served } from './oracle.ts'
import type { Act, Choose, Plan, Verdict } from './plan.ts'
import { type Host, runCommitter, runWriter, type Stage, voidAfterMs } from './players.ts'
import { type Actor, quiescence, Turns } from './turns.ts'

const faultyStepsMax = 600
/** Many times what any backlog here takes: a schedule that needs more is stuck. */
const calmStepsMax = 4_000
const tailSteps = 150
/** How much more often a call works than it meets each of its faults. */
const CALM = 4

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
  readonly #turns = new Turns()
  readonly #acts: Acts<Act>
  readonly #stage: Stage
  readonly #retired = new Set<string>()
  readonly #oracle = new Oracle(this.#catalog)
  #committers: Actor[] = []
  #violation: string | null = null
  #ids = 0
  #steps = 0
  #leapMs = 0
  #fences = 0
  #isCalm = false
  #savedCatalog: ReturnType<MemoryCatalog['copy']> | null = null
  #savedLedger: LedgerCopy | null = null

  constructor(plan: Plan, choose: Choose, seed: number) {
    this.#plan = plan
    this.#choose = choose
    this.#chance = seededChance(seed)
    this.#acts = new Acts(plan.acts, choose)
    this.#stage = this.#stageOf(plan)
    this.#catalog.ignoresNull = plan.ignoresNull ?? false
    this.#catalog.fault = () =>
      this.#acts.oneOf<PostFault>('post-fault', ['applied-unknown', 'lost', 'delayed'], CALM)
    this.#ledger.fault = (write) => {
      const faults: WriteFault[] = ['error', 'applied-but-error', 'delayed']
      if (write === 'end') return 'none'
      return this.#acts.oneOf(write === 'mark' ? 'mark-fault' : 'put-fault', faults, CALM)
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
    return { violation: this.#violation, steps: this.#steps, taken: this.#acts.taken, fences: this.#fences }
  }

  #stageOf(plan: Plan): Stage {
    return {
      plan,
      chance: this.#chance,
      catalog: this.#catalog,
      ledger: this.#ledger,
      oracle: this.#oracle,
      turns: this.#turns,
      nowMs: () => this.#steps + this.#leapMs,
      nextId: () => ++this.#ids,
      isFaulty: () => !this.#isCalm,
      fenced: () => {
        this.#fences += 1
      },
      fail: (violation) => this.#fail(violation),
    }
  }

  // ---------------------------------------------------------------- scheduler

  async #step(faulty: boolean): Promise<void> {
    this.#steps += 1
    const waiting = this.#turns.waiting()
    const acts = faulty ? this.#possibleActs() : []
    const options = [...waiting, ...acts.map(({ weight }) => weight)]
    if (options.length === 0) return this.#fail('no actor can go on')
    const chosen = faulty ? this.#choose(options) : 0
    const act = acts[chosen - waiting.length]
    if (act === undefined) this.#turns.open(chosen)
    else act.apply()
    await quiescence()
    this.#fail(this.#oracle.doubled())
  }

  #hasErrands(): boolean {
    const retire = this.#acts.left('retire') > 0 && this.#finishedWriters().length > 0
    const purge = this.#acts.left('purge') > 0 && this.#forgettable().length > 0
    return retire || purge || !this.#isQuiet()
  }

  #isQuiet(): boolean {
    return this.#journals.every(({ done, lost }) => done || lost)
  }

  #fail(violation: string | null): void {
    this.#violation ??= violation
  }

  // ---------------------------------------------------------------- acts

  #possibleActs(): { weight: number; apply(): void }[] {
    const acts: { weight: number; apply(): void }[] = []
    const offer = (act: Act, apply: () => void): void => {
      const spend = (): void => {
        this.#acts.spend(act)
        apply()
      }
      if (this.#acts.left(act) > 0) acts.push({ weight: 0.12, apply: spend })
    }
    const { landWeight = 0.1 } = this.#plan
    if (this.#acts.taken.has('post-fault'))
      acts.push({ weight: landWeight, apply: () => this.#catalog.land() })
    if (this.#acts.taken.has('put-fault')) acts.push({ weight: landWeight, apply: () => this.#ledger.land() })
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
    offer('restore-ledger', () => {
      if (this.#savedLedger !== null) this.#ledger.restore(this.#savedLedger)
    })
    if (this.#acts.left('restore-catalog') > 0 && this.#steps % 40 === 0) this.#saveCatalog()
    if (this.#acts.left('restore-ledger') > 0 && this.#steps % 40 === 0)
      this.#savedLedger = this.#ledger.copy()
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
    const released = life.log.filter(({ kind }) => kind === 'released').length
    const requests = life.log.flatMap((entry) => (entry.kind === 'seal' ? [entry.request] : []))
    const losable = this.#plan.acts['lose-file'] === undefined ? undefined : this.#oracle.losable(requests)
    if (losable !== undefined) offer('lose-file', () => this.#oracle.lose(losable))
    if (accepted > 0) offer('lose-item', () => this.#ledger.lose(life.writer, accepted))
    if (released > 0)
      offer('lose-released', () => this.#ledger.lose(life.writer, 1 + this.#chance.below(released)))
    // Where items are to be lost, the end comes afterwards: before, there is no slot that it may not fill.
    if (this.#plan.acts['lose-released'] === undefined || this.#acts.taken.has('lose-released'))
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
    this.#isCalm = true
    this.#acts.end()
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
    const actor: Actor = { name: journal.tag, alive: true, weight: 1 }
    journal.actor = actor
    for (const life of journal.lives) mutatedWriterPorts(this.#plan.mutation).forget(life.log)
    this.#guard(actor, runWriter(this.#stage, journal, actor))
  }

  #startCommitter(index: number): void {
    const before = this.#committers[index]
    if (before !== undefined) before.alive = false
    const actor: Actor = { name: `committer-${index}`, alive: true, weight: 1 }
    this.#committers[index] = actor
    this.#guard(actor, runCommitter(this.#stage, actor))
  }

  #guard(actor: Actor, work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (actor.alive) this.#fail(`${actor.name}: ${error instanceof Error ? error.stack : error}`)
    })
  }
}
