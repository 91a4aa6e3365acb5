/**
 * How long a commit takes, and what stays bounded, when a table has 10, 100, ... 10,000 files: one file a commit, which
 * nobody writes.
 *
 * Run: `node scripts/bench/commits.ts`
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CommitsShown, manyCommits } from '../../test/many-commits.ts'

const folder = mkdtempSync(join(tmpdir(), 'iceberg-commits-'))
try {
  const { files, rows } = await manyCommits({
    folder,
    commits: 10_000,
    snapshotsKept: 1_000,
    shown: [10, 100, 1_000, 2_000, 5_000, 10_000],
    onShown: show,
    onFile: () => 1_000,
    rowsOf: (number) => number,
  })
  process.stdout.write(`the table shows ${files} files, ${rows} rows\n`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function show({
  commits,
  metadataBytes,
  snapshots,
  manifests,
  metadataFiles,
  commitMs,
  expiryMs,
}: CommitsShown) {
  process.stdout.write(
    `${String(commits).padStart(6)} commits: metadata.json ${(metadataBytes / 1000).toFixed(0)} kB, ` +
      `${snapshots} snapshots, ${manifests} manifests, ${metadataFiles} metadata files, ` +
      `commit ${commitMs.toFixed(1)} ms (median of the last 100), expiry ${expiryMs.toFixed(0)} ms\n`,
  )
}
