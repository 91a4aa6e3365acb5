import {
  type Backoff,
  type Breaker,
  type BreakerChange,
  type BreakerState,
  type Clock,
  defaultBackoff,
  openBreaker,
  seededChance,
} from '@cryptoflow/runtime'

/** What breakers need beside a clock; by default nobody is told, and delays are those of attempts to connect. */
export interface BreakerParts {
  readonly clock: Clock
  readonly backoff?: Backoff | undefined
  readonly onBreaker?: ((change: BreakerChange) => void) | undefined
}

/** The breakers of a process by what they guard, each made when it is first asked for. */
export interface Breakers {
  of(dependency: string): Breaker
  states(): readonly { readonly dependency: string; readonly state: BreakerState }[]
}

export function openBreakers({ clock, backoff = defaultBackoff, onBreaker }: BreakerParts): Breakers {
  const breakers = new Map<string, Breaker>()
  // Spreads the tries of one process only, so a fixed seed does.
  const chance = seededChance(2)
  return {
    of(dependency) {
      const known = breakers.get(dependency)
      if (known !== undefined) return known
      const onChange = onBreaker ?? (() => {})
      const made = openBreaker({ dependency, clock, chance, backoff, onChange })
      breakers.set(dependency, made)
      return made
    },
    states: () => [...breakers.values()].map(({ dependency, state }) => ({ dependency, state })),
  }
}
