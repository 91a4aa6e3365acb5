import { type Clock, messageOf } from '@cryptoflow/runtime'

/** `degraded` works with something missing; `down` does not work, and the process is not ready. */
export type HealthState = 'ok' | 'degraded' | 'down'

/** What a check found, and for everything but `ok` why. */
export interface HealthFinding {
  readonly state: HealthState
  readonly reason?: string
  /** Values for people; shown bounded, printable and without secrets. */
  readonly details?: Readonly<Record<string, unknown>>
}

/** One component that can be well or not. */
export interface HealthCheck {
  /** As in `/health/components/{name}`. */
  readonly name: string
  /** Answers at once, from what is known: it is called for each request. */
  check(): HealthFinding
}

/** One collector and its connections. `up`: every subscription acknowledged. */
export interface CollectorConnections {
  readonly collector: string
  readonly up: number
  readonly total: number
}

/** Down while any collector that needs connections has none, degraded while some connection is missing. */
export function connectionsCheck(collectors: () => readonly CollectorConnections[]): HealthCheck {
  return {
    name: 'connections',
    check() {
      const all = collectors()
      const details = { collectors: all }
      const deaf = all.filter(({ up, total }) => up === 0 && total > 0).map(({ collector }) => collector)
      if (all.length === 0) return { state: 'down', reason: 'no collector has started', details }
      if (deaf.length > 0) return { state: 'down', reason: `no connection: ${deaf.join(', ')}`, details }
      const missing = all.reduce((sum, { up, total }) => sum + Math.max(0, total - up), 0)
      if (missing > 0) return { state: 'degraded', reason: `${missing} connections are missing`, details }
      return { state: 'ok', details }
    },
  }
}

/** Degraded while something is left alone after failures; what it costs, the other checks say. */
export function breakersCheck(
  breakers: () => readonly { readonly dependency: string; readonly state: string }[],
): HealthCheck {
  return {
    name: 'breakers',
    check() {
      const all = breakers()
      const details = { breakers: all }
      const left = all.filter(({ state }) => state !== 'closed').map(({ dependency }) => dependency)
      if (left.length === 0) return { state: 'ok', details }
      return { state: 'degraded', reason: `left alone after failures: ${left.join(', ')}`, details }
    },
  }
}

/** Something that writes: the journal, the lane, the publisher. `problem` is null while it is well. */
export interface WriterHealth {
  readonly writer: string
  readonly problem: string | null
}

/** Down while any writer has a problem, or none has started. */
export function writersCheck(writers: () => readonly WriterHealth[]): HealthCheck {
  return {
    name: 'writers',
    check() {
      const all = writers()
      if (all.length === 0) return { state: 'down', reason: 'no writer has started' }
      const problems = all.filter(({ problem }) => problem !== null)
      const details = { writers: all }
      if (problems.length === 0) return { state: 'ok', details }
      const reason = problems.map(({ writer, problem }) => `${writer}: ${problem}`).join('; ')
      return { state: 'down', reason, details }
    },
  }
}

/** A queue of the process. `isFilling`: it has been nearly full for a while; `left`: items left to the disk so far. */
export interface ChannelHealth {
  readonly name: string
  readonly isFilling: boolean
  readonly depth: number
  readonly occupancy: number
  readonly highWater: number
  readonly left: number
}

/** Degraded while a channel is nearly full: the process works, and what comes waits on the disk. */
export function channelsCheck(channels: () => readonly ChannelHealth[]): HealthCheck {
  return {
    name: 'channels',
    check() {
      const all = channels()
      const full = all.filter(({ isFilling }) => isFilling).map(({ name }) => name)
      const shown = all.map(({ name, depth, occupancy, highWater, left }) => {
        return { name, depth, occupancy, high_water: highWater, left }
      })
      const details = { channels: shown }
      if (full.length === 0) return { state: 'ok', details }
      return { state: 'degraded', reason: `nearly full: ${full.join(', ')}`, details }
    },
  }
}

/** Options of `commitCheck`. */
export interface CommitCheckOptions {
  readonly clock: Clock
  /** Oldest that the last commit may be, in seconds: a few commit intervals. */
  readonly ageSecondsMax: number
  /** When the last commit succeeded, in microseconds; null before the first. */
  readonly lastCommitUs: () => number | null
  /** False while no row waits to be committed, neither in memory nor in a file; then no commit is due. */
  readonly isWorkWaiting?: () => boolean
}

/** Down while the last commit is too old; before the first, the time since this check was made counts. */
export function commitCheck(options: CommitCheckOptions): HealthCheck {
  const { clock, ageSecondsMax, lastCommitUs, isWorkWaiting = () => true } = options
  const startUs = clock.nowUs()
  return {
    name: 'commit',
    check() {
      const lastUs = lastCommitUs()
      const ageSeconds = Math.max(0, Math.floor((clock.nowUs() - (lastUs ?? startUs)) / 1_000_000))
      const details = {
        age_seconds: ageSeconds,
        age_seconds_max: ageSecondsMax,
        has_committed: lastUs !== null,
      }
      if (ageSeconds < ageSecondsMax || !isWorkWaiting()) return { state: 'ok', details }
      const what = lastUs === null ? 'nothing is committed since the start' : 'the last commit was'
      return {
        state: 'down',
        reason: `${what} ${ageSeconds} s ago, expected less than ${ageSecondsMax} s`,
        details,
      }
    },
  }
}

/** The finding of a check; one that throws has found its component down. */
export function runCheck(check: HealthCheck): HealthFinding {
  try {
    return check.check()
  } catch (error) {
    return { state: 'down', reason: `the check itself failed: ${messageOf(error)}` }
  }
}
