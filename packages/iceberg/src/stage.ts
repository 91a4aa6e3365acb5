import { IcebergError } from './errors.ts'
import { encodeManifestList, type ManifestFile } from './manifest-list.ts'
import type { AppendContext, Commit } from './manifest-writer.ts'
import { readManifestList } from './readers.ts'
import { currentSchema, currentSnapshot, partitionSpecOf, schemaForSpec, snapshotOf } from './snapshots.ts'
import { syncMarker } from './sync-marker.ts'
import type { DataFile, LoadedTable, PartitionSpec, Proposal, Snapshot, TableMetadata } from './types.ts'

export interface CommitOptions {
  /** Positive, 63 bits, new to the table; may stay the same over attempts of an unchanged batch. */
  readonly snapshotId: bigint
  /** The caller's own summary entries; what the specification defines is computed and wins. */
  readonly summary: Readonly<Record<string, string>>
  /** Counts attempts of one batch; part of the manifest list's name. */
  readonly attempt: number
  /** Partition spec that the files were written for; default: the table's. */
  readonly specId?: number
}

/** A written, not yet visible snapshot: hand `requirements` and `updates` (with your own beside) to a catalog. */
export interface PreparedSnapshot extends Proposal {
  readonly snapshot: Snapshot
}

/** A snapshot under way: what it is built on, and what its manifests have in common. */
export interface Stage {
  readonly commit: Commit
  readonly parent: Snapshot | null
  /** Manifests of the parent in which something is live. */
  readonly base: readonly ManifestFile[]
}

/** Throws IcebergError `refused` for files or ids that do not fit the table. */
export async function openStage(
  context: AppendContext,
  { metadata }: LoadedTable,
  files: readonly DataFile[],
  options: CommitOptions,
): Promise<Stage> {
  const spec = partitionSpecOf(metadata, options.specId ?? metadata.defaultSpecId)
  checkOptions(metadata, options)
  checkFiles(spec, files)
  const parent = currentSnapshot(metadata)
  const commit: Commit = {
    context,
    metadata,
    schema: schemaForSpec(metadata, spec),
    spec,
    snapshotId: options.snapshotId,
    sequenceNumber: metadata.lastSequenceNumber + 1,
    uuid: context.uuid(),
  }
  const base = parent === null ? [] : await readManifestList(context.io, parent)
  return { commit, parent, base: base.filter((manifest) => manifest.addedFiles + manifest.existingFiles > 0) }
}

/** Writes the manifest list that shows these manifests, and answers what is to be committed. */
export async function closeStage(
  { commit, parent }: Stage,
  manifests: readonly ManifestFile[],
  options: CommitOptions,
  summary: Readonly<Record<string, string>>,
): Promise<PreparedSnapshot> {
  const { context, metadata } = commit
  const manifestList = `${metadata.location}/metadata/snap-${options.snapshotId}-${options.attempt}-${commit.uuid}.avro`
  const snapshot: Snapshot = {
    snapshotId: options.snapshotId,
    parentSnapshotId: parent?.snapshotId ?? null,
    sequenceNumber: commit.sequenceNumber,
    timestampMs: Math.max(context.nowMs(), metadata.lastUpdatedMs, parent?.timestampMs ?? 0),
    manifestList,
    summary,
    schemaId: currentSchema(metadata).schemaId,
  }
  await context.io.write(manifestList, encodeManifestList(snapshot, manifests, syncMarker(context.uuid())))
  return {
    snapshot,
    requirements: [
      { type: 'assert-table-uuid', uuid: metadata.tableUuid },
      { type: 'assert-ref-snapshot-id', ref: 'main', snapshotId: metadata.currentSnapshotId },
    ],
    updates: [
      { action: 'add-snapshot', snapshot },
      { action: 'set-snapshot-ref', ref: 'main', snapshotId: snapshot.snapshotId },
    ],
  }
}

function checkOptions(metadata: TableMetadata, { snapshotId }: CommitOptions): void {
  if (snapshotId <= 0n || BigInt.asIntN(64, snapshotId) !== snapshotId) {
    throw new IcebergError('refused', 'a snapshot id is a positive 63-bit number', { snapshotId })
  }
  if (snapshotOf(metadata, snapshotId) !== null) {
    throw new IcebergError('refused', 'the table has a snapshot of this id already', { snapshotId })
  }
}

function checkFiles(spec: PartitionSpec, files: readonly DataFile[]): void {
  const locations = new Set<string>()
  for (const { location, partition } of files) {
    if (locations.has(location)) throw new IcebergError('refused', 'a file is offered twice', { location })
    locations.add(location)
    if (partition.length !== spec.fields.length) {
      throw new IcebergError('refused', 'a file has another number of partition values than its spec', {
        location,
        found: partition.length,
        expected: spec.fields.length,
      })
    }
  }
}
