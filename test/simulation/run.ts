import { type EmissionRecord, type Hall, openHall, type SilentFault } from '@cryptoflow/exchange-sim/memory'
import { findMarket } from '@cryptoflow/exchanges'
import { openJournalReader, readRecords } from '@cryptoflow/journal'
import type { JournalRecord } from '@cryptoflow/model'
import { resolveCollection } from '@cryptoflow/pipeline'
import { type Chance, manualClock, messageOf, seededChance } from '@cryptoflow/runtime'
import { Life, type Mischance, openMischance } from './life.ts'
import type { Landing } from './listener.ts'
import { type Machine, openMachine } from './machine.ts'
import type { Fault, Plan } from './plan.ts'
import { DIRECTORY, mayTryAgain, type Process, startProcess } from './process.ts'
import { liveFiles, readFiles, type Tables } from './stored-rows.ts'
import { openTrace, type Trace } from './trace.ts'

/** What a run left behind, to be judged. */
export interface Outcome {
  readonly plan: Plan
  readonly trace: Trace
  /** Why it could not be judged: a process ended that should not, or nothing moved any more. Null: it can. */
  readonly trouble: string | null
  readonly emitted: readonly EmissionRecord[]
  readonly landings: readonly Landing[]
  /** What subscriptions of audits were told. */
  readonly aside: ReadonlySet<EmissionRecord>
  /** Streams whose updates had a fault that nothing in them tells. */
  readonly silent: readonly string[]
  /** Of the journal that is left. */
  readonly records: readonly JournalRecord[]
  readonly stored: Tables
  readonly writer: string
  /** Data files that a table names and the store does not have. */
  readonly dangling: readonly string[]
}

const STEP_MS = 10
/** Simulated time within which a stop must come to its end. */
const STOP_MS_MAX = 120_000
const STOP_STEP_MS = 50
const RESTART_MS_MAX = 300
/** Between the last fault and the stop, so that what was broken can be mended. */
const CALM_MS = 150
/** The world's chance is not the plan's. */
const WORLD_SEED = 0x51_3a_0d

/** One run from its plan: the market plays, things go wrong, then a process stops in peace. */
export async function simulate(plan: Plan): Promise<Outcome> {
  const run = new Run(plan)
  try {
    await run.play(plan.ms)
    run.calm()
    await run.play(plan.ms + CALM_MS + RESTART_MS_MAX)
    await run.stop()
  } catch (error) {
    run.trouble ??= `the world broke: ${error instanceof Error ? error.stack : error}`
  }
  return run.outcome()
}

/** The world of one plan, and the supervisor that starts its process again whenever it has ended. */
class Run {
  /** Why it cannot go on. */
  trouble: string | null = null
  readonly #plan: Plan
  readonly #clock = manualClock()
  readonly #startMs = Math.floor(this.#clock.nowUs() / 1000)
  readonly #trace: Trace
  readonly #mischance: Mischance
  readonly #chance: Chance
  readonly #machine: Machine
  readonly #hall: Hall
  readonly #landings: Landing[] = []
  readonly #silent: string[] = []
  readonly #aside = new Set<EmissionRecord>()
  /** Waits for an update that can have it. */
  #pending: Fault | null = null
  /** Last record that a lane was ever given. */
  #durable = 0
  #starts = 0
  #life: Life | null = null
  #process: Process | null = null
  #restartMs = 0

  constructor(plan: Plan) {
    const nowMs = () => this.#nowMs
    this.#plan = plan
    this.#trace = openTrace(nowMs)
    this.#mischance = openMischance(plan, nowMs)
    this.#chance = seededChance(plan.seed ^ WORLD_SEED)
    this.#machine = openMachine(this.#mischance, this.#trace, this.#chance)
    this.#hall = openHall({
      ...plan,
      bookLevels: 50,
      liquidationsPerMinute: 60,
      clock: this.#clock,
      silentFault: ({ streamName }) => this.#silentFault(streamName),
    })
  }

  get #nowMs(): number {
    return Math.round(this.#clock.nowUs() / 1000 - this.#startMs)
  }

  /** Goes on until this time. */
  async play(untilMs: number): Promise<void> {
    while (this.#nowMs < untilMs && this.trouble === null) {
      if (this.#life === null && this.#nowMs >= this.#restartMs) this.#start()
      this.#machine.tick(this.#nowMs)
      this.#hall.step(this.#startMs + this.#nowMs)
      await this.#pass(STEP_MS)
    }
  }

  /** Nothing goes wrong from now on. */
  calm(): void {
    this.#mischance.end()
    this.#machine.heal()
  }

  /** Lets the process drain, seal and commit everything. */
  async stop(): Promise<void> {
    const [own, process] = [this.#life, this.#process]
    let isDone = false
    if (own !== null && process !== null) {
      process.stop().then(
        () => {
          isDone = true
        },
        (error) => this.#failed(error, own),
      )
    }
    const untilMs = this.#nowMs + STOP_MS_MAX
    while (!isDone && this.trouble === null && this.#nowMs < untilMs) await this.#pass(STOP_STEP_MS)
    if (!isDone) this.trouble ??= 'nothing moves any more: the stop did not come to its end'
  }

  async outcome(): Promise<Outcome> {
    const { objects, catalog, disk } = this.#machine
    const isSound = this.trouble === null
    const live = isSound ? liveFiles(catalog.look) : []
    const left = isSound ? await readJournal(disk) : { writer: '', records: [] }
    const files = live.flatMap(([table, location]) => {
      const bytes = objects.get(location)
      return bytes === undefined ? [] : [[table, bytes] as const]
    })
    return {
      plan: this.#plan,
      trace: this.#trace,
      trouble: this.trouble,
      emitted: this.#hall.records,
      landings: this.#landings,
      aside: this.#aside,
      silent: this.#silent,
      ...left,
      stored: await readFiles(files),
      dangling: live.map(([, location]) => location).filter((location) => !objects.has(location)),
    }
  }

  #silentFault(streamName: string): SilentFault | null {
    this.#pending ??= this.#mischance.once('silent')
    if (this.#pending === null) return null
    const { seed } = this.#pending
    const done = (): void => {
      this.#silent.push(streamName)
      this.#pending = null
    }
    return { kind: seed % 2 === 0 ? 'corruptLevel' : 'omitDelete', chance: seededChance(seed), done }
  }

  #start(): void {
    const life = new Life({
      clock: this.#clock,
      mischance: this.#mischance,
      trace: this.#trace,
      died: this.#machine.died,
    })
    this.#life = life
    this.#starts += 1
    const market = findMarket(this.#plan.exchange, this.#plan.market)
    startProcess({
      plan: this.#plan,
      life,
      machine: this.#machine,
      hall: this.#hall,
      market,
      streams: resolveCollection({ ...this.#plan, streams: [...this.#plan.tables] }).streams,
      mischance: this.#mischance,
      start: this.#starts,
      landed: (landing) => void this.#landings.push(landing),
      aside: ({ events }) => {
        for (const event of events) this.#aside.add(event)
      },
      failed: (error) => this.#failed(error, life),
    }).then(
      (started) => {
        if (life.isAlive) this.#begin(started)
        else started.vanish()
      },
      (error) => this.#failed(error, life),
    )
  }

  /** K5, K12: what an earlier process was given as durable is there. */
  #begin(started: Process): void {
    this.#process = started
    if (started.found >= this.#durable) return
    this.trouble ??= `record ${this.#durable} was called durable, and the journal ends at ${started.found}`
  }

  /** A process ended its own way: once more, if its failure asks for nothing else. */
  #failed(error: unknown, life: Life): void {
    if (!life.isAlive) return
    life.end()
    this.#machine.ended()
    this.#trace.note(`failed ${messageOf(error)}`)
    if (!mayTryAgain(error))
      this.trouble ??= `a process ended: ${error instanceof Error ? error.stack : error}`
  }

  async #pass(ms: number): Promise<void> {
    this.#clock.advance(ms)
    await quiet()
    this.#durable = Math.max(this.#durable, this.#process?.durable ?? 0)
    if (this.#life?.isAlive === false) this.#bury()
  }

  #bury(): void {
    this.#process?.vanish()
    this.#process = null
    this.#life = null
    this.#restartMs = this.#nowMs + this.#chance.below(RESTART_MS_MAX)
  }
}

/** Everything that can go on without the clock has gone on: nothing in here waits for a real disk or network. */
function quiet(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

async function readJournal(
  disk: Parameters<typeof openJournalReader>[1],
): Promise<{ writer: string; records: JournalRecord[] }> {
  const reader = await openJournalReader(DIRECTORY, disk)
  const records: JournalRecord[] = []
  for await (const block of reader.blocks(1)) {
    for (const record of readRecords(block)) records.push({ ...record, payload: record.payload.slice() })
  }
  return { writer: reader.id, records }
}
