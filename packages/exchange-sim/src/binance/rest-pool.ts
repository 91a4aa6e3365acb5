import { type BinanceLimits, WindowedUse } from './limits.ts'

/** Whether a request is let through, and if not, for how many seconds. */
export type Admission =
  | { readonly status: 200; readonly used: number }
  | { readonly status: 429; readonly used: number; readonly seconds: number }
  | { readonly status: 418; readonly seconds: number; readonly untilMs: number }

interface Offender {
  /** Refused requests since the last ban. */
  refusals: number
  bans: number
  untilUs: number
}

const MINUTE_MS = 60_000
/** How many addresses with refusals are known at once. */
const ADDRESSES_MAX = 4096

/**
 * The request weight of one budget, by address: beyond it requests are refused until the minute ends, and who goes on
 * asking is banned, each time twice as long.
 */
export class RestPool {
  private readonly limits: BinanceLimits
  private readonly use = new WindowedUse(MINUTE_MS)
  private readonly records = new Map<string, Offender>()

  constructor(limits: BinanceLimits) {
    this.limits = limits
  }

  admit(address: string, weight: number, nowUs: number): Admission {
    const record = this.records.get(address)
    if (record !== undefined && nowUs < record.untilUs) return bannedUntil(record.untilUs, nowUs)
    const used = this.use.add(address, weight, nowUs)
    if (used <= this.limits.restWeightPerMinute) return { status: 200, used }
    return this.refuse(address, used, nowUs)
  }

  private refuse(address: string, used: number, nowUs: number): Admission {
    if (this.records.size > ADDRESSES_MAX) this.records.clear()
    const record = this.records.get(address) ?? { refusals: 0, bans: 0, untilUs: 0 }
    this.records.set(address, record)
    record.refusals += 1
    if (record.refusals <= this.limits.refusalsBeforeBan) {
      return { status: 429, used, seconds: this.use.secondsLeft(nowUs) }
    }
    const banMs = Math.min(this.limits.banMs * 2 ** record.bans, this.limits.banMsMax)
    record.refusals = 0
    record.bans += 1
    record.untilUs = nowUs + banMs * 1000
    return bannedUntil(record.untilUs, nowUs)
  }
}

function bannedUntil(untilUs: number, nowUs: number): Admission {
  const seconds = Math.max(1, Math.ceil((untilUs - nowUs) / 1_000_000))
  return { status: 418, seconds, untilMs: Math.ceil(untilUs / 1000) }
}
