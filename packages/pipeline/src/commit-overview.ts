import { existsSync } from 'node:fs'
import {
  type Alarm,
  alarmsOf,
  type CommitterEntry,
  committersAtWork,
  createSqliteLedger,
  readStanding,
  type WriterBacklog,
} from '@cryptoflow/commit'
import type { Clock } from '@cryptoflow/runtime'
import type { Warehouse } from './warehouse.ts'

/** What waits in a warehouse's ledger, and who is at work on it. */
export interface CommitOverview {
  readonly backlogs: readonly WriterBacklog[]
  /** Those that told of themselves lately. */
  readonly committers: readonly CommitterEntry[]
  readonly alarms: readonly Alarm[]
}

/** Looks at the ledger, beside whoever uses it. Where there is none, nothing waits. */
export async function commitOverview(
  { ledgerFile }: Pick<Warehouse, 'ledgerFile'>,
  clock: Clock,
): Promise<CommitOverview> {
  if (!existsSync(ledgerFile)) return { backlogs: [], committers: [], alarms: [] }
  const ledger = createSqliteLedger({ path: ledgerFile })
  try {
    const standing = await readStanding(ledger)
    const nowMs = clock.nowUs() / 1000
    const committers = committersAtWork(standing.committers, nowMs)
    return { backlogs: standing.backlogs, committers, alarms: alarmsOf(standing, nowMs) }
  } finally {
    ledger.close()
  }
}
