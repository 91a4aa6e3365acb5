import type { ManifestFile } from './manifest-list.ts'
import { type AppendContext, type Commit, storedFile, writeManifest } from './manifest-writer.ts'
import { mergeManifests } from './merge.ts'
import { type CommitOptions, closeStage, openStage, type PreparedSnapshot } from './stage.ts'
import { appendSummary } from './summary.ts'
import type { DataFile, LoadedTable } from './types.ts'

/**
 * Writes the manifests and the manifest list that show `files` on top of the table as loaded (spec "Snapshots",
 * operation `append`). No files: an empty append that carries the base over. All manifests are new objects; nothing
 * is changed or removed, so a lost race costs orphans only. Throws IcebergError `refused` for files or ids that do
 * not fit the table.
 */
export async function prepareAppend(
  context: AppendContext,
  table: LoadedTable,
  files: readonly DataFile[],
  options: CommitOptions,
): Promise<PreparedSnapshot> {
  const stage = await openStage(context, table, files, options)
  const { commit, parent } = stage
  const added = files.length === 0 ? [] : [await writeAdded(commit, files)]
  const { manifests, replaced, created } = await mergeManifests(commit, added, stage.base)
  const summary = appendSummary(parent, files, options.summary, {
    created: added.length + created,
    kept: manifests.length - added.length - created,
    replaced,
  })
  return closeStage(stage, manifests, options, summary)
}

async function writeAdded(commit: Commit, files: readonly DataFile[]): Promise<ManifestFile> {
  const { snapshotId, sequenceNumber } = commit
  const entries = files.map((file) => ({
    status: 'added' as const,
    snapshotId,
    sequenceNumber,
    fileSequenceNumber: sequenceNumber,
    file: storedFile(file),
  }))
  return writeManifest(commit, entries, 0)
}
