import avro from 'avsc'
import { describe, expect, it } from 'vitest'
import { prepareAppend } from './append.ts'
import { decodeAvroFile } from './avro-file.ts'
import { parseJson } from './json.ts'
import { liveDataFiles, readManifest, readManifestList } from './readers.ts'
import { currentSnapshot } from './snapshots.ts'
import type { CommitOptions, PreparedSnapshot } from './stage.ts'
import { committed, contextOf, dataFile, type MemoryIO, memoryIO, newTable } from './test-support.ts'
import type { DataFile, LoadedTable } from './types.ts'

const options: CommitOptions = { snapshotId: 2n ** 62n + 1n, summary: {}, attempt: 1 }

describe('an append', () => {
  it('shows the files exactly as offered', async () => {
    const io = memoryIO()
    const files = [dataFile(1), dataFile(2, 'okx')]
    const table = await append(io, newTable(), files)
    const live = await liveDataFiles(io, table.metadata)
    expect(live.map((file) => pick(file))).toEqual(files)
    expect(live.map((file) => [file.format, file.content, file.specId])).toEqual([
      ['PARQUET', 'data', 0],
      ['PARQUET', 'data', 0],
    ])
    expect(live.map((file) => [file.snapshotId, file.sequenceNumber])).toEqual([
      [options.snapshotId, 1],
      [options.snapshotId, 1],
    ])
  })

  it('asserts the table and the head it was built on', async () => {
    const io = memoryIO()
    const first = await prepareAppend(contextOf(io), newTable(), [dataFile(1)], options)
    const uuid = newTable().metadata.tableUuid
    expect(first.requirements).toEqual([
      { type: 'assert-table-uuid', uuid },
      { type: 'assert-ref-snapshot-id', ref: 'main', snapshotId: null },
    ])
    const table = committed(newTable(), first)
    const second = await prepareAppend(contextOf(io), table, [], { ...options, snapshotId: 8n })
    expect(second.requirements[1]).toEqual({
      type: 'assert-ref-snapshot-id',
      ref: 'main',
      snapshotId: options.snapshotId,
    })
    expect(second.snapshot.parentSnapshotId).toBe(options.snapshotId)
  })

  it('without files on a new table is an empty genesis', async () => {
    const io = memoryIO()
    const table = await append(io, newTable(), [])
    const snapshot = currentSnapshot(table.metadata)!
    expect(await readManifestList(io, snapshot)).toEqual([])
    expect(snapshot.parentSnapshotId).toBeNull()
    expect(snapshot.summary).toMatchObject({
      operation: 'append',
      'total-records': '0',
      'total-data-files': '0',
    })
    expect(await liveDataFiles(io, table.metadata)).toEqual([])
  })

  it('without files carries over what the base shows', async () => {
    const io = memoryIO()
    const table = await append(io, await append(io, newTable(), [dataFile(1)]), [], { snapshotId: 5n })
    expect(await locations(io, table)).toEqual([dataFile(1).location])
    expect(currentSnapshot(table.metadata)?.summary['total-records']).toBe('1')
  })

  it('adds to the parent’s totals and leaves out totals that the parent lacks', async () => {
    const io = memoryIO()
    const table = await append(io, newTable(), [dataFile(3), dataFile(4)], { summary: { 'x.id': 'a' } })
    expect(currentSnapshot(table.metadata)?.summary).toEqual({
      'x.id': 'a',
      operation: 'append',
      'added-data-files': '2',
      'added-records': '7',
      'added-files-size': '2007',
      'changed-partition-count': '2',
      'total-records': '7',
      'total-files-size': '2007',
      'total-data-files': '2',
      'total-delete-files': '0',
      'total-position-deletes': '0',
      'total-equality-deletes': '0',
      'manifests-created': '1',
      'manifests-kept': '0',
      'manifests-replaced': '0',
    })
    const { 'total-records': _, ...rest } = currentSnapshot(table.metadata)!.summary
    const snapshots = [{ ...currentSnapshot(table.metadata)!, summary: rest }]
    const blurred = { ...table, metadata: { ...table.metadata, snapshots } }
    const next = await append(io, blurred, [dataFile(5)], { snapshotId: 6n })
    expect(currentSnapshot(next.metadata)?.summary).toMatchObject({ 'total-files-size': '3012' })
    expect(currentSnapshot(next.metadata)?.summary).not.toHaveProperty('total-records')
  })

  it('never dates a snapshot before the table’s last change', async () => {
    const table = newTable()
    const ahead = { ...table, metadata: { ...table.metadata, lastUpdatedMs: 77_000 } }
    const { snapshot } = await prepareAppend(contextOf(memoryIO()), ahead, [], options)
    expect(snapshot.timestampMs).toBe(77_000)
  })

  it('puts the attempt in the list’s name and every file below the table’s metadata folder', async () => {
    const io = memoryIO()
    const { snapshot } = await prepareAppend(contextOf(io), newTable(), [dataFile(1)], {
      ...options,
      attempt: 3,
    })
    expect(snapshot.manifestList).toContain(`/metadata/snap-${options.snapshotId}-3-`)
    for (const location of io.files.keys())
      expect(location).toMatch(/^memory:\/\/\/warehouse\/market\/ticks\/metadata\//)
  })

  it('refuses ids and files that would damage the table', async () => {
    const io = memoryIO()
    const table = await append(io, newTable(), [dataFile(1)])
    const trying = (files: readonly DataFile[], change: Partial<CommitOptions>) =>
      prepareAppend(contextOf(io, 9), table, files, { ...options, snapshotId: 3n, ...change })
    await expect(trying([], { snapshotId: options.snapshotId })).rejects.toThrow('of this id already')
    await expect(trying([], { snapshotId: 0n })).rejects.toThrow('positive 63-bit')
    await expect(trying([], { snapshotId: 2n ** 63n })).rejects.toThrow('positive 63-bit')
    await expect(trying([dataFile(2), dataFile(2)], {})).rejects.toThrow('offered twice')
    await expect(trying([{ ...dataFile(2), partition: [1] }], {})).rejects.toThrow(
      'number of partition values',
    )
    await expect(trying([{ ...dataFile(2), partition: ['okx', 1] }], {})).rejects.toThrow('expected int')
    await expect(trying([], { specId: 4 })).rejects.toThrow('no such partition spec')
  })
})

describe('a manifest', () => {
  it('leaves the sequence numbers of added files to be inherited', async () => {
    const { manifest } = await written()
    for (const record of manifest.records) expect([record.get(3), record.get(4)]).toEqual([null, null])
  })

  it('carries the header that the specification requires', async () => {
    const { manifest, list } = await written()
    expect(JSON.parse(manifest.metadata.get('schema')!)).toMatchObject({ type: 'struct', 'schema-id': 0 })
    expect(JSON.parse(manifest.metadata.get('partition-spec')!)).toEqual([
      { name: 'event_ts_hour', transform: 'hour', 'source-id': 2, 'field-id': 1000 },
      { name: 'exchange', transform: 'identity', 'source-id': 1, 'field-id': 1001 },
    ])
    expect(
      [...manifest.metadata].filter(([key]) => !key.startsWith('avro') && !/schema$|spec$/.test(key)),
    ).toEqual([
      ['schema-id', '0'],
      ['partition-spec-id', '0'],
      ['format-version', '2'],
      ['content', 'data'],
    ])
    expect(list.metadata.get('snapshot-id')).toBe(String(options.snapshotId))
    expect(list.metadata.get('sequence-number')).toBe('1')
  })

  it('has the specification’s field ids all the way down', async () => {
    const { manifest, list } = await written()
    expect(fieldIds(parseJson(manifest.metadata.get('avro.schema')!))).toEqual([
      0, 1, 2, 3, 4, 100, 101, 102, 103, 104, 108, 109, 110, 117, 118, 119, 120, 121, 122, 125, 126, 127, 128,
      129, 130, 131, 132, 133, 134, 135, 136, 137, 138, 139, 140, 1000, 1001,
    ])
    expect(fieldIds(parseJson(list.metadata.get('avro.schema')!))).toEqual(
      Array.from({ length: 20 }, (_, i) => 500 + i),
    )
  })

  it('is summarized in its list', async () => {
    const { io, table } = await written()
    const [manifest] = await readManifestList(io, currentSnapshot(table.metadata)!)
    expect(manifest).toMatchObject({
      content: 'data',
      specId: 0,
      sequenceNumber: 1,
      minSequenceNumber: 1,
      addedSnapshotId: options.snapshotId,
      addedFiles: 2,
      addedRows: 3,
      existingFiles: 0,
      deletedFiles: 0,
      bytes: io.files.get(manifest!.location)?.length,
      partitions: [
        { containsNull: false, containsNan: null, lower: hourBytes(400_001), upper: hourBytes(400_002) },
        {
          containsNull: true,
          containsNan: null,
          lower: Uint8Array.from(Buffer.from('okx')),
          upper: Uint8Array.from(Buffer.from('okx')),
        },
      ],
    })
  })

  it('and its list are read by avsc', async () => {
    const { io, table } = await written()
    const { manifestList } = currentSnapshot(table.metadata)!
    const [line] = await avscRead(io.files.get(manifestList)!)
    expect(line).toMatchObject({
      manifest_length: expect.any(Number),
      added_files_count: 2,
      sequence_number: 1,
    })
    const entries = await avscRead(io.files.get(line?.manifest_path as string)!)
    expect(entries).toMatchObject([
      {
        status: 1,
        sequence_number: null,
        data_file: {
          content: 0,
          file_path: dataFile(1).location,
          file_format: 'PARQUET',
          partition: { event_ts_hour: 400_001, exchange: null },
          record_count: 1,
          file_size_in_bytes: 1001,
          value_counts: [
            { key: 1, value: 1 },
            { key: 3, value: 1 },
          ],
          split_offsets: [4, 1_000_000],
          sort_order_id: 1,
          equality_ids: null,
          column_sizes: [],
        },
      },
      { data_file: { partition: { event_ts_hour: 400_002, exchange: 'okx' } } },
    ])
  })

  it('of another length than its list says is refused', async () => {
    const { io, table } = await written()
    const [manifest] = await readManifestList(io, currentSnapshot(table.metadata)!)
    const bytes = io.files.get(manifest!.location)!
    io.files.set(manifest!.location, Uint8Array.from([...bytes, 0]))
    await expect(readManifest(io, table.metadata, manifest!)).rejects.toThrow('another length')
  })
})

/** A table of one commit with two files, the first in the null exchange. */
async function written() {
  const io = memoryIO()
  const files = [{ ...dataFile(1), partition: [400_001, null] }, dataFile(2, 'okx')]
  const table = await append(io, newTable(), files)
  const list = decodeAvroFile(io.files.get(currentSnapshot(table.metadata)!.manifestList)!)
  const manifest = decodeAvroFile(io.files.get(list.records[0]?.get(500) as string)!)
  return { io, table, list, manifest }
}

let appends = 0

async function append(
  io: MemoryIO,
  table: LoadedTable,
  files: readonly DataFile[],
  change: Partial<CommitOptions> = {},
): Promise<LoadedTable> {
  const prepared: PreparedSnapshot = await prepareAppend(contextOf(io, ++appends), table, files, {
    ...options,
    ...change,
  })
  return committed(table, prepared)
}

async function locations(io: MemoryIO, table: LoadedTable): Promise<string[]> {
  return (await liveDataFiles(io, table.metadata)).map((file) => file.location)
}

function pick(file: DataFile): DataFile {
  const {
    location,
    bytes,
    rows,
    partition,
    valueCounts,
    nullCounts,
    lowerBounds,
    upperBounds,
    splitOffsets,
    sortOrderId,
  } = file
  return {
    location,
    bytes,
    rows,
    partition,
    valueCounts,
    nullCounts,
    lowerBounds,
    upperBounds,
    splitOffsets,
    sortOrderId,
  }
}

function hourBytes(hour: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setInt32(0, hour, true)
  return bytes
}

function fieldIds(schema: unknown): number[] {
  const ids: number[] = []
  JSON.stringify(schema, (key, value: unknown) => {
    if (key === 'field-id' || key === 'element-id') ids.push(value as number)
    return value
  })
  return ids.sort((a, b) => a - b)
}

function avscRead(bytes: Uint8Array): Promise<Record<string, unknown>[]> {
  return new Promise((resolve, reject) => {
    const values: Record<string, unknown>[] = []
    // Ids beyond 2^53 are compared in the container's own test; here a lossy long will do.
    const long = avro.types.LongType.__with({
      fromBuffer: (buffer: Buffer) => Number(buffer.readBigInt64LE()),
      toBuffer: () => Buffer.alloc(8),
      fromJSON: Number,
      toJSON: Number,
      isValid: (value: unknown) => typeof value === 'number',
      compare: (a: number, b: number) => a - b,
    })
    const decoder = new avro.streams.BlockDecoder({
      parseHook: (json: unknown) => avro.Type.forSchema(json as never, { registry: { long } }),
    } as never)
    decoder.on('data', (value) => values.push(value as Record<string, unknown>))
    decoder.on('error', reject)
    decoder.on('end', () => resolve(values))
    decoder.end(Buffer.from(bytes))
  })
}
