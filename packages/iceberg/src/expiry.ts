import { asList, asObject, asText } from './json.ts'
import type { ManifestFile } from './manifest-list.ts'
import { numberProperty } from './properties.ts'
import { readManifest, readManifestList } from './readers.ts'
import { refsOf } from './refs.ts'
import { ancestors, snapshotOf } from './snapshots.ts'
import type { FileIO, Proposal, Requirement, Snapshot, SnapshotRef, TableMetadata } from './types.ts'

/** The specification's and Java's defaults: five days, one snapshot, refs for ever. */
const MAX_SNAPSHOT_AGE_MS = 5 * 24 * 3_600_000
const MIN_SNAPSHOTS_TO_KEEP = 1

export interface ExpiryOptions {
  readonly nowMs: number
  /** Instead of `history.expire.max-snapshot-age-ms`; a branch's own setting stands above both. */
  readonly maxSnapshotAgeMs?: number
  /** Instead of `history.expire.min-snapshots-to-keep`; a branch's own setting stands above both. */
  readonly minSnapshotsToKeep?: number
  /** Of every branch so many of its newest are kept at most, however young the others are; default: all of them. */
  readonly maxSnapshotsToKeep?: number
}

/** The commit that forgets snapshots and refs; without updates nothing is old enough. */
export interface Expiry extends Proposal {
  readonly snapshotIds: readonly bigint[]
  readonly refs: readonly string[]
}

/**
 * Which snapshots and refs are past their time (spec "Snapshot Retention Policy"). Kept are, of every branch, its
 * newest `min-snapshots-to-keep` and all that are young enough (of these `maxSnapshotsToKeep`, where it is given), every tag's snapshot, and snapshots of no branch while
 * they are young. The commit asserts all refs as they were: what a ref names meanwhile is not forgotten.
 */
export function planExpiry(metadata: TableMetadata, options: ExpiryOptions): Expiry {
  const { properties } = metadata
  const refs = refsOf(metadata)
  const refAgeMs = numberProperty(properties, 'history.expire.max-ref-age-ms', Number.POSITIVE_INFINITY)
  const snapshotAgeMs =
    options.maxSnapshotAgeMs ??
    numberProperty(properties, 'history.expire.max-snapshot-age-ms', MAX_SNAPSHOT_AGE_MS)
  const keepCount =
    options.minSnapshotsToKeep ??
    numberProperty(properties, 'history.expire.min-snapshots-to-keep', MIN_SNAPSHOTS_TO_KEEP)
  const { maxSnapshotsToKeep = Number.POSITIVE_INFINITY } = options
  const isYounger = ({ timestampMs }: Snapshot, ageMs: number): boolean =>
    timestampMs >= options.nowMs - ageMs

  const oldRefs = [...refs].filter(([name, ref]) => {
    const snapshot = snapshotOf(metadata, ref.snapshotId)
    return name !== 'main' && (snapshot === null || !isYounger(snapshot, ref.maxRefAgeMs ?? refAgeMs))
  })
  const kept = new Set<bigint>()
  const reached = new Set<bigint>()
  for (const [name, ref] of refs) {
    if (oldRefs.some(([old]) => old === name)) continue
    for (const [i, snapshot] of historyOf(metadata, ref).entries()) {
      reached.add(snapshot.snapshotId)
      const isRetained =
        i < (ref.minSnapshotsToKeep ?? keepCount) ||
        (i < maxSnapshotsToKeep && isYounger(snapshot, ref.maxSnapshotAgeMs ?? snapshotAgeMs))
      if (isRetained) kept.add(snapshot.snapshotId)
    }
  }
  const snapshotIds = metadata.snapshots
    .filter((snapshot) => {
      const isStaged = !reached.has(snapshot.snapshotId) && isYounger(snapshot, snapshotAgeMs)
      return !isStaged && !kept.has(snapshot.snapshotId)
    })
    .map(({ snapshotId }) => snapshotId)
  return {
    snapshotIds,
    refs: oldRefs.map(([name]) => name),
    requirements: [{ type: 'assert-table-uuid', uuid: metadata.tableUuid }, ...assertRefs(refs)],
    updates: [
      ...oldRefs.map(([ref]) => ({ action: 'remove-snapshot-ref' as const, ref })),
      ...(snapshotIds.length === 0 ? [] : [{ action: 'remove-snapshots' as const, snapshotIds }]),
    ],
  }
}

/** A branch's snapshots, newest first; of a tag the one that it names. */
function historyOf(metadata: TableMetadata, ref: SnapshotRef): readonly Snapshot[] {
  const snapshots: Snapshot[] = []
  for (const step of ancestors(metadata, ref.snapshotId)) {
    if (step.kind === 'snapshot') snapshots.push(step.snapshot)
    if (ref.type === 'tag') break
  }
  return snapshots
}

function assertRefs(refs: ReadonlyMap<string, SnapshotRef>): readonly Requirement[] {
  const asserted = [...refs].map(([ref, { snapshotId }]) => ({
    type: 'assert-ref-snapshot-id' as const,
    ref,
    snapshotId,
  }))
  return refs.has('main')
    ? asserted
    : [...asserted, { type: 'assert-ref-snapshot-id', ref: 'main', snapshotId: null }]
}

/**
 * The files that only forgotten snapshots could reach: manifest lists, manifests, data files, statistics. To be asked,
 * and deleted, only after the commit is known to be applied; `before` is its base, `after` what it made. Reads every
 * manifest list of `before`, and the manifests of `after` when one was forgotten.
 */
export async function expiredFiles(
  io: FileIO,
  before: TableMetadata,
  after: TableMetadata,
): Promise<readonly string[]> {
  const retained = new Set(after.snapshots.map(({ snapshotId }) => snapshotId))
  const forgotten = before.snapshots.filter(({ snapshotId }) => !retained.has(snapshotId))
  const needed = await manifestsOf(io, after.snapshots)
  const former = await manifestsOf(io, forgotten)
  const manifests = [...former.values()].filter(({ location }) => !needed.has(location))
  const data = new Set<string>()
  for (const manifest of manifests) {
    for (const location of await liveLocations(io, before, manifest)) data.add(location)
  }
  for (const manifest of needed.values()) {
    if (data.size === 0) break
    for (const location of await liveLocations(io, after, manifest)) data.delete(location)
  }
  const statistics = new Set(statisticsFiles(before))
  for (const location of statisticsFiles(after)) statistics.delete(location)
  const lists = forgotten.map(({ manifestList }) => manifestList)
  return [...data, ...manifests.map(({ location }) => location), ...lists, ...statistics]
}

/** The files, row-level deletes among them, that a manifest shows; those that it tells as deleted went earlier. */
export async function liveLocations(
  io: FileIO,
  metadata: TableMetadata,
  manifest: ManifestFile,
): Promise<readonly string[]> {
  const entries = await readManifest(io, metadata, manifest)
  return entries.filter(({ status }) => status !== 'deleted').map(({ file }) => file.location)
}

/** All manifests of the snapshots by location. */
export async function manifestsOf(
  io: FileIO,
  snapshots: readonly Snapshot[],
): Promise<ReadonlyMap<string, ManifestFile>> {
  const manifests = new Map<string, ManifestFile>()
  for (const snapshot of snapshots) {
    for (const manifest of await readManifestList(io, snapshot)) manifests.set(manifest.location, manifest)
  }
  return manifests
}

/** Statistics that other engines wrote beside the table (spec "Table Statistics", "Partition Statistics"). */
export function statisticsFiles({ rest }: TableMetadata): readonly string[] {
  return ['statistics', 'partition-statistics'].flatMap((key) =>
    asList(rest[key] ?? [], key).map((entry) =>
      asText(asObject(entry, key)['statistics-path'], 'statistics-path'),
    ),
  )
}
