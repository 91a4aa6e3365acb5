import type { Chance } from '@cryptoflow/runtime'
import { type FaultKind, type FaultPlan, FaultSchedule } from './faults.ts'

/**
 * Which faults a message can have: those that a listener can notice, and those that only an audit of its book can.
 *
 * `diff`: of a book that begins by REST. `sequenced`: numbered without holes. `guarded`: of a book that begins in its
 * stream, numbered. `identified`: with ids that tell repeats and not what is missing. `proven`: of a book that only a
 * checksum proves. `sampled`: with nothing, so that only the connection tells.
 */
export type MessageKind = 'diff' | 'sequenced' | 'guarded' | 'identified' | 'proven' | 'sampled'

const faultsOf: Readonly<Record<MessageKind, readonly FaultKind[]>> = {
  diff: [
    'gap',
    'duplicate',
    'disconnect',
    'malformed',
    'staleSnapshot',
    'duplicateAfterReconnect',
    'corruptLevel',
    'omitDelete',
  ],
  sequenced: ['gap', 'duplicate', 'disconnect', 'malformed', 'duplicateAfterReconnect'],
  guarded: ['gap', 'duplicate', 'disconnect', 'malformed', 'corruptLevel', 'omitDelete'],
  identified: ['duplicate', 'disconnect', 'malformed', 'duplicateAfterReconnect'],
  proven: ['disconnect', 'malformed', 'wrongChecksum'],
  sampled: ['disconnect'],
}

/** Whether a listener could notice this fault of such a message. */
export function canHave(kind: MessageKind, fault: FaultKind): boolean {
  return faultsOf[kind].includes(fault)
}

/** Faults that may wait for a message that can have them. */
const DUE_MAX = 32

/**
 * Which fault hits which message, for all hosts together. Sampled messages have a schedule of their own, which knows
 * disconnects only: they would use up the faults of the others.
 */
export class Mischief {
  readonly chance: Chance
  private readonly schedule: FaultSchedule | null
  private readonly sampledSchedule: FaultSchedule | null
  /** Drawn, and waiting for a message that can have them; the oldest first. */
  private readonly due: FaultKind[] = []

  constructor(plan: FaultPlan | null, chance: Chance) {
    this.chance = chance
    this.schedule = plan === null ? null : new FaultSchedule(plan, chance)
    const isCut = plan?.kinds.includes('disconnect') ?? false
    this.sampledSchedule =
      plan !== null && isCut ? new FaultSchedule({ ...plan, kinds: ['disconnect'] }, chance) : null
  }

  /** The fault of a message about to be delivered; ask once for each. */
  next({ kind }: { readonly kind: MessageKind }): FaultKind | null {
    if (kind === 'sampled') return this.sampledSchedule?.next() ?? null
    const drawn = this.schedule?.next() ?? null
    if (drawn !== null && this.due.length < DUE_MAX) this.due.push(drawn)
    if (this.due.length === 0) return null
    const at = this.due.findIndex((fault) => canHave(kind, fault))
    return at < 0 ? null : (this.due.splice(at, 1)[0] as FaultKind)
  }
}
