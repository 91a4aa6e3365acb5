import type { Chance } from '@cryptoflow/runtime'
import { type FaultKind, type FaultPlan, FaultSchedule } from '../faults.ts'
import type { FlowMessage } from './listing.ts'

/**
 * Which fault hits which message, for all hosts together. Only messages with a sequence are hit by every kind;
 * sampled ones have a schedule of their own, which knows disconnects only.
 */
export class Mischief {
  readonly chance: Chance
  private readonly schedule: FaultSchedule | null
  private readonly sampledSchedule: FaultSchedule | null
  /** Faults that wait for the next diff, since nothing else can have them. */
  private staleSnapshotsDue = 0

  constructor(plan: FaultPlan | null, chance: Chance) {
    this.chance = chance
    this.schedule = plan === null ? null : new FaultSchedule(plan, chance)
    const isCut = plan?.kinds.includes('disconnect') ?? false
    this.sampledSchedule =
      plan !== null && isCut ? new FaultSchedule({ ...plan, kinds: ['disconnect'] }, chance) : null
  }

  /** The fault of a message about to be delivered; ask once for each. */
  next(message: FlowMessage): FaultKind | null {
    if (message.kind === 'sampled') return this.sampledSchedule?.next() ?? null
    const fault = this.schedule?.next() ?? null
    if (fault === 'staleSnapshot') this.staleSnapshotsDue += 1
    else if (fault !== null) return fault
    if (message.kind !== 'diff' || this.staleSnapshotsDue === 0) return null
    this.staleSnapshotsDue -= 1
    return 'staleSnapshot'
  }
}
