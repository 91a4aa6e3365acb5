import { createHash } from 'node:crypto'
import { type Fault, type FaultKind, type Plan, planOf } from './plan.ts'
import { type Outcome, simulate } from './run.ts'
import { rowText } from './stored-rows.ts'
import { judge, type Verdict } from './verdict.ts'

/** A run and what became of it. */
export interface Found {
  readonly plan: Plan
  readonly verdict: Verdict
  /** Steps of processes that it took. */
  readonly steps: number
  /** The last of them. */
  readonly last: readonly string[]
  /** Equal for runs in which the same happened and the same is stored. */
  fingerprint(): string
}

export async function tried(plan: Plan): Promise<Found> {
  const outcome = await simulate(plan)
  const verdict = await judge(outcome)
  const { trace } = outcome
  return { plan, verdict, steps: trace.steps, last: trace.last, fingerprint: () => fingerprintOf(outcome) }
}

/** A writer's id is drawn anew in every run; it stands in rows, and in the ids of gaps. */
function fingerprintOf({ trace, stored, writer }: Outcome): string {
  const hash = createHash('sha256').update(trace.hash())
  for (const [table, rows] of stored) {
    const texts = rows.map((row) => rowText(row).replaceAll(writer, 'writer')).sort()
    hash.update(`${table}\n${texts.join('\n')}\n`)
  }
  return hash.digest('hex')
}

/** Only these faults of a plan, by their index, and no longer than this. */
export function narrowed(
  plan: Plan,
  { only, ms }: { readonly only?: readonly number[] | undefined; readonly ms?: number | undefined },
): Plan {
  const faults = plan.faults.filter(({ index }) => only === undefined || only.includes(index))
  return { ...plan, ms: ms ?? plan.ms, faults }
}

/** Runs of consecutive seeds, one after the other. */
export async function* hunt(options: {
  readonly firstSeed: number
  readonly seeds: number
  readonly kinds: readonly FaultKind[]
}): AsyncGenerator<Found> {
  for (let at = 0; at < options.seeds; at++) yield await tried(planOf(options.firstSeed + at, options.kinds))
}

/** The shortest time that is tried. */
const MS_MIN = 50
/** Shares of its time that a shorter run has. */
const SHARES = [0.5, 0.75, 0.9]

/** A smaller run that breaks a promise as well: fewer faults, then less time, until neither can be left out. */
export async function shrunk(found: Found, run: (plan: Plan) => Promise<Found> = tried): Promise<Found> {
  let best = found
  const isSmaller = async (plan: Plan): Promise<boolean> => {
    const next = await run(plan)
    if (next.verdict.broken === null) return false
    best = next
    return true
  }
  for (let before: Found | null = null; before !== best; ) {
    before = best
    for (const { index } of found.plan.faults) {
      const left = best.plan.faults.filter((fault) => fault.index !== index)
      if (left.length < best.plan.faults.length) await isSmaller({ ...best.plan, faults: left })
    }
    for (const share of SHARES) {
      const ms = Math.floor(best.plan.ms * share)
      if (ms >= MS_MIN && (await isSmaller(shortened(best.plan, ms)))) break
    }
  }
  return best
}

function shortened(plan: Plan, ms: number): Plan {
  return { ...plan, ms, faults: plan.faults.filter(({ atMs }) => atMs < ms) }
}

/** The command that runs this plan again; `kinds` are those that its seed drew from. */
export function commandOf({ seed, faults, ms }: Plan, kinds: readonly FaultKind[], names: string): string {
  const drawn = planOf(seed, kinds)
  const some =
    faults.length < drawn.faults.length ? ` --only ${faults.map(({ index }) => index).join(',')}` : ''
  const short = ms < drawn.ms ? ` --ms ${ms}` : ''
  return `npm run sim -- --seeds 1 --first-seed ${seed} --faults ${names}${some}${short}`
}

/** A fault for people. */
export function faultText({ index, kind, atMs, count }: Fault): string {
  return `${index} ${kind} at ${atMs} ms, ${count}`
}
