import { partitionKey } from './partition-key.ts'
import type { DataFile, Snapshot } from './types.ts'

export interface ManifestCounts {
  readonly created: number
  readonly kept: number
  readonly replaced: number
}

/**
 * The summary of an append (spec "Snapshot summary", optional fields as Java names them). Totals are the
 * parent's plus what is added; a total that the parent lacks is left out rather than guessed.
 */
export function appendSummary(
  parent: Snapshot | null,
  files: readonly DataFile[],
  own: Readonly<Record<string, string>>,
  manifests: ManifestCounts,
): Readonly<Record<string, string>> {
  const added = countsOf(files)
  return {
    ...own,
    operation: 'append',
    ...(files.length === 0 ? {} : addedCounts(added)),
    'changed-partition-count': String(partitionsOf(files)),
    ...totals(parent, added),
    ...manifestCounts(manifests),
  }
}

/** The summary of a replacement, in which rows come and go in the same number. */
export function replaceSummary(
  parent: Snapshot | null,
  files: { readonly removed: readonly DataFile[]; readonly added: readonly DataFile[] },
  own: Readonly<Record<string, string>>,
  manifests: ManifestCounts,
): Readonly<Record<string, string>> {
  const [added, removed] = [countsOf(files.added), countsOf(files.removed)]
  return {
    ...own,
    operation: 'replace',
    ...addedCounts(added),
    'deleted-data-files': String(removed.files),
    'deleted-records': String(removed.rows),
    'removed-files-size': String(removed.bytes),
    'changed-partition-count': String(partitionsOf([...files.added, ...files.removed])),
    ...totals(parent, {
      files: added.files - removed.files,
      rows: added.rows - removed.rows,
      bytes: added.bytes - removed.bytes,
    }),
    ...manifestCounts(manifests),
  }
}

interface Counts {
  readonly files: number
  readonly rows: number
  readonly bytes: number
}

function countsOf(files: readonly DataFile[]): Counts {
  return {
    files: files.length,
    rows: files.reduce((sum, file) => sum + file.rows, 0),
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
  }
}

function partitionsOf(files: readonly DataFile[]): number {
  return new Set(files.map((file) => partitionKey(0, file.partition))).size
}

function addedCounts({ files, rows, bytes }: Counts): Record<string, string> {
  return {
    'added-data-files': String(files),
    'added-records': String(rows),
    'added-files-size': String(bytes),
  }
}

function totals(parent: Snapshot | null, { files, rows, bytes }: Counts): Record<string, string> {
  return {
    ...total(parent, 'total-records', rows),
    ...total(parent, 'total-files-size', bytes),
    ...total(parent, 'total-data-files', files),
    ...total(parent, 'total-delete-files', 0),
    ...total(parent, 'total-position-deletes', 0),
    ...total(parent, 'total-equality-deletes', 0),
  }
}

function manifestCounts({ created, kept, replaced }: ManifestCounts): Record<string, string> {
  return {
    'manifests-created': String(created),
    'manifests-kept': String(kept),
    'manifests-replaced': String(replaced),
  }
}

type Total =
  | 'total-records'
  | 'total-files-size'
  | 'total-data-files'
  | 'total-delete-files'
  | 'total-position-deletes'
  | 'total-equality-deletes'

function total(parent: Snapshot | null, key: Total, added: number): Record<string, string> {
  const before = parent === null ? '0' : parent.summary[key]
  if (before === undefined || !/^\d+$/.test(before)) return {}
  return { [key]: String(BigInt(before) + BigInt(added)) }
}
