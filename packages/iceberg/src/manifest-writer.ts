import { encodeManifest, type ManifestEntry, type StoredFile } from './manifest.ts'
import type { ManifestFile } from './manifest-list.ts'
import { summarizePartitions } from './partition-summary.ts'
import { syncMarker } from './sync-marker.ts'
import type { DataFile, FileIO, PartitionSpec, Schema, TableMetadata } from './types.ts'

/** What writing a snapshot needs from outside. */
export interface AppendContext {
  readonly io: FileIO
  nowMs(): number
  /** A random uuid, for names that never collide. */
  uuid(): string
}

/** One snapshot under way. */
export interface Commit {
  readonly context: AppendContext
  readonly metadata: TableMetadata
  readonly schema: Schema
  readonly spec: PartitionSpec
  readonly snapshotId: bigint
  readonly sequenceNumber: number
  /** In the names of all manifests of this attempt. */
  readonly uuid: string
}

/** A data file as a manifest of ours holds it. */
export function storedFile(file: DataFile): StoredFile {
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

/** Writes one manifest of the commit; `index` tells its manifests apart. */
export async function writeManifest(
  commit: Commit,
  entries: readonly ManifestEntry[],
  index: number,
): Promise<ManifestFile> {
  const { context, metadata, schema, spec } = commit
  const bytes = encodeManifest(schema, spec, entries, syncMarker(context.uuid()))
  const location = `${metadata.location}/metadata/${commit.uuid}-m${index}.avro`
  await context.io.write(location, bytes)
  const added = entries.filter((entry) => entry.status === 'added')
  const existing = entries.filter((entry) => entry.status === 'existing')
  const deleted = entries.filter((entry) => entry.status === 'deleted')
  const sequenceNumbers = [...added, ...existing].map((entry) => entry.sequenceNumber)
  return {
    location,
    bytes: bytes.length,
    specId: spec.specId,
    content: 'data',
    sequenceNumber: commit.sequenceNumber,
    minSequenceNumber: sequenceNumbers.reduce((least, each) => Math.min(least, each), commit.sequenceNumber),
    addedSnapshotId: commit.snapshotId,
    addedFiles: added.length,
    existingFiles: existing.length,
    deletedFiles: deleted.length,
    addedRows: rowsOf(added),
    existingRows: rowsOf(existing),
    deletedRows: rowsOf(deleted),
    partitions: summarizePartitions(
      schema,
      spec,
      entries.map((entry) => entry.file.partition),
    ),
    keyMetadata: null,
  }
}

function rowsOf(entries: readonly ManifestEntry[]): number {
  return entries.reduce((rows, entry) => rows + entry.file.rows, 0)
}
