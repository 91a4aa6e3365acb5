import type { TableName } from '@cryptoflow/model'
import type { CommitLedger, CommitterEntry, WriterBacklog } from './ledger.ts'

/**
 * What a person must know of requests that are not in their tables (R20): a silent stall is the most common failure of
 * such a path.
 *
 * late        a writer's oldest request waits for long; nothing is lost yet
 * hole        an item is missing before one that is there: its writer is gone, or its disk
 * unattended  requests wait, and no committer has been at work lately
 */
export type Alarm =
  | (WriterAlarm & { readonly kind: 'late'; readonly level: 'warn' | 'error' })
  | (WriterAlarm & { readonly kind: 'hole'; readonly level: 'error' })
  | { readonly kind: 'unattended'; readonly level: 'warn'; readonly ageMs: number; readonly epochs: number }

interface WriterAlarm {
  readonly writer: string
  /** Label of the writer. */
  readonly name: string
  /** The oldest request, the tables that lack it, how long ago it was sealed, and how many wait with it. */
  readonly epoch: number
  readonly tables: readonly TableName[]
  readonly ageMs: number
  readonly epochs: number
}

/** Who waits and who commits, as the ledger tells. */
export interface CommitStanding {
  readonly backlogs: readonly WriterBacklog[]
  readonly committers: readonly CommitterEntry[]
}

const HOUR_MS = 3_600_000
/** A request is old at an hour, and close to the age at which its files may be deleted at a quarter of that (R20). */
const LATE_MS = HOUR_MS
const VERY_LATE_MS = 18 * HOUR_MS
/** A writer that lives puts a lost item again within seconds. */
const HOLE_MS = 600_000
/** A committer is at work while it told so within this, or within a few of its rounds. */
const PRESENT_MS = 60_000
const PRESENT_ROUNDS = 6

export async function readStanding(ledger: CommitLedger): Promise<CommitStanding> {
  return { backlogs: await ledger.backlogs(), committers: await ledger.committers() }
}

/** Those that told of themselves lately. */
export function committersAtWork(
  committers: readonly CommitterEntry[],
  nowMs: number,
): readonly CommitterEntry[] {
  return committers.filter(
    ({ seenMs, everyMs }) => nowMs - seenMs <= Math.max(PRESENT_MS, PRESENT_ROUNDS * everyMs),
  )
}

export function alarmsOf({ backlogs, committers }: CommitStanding, nowMs: number): readonly Alarm[] {
  const alarms = backlogs.flatMap((backlog): Alarm[] => {
    const { writer, name, oldest, tables, epochs, isHole } = backlog
    const ageMs = nowMs - backlog.sealedAtMs
    const about = { writer, name, epoch: oldest, tables, ageMs, epochs }
    if (isHole && ageMs > HOLE_MS) return [{ kind: 'hole', level: 'error', ...about, epoch: oldest - 1 }]
    if (ageMs <= LATE_MS) return []
    return [{ kind: 'late', level: ageMs > VERY_LATE_MS ? 'error' : 'warn', ...about }]
  })
  const ageMs = Math.max(0, ...backlogs.map(({ sealedAtMs }) => nowMs - sealedAtMs))
  if (ageMs <= PRESENT_MS || committersAtWork(committers, nowMs).length > 0) return alarms
  const epochs = backlogs.reduce((sum, backlog) => sum + backlog.epochs, 0)
  return [...alarms, { kind: 'unattended', level: 'warn', ageMs, epochs }]
}
