import {
  type CompactionGroup,
  currentSnapshot,
  type ExpiryOptions,
  type LoadedTable,
  planExpiry,
  readManifestList,
} from '@cryptoflow/iceberg'
import type { TableName } from '@cryptoflow/model'
import { messageOf } from '@cryptoflow/runtime'
import { isPassing } from './answers.ts'
import { type CompactOptions, type CompactReport, compactTable, planTable } from './compact.ts'
import { type ExpireReport, expireTable } from './expire.ts'
import { type MaintenanceOptions, nowMsOf, sizeOf, standingOf, type TableSize } from './maintenance.ts'
import { type SweepReport, sweepTables } from './sweep.ts'

/** What is to be done; null: not this. */
export interface MaintenancePlan {
  readonly compact: CompactOptions | null
  readonly expire: Omit<ExpiryOptions, 'nowMs'> | null
  readonly orphans: { readonly minAgeMs: number } | null
  /** Nothing is written or deleted; the report says what would be. */
  readonly isDryRun: boolean
}

/** What became of one table. */
export interface TableReport {
  readonly table: TableName
  /** Why it, or the rest of it, was left as it is; null when it was not. */
  readonly refused: string | null
  /** Null where the table could not be looked at. */
  readonly before: TableSize | null
  readonly after: TableSize | null
  readonly compacted: CompactReport
  readonly expired: ExpireReport
  readonly orphans: { readonly files: number; readonly bytes: number }
  /** Of the metadata file that every commit writes anew, and the manifests that every commit lists. */
  readonly metadata: { readonly bytes: number; readonly manifests: number } | null
}

/**
 * Looks after all tables, one after the other. A table that cannot be explained, or whose catalog or disk does not
 * answer, says so in its report and the others go on. Throws on bugs only.
 */
export async function maintainTables(
  options: MaintenanceOptions,
  plan: MaintenancePlan,
  onProgress: (step: string) => void,
): Promise<readonly TableReport[]> {
  const reports: TableReport[] = []
  for (const name of Object.keys(options.tables) as TableName[]) {
    if (options.isStopped()) break
    const report = await guarded(name, () => maintainTable(options, name, plan, onProgress))
    if (report !== null) reports.push(report)
  }
  const { orphans, isDryRun } = plan
  if (orphans === null || options.isStopped()) return reports
  onProgress('looking for orphans')
  const sweeps = await swept(options, { ...orphans, isDryRun })
  return reports.map((report) => withSweep(report, sweeps.get(report.table)))
}

const nothing = {
  compacted: { removed: 0, added: 0, rows: 0, commits: 0, overtaken: 0, left: [] },
  expired: { snapshots: 0, files: 0 },
  orphans: { files: 0, bytes: 0 },
} as const

async function maintainTable(
  options: MaintenanceOptions,
  name: TableName,
  plan: MaintenancePlan,
  onProgress: (step: string) => void,
): Promise<TableReport | null> {
  const standing = await standingOf(options, name)
  if (standing.kind === 'absent') return null
  if (standing.kind === 'refused') return refusal(name, standing.why)
  const before = await sizeOf(options.io, standing.table.metadata)
  const { compacted, refused } = await compactOne(options, name, plan, standing.table, onProgress)
  const expired = await expireOne(options, name, plan, standing.table, onProgress)
  const last = await standingOf(options, name)
  if (last.kind !== 'fit')
    return { ...refusal(name, last.kind === 'refused' ? last.why : 'it is gone'), before }
  const { table } = last
  const after = await sizeOf(options.io, table.metadata)
  const metadata = {
    bytes: (await options.io.read(table.metadataLocation)).length,
    manifests: await manifestsOf(options, table),
  }
  return { ...nothing, table: name, refused, before, after, compacted, expired, metadata }
}

/** What a pass made of many small files, the next one joins: a merge holds rows of few files at once. */
const PASSES_MAX = 4

async function compactOne(
  options: MaintenanceOptions,
  name: TableName,
  { compact, isDryRun }: MaintenancePlan,
  table: LoadedTable,
  onProgress: (step: string) => void,
): Promise<{ readonly compacted: CompactReport; readonly refused: string | null }> {
  if (compact === null) return { compacted: nothing.compacted, refused: null }
  let compacted: CompactReport = nothing.compacted
  const planned = await planTable(options, name, compact, table)
  if ('why' in planned) return { compacted, refused: planned.why }
  let { groups } = planned
  if (isDryRun) {
    const total = (of: (group: (typeof groups)[number]) => number): number =>
      groups.reduce((sum, group) => sum + of(group), 0)
    const would = {
      removed: total(({ files }) => files.length),
      added: groups.length,
      rows: total(({ rows }) => rows),
    }
    return { compacted: { ...compacted, ...would }, refused: null }
  }
  const tell = (done: number): void => onProgress(`compacting ${name}: ${done} of ${groups.length} groups`)
  try {
    for (let pass = 0; pass < PASSES_MAX && groups.length > 0; pass++) {
      const report = await compactTable(options, name, groups, tell)
      compacted = compactedBoth(compacted, report)
      if (report.commits === 0 || !isSplit(groups) || options.isStopped()) break
      const standing = await standingOf(options, name)
      if (standing.kind !== 'fit') break
      const next = await planTable(options, name, compact, standing.table)
      groups = 'why' in next ? [] : next.groups
    }
    return { compacted, refused: null }
  } catch (error) {
    // A disk too full to compact is one that wants its expired files gone all the more.
    if (isPassing(error) === null) throw error
    return { compacted, refused: messageOf(error) }
  }
}

/** Whether a partition had more small files than one group may have: what was made of them may be joined again. */
function isSplit(groups: readonly CompactionGroup[]): boolean {
  const partitions = new Set(groups.map(({ specId, partition }) => `${specId}: ${partition.join(', ')}`))
  return partitions.size < groups.length
}

function compactedBoth(a: CompactReport, b: CompactReport): CompactReport {
  return {
    removed: a.removed + b.removed,
    added: a.added + b.added,
    rows: a.rows + b.rows,
    commits: a.commits + b.commits,
    overtaken: a.overtaken + b.overtaken,
    left: b.left,
  }
}

async function expireOne(
  options: MaintenanceOptions,
  name: TableName,
  { expire, isDryRun }: MaintenancePlan,
  { metadata }: LoadedTable,
  onProgress: (step: string) => void,
): Promise<ExpireReport> {
  if (expire === null || options.isStopped()) return nothing.expired
  if (isDryRun) {
    const { snapshotIds } = planExpiry(metadata, { ...expire, nowMs: nowMsOf(options) })
    return { ...nothing.expired, snapshots: snapshotIds.length }
  }
  onProgress(`expiring snapshots of ${name}`)
  return expireTable(options, name, expire)
}

async function manifestsOf({ io }: MaintenanceOptions, { metadata }: LoadedTable): Promise<number> {
  const head = currentSnapshot(metadata)
  return head === null ? 0 : (await readManifestList(io, head)).length
}

async function swept(
  options: MaintenanceOptions,
  bounds: { readonly minAgeMs: number; readonly isDryRun: boolean },
): Promise<ReadonlyMap<TableName, SweepReport>> {
  try {
    return await sweepTables(options, bounds)
  } catch (error) {
    if (isPassing(error) === null) throw error
    const report = { orphans: [], deleted: 0, refused: messageOf(error) }
    return new Map((Object.keys(options.tables) as TableName[]).map((name) => [name, report]))
  }
}

function withSweep(report: TableReport, sweep: SweepReport | undefined): TableReport {
  if (sweep === undefined) return report
  const bytes = sweep.orphans.reduce((sum, orphan) => sum + orphan.bytes, 0)
  const refused = report.refused ?? sweep.refused
  return { ...report, refused, orphans: { files: sweep.orphans.length, bytes } }
}

function refusal(table: TableName, why: string): TableReport {
  return { ...nothing, table, refused: why, before: null, after: null, metadata: null }
}

/** What the catalog, the ledger or the disk could not do is the table's report; a bug is a bug. */
async function guarded(
  name: TableName,
  work: () => Promise<TableReport | null>,
): Promise<TableReport | null> {
  try {
    return await work()
  } catch (error) {
    if (isPassing(error) === null) throw error
    return refusal(name, messageOf(error))
  }
}
