import type { Clock } from './clock.ts'
import { machineTime, type TimeSources } from './time-sources.ts'

/**
 * Time that did not pass as it should. `suspended`: the process or the machine stood still for `us`. `clock_step`:
 * the wall clock was set by `us`, forwards or back.
 */
export interface TimeJump {
  readonly kind: 'suspended' | 'clock_step'
  readonly us: number
}

const EVERY_MS = 1_000
/** A jump is more than this; timers are late by less, and time servers slew instead of stepping. */
const JUMP_US_MIN = 2_000_000

/**
 * Compares three clocks once a second and tells jumps of more than 2 s; the answer cancels.
 *
 *     process stopped     timer late            wall, monotonic and uptime agree
 *     machine asleep      monotonic stood still  wall and uptime agree
 *     clock set           wall alone moved       monotonic and uptime agree
 */
export function watchTime(
  clock: Clock,
  onJump: (jump: TimeJump) => void,
  sources: TimeSources = machineTime,
): () => void {
  let wallUs = sources.wallUs()
  let monotonicUs = sources.monotonicUs()
  let uptimeUs = sources.uptimeUs()
  return clock.every(EVERY_MS, () => {
    const wall = sources.wallUs() - wallUs
    const monotonic = sources.monotonicUs() - monotonicUs
    const up = sources.uptimeUs() - uptimeUs
    wallUs += wall
    monotonicUs += monotonic
    uptimeUs += up
    // Uptime has steps of 10 ms; where it is missing it stands still and says nothing.
    const passed = Math.max(monotonic, up)
    if (passed - EVERY_MS * 1000 > JUMP_US_MIN) onJump({ kind: 'suspended', us: passed - EVERY_MS * 1000 })
    if (Math.abs(wall - passed) > JUMP_US_MIN) onJump({ kind: 'clock_step', us: wall - passed })
  })
}
