import { type BoundValue, boundValue } from './bounds.ts'
import type { ManifestFile, PartitionSummary } from './manifest-list.ts'
import { partitionKey } from './partition-key.ts'
import { type LiveFile, liveDataFiles, readManifestList } from './readers.ts'
import { ancestors, partitionSpecOf, schemaForSpec, snapshotOf } from './snapshots.ts'
import { partitionType } from './transforms.ts'
import type { FileIO, PartitionValue, TableMetadata } from './types.ts'

// The metadata tables of Spark and PyIceberg as plain rows; `files` is `liveDataFiles`. Those that take a snapshot id
// answer for the head of `main` by default, and nothing for a table without one.

export interface SnapshotRow {
  readonly committedAtMs: number
  readonly snapshotId: bigint
  readonly parentId: bigint | null
  /** `append`, `replace`, `overwrite`, `delete`; null where another engine left it out. */
  readonly operation: string | null
  readonly manifestList: string
  readonly summary: Readonly<Record<string, string>>
}

/** Every snapshot that the table still has, in the order of the metadata. */
export function snapshotRows(metadata: TableMetadata): readonly SnapshotRow[] {
  return metadata.snapshots.map((snapshot) => ({
    committedAtMs: snapshot.timestampMs,
    snapshotId: snapshot.snapshotId,
    parentId: snapshot.parentSnapshotId,
    operation: snapshot.summary.operation ?? null,
    manifestList: snapshot.manifestList,
    summary: Object.fromEntries(Object.entries(snapshot.summary).filter(([key]) => key !== 'operation')),
  }))
}

export interface HistoryRow {
  readonly madeCurrentAtMs: number
  readonly snapshotId: bigint
  /** Null also when the snapshot was expired. */
  readonly parentId: bigint | null
  /** False for a snapshot that was rolled back. */
  readonly isCurrentAncestor: boolean
}

/** What `main` showed, and since when. */
export function historyRows(metadata: TableMetadata): readonly HistoryRow[] {
  const current = new Set<bigint>()
  for (const step of ancestors(metadata, metadata.currentSnapshotId)) {
    if (step.kind === 'snapshot') current.add(step.snapshot.snapshotId)
  }
  return metadata.snapshotLog.map(({ snapshotId, timestampMs }) => ({
    madeCurrentAtMs: timestampMs,
    snapshotId,
    parentId: snapshotOf(metadata, snapshotId)?.parentSnapshotId ?? null,
    isCurrentAncestor: current.has(snapshotId),
  }))
}

export interface ManifestRow extends Omit<ManifestFile, 'partitions' | 'keyMetadata'> {
  /** In the order of the manifest's partition spec. */
  readonly partitionSummaries: readonly {
    readonly field: string
    readonly containsNull: boolean
    readonly containsNan: boolean | null
    readonly lower: BoundValue | null
    readonly upper: BoundValue | null
  }[]
}

/** The manifests of a snapshot, with the partitions that each one spans. */
export async function manifestRows(
  io: FileIO,
  metadata: TableMetadata,
  snapshotId = metadata.currentSnapshotId,
): Promise<readonly ManifestRow[]> {
  const snapshot = snapshotOf(metadata, snapshotId)
  const manifests = snapshot === null ? [] : await readManifestList(io, snapshot)
  return manifests.map(({ partitions, keyMetadata: _keyMetadata, ...manifest }) => ({
    ...manifest,
    partitionSummaries: (partitions ?? []).map((summary, i) =>
      readSummary(metadata, manifest.specId, i, summary),
    ),
  }))
}

function readSummary(
  metadata: TableMetadata,
  specId: number,
  index: number,
  { lower, upper, ...contains }: PartitionSummary,
): ManifestRow['partitionSummaries'][number] {
  const spec = partitionSpecOf(metadata, specId)
  const field = spec.fields[index]!
  const type = partitionType(schemaForSpec(metadata, spec), field)
  return {
    field: field.name,
    ...contains,
    lower: lower === null ? null : boundValue(type, lower),
    upper: upper === null ? null : boundValue(type, upper),
  }
}

export interface PartitionRow {
  readonly specId: number
  /** By the names of the spec's fields. */
  readonly partition: Readonly<Record<string, PartitionValue>>
  readonly files: number
  readonly rows: number
  readonly bytes: number
  /** Of the newest file among them; null when that snapshot was expired. */
  readonly lastUpdatedAtMs: number | null
  readonly lastUpdatedSnapshotId: bigint
}

/** What each partition of a snapshot holds; one without files has no row. */
export async function partitionRows(
  io: FileIO,
  metadata: TableMetadata,
  snapshotId = metadata.currentSnapshotId,
): Promise<readonly PartitionRow[]> {
  const groups = Map.groupBy(await liveDataFiles(io, metadata, snapshotId), (file) =>
    partitionKey(file.specId, file.partition),
  )
  return [...groups.values()].map((files) => partitionRow(metadata, files))
}

function partitionRow(metadata: TableMetadata, files: readonly LiveFile[]): PartitionRow {
  const { specId, partition } = files[0]!
  const newest = files.reduce((last, file) => (file.sequenceNumber > last.sequenceNumber ? file : last))
  const fields = partitionSpecOf(metadata, specId).fields
  return {
    specId,
    partition: Object.fromEntries(fields.map(({ name }, i) => [name, partition[i] ?? null])),
    files: files.length,
    rows: files.reduce((rows, file) => rows + file.rows, 0),
    bytes: files.reduce((bytes, file) => bytes + file.bytes, 0),
    lastUpdatedAtMs: snapshotOf(metadata, newest.snapshotId)?.timestampMs ?? null,
    lastUpdatedSnapshotId: newest.snapshotId,
  }
}
