import type { MaintenancePlan } from '../maintain.ts'
import type { MaintenanceOptions } from '../maintenance.ts'

/** What may happen beside the turns of the writer, the committers and the maintainers. */
export type MaintenanceAct =
  | 'crash-committer'
  | 'crash-maintainer'
  | 'post-fault'
  | 'mark-fault'
  | 'foreign-append'
  | 'foreign-compaction'

export interface MaintenanceScene {
  readonly epochs: number
  readonly committers: number
  readonly maintainers: number
  readonly acts: Partial<Record<MaintenanceAct, number>>
  /** A port that lies to the maintainers in the way a missing rule would. */
  mutate?(options: MaintenanceOptions): MaintenanceOptions
}

export interface MaintenanceVerdict {
  /** Null: every promise held. */
  readonly violation: string | null
  readonly taken: ReadonlyMap<MaintenanceAct, number>
  /** Files compacted away, snapshots forgotten and orphans deleted by all rounds that ended. */
  readonly done: { readonly compacted: number; readonly expired: number; readonly orphans: number }
}

/** More steps than any schedule has: what is younger than this may be on its way. */
export const MIN_AGE_MS = 100_000

/** All of it, as much as there can be: every snapshot but the head goes at once. */
export const roundPlan: MaintenancePlan = {
  compact: { targetBytes: 1_000, rowsHeldMax: 6, rowsHeldPerFile: 6, filesMin: 2, closedAfterMs: 0 },
  expire: { maxSnapshotAgeMs: 0, minSnapshotsToKeep: 1 },
  orphans: { minAgeMs: MIN_AGE_MS },
  isDryRun: false,
}
