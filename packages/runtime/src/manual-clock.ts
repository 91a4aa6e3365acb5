import type { Clock } from './clock.ts'

/** A clock that stands still until it is told to move. */
export interface ManualClock extends Clock {
  /** Moves time forward by `ms`, firing what falls due in order of time, then of registration. */
  advance(ms: number): void
}

interface Timer {
  dueUs: number
  readonly order: number
  /** Microseconds between calls; null fires once. */
  readonly everyUs: number | null
  readonly callback: () => void
}

/** 2023-11-14T22:13:20Z: a date at which no exchange time is absurd. */
const START_US = 1_700_000_000_000_000

/**
 * A clock for tests: time moves by `advance` only.
 *
 * While a callback runs, `nowUs` is the moment it was due, so timers that it sets fall due inside the same
 * `advance` when they are near enough.
 */
export function manualClock(startUs: number = START_US): ManualClock {
  const timers = new Set<Timer>()
  let nowUs = startUs
  let registered = 0

  const register = (ms: number, everyUs: number | null, callback: () => void): (() => void) => {
    const timer: Timer = { dueUs: nowUs + usOf(ms), order: registered++, everyUs, callback }
    timers.add(timer)
    return () => {
      timers.delete(timer)
    }
  }

  return {
    nowUs: () => nowUs,
    after: (ms, callback) => register(ms, null, callback),
    every: (ms, callback) => register(ms, Math.max(1, usOf(ms)), callback),
    advance(ms) {
      const untilUs = nowUs + usOf(ms)
      for (let timer = nextDue(timers, untilUs); timer !== null; timer = nextDue(timers, untilUs)) {
        nowUs = timer.dueUs
        if (timer.everyUs === null) timers.delete(timer)
        else timer.dueUs += timer.everyUs
        timer.callback()
      }
      nowUs = untilUs
    },
  }
}

function usOf(ms: number): number {
  return Math.max(0, Math.round(ms * 1000))
}

function nextDue(timers: ReadonlySet<Timer>, untilUs: number): Timer | null {
  let next: Timer | null = null
  for (const timer of timers) {
    if (timer.dueUs > untilUs) continue
    const isEarlier = next === null || timer.dueUs < next.dueUs
    if (isEarlier || (timer.dueUs === next?.dueUs && timer.order < next.order)) next = timer
  }
  return next
}
