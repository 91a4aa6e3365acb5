import { findOrphans, type LoadedTable } from '@cryptoflow/iceberg'
import type { TableName } from '@cryptoflow/model'
import { firstUndecided } from './batch.ts'
import { type MaintenanceOptions, nowMsOf, type Sealed, type SizedFile, standingOf } from './maintenance.ts'
import type { DecidedMap } from './map.ts'

/**
 * Orphans: files below a table that nothing needs and nothing will (R17).
 *
 *   list all tables -> seals of this disk -> ledger beyond the map -> table, loaded again -> delete
 *
 * A request in flight is sealed, or in the ledger, or in the table, and moves in this direction only, so whoever looks
 * in this direction meets it. What is not sealed yet is younger than the least age. A writer whose control log is on
 * another disk may have sealed what the ledger has not heard of, however long ago: such files stay until the ledger has
 * their epoch or says that the writer is closed. Whatever cannot be read or explained keeps the files of its table.
 */
export interface SweepReport {
  readonly orphans: readonly SizedFile[]
  readonly deleted: number
  /** Why the table was left alone; null when it was not. */
  readonly refused: string | null
}

/** Items read from the ledger at a time. */
const ITEMS_PER_READ = 200
/** Epochs of a writer without a mark that are looked through; a writer's own bound is far below. */
const OPEN_EPOCHS_MAX = 100_000

export async function sweepTables(
  options: MaintenanceOptions,
  { minAgeMs, isDryRun }: { readonly minAgeMs: number; readonly isDryRun: boolean },
): Promise<ReadonlyMap<TableName, SweepReport>> {
  const reports = new Map<TableName, SweepReport>()
  const listings = new Map<TableName, Listing>()
  for (const name of Object.keys(options.tables) as TableName[]) {
    const standing = await standingOf(options, name)
    if (standing.kind === 'refused') reports.set(name, left(standing.why))
    if (standing.kind !== 'fit') continue
    const { table, map } = standing
    listings.set(name, { table, map, files: await options.list(table.metadata.location) })
  }
  const beforeMs = ageBorder(nowMsOf(options), listings.values()) - minAgeMs
  const sealed = await options.sealed()
  for (const [name, listing] of listings) {
    reports.set(name, await sweepTable(options, name, listing, { beforeMs, sealed, isDryRun }))
  }
  return reports
}

interface Listing {
  /** As they were before anything was listed. */
  readonly table: LoadedTable
  readonly map: DecidedMap
  readonly files: readonly SizedFile[]
}

/** A clock that leapt ahead makes nothing old: time is at most that of the youngest file anywhere (K13). */
function ageBorder(nowMs: number, listings: Iterable<Listing>): number {
  let youngestMs = Number.NEGATIVE_INFINITY
  for (const { files } of listings) {
    for (const { modifiedMs } of files) youngestMs = Math.max(youngestMs, modifiedMs)
  }
  return Math.min(nowMs, youngestMs)
}

async function sweepTable(
  options: MaintenanceOptions,
  name: TableName,
  { table, map, files }: Listing,
  bounds: { readonly beforeMs: number; readonly sealed: Sealed; readonly isDryRun: boolean },
): Promise<SweepReport> {
  const { beforeMs, sealed, isDryRun } = bounds
  const undecided = await undecidedFiles(options, name, map)
  if (typeof undecided === 'string') return left(undecided)
  const elsewhere = files.flatMap(({ location }) => {
    const made = sealed.elsewhere(location)
    return made !== null && made.epoch > (undecided.heardOf.get(made.writer) ?? 0) ? [location] : []
  })
  const standing = await standingOf(options, name)
  if (standing.kind !== 'fit') return left(standing.kind === 'refused' ? standing.why : 'it is gone')
  const changed = changedBase(table, map, standing)
  if (changed !== null) return left(changed)
  const orphans = await findOrphans({
    io: options.io,
    beforeMs,
    list: async () => files,
    protect: async () => new Set([...sealed.files, ...undecided.files, ...elsewhere]),
    load: async () => standing.table,
  })
  let deleted = 0
  for (const { location } of isDryRun ? [] : orphans) {
    if (options.isStopped()) break
    await options.io.remove(location)
    deleted += 1
  }
  return { orphans, deleted, refused: null }
}

/** What the ledger knows that a table's map does not say. */
interface Undecided {
  /** Files that it names for the table. */
  readonly files: ReadonlySet<string>
  /** By writer, the last epoch that it has; all of a writer that is closed. */
  readonly heardOf: ReadonlyMap<string, number>
}

/** A text when there may be more files that the ledger does not name. */
async function undecidedFiles(
  { ledger }: MaintenanceOptions,
  name: TableName,
  map: DecidedMap,
): Promise<Undecided | string> {
  const files = new Set<string>()
  const heardOf = new Map<string, number>()
  for (const entry of await ledger.writers()) {
    if (entry.state !== 'open') heardOf.set(entry.writer, Number.POSITIVE_INFINITY)
    const first = firstUndecided(map, entry)
    if (first === null) continue
    let next = first
    for (let more = true; more; ) {
      const items = await ledger.consecutive(entry.writer, next, ITEMS_PER_READ)
      for (const item of items) {
        if (item.kind !== 'request') continue
        for (const { location } of item.request.tables[name] ?? []) files.add(location)
      }
      next += items.length
      more = items.length > 0
    }
    if (entry.state === 'open') heardOf.set(entry.writer, next - 1)
    const open = await ledger.unmarked(entry.writer, name, Number.MAX_SAFE_INTEGER, OPEN_EPOCHS_MAX)
    if (open.length === OPEN_EPOCHS_MAX || open.some((epoch) => epoch >= next))
      return `the ledger has no item ${next} of ${entry.writer}, but later ones`
  }
  return { files, heardOf }
}

/** A table that went back in time, or is another one, may need again what it needs no more. */
function changedBase(
  before: LoadedTable,
  map: DecidedMap,
  now: { readonly table: LoadedTable; readonly map: DecidedMap },
): string | null {
  const { tableUuid, location, lastSequenceNumber } = now.table.metadata
  if (tableUuid !== before.metadata.tableUuid || location !== before.metadata.location)
    return 'it was made anew meanwhile'
  const isBehind = [...map.decided].some(([writer, epoch]) => (now.map.decided.get(writer) ?? epoch) < epoch)
  return isBehind || lastSequenceNumber < before.metadata.lastSequenceNumber ? 'it went back meanwhile' : null
}

function left(why: string): SweepReport {
  return { orphans: [], deleted: 0, refused: why }
}
