import type { Clock } from '@cryptoflow/runtime'

const HOUR_US = 60 * 60_000_000

/** Requests of the last hour on one connection. */
export interface HourBudget {
  /** How many more are allowed now, those in line counted. */
  readonly left: number
  /** One is in line; the answer is to be called when it goes out: the hour counts from there. */
  take(): () => void
}

/** `perHour` null: there is no bound, and nothing is counted. */
export function hourBudget(perHour: number | null, clock: Clock): HourBudget {
  /** In the order of sending; those in line have no time yet. */
  const taken: { sentUs: number }[] = []
  const forget = (): void => {
    while (taken.length > 0 && clock.nowUs() - (taken[0]?.sentUs as number) >= HOUR_US) taken.shift()
  }
  return {
    get left() {
      forget()
      return perHour === null ? Infinity : perHour - taken.length
    },
    take() {
      if (perHour === null) return () => {}
      const one = { sentUs: Infinity }
      taken.push(one)
      return () => {
        one.sentUs = clock.nowUs()
      }
    },
  }
}
