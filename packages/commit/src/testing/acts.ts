import type { Choose } from './plan.ts'

/** What may happen beside the turns of actors, each act so often. */
export class Acts<A extends string> {
  readonly taken = new Map<A, number>()
  readonly #choose: Choose
  readonly #left: Map<A, number>

  constructor(budget: Partial<Record<A, number>>, choose: Choose) {
    this.#choose = choose
    this.#left = new Map(Object.entries(budget) as [A, number][])
  }

  left(act: A): number {
    return this.#left.get(act) ?? 0
  }

  spend(act: A): void {
    this.#left.set(act, this.left(act) - 1)
    this.taken.set(act, (this.taken.get(act) ?? 0) + 1)
  }

  /** One of the faults, or none, which is `calm` times as likely as each. */
  oneOf<T extends string>(act: A, faults: readonly T[], calm: number): T | 'none' {
    if (this.left(act) === 0) return 'none'
    const chosen = this.#choose([calm, ...faults.map(() => 1)])
    if (chosen === 0) return 'none'
    this.spend(act)
    return faults[chosen - 1] as T
  }

  /** From now on nothing happens any more. */
  end(): void {
    this.#left.clear()
  }
}
