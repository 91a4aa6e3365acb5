import { machineTime, type TimeSources } from './time-sources.ts'

/** The only door to time. Everything that waits or stamps takes one of these. */
export interface Clock {
  /** Microseconds since 1970, never decreasing. */
  nowUs(): number
  /** Calls back once after `ms`, soon where that is past already; the answer cancels. */
  after(ms: number, callback: () => void): () => void
  /** Calls back every `ms` until cancelled. */
  every(ms: number, callback: () => void): () => void
}

/** Milliseconds between two readings of the wall clock against which the anchor is checked. */
const STEP_US_MAX = 2_000_000

/**
 * The machine's clock: wall time read once and carried on by the monotonic clock, so that a stamp never goes
 * back. When the wall clock has moved away by more than 2 s, the anchor follows it forwards only.
 */
export function systemClock({ wallUs, monotonicUs }: TimeSources = machineTime): Clock {
  let anchorUs = wallUs() - monotonicUs()
  let last = 0
  return {
    nowUs() {
      let carried = anchorUs + monotonicUs()
      if (wallUs() - carried > STEP_US_MAX) {
        anchorUs = wallUs() - monotonicUs()
        carried = anchorUs + monotonicUs()
      }
      last = Math.max(last, Math.floor(carried))
      return last
    },
    after(ms, callback) {
      // Node.js warns of a negative time, once a process.
      const timer = setTimeout(callback, Math.max(0, ms))
      return () => clearTimeout(timer)
    },
    every(ms, callback) {
      const timer = setInterval(callback, ms)
      return () => clearInterval(timer)
    },
  }
}

/** Resolves after `ms` of this clock. */
export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve)
  })
}
