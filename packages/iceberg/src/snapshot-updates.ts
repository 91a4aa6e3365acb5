import { IcebergError } from './errors.ts'
import { asList, asLong, asObject } from './json.ts'
import { refSettings, refsOf, withoutRef, withRef } from './refs.ts'
import { snapshotOf } from './snapshots.ts'
import type { RefSettings, Snapshot, TableMetadata } from './types.ts'

/** Clocks may differ by this much before other engines refuse the metadata (Java's ONE_MINUTE). */
const BACKWARDS_MS_MAX = 60_000

/** Keys of metadata.json that hold one entry for each snapshot they describe (spec "Table Statistics"). */
const BY_SNAPSHOT = ['statistics', 'partition-statistics']

/** Throws IcebergError `refused` for an id, sequence number or time that the table cannot take. */
export function addSnapshot(metadata: TableMetadata, snapshot: Snapshot): TableMetadata {
  if (snapshotOf(metadata, snapshot.snapshotId) !== null) {
    throw new IcebergError('refused', 'adding a snapshot, found its id in the table', {
      id: snapshot.snapshotId,
    })
  }
  if (snapshot.sequenceNumber <= metadata.lastSequenceNumber) {
    throw new IcebergError('refused', 'adding a snapshot, found a sequence number that is not new', {
      found: snapshot.sequenceNumber,
      last: metadata.lastSequenceNumber,
    })
  }
  if (snapshot.timestampMs < metadata.lastUpdatedMs - BACKWARDS_MS_MAX) {
    throw new IcebergError('refused', 'adding a snapshot, found a time before the table was last changed', {
      found: snapshot.timestampMs,
      last: metadata.lastUpdatedMs,
    })
  }
  return {
    ...metadata,
    lastSequenceNumber: snapshot.sequenceNumber,
    lastUpdatedMs: Math.max(metadata.lastUpdatedMs, snapshot.timestampMs),
    snapshots: [...metadata.snapshots, snapshot],
  }
}

/** Sets a branch or tag; moving `main` is written into the snapshot log. */
export function setRef(
  metadata: TableMetadata,
  { ref, snapshotId, settings }: { ref: string; snapshotId: bigint; settings?: RefSettings },
): TableMetadata {
  if (snapshotOf(metadata, snapshotId) === null) {
    throw new IcebergError('refused', `moving ${ref}, found no such snapshot in the table`, { snapshotId })
  }
  if (ref !== 'main') return withRef(metadata, ref, snapshotId, settings ?? refSettings(metadata, ref))
  if (settings?.type === 'tag') throw new IcebergError('refused', 'main is a branch and cannot become a tag')
  const retained = settings === undefined ? metadata : withRef(metadata, ref, snapshotId, settings)
  if (metadata.currentSnapshotId === snapshotId) return retained
  return {
    ...retained,
    currentSnapshotId: snapshotId,
    snapshotLog: [...metadata.snapshotLog, { snapshotId, timestampMs: metadata.lastUpdatedMs }],
  }
}

/** Removing what is not there is fine; `main` stays, because nothing could put its history back. */
export function removeRef(metadata: TableMetadata, ref: string): TableMetadata {
  if (ref === 'main') throw new IcebergError('refused', 'main is never removed')
  return withoutRef(metadata, ref)
}

/**
 * Forgets snapshots, the history up to them and their statistics. Throws IcebergError `refused` while a branch or
 * tag names one of them.
 */
export function removeSnapshots(metadata: TableMetadata, snapshotIds: readonly bigint[]): TableMetadata {
  const removed = new Set(snapshotIds)
  for (const [ref, { snapshotId }] of refsOf(metadata)) {
    if (removed.has(snapshotId)) {
      throw new IcebergError('refused', `removing a snapshot that ${ref} names`, { snapshotId })
    }
  }
  const rest = { ...metadata.rest }
  for (const key of BY_SNAPSHOT) {
    if (rest[key] !== undefined)
      rest[key] = asList(rest[key], key).filter((entry) => !removed.has(idOf(entry)))
  }
  // A log with a hole would tell a wrong state for the times inside it (spec "Table Metadata Fields").
  const lastHole = metadata.snapshotLog.findLastIndex(({ snapshotId }) => removed.has(snapshotId))
  return {
    ...metadata,
    snapshots: metadata.snapshots.filter(({ snapshotId }) => !removed.has(snapshotId)),
    snapshotLog: metadata.snapshotLog.slice(lastHole + 1),
    rest,
  }
}

function idOf(statistics: unknown): bigint {
  return asLong(asObject(statistics, 'statistics')['snapshot-id'], 'snapshot-id of statistics')
}
