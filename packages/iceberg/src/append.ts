import { IcebergError } from './errors.ts'
import type { ManifestEntry, StoredFile } from './manifest.ts'
import { encodeManifestList, type ManifestFile } from './manifest-list.ts'
import { type AppendContext, type Commit, writeManifest } from './manifest-writer.ts'
import { mergeManifests } from './merge.ts'
import { readManifestList } from './readers.ts'
import { currentSchema, currentSnapshot, partitionSpecOf, snapshotOf } from './snapshots.ts'
import { appendSummary } from './summary.ts'
import { syncMarker } from './sync-marker.ts'
import type {
  DataFile,
  LoadedTable,
  PartitionSpec,
  Requirement,
  Snapshot,
  TableMetadata,
  Update,
} from './types.ts'

export interface AppendOptions {
  /** Positive, 63 bits, new to the table; may stay the same over attempts of an unchanged batch. */
  readonly snapshotId: bigint
  /** The caller's own summary entries; what the specification defines is computed and wins. */
  readonly summary: Readonly<Record<string, string>>
  /** Counts attempts of one batch; part of the manifest list's name. */
  readonly attempt: number
  /** Partition spec that the files were written for; default: the table's. */
  readonly specId?: number
}

/** A written, not yet visible append: hand `requirements` and `updates` (with your own beside) to a catalog. */
export interface PreparedAppend {
  readonly snapshot: Snapshot
  readonly requirements: readonly Requirement[]
  readonly updates: readonly Update[]
}

/**
 * Writes the manifests and the manifest list that show `files` on top of the table as loaded. No files: an
 * empty append that carries the base over. All manifests are new objects; nothing is changed or removed, so a
 * lost race costs orphans only. Throws IcebergError `refused` for files or ids that do not fit the table.
 */
export async function prepareAppend(
  context: AppendContext,
  table: LoadedTable,
  files: readonly DataFile[],
  options: AppendOptions,
): Promise<PreparedAppend> {
  const { metadata } = table
  const spec = partitionSpecOf(metadata, options.specId ?? metadata.defaultSpecId)
  checkOptions(metadata, options)
  checkFiles(spec, files)
  const parent = currentSnapshot(metadata)
  const commit: Commit = {
    context,
    metadata,
    schema: currentSchema(metadata),
    spec,
    snapshotId: options.snapshotId,
    sequenceNumber: metadata.lastSequenceNumber + 1,
    uuid: context.uuid(),
  }
  const base = parent === null ? [] : await readManifestList(context.io, parent)
  const kept = base.filter((manifest) => manifest.addedFiles + manifest.existingFiles > 0)
  const added = files.length === 0 ? [] : [await writeAdded(commit, files)]
  const { manifests, replaced, created } = await mergeManifests(commit, added, kept)
  const manifestList = `${metadata.location}/metadata/snap-${options.snapshotId}-${options.attempt}-${commit.uuid}.avro`
  const snapshot: Snapshot = {
    snapshotId: options.snapshotId,
    parentSnapshotId: parent?.snapshotId ?? null,
    sequenceNumber: commit.sequenceNumber,
    timestampMs: Math.max(context.nowMs(), metadata.lastUpdatedMs, parent?.timestampMs ?? 0),
    manifestList,
    summary: appendSummary(parent, files, options.summary, {
      created: added.length + created,
      kept: manifests.length - added.length - created,
      replaced,
    }),
    schemaId: commit.schema.schemaId,
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

function checkOptions(metadata: TableMetadata, options: AppendOptions): void {
  const { snapshotId } = options
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

async function writeAdded(commit: Commit, files: readonly DataFile[]): Promise<ManifestFile> {
  const entries = files.map(
    (file): ManifestEntry => ({
      status: 'added',
      snapshotId: commit.snapshotId,
      sequenceNumber: commit.sequenceNumber,
      fileSequenceNumber: commit.sequenceNumber,
      file: stored(file),
    }),
  )
  return writeManifest(commit, entries, 0)
}

function stored(file: DataFile): StoredFile {
  return {
    content: 'data',
    // The specification's table says lower case; Java and PyIceberg write and compare upper case.
    format: 'PARQUET',
    columnSizes: new Map(),
    nanCounts: new Map(),
    keyMetadata: null,
    equalityIds: [],
    ...file,
  }
}
