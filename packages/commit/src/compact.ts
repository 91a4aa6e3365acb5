import {
  type CompactionGroup,
  type LiveFile,
  type LoadedTable,
  liveDataFiles,
  planCompaction,
  prepareReplace,
  type Replacement,
  snapshotOf,
  type TableDefinition,
  type TableMetadata,
} from '@cryptoflow/iceberg'
import { type TableContract, type TableName, tables } from '@cryptoflow/model'
import { type Backoff, backoffMs, sleep } from '@cryptoflow/runtime'
import { drawSnapshotId } from './answers.ts'
import { type MaintenanceOptions, nowMsOf, standingOf } from './maintenance.ts'

/**
 * Compaction: small files of closed partitions become few, in snapshots of operation `replace`.
 *
 *   plan -> rewrite (new files, durable, compared) -> load -> all old files still shown? -> replace -> applied
 *                                                      ^            | no: left to whoever was first
 *                                                      +-- conflict, unknown
 *
 * Rows and map stay what they are. A crash anywhere leaves new files that nothing names, or a table that is done;
 * somebody else's commit in between costs an attempt. Nothing is deleted (R14): the old files go with the snapshots
 * that show them, new ones that came too late by the search for orphans.
 */
export interface CompactOptions {
  readonly targetBytes: number
  /** Rows that the rewriting of one group may hold, and how many it holds of one file at least. */
  readonly rowsHeldMax: number
  readonly rowsHeldPerFile: number
  /** A partition with fewer small files is left alone. */
  readonly filesMin: number
  /** After the end of a partition's time: when rows are no longer expected, milliseconds. */
  readonly closedAfterMs: number
}

export interface CompactReport {
  /** Files that are gone from the table's head, those that stand for them, and the rows of either. */
  readonly removed: number
  readonly added: number
  readonly rows: number
  readonly commits: number
  /** Groups that were not replaced: others had changed their files, or won every attempt. */
  readonly overtaken: number
  /** Files that stay as they are, and why. */
  readonly left: readonly { readonly location: string; readonly why: string }[]
}

/** Groups of one commit: an attempt costs little beside their rewriting, a snapshot each would bloat the metadata. */
const GROUPS_PER_COMMIT = 8
const ATTEMPTS_MAX = 8
const pauses: Backoff = { firstMs: 50, maxMs: 2_000, jitter: 0.5 }
/** New files are not committed later than this after the first was begun: they must never be old enough for orphans. */
const FRESH_MS = 30 * 60_000

/** What would be rewritten; null with a reason when the table may not be touched. */
export async function planTable(
  options: MaintenanceOptions,
  name: TableName,
  bounds: CompactOptions,
  { metadata }: LoadedTable,
): Promise<{ readonly groups: readonly CompactionGroup[] } | { readonly why: string }> {
  const foreign = foreignColumns(metadata, options.tables[name])
  if (foreign.length > 0) return { why: `it has columns of others, which are kept: ${foreign.join(', ')}` }
  const nowMs = nowMsOf(options)
  const files = await liveDataFiles(options.io, metadata)
  const { specId: ownSpec, partition: layout } = tables[name] as TableContract
  const groups = planCompaction(files, {
    ...bounds,
    isClosed: (partition, specId) => {
      if (specId !== ownSpec || layout === null) return specId === ownSpec
      const widthMs = layout.time === 'hour' ? 3_600_000 : 86_400_000
      return (Number(partition[0]) + 1) * widthMs + bounds.closedAfterMs <= nowMs
    },
  })
  return { groups }
}

/** Rewriting would drop them. */
function foreignColumns(metadata: TableMetadata, definition: TableDefinition | undefined): string[] {
  const own = new Set(definition?.schema.fields.map(({ id }) => id))
  const schema = metadata.schemas.find(({ schemaId }) => schemaId === metadata.currentSchemaId)
  const nested = schema?.rest?.fields === undefined ? [] : ['columns of nested types']
  return [...(schema?.fields ?? []).filter(({ id }) => !own.has(id)).map(({ name }) => name), ...nested]
}

/** Compacts a table as far as its closed partitions want it. `onGroup` is told of each group before it is read. */
export async function compactTable(
  options: MaintenanceOptions,
  name: TableName,
  groups: readonly CompactionGroup[],
  onGroup: (done: number) => void,
): Promise<CompactReport> {
  const total = { removed: 0, added: 0, rows: 0, commits: 0, overtaken: 0 }
  const left: { location: string; why: string }[] = []
  for (let at = 0; at < groups.length && !options.isStopped(); at += GROUPS_PER_COMMIT) {
    const beganMs = nowMsOf(options)
    const rewritings: Rewriting[] = []
    for (const [i, group] of groups.slice(at, at + GROUPS_PER_COMMIT).entries()) {
      if (options.isStopped()) break
      onGroup(at + i)
      const { added, refused } = await options.rewrite(name, group)
      for (const [location, why] of refused) left.push({ location, why })
      const removed = group.files.filter(({ location }) => !refused.has(location))
      if (removed.length > added.length) rewritings.push({ specId: group.specId, removed, added })
    }
    const done = rewritings.length === 0 ? [] : await commitRewritten(options, name, rewritings, beganMs)
    total.commits += done.length > 0 ? 1 : 0
    total.overtaken += rewritings.length - done.length
    for (const { removed, added } of done) {
      total.removed += removed.length
      total.added += added.length
      total.rows += rowsOf(added)
    }
  }
  return { ...total, left }
}

interface Rewriting extends Replacement {
  readonly specId: number
}

/** Those that are in the table now. All of a table's closed partitions have its own spec. */
async function commitRewritten(
  options: MaintenanceOptions,
  name: TableName,
  rewritings: readonly Rewriting[],
  beganMs: number,
): Promise<readonly Rewriting[]> {
  const { catalog, clock, chance } = options
  const posted = new Map<bigint, readonly Rewriting[]>()
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    if (attempt > 1) await sleep(clock, backoffMs(pauses, attempt, chance))
    const standing = await standingOf(options, name)
    if (standing.kind !== 'fit') return []
    const { table } = standing
    for (const [id, done] of posted) if (snapshotOf(table.metadata, id) !== null) return done
    const whole = await stillShown(options, table, rewritings)
    const isFresh = nowMsOf(options) - beganMs <= FRESH_MS
    if (whole.length === 0 || !isFresh || !(await areThere(options, whole))) return []
    const snapshotId = drawSnapshotId(table, chance)
    const { requirements, updates } = await prepareReplace(
      { io: options.io, nowMs: () => nowMsOf(options), uuid: options.uuid },
      table,
      { removed: whole.flatMap(({ removed }) => removed), added: whole.flatMap(({ added }) => added) },
      { snapshotId, summary: {}, attempt, specId: (whole[0] as Rewriting).specId },
    )
    const { outcome } = await catalog.commit(table, requirements, updates)
    if (outcome === 'applied') return whole
    if (outcome === 'unknown') posted.set(snapshotId, whole)
  }
  return []
}

/** A group of which somebody has replaced or deleted a file is theirs. */
async function stillShown(
  { io }: MaintenanceOptions,
  { metadata }: LoadedTable,
  rewritings: readonly Rewriting[],
): Promise<readonly Rewriting[]> {
  const shown = new Set((await liveDataFiles(io, metadata)).map(({ location }) => location))
  return rewritings.filter(({ removed }) => removed.every(({ location }) => shown.has(location)))
}

async function areThere({ exists }: MaintenanceOptions, rewritings: readonly Rewriting[]): Promise<boolean> {
  for (const { added } of rewritings) {
    for (const { location } of added) if (!(await exists(location))) return false
  }
  return true
}

function rowsOf(files: readonly Pick<LiveFile, 'rows'>[]): number {
  return files.reduce((sum, { rows }) => sum + rows, 0)
}
