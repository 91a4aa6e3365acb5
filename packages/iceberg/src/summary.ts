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
  const rows = files.reduce((sum, file) => sum + file.rows, 0)
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  const partitions = new Set(files.map((file) => file.partition.map(partitionKey).join('\u0000')))
  return {
    ...own,
    operation: 'append',
    ...(files.length === 0 ? {} : addedCounts(files.length, rows, bytes)),
    'changed-partition-count': String(partitions.size),
    ...total(parent, 'total-records', rows),
    ...total(parent, 'total-files-size', bytes),
    ...total(parent, 'total-data-files', files.length),
    ...total(parent, 'total-delete-files', 0),
    ...total(parent, 'total-position-deletes', 0),
    ...total(parent, 'total-equality-deletes', 0),
    'manifests-created': String(manifests.created),
    'manifests-kept': String(manifests.kept),
    'manifests-replaced': String(manifests.replaced),
  }
}

function addedCounts(files: number, rows: number, bytes: number): Record<string, string> {
  return {
    'added-data-files': String(files),
    'added-records': String(rows),
    'added-files-size': String(bytes),
  }
}

function partitionKey(value: unknown): string {
  return `${typeof value}:${value}`
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
