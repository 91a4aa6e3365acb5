import { IcebergError } from './errors.ts'
import { decodeManifest, type ManifestEntry, type StoredFile } from './manifest.ts'
import { decodeManifestList, type ManifestFile } from './manifest-list.ts'
import { partitionSpecOf, snapshotOf } from './snapshots.ts'
import type { FileIO, Snapshot, TableMetadata } from './types.ts'

/** A data file that a snapshot shows, and the commit it came with. */
export interface LiveFile extends StoredFile {
  readonly specId: number
  /** The snapshot that added it. */
  readonly snapshotId: bigint
  readonly sequenceNumber: number
}

/** The manifests of a snapshot, in the list's order. */
export async function readManifestList(io: FileIO, snapshot: Snapshot): Promise<readonly ManifestFile[]> {
  return decodeManifestList(await io.read(snapshot.manifestList))
}

/** The entries of a manifest, deleted ones included, with inherited ids and sequence numbers filled in. */
export async function readManifest(
  io: FileIO,
  metadata: TableMetadata,
  manifest: ManifestFile,
): Promise<readonly ManifestEntry[]> {
  const inherited = { snapshotId: manifest.addedSnapshotId, sequenceNumber: manifest.sequenceNumber }
  const bytes = await io.read(manifest.location)
  if (bytes.length !== manifest.bytes) {
    throw new IcebergError('malformed', 'reading a manifest, found another length than its list says', {
      location: manifest.location,
      found: bytes.length,
      expected: manifest.bytes,
    })
  }
  return decodeManifest(bytes, inherited, partitionSpecOf(metadata, manifest.specId))
}

/**
 * The data files that a snapshot shows (default: the head of `main`; none before the first commit), in
 * manifest order. Row-level deletes of other engines are not applied: their delete files are not listed.
 */
export async function liveDataFiles(
  io: FileIO,
  metadata: TableMetadata,
  snapshotId: bigint | null = metadata.currentSnapshotId,
): Promise<readonly LiveFile[]> {
  if (snapshotId === null) return []
  const snapshot = snapshotOf(metadata, snapshotId)
  if (snapshot === null) throw new IcebergError('missing', 'the table has no such snapshot', { snapshotId })
  const files: LiveFile[] = []
  for (const manifest of await readManifestList(io, snapshot)) {
    if (manifest.content !== 'data') continue
    for (const entry of await readManifest(io, metadata, manifest)) {
      if (entry.status !== 'deleted') files.push(liveFile(manifest, entry))
    }
  }
  return files
}

function liveFile(manifest: ManifestFile, entry: ManifestEntry): LiveFile {
  return {
    ...entry.file,
    specId: manifest.specId,
    snapshotId: entry.snapshotId,
    sequenceNumber: entry.sequenceNumber,
  }
}
