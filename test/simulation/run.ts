import { type EmissionRecord, openHall } from '@cryptoflow/exchange-sim/memory'
import { findMarket } from '@cryptoflow/exchanges'
import { openJournalReader, readRecords } from '@cryptoflow/journal'
import type { JournalRecord } from '@cryptoflow/model'
import { resolveCollection } from '@cryptoflow/pipeline'
import { manualClock, messageOf, seededChance } from '@cryptoflow/runtime'
import { Life, openMischance } from './life.ts'
import type { Landing } from './listener.ts'
import { openMachine } from './machine.ts'
import type { Plan } from './plan.ts'
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
  /** Of the journal that is left. */
  readonly records: readonly JournalRecord[]
  readonly stored: Tables
  readonly writer: string
  readonly starts: number
  /** Per start: the last record that was called durable. */
  readonly durable: readonly number[]
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

/** One run from its plan: the market plays, things go wrong, then a process stops in peace. */
export async function simulate(plan: Plan): Promise<Outcome> {
  const clock = manualClock()
  const startMs = Math.floor(clock.nowUs() / 1000)
  const nowMs = (): number => Math.round(clock.nowUs() / 1000 - startMs)
  const trace = openTrace(nowMs)
  const mischance = openMischance(plan, nowMs)
  const chance = seededChance(plan.seed ^ 0x51_3a_0d)
  const machine = openMachine(mischance, trace, chance)
  const market = findMarket(plan.exchange, plan.market)
  const { streams } = resolveCollection({ ...plan, streams: [...plan.tables] })
  const hall = openHall({ ...plan, bookLevels: 50, liquidationsPerMinute: 60, clock })
  const landings: Landing[] = []
  const durable: number[] = []
  let trouble: string | null = null
  let starts = 0
  let life: Life | null = null
  let process: Process | null = null
  let restartMs = 0

  const failed = (error: unknown, own: Life): void => {
    if (!own.isAlive) return
    own.end()
    machine.ended()
    trace.note(`failed ${messageOf(error)}`)
    if (!mayTryAgain(error)) trouble ??= `a process ended: ${error instanceof Error ? error.stack : error}`
  }
  const start = (): void => {
    const own = new Life({ clock, mischance, trace, died: machine.died })
    const index = starts
    starts += 1
    life = own
    process = null
    durable.push(0)
    const landed = (landing: Landing): void => {
      landings.push(landing)
    }
    const options = { plan, life: own, machine, hall, market, streams, mischance, start: index, landed }
    startProcess({ ...options, failed: (error) => failed(error, own) }).then(
      (started) => {
        if (own.isAlive) process = started
        else started.vanish()
      },
      (error) => failed(error, own),
    )
  }
  /** Buries a process that ended and sets the time of the next one. */
  const bury = (): void => {
    process?.vanish()
    process = null
    life = null
    restartMs = nowMs() + chance.below(RESTART_MS_MAX)
  }
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms)
    await quiet()
    if (process !== null) durable[durable.length - 1] = process.durable
    if (life !== null && !life.isAlive) bury()
  }
  const play = async (untilMs: number): Promise<void> => {
    while (nowMs() < untilMs && trouble === null) {
      if (life === null && nowMs() >= restartMs) start()
      machine.tick(nowMs())
      hall.step(startMs + nowMs())
      await pass(STEP_MS)
    }
  }
  try {
    await play(plan.ms)
    mischance.end()
    machine.heal()
    await play(plan.ms + CALM_MS + RESTART_MS_MAX)
  } catch (error) {
    trouble ??= `the world broke: ${error instanceof Error ? error.stack : error}`
  }
  const stopping = { isDone: false }
  if (trouble === null && process !== null) {
    const own = life as Life | null
    ;(process as Process).stop().then(
      () => {
        stopping.isDone = true
      },
      (error) => own !== null && failed(error, own),
    )
    const untilMs = nowMs() + STOP_MS_MAX
    while (!stopping.isDone && trouble === null && nowMs() < untilMs) await pass(STOP_STEP_MS)
  }
  if (!stopping.isDone) trouble ??= 'nothing moves any more: the stop did not come to its end'
  const live = trouble === null ? liveFiles(machine.catalog.look) : []
  const present = live.filter(([, location]) => machine.objects.has(location))
  const files = present.map(([table, location]) => [table, machine.objects.get(location)] as const)
  const left = trouble === null ? await readJournal(machine.disk) : { writer: '', records: [] }
  return {
    plan,
    trace,
    trouble,
    emitted: hall.records,
    landings,
    ...left,
    starts,
    durable,
    stored: await readFiles(files as Parameters<typeof readFiles>[0]),
    dangling: live.filter(([, location]) => !machine.objects.has(location)).map(([, location]) => location),
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
