import type { Clock } from '@cryptoflow/runtime'

/** Least distance of two renewals of one subscription; doubled from each to the next. */
const FIRST_MS = 1_000
const LONGEST_MS = 60_000
/** After so long without a renewal the distance begins anew. */
const PEACE_MS = 5 * 60_000

/** How soon a subscription may be renewed again; remembered by a session over its connections. */
export interface ResyncPace {
  /** Milliseconds until this wire name may be subscribed again; 0: now. */
  waitMs(name: string): number
  renewed(name: string): void
}

/** A book that is lost again and again must not use up what the exchange allows. At most one entry per wire name. */
export function resyncPace(clock: Clock): ResyncPace {
  const last = new Map<string, { readonly atUs: number; readonly distanceMs: number }>()
  const sinceMs = (atUs: number): number => (clock.nowUs() - atUs) / 1000
  return {
    waitMs(name) {
      const before = last.get(name)
      return before === undefined ? 0 : Math.max(0, before.distanceMs - sinceMs(before.atUs))
    },
    renewed(name) {
      const before = last.get(name)
      const isPeace = before === undefined || sinceMs(before.atUs) >= PEACE_MS
      const distanceMs = isPeace ? FIRST_MS : Math.min(before.distanceMs * 2, LONGEST_MS)
      last.set(name, { atUs: clock.nowUs(), distanceMs })
    },
  }
}
