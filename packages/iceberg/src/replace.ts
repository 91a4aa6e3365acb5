import { IcebergError } from './errors.ts'
import type { ManifestEntry } from './manifest.ts'
import type { ManifestFile } from './manifest-list.ts'
import { type AppendContext, type Commit, storedFile, writeManifest } from './manifest-writer.ts'
import { type LiveFile, readManifest } from './readers.ts'
import { partitionSpecOf, schemaForSpec } from './snapshots.ts'
import { type CommitOptions, closeStage, openStage, type PreparedSnapshot, type Stage } from './stage.ts'
import { replaceSummary } from './summary.ts'
import type { DataFile, LoadedTable } from './types.ts'

/** The same rows in other files. */
export interface Replacement {
  /** Files that the table shows now, as `liveDataFiles` tells them. */
  readonly removed: readonly LiveFile[]
  /** Files with exactly the rows of the removed ones. */
  readonly added: readonly DataFile[]
}

/**
 * Writes what makes a table show `added` in the place of `removed` (spec "Snapshots", operation `replace`): the
 * manifests of the removed files anew, in which these are deleted and their neighbours stay what they were, and one
 * manifest of the added files. These have the highest data sequence number of the removed ones, so that row-level
 * deletes committed meanwhile still find their rows (spec "Sequence Number Inheritance").
 *
 * Throws IcebergError `missing` when the table does not show a removed file any more (load, plan again), `refused`
 * when the numbers of rows differ, and `unsupported` for a table with row-level deletes, which this package does not
 * apply.
 */
export async function prepareReplace(
  context: AppendContext,
  table: LoadedTable,
  replacement: Replacement,
  options: CommitOptions,
): Promise<PreparedSnapshot> {
  const { removed, added } = replacement
  checkRows(replacement)
  const stage = await openStage(context, table, added, options)
  if (stage.base.some(({ content }) => content === 'deletes')) {
    throw new IcebergError('unsupported', 'replacing files of a table with row-level deletes')
  }
  const { commit } = stage
  const sequenceNumber = removed.reduce((highest, file) => Math.max(highest, file.sequenceNumber), 0)
  const entries = added.map(
    (file): ManifestEntry => ({
      status: 'added',
      snapshotId: commit.snapshotId,
      sequenceNumber,
      fileSequenceNumber: commit.sequenceNumber,
      file: storedFile(file),
    }),
  )
  const created = entries.length === 0 ? [] : [await writeManifest(commit, entries, 0)]
  const { kept, rewritten } = await withoutFiles(stage, removed)
  const summary = replaceSummary(stage.parent, replacement, options.summary, {
    created: created.length + rewritten.length,
    kept: kept.length,
    replaced: stage.base.length - kept.length,
  })
  return closeStage(stage, [...created, ...rewritten, ...kept], options, summary)
}

function checkRows({ removed, added }: Replacement): void {
  const rowsOf = (files: readonly DataFile[]): number => files.reduce((rows, file) => rows + file.rows, 0)
  const [found, expected] = [rowsOf(added), rowsOf(removed)]
  if (removed.length === 0 || found !== expected) {
    throw new IcebergError('refused', 'replacing files, found another number of rows in the new ones', {
      found,
      expected,
    })
  }
}

/** The base's manifests without those files: untouched ones, and new ones for the touched. */
async function withoutFiles(
  { commit, base }: Stage,
  removed: readonly LiveFile[],
): Promise<{ readonly kept: readonly ManifestFile[]; readonly rewritten: readonly ManifestFile[] }> {
  const missing = new Set(removed.map(({ location }) => location))
  const specIds = new Set(removed.map(({ specId }) => specId))
  const kept: ManifestFile[] = []
  const rewritten: ManifestFile[] = []
  for (const manifest of base) {
    const entries = specIds.has(manifest.specId)
      ? await readManifest(commit.context.io, commit.metadata, manifest)
      : []
    const live = entries.filter(({ status }) => status !== 'deleted')
    if (!live.some(({ file }) => missing.has(file.location))) {
      kept.push(manifest)
      continue
    }
    const after = live.map((entry) =>
      missing.delete(entry.file.location) ? deleted(commit, entry) : existing(entry),
    )
    const spec = partitionSpecOf(commit.metadata, manifest.specId)
    const schema = schemaForSpec(commit.metadata, spec)
    rewritten.push(await writeManifest({ ...commit, spec, schema }, after, rewritten.length + 1))
  }
  for (const location of missing) {
    throw new IcebergError('missing', 'replacing a file that the table does not show', { location })
  }
  return { kept, rewritten }
}

function deleted({ snapshotId }: Commit, entry: ManifestEntry): ManifestEntry {
  return { ...entry, status: 'deleted', snapshotId }
}

function existing(entry: ManifestEntry): ManifestEntry {
  return { ...entry, status: 'existing' }
}
