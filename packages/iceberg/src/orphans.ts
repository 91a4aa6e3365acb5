import { liveLocations, manifestsOf, statisticsFiles } from './expiry.ts'
import { versionHintLocation } from './table-files.ts'
import type { FileIO, LoadedTable } from './types.ts'

/** A file as a listing of the table's folder told it. */
export interface ListedFile {
  readonly location: string
  /** When it was written. A clock that went back makes nothing younger: hand in the later of the times you have. */
  readonly modifiedMs: number
}

export interface OrphanSearch<F extends ListedFile = ListedFile> {
  readonly io: FileIO
  /** Only files written before this time count: more than any upload takes to its commit. */
  readonly beforeMs: number
  /** Every file below the table's location. */
  list(): Promise<readonly F[]>
  /** Locations that somebody may still commit: everything that is uploaded and not decided. */
  protect(): Promise<ReadonlySet<string>>
  /** The table as the catalog has it now; null when there is none, and then nothing is an orphan. */
  load(): Promise<LoadedTable | null>
}

/**
 * Files that nothing needs and nothing will. The order is the safety: first what lies there, then what is protected,
 * then what the table reaches. A file that was pending at the listing is found protected, or committed. The caller
 * deletes.
 */
export async function findOrphans<F extends ListedFile>(search: OrphanSearch<F>): Promise<readonly F[]> {
  const listed = await search.list()
  const wanted = new Set([...(await search.protect())].map(sameLocation))
  const table = await search.load()
  if (table === null) return []
  for (const location of await reachableFiles(search.io, table)) wanted.add(sameLocation(location))
  return listed.filter(
    ({ location, modifiedMs }) => modifiedMs < search.beforeMs && !wanted.has(sameLocation(location)),
  )
}

/**
 * Everything that a table needs: its metadata file and those of the log, the version hint, statistics, and of every
 * snapshot the manifest list, the manifests and the live files, row-level deletes among them.
 */
export async function reachableFiles(io: FileIO, table: LoadedTable): Promise<ReadonlySet<string>> {
  const { metadata } = table
  const files = new Set([
    table.metadataLocation,
    versionHintLocation(metadata.location),
    ...metadata.metadataLog.map(({ metadataFile }) => metadataFile),
    ...metadata.snapshots.map(({ manifestList }) => manifestList),
    ...statisticsFiles(metadata),
  ])
  for (const manifest of (await manifestsOf(io, metadata.snapshots)).values()) {
    files.add(manifest.location)
    for (const location of await liveLocations(io, metadata, manifest)) files.add(location)
  }
  return files
}

/** `/a`, `file:/a` and `file:///a` are one file, and so are `s3:`, `s3a:` and `s3n:`: each engine writes its own. */
function sameLocation(location: string): string {
  const path = /^(?:file:)?\/*(\/.*)$/s.exec(location)?.[1]
  return path === undefined ? location.replace(/^s3[an]:/, 's3:') : `file://${decoded(path)}`
}

// Some engines write a blank as `%20`. Two files that become one name here are both kept, which is the safe mistake.
function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
