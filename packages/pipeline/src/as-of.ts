import { type LoadedTable, snapshotOf } from '@cryptoflow/iceberg'
import { CryptoFlowError } from '@cryptoflow/runtime'

/** A moment in a warehouse's past: a time, microseconds, or the commit that made a snapshot. */
export type AsOf =
  | { readonly kind: 'time'; readonly us: number }
  | { readonly kind: 'snapshot'; readonly id: bigint }

/**
 * The snapshot that each table had then, null for one that had none yet. A snapshot's id belongs to one table; the others
 * are taken as they were when it was committed. Throws `usage` for a snapshot that no table has, and for a time before
 * what a table still remembers.
 */
export function snapshotsAsOf(
  tables: readonly LoadedTable[],
  asOf: AsOf,
): ReadonlyMap<LoadedTable, bigint | null> {
  if (asOf.kind === 'time') return new Map(tables.map((table) => [table, snapshotAt(table, asOf.us / 1000)]))
  const own = tables.find(({ metadata }) => snapshotOf(metadata, asOf.id) !== null)
  const snapshot = own === undefined ? null : snapshotOf(own.metadata, asOf.id)
  if (snapshot === null) throw refused('no table has a snapshot of this id', { snapshot: String(asOf.id) })
  return new Map(
    tables.map((table) => [table, table === own ? asOf.id : snapshotAt(table, snapshot.timestampMs)]),
  )
}

/** By the log of `main`, which knows rollbacks too. */
function snapshotAt({ name, metadata }: LoadedTable, ms: number): bigint | null {
  const { snapshotLog } = metadata
  const entry = snapshotLog.findLast(({ timestampMs }) => timestampMs <= ms)
  const oldest = snapshotLog[0]
  const isBeforeAll =
    oldest === undefined || snapshotOf(metadata, oldest.snapshotId)?.parentSnapshotId === null
  if (entry === undefined && isBeforeAll) return null
  if (entry !== undefined && snapshotOf(metadata, entry.snapshotId) !== null) return entry.snapshotId
  const remembers = metadata.snapshots.map(({ timestampMs }) => timestampMs)
  throw refused('a table does not remember that far back', {
    table: name.name,
    remembers: remembers.length === 0 ? 'nothing' : new Date(Math.min(...remembers)).toISOString(),
  })
}

function refused(found: string, context: Readonly<Record<string, unknown>>): CryptoFlowError {
  return new CryptoFlowError(`looking at the past: ${found}`, { kind: 'usage', reaction: 'stop', context })
}
