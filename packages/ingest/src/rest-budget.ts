/** Exchanges count weight by the minute of their own clock; ours may be off by about this. */
const CLOCK_MARGIN_US = 1_000_000
const MINUTE_US = 60_000_000

/** Weight that may be spent within a minute. */
export interface RestBudget {
  /** Microseconds until this weight may be spent; 0: now. */
  waitUs(weight: number, nowUs: number): number
  take(weight: number, nowUs: number): void
  /**
   * The exchange said how much of its minute is used, by everybody on our address, in the answer to a request sent
   * at `sentUs`; `inFlight` is the weight of our requests that it may not have counted yet.
   */
  told(used: number, inFlight: number, sentUs: number, nowUs: number): void
}

/**
 * Two bounds at once. What we spend ourselves stays within any sixty seconds, so that it fits wherever the
 * exchange's minute begins. What the exchange says is used, ours and others', stays within the clock's minute.
 */
export function restBudget(perMinute: () => number): RestBudget {
  /** What we spent in the last sixty seconds, oldest first. */
  const spent: { readonly atUs: number; readonly weight: number }[] = []
  let ours = 0
  let minute = 0
  let used = 0

  const forget = (nowUs: number): void => {
    while (spent.length > 0 && nowUs - (spent[0]?.atUs as number) >= MINUTE_US) {
      ours -= spent.shift()?.weight as number
    }
    if (minuteOf(nowUs) === minute) return
    minute = minuteOf(nowUs)
    used = 0
  }
  /** Until enough of what we spent is a minute old. */
  const oursWaitUs = (weight: number, nowUs: number): number => {
    let over = ours + weight - perMinute()
    for (const { atUs, weight: freed } of spent) {
      if (over <= 0) return 0
      over -= freed
      if (over <= 0) return atUs + MINUTE_US - nowUs
    }
    return 0
  }
  return {
    waitUs(weight, nowUs) {
      forget(nowUs)
      // What is dearer than the whole budget waits for an untouched minute, not for ever.
      const bounded = Math.min(weight, perMinute())
      const isUsedUp = used > 0 && used + bounded > perMinute()
      const toldWaitUs = isUsedUp ? (minute + 1) * MINUTE_US + CLOCK_MARGIN_US - nowUs : 0
      return Math.max(oursWaitUs(bounded, nowUs), toldWaitUs)
    },
    take(weight, nowUs) {
      forget(nowUs)
      if (weight > 0) spent.push({ atUs: nowUs, weight })
      ours += weight
      used += weight
    },
    told(usedNow, inFlight, sentUs, nowUs) {
      forget(nowUs)
      // An answer that crossed the minute may speak of either; it is left out.
      if (minuteOf(sentUs) === minute) used = Math.max(used, usedNow + inFlight)
    },
  }
}

/** Counted from the margin after the full minute. */
function minuteOf(us: number): number {
  return Math.floor((us - CLOCK_MARGIN_US) / MINUTE_US)
}
