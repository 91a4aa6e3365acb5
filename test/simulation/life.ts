import type { Clock, ManualClock } from '@cryptoflow/runtime'
import type { Fault, FaultKind, Plan } from './plan.ts'
import type { Trace } from './trace.ts'

/** The faults of a plan, each at the moment at which it finds its victim. */
export interface Mischance {
  /** The first fault of this kind whose time has come, used up with this. */
  once(kind: FaultKind): Fault | null
  /**
   * The same, used up when it was asked for as often as its count says; `left` of it are to come. Where a fault aims at
   * some steps, others do not count.
   */
  due(kind: FaultKind, what?: string): { readonly fault: Fault; readonly left: number } | null
  /** From now on nothing goes wrong. */
  end(): void
}

export function openMischance({ faults }: Pick<Plan, 'faults'>, nowMs: () => number): Mischance {
  let waiting = faults.map((fault) => ({ fault, left: fault.count }))
  const find = (kind: FaultKind) =>
    waiting.find(({ fault, left }) => fault.kind === kind && left > 0 && fault.atMs <= nowMs())
  return {
    once(kind) {
      const found = find(kind)
      if (found === undefined) return null
      found.left = 0
      return found.fault
    },
    due(kind, what = '') {
      const found = find(kind)
      if (found === undefined || !what.includes(found.fault.aim)) return null
      found.left -= 1
      return { ...found }
    },
    end() {
      waiting = []
    },
  }
}

/** How a process ends before its time. */
export type Death = 'kill' | 'power'

export interface LifeOptions {
  readonly clock: ManualClock
  readonly mischance: Mischance
  readonly trace: Trace
  /** Called in the step in which the process dies. */
  readonly died: (death: Death, fault: Fault) => void
}

const LATE_MS_MAX = 40

/** Calls that never come back. */
const never = new Promise<never>(() => {})

/**
 * One process: whatever it does to the world outside passes here. Each passage is a step of the simulation, and in any of
 * them it may die: then no call of it comes back, none of its timers fires, and nothing of it reaches the world.
 */
export class Life {
  isAlive = true
  readonly clock: Clock
  readonly #options: LifeOptions

  constructor(options: LifeOptions) {
    this.#options = options
    const { clock } = options
    const whileAlive = (callback: () => void) => () => {
      if (this.isAlive) callback()
    }
    this.clock = {
      nowUs: clock.nowUs,
      after: (ms, callback) => clock.after(ms, whileAlive(callback)),
      every: (ms, callback) => clock.every(ms, whileAlive(callback)),
    }
  }

  /** A passage to the world outside; `late` is the kind of fault that lets it take time. */
  async step(what: string, late: FaultKind | null = null): Promise<void> {
    const { mischance, trace, clock } = this.#options
    if (!this.isAlive) return never
    trace.step(what)
    for (const death of ['kill', 'power'] as const) {
      const due = mischance.due(death, what)
      if (due === null || due.left > 0) continue
      this.end()
      this.#options.died(death, due.fault)
      return never
    }
    const slow = late === null ? null : mischance.due(late)
    if (slow !== null) {
      await new Promise<void>((resolve) => clock.after(1 + (slow.fault.seed % LATE_MS_MAX), resolve))
    }
    return this.isAlive ? undefined : never
  }

  /** Does something to the world outside; the process may die before it and, with it done, after. */
  async act<T>(what: string, work: () => Promise<T>, late: FaultKind | null = null): Promise<T> {
    await this.step(what, late)
    const result = await work()
    await this.step(`${what} done`)
    return result
  }

  end(): void {
    this.isAlive = false
  }
}
