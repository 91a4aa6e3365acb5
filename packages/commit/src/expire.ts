import {
  type ExpiryOptions,
  expiredFiles,
  type LoadedTable,
  planExpiry,
  snapshotOf,
} from '@cryptoflow/iceberg'
import type { TableName } from '@cryptoflow/model'
import { type Backoff, backoffMs, sleep } from '@cryptoflow/runtime'
import { type MaintenanceOptions, nowMsOf, standingOf } from './maintenance.ts'

/**
 * Expiry: snapshots past their time are forgotten in one commit, and then the files that only they could reach go.
 *
 * The map is a property and names its snapshot by id and sequence, so every own snapshot may go (R7, section 3.3).
 * Files are deleted only after the commit is known to be applied (R17): told so, or seen on a later load. A crash
 * between leaves orphans.
 */
export interface ExpireReport {
  readonly snapshots: number
  readonly files: number
}

const ATTEMPTS_MAX = 8
const pauses: Backoff = { firstMs: 50, maxMs: 2_000, jitter: 0.5 }

export async function expireTable(
  options: MaintenanceOptions,
  name: TableName,
  policy: Omit<ExpiryOptions, 'nowMs'>,
): Promise<ExpireReport> {
  const { catalog, clock, chance, io } = options
  // The base and snapshots of a commit of which nobody knows whether it was applied.
  let doubt: { readonly before: LoadedTable; readonly snapshotIds: readonly bigint[] } | null = null
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    if (attempt > 1) await sleep(clock, backoffMs(pauses, attempt, chance))
    const standing = await standingOf(options, name)
    if (standing.kind !== 'fit') break
    const { table } = standing
    if (doubt?.snapshotIds.every((id) => snapshotOf(table.metadata, id) === null)) {
      return removed(
        options,
        doubt.snapshotIds.length,
        await expiredFiles(io, doubt.before.metadata, table.metadata),
      )
    }
    const { snapshotIds, requirements, updates } = planExpiry(table.metadata, {
      ...policy,
      nowMs: nowMsOf(options),
    })
    if (updates.length === 0) break
    const result = await catalog.commit(table, requirements, updates)
    if (result.outcome === 'applied') {
      return removed(
        options,
        snapshotIds.length,
        await expiredFiles(io, table.metadata, result.table.metadata),
      )
    }
    if (result.outcome === 'unknown') doubt = { before: table, snapshotIds }
  }
  return { snapshots: 0, files: 0 }
}

async function removed(
  { io, isStopped }: MaintenanceOptions,
  snapshots: number,
  locations: readonly string[],
): Promise<ExpireReport> {
  let files = 0
  for (const location of locations) {
    if (isStopped()) break
    await io.remove(location)
    files += 1
  }
  return { snapshots, files }
}
