import { uptime } from 'node:os'

/** Three readings of time, microseconds. */
export interface TimeSources {
  /** Can be set by people and by time servers. */
  wallUs(): number
  /** Runs while the process runs or is stopped, not while the machine sleeps. */
  monotonicUs(): number
  /** Runs always. */
  uptimeUs(): number
}

/** The machine's own. */
export const machineTime: TimeSources = {
  wallUs: () => Date.now() * 1000,
  monotonicUs: () => performance.now() * 1000,
  uptimeUs: () => uptime() * 1e6,
}
