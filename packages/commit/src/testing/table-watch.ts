import { type LoadedTable, liveDataFiles, reachableFiles } from '@cryptoflow/iceberg'
import { isDecided, readMap } from '../map.ts'
import type { RowStore } from './row-store.ts'

/** What must be in the table: rows by epoch of the writer `w`, and those of other engines. */
export interface ExpectedRows {
  readonly epochs: ReadonlyMap<number, readonly string[]>
  readonly foreign: readonly string[]
}

/** Why a table breaks a promise: a file that a retained snapshot reaches is gone (I4), a row is lost or doubled. */
export async function brokenPromise(
  table: LoadedTable,
  store: RowStore,
  { epochs, foreign }: ExpectedRows,
): Promise<string | null> {
  const { metadata } = table
  const reached = await reachedFiles(table, store)
  if (typeof reached === 'string') return reached
  const gone = reached.find((location) => !store.has(location))
  if (gone !== undefined) return `${gone} is reached and gone`
  const reading = readMap(metadata, true)
  if (reading.kind !== 'map') return metadata.snapshots.length === 0 ? null : 'the map is lost'
  const files = await liveDataFiles(store.io, metadata)
  const shown = files.flatMap(({ location }) => store.rowsOf(location)).sort()
  const decided = [...epochs].filter(([epoch]) => isDecided(reading.map, 'w', epoch))
  // An epoch may bring the rows of a void one again, which counts as decided from then on.
  const expected = [...new Set(decided.flatMap(([, rows]) => rows)), ...foreign].sort()
  return shown.join() === expected.join() ? null : `shows ${shown}, expected ${expected}`
}

/** A table that was looked after with nobody else about: one snapshot, and no file that it does not need. */
export async function leftBehind(table: LoadedTable, store: RowStore): Promise<string | null> {
  const { snapshots } = table.metadata
  if (snapshots.length !== 1) return `${snapshots.length} snapshots are left`
  const needed = new Set(await reachedFiles(table, store))
  const stray = store.locations().filter((each) => !needed.has(each) && !each.includes('young'))
  return stray.length === 0 ? null : `left behind: ${stray}`
}

/** A text when a manifest on the way is gone. Metadata files lie in the catalog in memory. */
async function reachedFiles(table: LoadedTable, store: RowStore): Promise<string[] | string> {
  try {
    const files = await reachableFiles(store.io, table)
    return [...files].filter((location) => /\.(avro|parquet)$/.test(location))
  } catch (error) {
    return `a retained snapshot cannot be read: ${error}`
  }
}
