import type { Chance } from './chance.ts'
import type { Clock } from './clock.ts'
import { type Backoff, backoffMs } from './retry.ts'

/**
 * Whether a dependency is asked. `closed`: freely. `open`: not at all, for a time. `half_open`: one try at a time
 * shows whether it is well again.
 */
export type BreakerState = 'closed' | 'open' | 'half_open'

/**
 * What is heard of it. `success`, `failure`: how a try ended. `trip`: a failure that is one too many in a row.
 * `cooled`: the time of leaving it alone is over.
 */
export type BreakerEvent = 'success' | 'failure' | 'trip' | 'cooled'

/** Every event in every state; tries that were under way may end after the state changed. */
export const breakerTransitions: Readonly<
  Record<BreakerState, Readonly<Record<BreakerEvent, BreakerState>>>
> = {
  closed: { success: 'closed', failure: 'closed', trip: 'open', cooled: 'closed' },
  open: { success: 'closed', failure: 'open', trip: 'open', cooled: 'half_open' },
  half_open: { success: 'closed', failure: 'open', trip: 'open', cooled: 'half_open' },
}

/** A change of state, with what is known of it. */
export interface BreakerChange {
  /** What is asked: `rest HOST` or `connect HOST`. */
  readonly dependency: string
  readonly state: BreakerState
  /** How long it is left alone, milliseconds; 0 where it is not. */
  readonly openMs: number
  /** Of the last failure. */
  readonly reason: string
}

export interface BreakerOptions {
  readonly dependency: string
  readonly clock: Clock
  readonly chance: Chance
  /** How long it is left alone, by how often it was in a row. */
  readonly backoff: Backoff
  readonly onChange: (change: BreakerChange) => void
}

/** Leaves a dependency alone that fails again and again, for everybody who asks it. */
export interface Breaker {
  readonly dependency: string
  readonly state: BreakerState
  /** Milliseconds until a try may begin: 0 now, Infinity until the one try under way has ended. */
  readonly waitMs: number
  /** A try begins. Each ends with one of the next three. */
  begin(): void
  succeeded(): void
  failed(reason: string): void
  /** It ended without an answer, for a reason of ours. */
  abandoned(): void
}

/** Failures in a row that open a breaker: fewer are the noise of a network. */
const FAILURES_MAX = 5

export function openBreaker({ dependency, clock, chance, backoff, onChange }: BreakerOptions): Breaker {
  let state: BreakerState = 'closed'
  let failures = 0
  let openings = 0
  let openUntilUs = 0
  let tries = 0

  const meet = (event: BreakerEvent, reason: string): void => {
    const before = state
    state = breakerTransitions[state][event]
    if (state === before) return
    let openMs = 0
    if (state === 'open') {
      openings += 1
      openMs = backoffMs(backoff, openings, chance)
      openUntilUs = clock.nowUs() + openMs * 1000
    } else if (state === 'closed') openings = 0
    onChange({ dependency, state, openMs, reason })
  }
  const cool = (): void => {
    if (state === 'open' && clock.nowUs() >= openUntilUs) meet('cooled', '')
  }
  return {
    dependency,
    get state() {
      cool()
      return state
    },
    get waitMs() {
      cool()
      if (state === 'open') return Math.max(1, Math.ceil((openUntilUs - clock.nowUs()) / 1000))
      return state === 'half_open' && tries > 0 ? Number.POSITIVE_INFINITY : 0
    },
    begin() {
      cool()
      tries += 1
    },
    succeeded() {
      tries -= 1
      failures = 0
      meet('success', '')
    },
    failed(reason) {
      tries -= 1
      failures += 1
      meet(failures >= FAILURES_MAX ? 'trip' : 'failure', reason)
    },
    abandoned() {
      tries -= 1
    },
  }
}
