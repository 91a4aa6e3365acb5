import { type CollectOptions, startCollector } from '@cryptoflow/pipeline'
import { type Clock, machineTime, systemClock } from '@cryptoflow/runtime'

/** Minutes of `coverage` in runs that last for seconds. */

const MINUTE_US = 60_000_000

/** The machine's clock, set ahead so that a minute of it begins in about `seconds`. */
export function clockBeforeMinute(seconds: number): Clock {
  return clockAhead(2 * MINUTE_US - (machineTime.wallUs() % MINUTE_US) - seconds * 1e6)
}

/** Begins and stops a process over two minutes later: the minutes of the one before are over, and are written. */
export async function closeMinutes(options: CollectOptions): Promise<void> {
  const clock = clockAhead(options.clock.nowUs() - machineTime.wallUs() + 2 * MINUTE_US)
  const collector = await startCollector({ ...options, clock })
  await collector.stop()
}

function clockAhead(us: number): Clock {
  return systemClock({ ...machineTime, wallUs: () => machineTime.wallUs() + us })
}
