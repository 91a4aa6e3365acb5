import type { ManifestEntry } from './manifest.ts'
import type { ManifestFile } from './manifest-list.ts'
import { type Commit, writeManifest } from './manifest-writer.ts'
import { numberProperty } from './properties.ts'
import { readManifest } from './readers.ts'

/**
 * A manifest with more files than this many times all smaller ones together stays out of a merge, so that a
 * file's entry is rewritten a logarithmic number of times and not once per merge.
 */
const SIZE_RATIO = 4

export interface Merged {
  /** All manifests of the new snapshot. */
  readonly manifests: readonly ManifestFile[]
  /** Base manifests that merged ones stand for now. */
  readonly replaced: number
  readonly created: number
}

/**
 * Replaces small base manifests by few large ones when the snapshot would have
 * `commit.manifest.min-count-to-merge` (default 100) small manifests of the commit's partition spec. Small is
 * below `commit.manifest.target-size-bytes` (default 8 MiB). Files keep their snapshot and sequence numbers.
 */
export async function mergeManifests(
  commit: Commit,
  added: readonly ManifestFile[],
  base: readonly ManifestFile[],
): Promise<Merged> {
  const chosen = chooseManifests(commit, added.length, base)
  const merged: ManifestFile[] = []
  for (const bin of binsOf(chosen, targetBytes(commit))) {
    merged.push(await writeManifest(commit, await liveEntries(commit, bin), merged.length + 1))
  }
  const replaced = new Set(chosen)
  const kept = base.filter((manifest) => !replaced.has(manifest))
  return { manifests: [...added, ...merged, ...kept], replaced: replaced.size, created: merged.length }
}

function chooseManifests(
  commit: Commit,
  addedCount: number,
  base: readonly ManifestFile[],
): readonly ManifestFile[] {
  const { properties } = commit.metadata
  const minCount = numberProperty(properties, 'commit.manifest.min-count-to-merge', 100)
  if (addedCount === 0 || properties['commit.manifest-merge.enabled'] === 'false') return []
  const target = targetBytes(commit)
  const small = base.filter((manifest) => isMergeable(manifest, commit) && manifest.bytes < target)
  if (small.length + addedCount < minCount) return []
  const chosen = withoutGiants(small)
  return chosen.length < 2 ? [] : chosen
}

// Encrypted manifests and those of other partition specs stay as their writers left them.
function isMergeable(manifest: ManifestFile, commit: Commit): boolean {
  return (
    manifest.content === 'data' && manifest.specId === commit.spec.specId && manifest.keyMetadata === null
  )
}

function withoutGiants(manifests: readonly ManifestFile[]): readonly ManifestFile[] {
  const bySize = [...manifests].sort((a, b) => filesOf(a) - filesOf(b))
  let smaller = 0
  const giants = new Set<ManifestFile>()
  for (const [i, manifest] of bySize.entries()) {
    if (i > 0 && filesOf(manifest) > SIZE_RATIO * smaller) giants.add(manifest)
    smaller += filesOf(manifest)
  }
  return manifests.filter((manifest) => !giants.has(manifest))
}

function filesOf(manifest: ManifestFile): number {
  return manifest.addedFiles + manifest.existingFiles
}

/** Groups of neighbours whose bytes together stay at the target. */
function binsOf(manifests: readonly ManifestFile[], target: number): ManifestFile[][] {
  const bins: ManifestFile[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const manifest of manifests) {
    if (bytes + manifest.bytes > target) {
      bins.push([])
      bytes = 0
    }
    bins.at(-1)!.push(manifest)
    bytes += manifest.bytes
  }
  return bins
}

async function liveEntries(commit: Commit, bin: readonly ManifestFile[]): Promise<readonly ManifestEntry[]> {
  const entries: ManifestEntry[] = []
  for (const manifest of bin) {
    for (const entry of await readManifest(commit.context.io, commit.metadata, manifest)) {
      if (entry.status !== 'deleted') entries.push({ ...entry, status: 'existing' })
    }
  }
  return entries
}

function targetBytes(commit: Commit): number {
  return numberProperty(commit.metadata.properties, 'commit.manifest.target-size-bytes', 8 * 1024 * 1024)
}
