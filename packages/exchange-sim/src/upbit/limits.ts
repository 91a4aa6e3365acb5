import { Budget } from '../stage/budget.ts'
import type { DoorRules } from '../stage/door.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60_000

const READ = { source: 'docs.upbit.com, Rate limits', read: '2026-10-07' }
/** Refusals are documented as 429, and nothing about when to come again. */
export const door: DoorRules = {
  connects: { most: { value: 5, ...READ }, withinMs: SECOND_MS },
  // In force since 2024-07-17.
  withOrigin: { most: { value: 1, ...READ }, withinMs: 10 * SECOND_MS },
  openMax: null,
  shutMs: null,
  status: 429,
  tellsWhen: false,
}

/** Messages of a client on one connection, `PING` included. Source as above; the minute's as of 2024 and 2025. */
export function messageBudgets(): readonly Budget[] {
  return [new Budget(5, SECOND_MS), new Budget(100, MINUTE_MS)]
}

/** Requests of one group. Source as above. */
const REQUESTS_PER_SECOND = 10
/** Refusals in a row before the address is shut out, and for how long at first: documented is only that it grows. */
const REFUSALS_MAX = 10
const BAN_MS = 10_000
const BAN_GROWTH = 2

/** What a request is met with: 429 for one too many, 418 for who goes on regardless. */
export type Verdict =
  | { readonly status: 200; readonly left: number }
  | { readonly status: 429 }
  | { readonly status: 418; readonly ms: number }

/** The budget of one group of REST requests. */
export class RestGate {
  private readonly requests = new Budget(REQUESTS_PER_SECOND, SECOND_MS)
  private refusals = 0
  private banMs = BAN_MS
  private shutUntilMs = 0

  judge(nowMs: number): Verdict {
    if (nowMs < this.shutUntilMs) return { status: 418, ms: this.shutUntilMs - nowMs }
    if (this.requests.take(nowMs)) {
      this.refusals = 0
      return { status: 200, left: this.requests.left(nowMs) }
    }
    this.refusals += 1
    if (this.refusals <= REFUSALS_MAX) return { status: 429 }
    const ms = this.banMs
    this.refusals = 0
    this.shutUntilMs = nowMs + ms
    this.banMs *= BAN_GROWTH
    return { status: 418, ms }
  }
}
