import type { Limit } from '@cryptoflow/model'
import { Budget } from './budget.ts'

/** What is counted of one address within any stretch of `withinMs`. */
export interface DoorLimit {
  readonly most: Limit
  readonly withinMs: number
}

/** Who may connect to a house. Null: the exchange sets no such limit. */
export interface DoorRules {
  readonly connects: DoorLimit | null
  /** Connects and requests that name an `Origin`, as browsers do. */
  readonly withOrigin: DoorLimit | null
  /** Connections at the same time. */
  readonly openMax: Limit | null
  /** Who connects too often is shut out for this long, from REST as well. */
  readonly shutMs: Limit | null
  /** HTTP status that a refusal has. */
  readonly status: 403 | 429
  /** A refusal says in `Retry-After` when to come again. */
  readonly tellsWhen: boolean
}

/** A plain HTTP answer instead of what was asked for. */
export interface Refusal {
  readonly status: number
  /** Whole seconds; null: nothing is said. */
  readonly retryAfterS: number | null
}

/**
 * Stands at the door of a house. Every client comes from one address here, and only those who are let in count.
 *
 * Times are the clock's, which go on while the market stands still.
 */
export class Door {
  private readonly rules: DoorRules
  private readonly connects: Budget | null
  private readonly withOrigin: Budget | null
  private shutUntilMs = 0

  constructor(rules: DoorRules) {
    this.rules = rules
    this.connects = budgetOf(rules.connects)
    this.withOrigin = budgetOf(rules.withOrigin)
  }

  /** Somebody wants to connect while `open` connections stand. Null: he may. */
  connect(origin: string | undefined, open: number, nowMs: number): Refusal | null {
    const { openMax, shutMs } = this.rules
    const refusal = this.request(origin, nowMs)
    if (refusal !== null) return refusal
    if (open >= (openMax?.value ?? Number.POSITIVE_INFINITY)) return this.refusal(0)
    if (this.connects === null || this.connects.take(nowMs)) return null
    if (shutMs === null) return this.refusal(this.connects.waitMs(nowMs))
    this.shutUntilMs = nowMs + shutMs.value
    return this.refusal(shutMs.value)
  }

  /** Somebody asks by REST. Null: he may. */
  request(origin: string | undefined, nowMs: number): Refusal | null {
    if (nowMs < this.shutUntilMs) return this.refusal(this.shutUntilMs - nowMs)
    if (origin === undefined || this.withOrigin === null || this.withOrigin.take(nowMs)) return null
    return this.refusal(this.withOrigin.waitMs(nowMs))
  }

  private refusal(waitMs: number): Refusal {
    const { status, tellsWhen } = this.rules
    return { status, retryAfterS: tellsWhen && waitMs > 0 ? Math.ceil(waitMs / 1000) : null }
  }
}

function budgetOf(limit: DoorLimit | null): Budget | null {
  return limit === null ? null : new Budget(limit.most.value, limit.withinMs)
}
