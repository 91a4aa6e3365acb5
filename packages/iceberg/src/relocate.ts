import { createHash } from 'node:crypto'
import { decodeAvroFile, encodeAvroFile } from './avro-file.ts'
import type { AvroRecord, AvroValue } from './avro-values.ts'
import { IcebergError } from './errors.ts'
import { asText, parseJson } from './json.ts'
import { manifestEntryIds } from './manifest.ts'
import { manifestFileIds } from './manifest-list.ts'
import { parseMetadata, serializeMetadata } from './metadata.ts'
import { type NamedTable, openSqliteTables } from './sqlite-tables.ts'
import { metadataLocation, metadataVersion } from './table-files.ts'
import type { FileIO, Snapshot } from './types.ts'

/**
 * Tables whose files lie elsewhere now: the same bytes, below another location.
 *
 *     catalog.db -> metadata.json -> manifest list (a snapshot each) -> manifest -> data file
 *
 * Every arrow is an absolute location. Data files name nobody and stay as they are; of everything else a second
 * file is written beside the first, with the arrows turned, and the catalog's rows change last, in one transaction:
 * before it nobody sees the new files, after it nobody needs the old ones. A run that was cut is run again.
 */
export interface Relocation {
  /** Locations of directories, without a slash at the end: where the tables say they are, and where they are. */
  readonly from: string
  readonly to: string
  /** Reads and writes below `to` alone. */
  readonly io: FileIO
  exists(location: string): Promise<boolean>
  nowMs(): number
  /** A random uuid. */
  uuid(): string
  /** Told after each file that was looked after. */
  readonly onFile?: (files: number) => void
}

/**
 * Turns every table of a SQLite catalog that lies below `from` to lie below `to`, all at once. Answers the tables that
 * were turned. Throws IcebergError `refused` when a table of them names files of a third place, or when somebody
 * committed meanwhile; no reader sees a change then.
 */
export async function relocateCatalog(
  { file, name }: { readonly file: string; readonly name: string },
  relocation: Relocation,
): Promise<readonly NamedTable[]> {
  const tables = openSqliteTables(file, name, () => {})
  try {
    const turned = await turnAll(tables.list(), relocation)
    const swaps = turned.map(({ was, ...table }) => ({ name: table, from: was, to: table.metadataLocation }))
    if (tables.swapAll(swaps, (location) => moved(location, relocation)) === 'lost') {
      throw new IcebergError('refused', 'moving tables, found that one was changed meanwhile')
    }
    return turned.map(({ was: _was, ...table }) => table)
  } finally {
    tables.close()
  }
}

async function turnAll(
  known: readonly NamedTable[],
  relocation: Relocation,
): Promise<(NamedTable & { readonly was: string })[]> {
  const own = known.filter(({ metadataLocation: was }) => isBelow(was, relocation.from))
  let files = 0
  const onFile = (): void => relocation.onFile?.(++files)
  const turned: (NamedTable & { was: string })[] = []
  for (const { metadataLocation: was, ...name } of own) {
    turned.push({ ...name, was, metadataLocation: await turnTable(was, { ...relocation, onFile }) })
  }
  return turned
}

/** Writes the table's metadata anew for its new place; answers where. */
async function turnTable(was: string, relocation: Relocation): Promise<string> {
  const { io, onFile } = relocation
  const metadata = parseMetadata(await io.read(moved(was, relocation)))
  const manifests = new Map<string, Turned>()
  const snapshots: Snapshot[] = []
  for (const snapshot of metadata.snapshots) {
    const list = await turnList(snapshot.manifestList, manifests, relocation)
    snapshots.push({ ...(movedAll(snapshot, relocation) as Snapshot), manifestList: list })
  }
  const location = turned(metadata.location, relocation)
  const before = { metadataFile: moved(was, relocation), timestampMs: metadata.lastUpdatedMs }
  const log = movedAll(metadata.metadataLog, relocation) as typeof metadata.metadataLog
  const next = {
    ...metadata,
    location,
    lastUpdatedMs: Math.max(relocation.nowMs(), metadata.lastUpdatedMs),
    properties: movedAll(metadata.properties, relocation) as typeof metadata.properties,
    rest: movedAll(metadata.rest, relocation) as typeof metadata.rest,
    metadataLog: [...log, before],
    snapshots,
  }
  const file = metadataLocation(location, metadataVersion(was) + 1, relocation.uuid())
  await io.write(file, new TextEncoder().encode(serializeMetadata(next)))
  onFile?.(1)
  return file
}

/** Where a turned file lies, and its length. */
interface Turned {
  readonly location: string
  readonly bytes: number
}

/** Turns a manifest list and the manifests in it; `manifests` are those that other lists had already. */
async function turnList(
  location: string,
  manifests: Map<string, Turned>,
  relocation: Relocation,
): Promise<string> {
  const list = await turnAvro(location, relocation, async (record) => {
    const path = asText(record.get(manifestFileIds.path), 'manifest_path')
    const manifest = manifests.get(path) ?? (await turnAvro(path, relocation, turnEntry))
    manifests.set(path, manifest)
    return withFields(record, [
      [manifestFileIds.path, manifest.location],
      [manifestFileIds.length, manifest.bytes],
    ])
  })
  return list.location

  async function turnEntry(record: AvroRecord): Promise<AvroRecord> {
    const file = record.get(manifestEntryIds.dataFile)
    if (!(file instanceof Map)) throw new IcebergError('malformed', 'moving a manifest, found no data file')
    const path = asText(file.get(manifestEntryIds.filePath), 'file_path')
    const dataFile = withFields(file, [[manifestEntryIds.filePath, turned(path, relocation)]])
    return withFields(record, [[manifestEntryIds.dataFile, dataFile]])
  }
}

/** Writes an Avro file with its records turned, unless an earlier run has. */
async function turnAvro(
  location: string,
  relocation: Relocation,
  turn: (record: AvroRecord) => Promise<AvroRecord>,
): Promise<Turned> {
  const { io, exists, onFile } = relocation
  const there = turned(location, relocation)
  const target = turnedName(there, relocation.to)
  const { metadata, records } = decodeAvroFile(await io.read(there))
  const next: AvroRecord[] = []
  for (const record of records) next.push(await turn(record))
  const schema = parseJson(metadata.get('avro.schema') ?? '') as Parameters<typeof encodeAvroFile>[0]
  const bytes = encodeAvroFile(schema, next, metadata, digest(target).subarray(0, 16))
  onFile?.(1)
  // The records hang on the old name and the new place alone, so a file that is there holds the same.
  if (await exists(target)) return { location: target, bytes: (await io.read(target)).length }
  await io.write(target, bytes)
  return { location: target, bytes: bytes.length }
}

const TURNED = /\/(?:moved-[0-9a-f]{8}-)?([^/]+)$/

/** Beside the file: its name, marked with the place that it was turned to. */
function turnedName(location: string, to: string): string {
  return location.replace(TURNED, `/moved-${digest(to).toString('hex', 0, 4)}-$1`)
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function withFields(record: AvroRecord, fields: readonly (readonly [number, AvroValue])[]): AvroRecord {
  return new Map([...record, ...fields])
}

function isBelow(location: string, directory: string): boolean {
  return location === directory || location.startsWith(`${directory}/`)
}

/** The location of a file of the table, in its new place. Throws IcebergError `refused` for a file of a third place. */
function turned(location: string, relocation: Relocation): string {
  const { from, to } = relocation
  if (isBelow(location, from) || isBelow(location, to)) return moved(location, relocation)
  throw new IcebergError('refused', 'moving a table, found a file of another place', { location, from, to })
}

function moved(location: string, { from, to }: Pick<Relocation, 'from' | 'to'>): string {
  return isBelow(location, from) ? to + location.slice(from.length) : location
}

/** Every text in a value that is a location below the old place, moved. */
function movedAll(value: unknown, relocation: Relocation): unknown {
  if (typeof value === 'string') return moved(value, relocation)
  if (Array.isArray(value)) return value.map((item) => movedAll(item, relocation))
  // Numbers that JSON cannot hold are objects without a prototype, kept as they are.
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, movedAll(item, relocation)]))
}
