import { type Alarm, alarmsOf, type CommitLedger, readStanding, type WriterBacklog } from '@cryptoflow/commit'
import { type Clock, CryptoFlowError } from '@cryptoflow/runtime'

/** Keeps a committer's word in the ledger that it is at work. */
export interface Attendance {
  /** At most once in a few seconds; called at every round. */
  tell(): Promise<void>
  leave(): Promise<void>
}

export interface AttendanceOptions {
  readonly ledger: CommitLedger
  readonly clock: Clock
  readonly id: string
  /** A label for people. */
  readonly name: string
  readonly everyMs: number
}

/** A word costs a sync of the ledger, and nobody looks more often. */
const TELL_EVERY_US = 5_000_000

export function openAttendance({ ledger, clock, id, name, everyMs }: AttendanceOptions): Attendance {
  let toldUs = Number.NEGATIVE_INFINITY
  return {
    async tell() {
      const nowUs = clock.nowUs()
      if (nowUs - toldUs < TELL_EVERY_US) return
      await ifThere(() => ledger.attend({ id, name, seenMs: Math.floor(nowUs / 1000), everyMs }))
      toldUs = nowUs
    },
    async leave() {
      await ifThere(() => ledger.leave(id))
    },
  }
}

/** What the ledger says now of requests that wait; null where it does not answer, which rounds tell by themselves. */
export async function waitingIn(
  ledger: CommitLedger,
  clock: Clock,
): Promise<{ readonly backlogs: readonly WriterBacklog[]; readonly alarms: readonly Alarm[] } | null> {
  const standing = await ifThere(() => readStanding(ledger))
  if (standing === null) return null
  return { backlogs: standing.backlogs, alarms: alarmsOf(standing, clock.nowUs() / 1000) }
}

/** Hints for people are not worth the end of a process: what may work later is left out. */
async function ifThere<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof CryptoFlowError && error.reaction === 'retry') return null
    throw error
  }
}
