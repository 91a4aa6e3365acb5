import { describe, expect, it } from 'vitest'
import { prepareAppend } from './append.ts'
import { decodeAvroFile, encodeAvroFile } from './avro-file.ts'
import type { AvroRecord } from './avro-values.ts'
import { asObject, type JsonObject, parseJson } from './json.ts'
import { encodeManifest, type ManifestEntry } from './manifest.ts'
import { encodeManifestList, type ManifestFile } from './manifest-list.ts'
import { liveDataFiles, readManifest, readManifestList } from './readers.ts'
import { currentSnapshot } from './snapshots.ts'
import {
  committed,
  contextOf,
  dataFile,
  definition,
  type MemoryIO,
  memoryIO,
  newTable,
  schema,
} from './test-support.ts'
import type { LoadedTable, PartitionSpec } from './types.ts'

const SYNC = new Uint8Array(16)
const spec = definition.partitionSpec

describe('a table after other engines’ commits', () => {
  it('does not show files that they deleted, nor lists of deletes', async () => {
    const { io, table } = await foreignTable()
    expect(await shown(io, table)).toEqual([dataFile(1).location])
  })

  it('is appended to, and the deleted files stay deleted', async () => {
    const { io, table } = await foreignTable()
    const after = await append(io, table, 10)
    expect(await shown(io, after)).toEqual([dataFile(10).location, dataFile(1).location])
    const manifests = await readManifestList(io, currentSnapshot(after.metadata)!)
    expect(manifests.filter((manifest) => manifest.content === 'deletes')).toHaveLength(1)
  })

  it('loses the manifests in which nothing is live', async () => {
    const { io, table } = await foreignTable()
    const after = await append(io, table, 10)
    const locations = (await readManifestList(io, currentSnapshot(after.metadata)!)).map(
      ({ location }) => location,
    )
    expect(locations.slice(1)).toEqual(['memory:///mixed', 'memory:///deletes'])
  })

  it('is merged without its deleted files and without its deletes', async () => {
    const { io, table } = await foreignTable({ 'commit.manifest.min-count-to-merge': '3' })
    const after = await append(io, await append(io, table, 10), 11)
    expect(await shown(io, after)).toEqual([11, 10, 1].map((number) => dataFile(number).location))
    const manifests = await readManifestList(io, currentSnapshot(after.metadata)!)
    expect(
      manifests.map((manifest) => [manifest.content, manifest.addedFiles, manifest.existingFiles]),
    ).toEqual([
      ['data', 1, 0],
      ['data', 0, 2],
      ['deletes', 1, 0],
    ])
  })

  it('keeps all that they wrote about a file through a merge', async () => {
    const io = memoryIO()
    const table = newTable({ 'commit.manifest.min-count-to-merge': '3' })
    const entry = entryOf(1, 'added')
    const rich: ManifestEntry = {
      ...entry,
      file: {
        ...entry.file,
        columnSizes: new Map([[1, 77]]),
        nanCounts: new Map([[9, 1]]),
        keyMetadata: Uint8Array.of(1),
        equalityIds: [3],
        format: 'ORC',
      },
    }
    const foreign = commitOf(io, table, [manifestOf(io, 'rich', 'data', [rich])])
    const merged = await append(io, await append(io, foreign, 10), 11)
    const files = await liveDataFiles(io, merged.metadata)
    expect(files.at(-1)).toEqual({ ...rich.file, specId: 0, snapshotId: 500n, sequenceNumber: 1 })
  })
})

describe('a manifest of another writer', () => {
  it('is read by its own schema: other field order, names and unknown fields', async () => {
    const io = memoryIO()
    const manifest = manifestOf(io, 'other', 'data', [entryOf(1, 'added'), entryOf(2, 'existing')])
    const metadata = commitOf(io, newTable(), [manifest]).metadata
    const expected = await readManifest(io, metadata, manifest)
    const rewritten = rewrite(io.files.get(manifest.location)!)
    io.files.set(manifest.location, rewritten)
    expect(await readManifest(io, metadata, { ...manifest, bytes: rewritten.length })).toEqual(expected)
  })

  it('gives null ids and sequence numbers those of its list', async () => {
    const io = memoryIO()
    const manifest = { ...manifestOf(io, 'a', 'data', [entryOf(1, 'added')]), sequenceNumber: 44 }
    const [entry] = await readManifest(io, newTable().metadata, manifest)
    expect(entry).toMatchObject({ sequenceNumber: 44, fileSequenceNumber: 44, snapshotId: 500n })
  })
})

/** One manifest with a live and a deleted file, one with deleted files only, one of delete files. */
async function foreignTable(properties: Readonly<Record<string, string>> = {}) {
  const io = memoryIO()
  const mixed = manifestOf(io, 'mixed', 'data', [entryOf(1, 'existing'), entryOf(2, 'deleted')])
  const dead = manifestOf(io, 'dead', 'data', [entryOf(3, 'deleted')])
  const deletes = manifestOf(io, 'deletes', 'deletes', [entryOf(4, 'added')])
  return { io, table: commitOf(io, newTable(properties), [mixed, dead, deletes]) }
}

function entryOf(number: number, status: ManifestEntry['status']): ManifestEntry {
  const extra = { columnSizes: new Map(), nanCounts: new Map(), keyMetadata: null, equalityIds: [] }
  const file = { ...dataFile(number), ...extra, content: 'data' as const, format: 'PARQUET' }
  return { status, snapshotId: 500n, sequenceNumber: 1, fileSequenceNumber: 1, file }
}

function manifestOf(
  io: MemoryIO,
  name: string,
  content: ManifestFile['content'],
  entries: readonly ManifestEntry[],
): ManifestFile {
  const bytes = encodeManifest(schema, spec as PartitionSpec, entries, SYNC)
  const location = `memory:///${name}`
  io.files.set(location, bytes)
  const count = (status: ManifestEntry['status']) => entries.filter((entry) => entry.status === status).length
  return {
    location,
    bytes: bytes.length,
    specId: 0,
    content,
    sequenceNumber: 1,
    minSequenceNumber: 1,
    addedSnapshotId: 500n,
    addedFiles: count('added'),
    existingFiles: count('existing'),
    deletedFiles: count('deleted'),
    addedRows: 0,
    existingRows: 0,
    deletedRows: 0,
    partitions: null,
    keyMetadata: null,
  }
}

function commitOf(io: MemoryIO, table: LoadedTable, manifests: readonly ManifestFile[]): LoadedTable {
  const snapshot = {
    snapshotId: 500n,
    parentSnapshotId: null,
    sequenceNumber: 1,
    timestampMs: 1_500,
    manifestList: 'memory:///list',
    summary: { operation: 'overwrite' },
    schemaId: null,
  }
  io.files.set(snapshot.manifestList, encodeManifestList(snapshot, manifests, SYNC))
  return committed(table, {
    requirements: [],
    updates: [
      { action: 'add-snapshot', snapshot },
      { action: 'set-snapshot-ref', ref: 'main', snapshotId: 500n },
    ],
  })
}

async function append(io: MemoryIO, table: LoadedTable, number: number): Promise<LoadedTable> {
  const options = { snapshotId: BigInt(number), summary: {}, attempt: 1 }
  return committed(table, await prepareAppend(contextOf(io, number), table, [dataFile(number)], options))
}

async function shown(io: MemoryIO, table: LoadedTable): Promise<string[]> {
  return (await liveDataFiles(io, table.metadata)).map((file) => file.location)
}

/** The same records under a schema with reversed fields, other names and one field more per record. */
function rewrite(bytes: Uint8Array): Uint8Array {
  const { metadata, records } = decodeAvroFile(bytes)
  const extra = { name: 'added_later', type: ['null', 'string'], default: null, 'field-id': 9999 }
  const turn = (json: unknown): unknown => {
    if (Array.isArray(json)) return json.map(turn)
    if (typeof json !== 'object' || json === null) return json
    const { type, fields, items, ...others } = json as JsonObject
    if (Array.isArray(fields)) {
      const reversed = fields.map((field: JsonObject) => ({
        ...(turn(field) as JsonObject),
        name: `x${field.name}`,
      }))
      return { ...others, type, fields: [extra, ...reversed.reverse()] }
    }
    return { ...others, type: turn(type), ...(items === undefined ? {} : { items: turn(items) }) }
  }
  const turned = asObject(turn(parseJson(metadata.get('avro.schema')!)), 'schema')
  return encodeAvroFile(turned, records.map(withNoise), new Map(), SYNC)
}

function withNoise(record: AvroRecord): AvroRecord {
  return new Map(record).set(9999, 'noise')
}
