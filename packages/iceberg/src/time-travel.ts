import { IcebergError } from './errors.ts'
import { refsOf } from './refs.ts'
import { currentSchema, snapshotOf } from './snapshots.ts'
import type { Schema, Snapshot, TableMetadata } from './types.ts'

/** A state that a table had: a snapshot's id, a branch or tag, or what `main` showed at a time. */
export type AsOf =
  | { readonly snapshotId: bigint }
  | { readonly ref: string }
  | { readonly timestampMs: number }

/**
 * The snapshot of that state (spec "Point in Time Reads"). A time is looked up in the log of `main`, which knows
 * rollbacks too. Throws IcebergError `missing` when there is none, or none any more.
 */
export function snapshotAsOf(metadata: TableMetadata, asOf: AsOf): Snapshot {
  const snapshot = snapshotOf(metadata, idAsOf(metadata, asOf))
  if (snapshot === null)
    throw new IcebergError('missing', 'the table has no snapshot of that state', { ...asOf })
  return snapshot
}

function idAsOf(metadata: TableMetadata, asOf: AsOf): bigint | null {
  if ('snapshotId' in asOf) return asOf.snapshotId
  if ('ref' in asOf) return refsOf(metadata).get(asOf.ref)?.snapshotId ?? null
  const entry = metadata.snapshotLog.findLast(({ timestampMs }) => timestampMs <= asOf.timestampMs)
  return entry?.snapshotId ?? null
}

/** The columns that a table had at a snapshot; the current ones where the snapshot does not say. */
export function schemaAsOf(metadata: TableMetadata, snapshot: Snapshot): Schema {
  return metadata.schemas.find(({ schemaId }) => schemaId === snapshot.schemaId) ?? currentSchema(metadata)
}
