import type { Chance } from '@cryptoflow/runtime'

/**
 * gap: 1-3 consecutive messages of one stream are withheld. duplicate: a message is sent twice.
 * malformed: a message's text is damaged. disconnect: the connection is closed gracefully.
 * staleSnapshot: a diff is withheld, and the next book that REST answers for its symbol is from before it.
 * duplicateAfterReconnect: a connection is closed, and whoever subscribes again gets the last 1-3 messages again.
 * wrongChecksum: a message's checksum is another one than that of the book after it.
 */
export const faultKinds = [
  'gap',
  'duplicate',
  'disconnect',
  'malformed',
  'staleSnapshot',
  'duplicateAfterReconnect',
  'wrongChecksum',
] as const

/**
 * Faults that nothing in the stream tells: sequences go on, and what is logged is what was sent.
 *
 * corruptLevel: a level of a diff has another quantity. omitDelete: a level that goes is not in the diff.
 */
export const silentFaultKinds = ['corruptLevel', 'omitDelete'] as const
export type SilentFaultKind = (typeof silentFaultKinds)[number]

export type FaultKind = (typeof faultKinds)[number] | SilentFaultKind

/** When something goes wrong on purpose, counted in messages and never in time. */
export interface FaultPlan {
  /** Mean distance of two faults; each distance is drawn within +-50 %. */
  readonly everyMessages: number
  /** Taken in turn, so that each occurs even in a short run. */
  readonly kinds: readonly FaultKind[]
  /** The first fault is one distance after this many messages. */
  readonly startAfterMessages: number
}

export const GAP_MESSAGES_MAX = 3
/** Most messages of a stream that are sent again after a reconnect. */
export const REPLAYED_MESSAGES_MAX = 3

/** Draws a plan's faults from a seeded chance: the n-th message asked about always gets the same answer. */
export class FaultSchedule {
  private readonly plan: FaultPlan
  private readonly chance: Chance
  private seen = 0
  private taken = 0
  private nextAt: number

  constructor(plan: FaultPlan, chance: Chance) {
    this.plan = plan
    this.chance = chance
    this.nextAt = plan.startAfterMessages + this.distance()
  }

  /** The fault that hits the next message, null for none. Ask once per message about to be delivered. */
  next(): FaultKind | null {
    this.seen += 1
    if (this.seen < this.nextAt || this.plan.kinds.length === 0) return null
    this.nextAt = this.seen + this.distance()
    const kind = this.plan.kinds[this.taken % this.plan.kinds.length]
    this.taken += 1
    return kind ?? null
  }

  private distance(): number {
    return Math.max(1, Math.round(this.plan.everyMessages * (0.5 + this.chance.next())))
  }
}
