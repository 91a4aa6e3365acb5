import avro from 'avsc'
import { describe, expect, it } from 'vitest'
import { decodeAvroFile } from './avro-file.ts'
import { encodeManifestList } from './manifest-list.ts'
import { liveDataFiles, readManifest, readManifestList } from './readers.ts'
import { prepareReplace } from './replace.ts'
import { evolveSchema } from './schema-evolution.ts'
import { currentSnapshot } from './snapshots.ts'
import { evolveSpec } from './spec-evolution.ts'
import {
  appended,
  committed,
  contextOf,
  dataFile,
  type MemoryIO,
  memoryIO,
  newTable,
} from './test-support.ts'
import type { DataFile, LoadedTable } from './types.ts'

describe('a replacement', () => {
  it('shows the new files in the place of the old', async () => {
    const io = memoryIO()
    const table = await replaced(io, await threeFiles(io), [1, 2], [merged(3)])
    const live = await liveDataFiles(io, table.metadata)
    expect(live.map(({ location, rows }) => [location, rows])).toEqual([
      [merged(3).location, 3],
      [dataFile(3).location, 3],
    ])
  })

  it('keeps the data sequence number of the newest file that it replaces', async () => {
    const io = memoryIO()
    const table = await replaced(io, await threeFiles(io), [1, 2], [merged(3)])
    const snapshot = currentSnapshot(table.metadata)!
    const manifests = await readManifestList(io, snapshot)
    const entries = await Promise.all(manifests.map((each) => readManifest(io, table.metadata, each)))
    expect(
      entries
        .flat()
        .map((entry) => [
          entry.file.location.replace(/.*\//, ''),
          entry.status,
          entry.snapshotId,
          entry.sequenceNumber,
          entry.fileSequenceNumber,
        ]),
    ).toEqual([
      ['merged.parquet', 'added', 50n, 2, 4],
      ['2.parquet', 'deleted', 50n, 2, 2],
      ['3.parquet', 'existing', 2n, 2, 2],
      ['1.parquet', 'deleted', 50n, 1, 1],
    ])
    expect(
      manifests.map(({ minSequenceNumber, deletedFiles, deletedRows }) => [
        minSequenceNumber,
        deletedFiles,
        deletedRows,
      ]),
    ).toEqual([
      [2, 0, 0],
      [2, 1, 2],
      [4, 1, 1],
    ])
  })

  it('writes the older data sequence number down and leaves that of the file to be inherited', async () => {
    const io = memoryIO()
    const table = await replaced(io, await threeFiles(io), [1, 2], [merged(3)])
    const [first] = await readManifestList(io, currentSnapshot(table.metadata)!)
    const bytes = Buffer.from(io.files.get(first!.location)!)
    const [entry] = await readWithAvsc(bytes)
    expect(entry).toMatchObject({ status: 1, sequence_number: 2, file_sequence_number: null })
  })

  it('summarizes what came and went, with the same rows in all', async () => {
    const io = memoryIO()
    const table = await replaced(io, await threeFiles(io), [1, 2], [merged(3)])
    expect(currentSnapshot(table.metadata)!.summary).toEqual({
      operation: 'replace',
      mine: 'x',
      'added-data-files': '1',
      'added-records': '3',
      'added-files-size': '1500',
      'deleted-data-files': '2',
      'deleted-records': '3',
      'removed-files-size': '2003',
      'changed-partition-count': '3',
      'total-records': '6',
      'total-files-size': '2503',
      'total-data-files': '2',
      'total-delete-files': '0',
      'total-position-deletes': '0',
      'total-equality-deletes': '0',
      'manifests-created': '3',
      'manifests-kept': '0',
      'manifests-replaced': '2',
    })
  })

  it('is followed by an append that drops what is deleted', async () => {
    const io = memoryIO()
    const table = await appended(
      io,
      await replaced(io, await threeFiles(io), [1, 2], [merged(3)]),
      60n,
      dataFile(9),
    )
    const live = await liveDataFiles(io, table.metadata)
    expect(live.map(({ rows }) => rows)).toEqual([9, 3, 3])
    const manifests = await readManifestList(io, currentSnapshot(table.metadata)!)
    expect(manifests.every(({ addedFiles, existingFiles }) => addedFiles + existingFiles > 0)).toBe(true)
  })

  it('rewrites manifests of an older spec whose column is gone', async () => {
    const io = memoryIO()
    let table = await threeFiles(io)
    table = committed(table, evolveSpec(table.metadata, [{ change: 'remove', name: 'exchange' }]))
    table = committed(table, evolveSchema(table.metadata, [{ change: 'drop', name: 'exchange' }]))
    const file = { ...merged(3), partition: [400_001] }
    const live = await liveDataFiles(io, (await replaced(io, table, [1, 2], [file])).metadata)
    expect(live.map(({ specId, partition }) => [specId, partition])).toEqual([
      [1, [400_001]],
      [0, [400_003, 'binance']],
    ])
  })

  it('refuses other rows, nothing, and a file that is no longer there', async () => {
    const io = memoryIO()
    const table = await threeFiles(io)
    await expect(replaced(io, table, [1, 2], [merged(4)])).rejects.toThrow('another number of rows')
    await expect(replaced(io, table, [], [])).rejects.toThrow('another number of rows')
    const after = await replaced(io, table, [1, 2], [merged(3)])
    const stale = (await liveDataFiles(io, table.metadata)).filter(({ rows }) => rows === 1)
    const again = prepareReplace(
      contextOf(io),
      after,
      { removed: stale, added: [{ ...merged(1), location: 'file:///again' }] },
      { snapshotId: 51n, summary: {}, attempt: 1 },
    )
    await expect(again).rejects.toMatchObject({ code: 'missing' })
  })

  it('leaves tables with row-level deletes alone', async () => {
    const io = memoryIO()
    const table = await threeFiles(io)
    const snapshot = currentSnapshot(table.metadata)!
    const manifests = await readManifestList(io, snapshot)
    const deletes = { ...manifests[0]!, content: 'deletes' as const, location: 'memory:///deletes' }
    await io.write(
      snapshot.manifestList,
      encodeManifestList(snapshot, [...manifests, deletes], new Uint8Array(16)),
    )
    await expect(replaced(io, table, [1, 2], [merged(3)])).rejects.toMatchObject({ code: 'unsupported' })
  })
})

/** Files of 1, 2 and 3 rows; the second commit has two of them, the last one none of interest. */
async function threeFiles(io: MemoryIO): Promise<LoadedTable> {
  let table = await appended(io, newTable(), 1n, dataFile(1))
  table = await appended(io, table, 2n, dataFile(2), dataFile(3))
  return appended(io, table, 3n)
}

function merged(rows: number): DataFile {
  return {
    ...dataFile(rows),
    location: 'file:///warehouse/merged.parquet',
    bytes: 1500,
    partition: [400_001, 'okx'],
  }
}

async function replaced(
  io: MemoryIO,
  table: LoadedTable,
  rows: readonly number[],
  added: readonly DataFile[],
): Promise<LoadedTable> {
  const removed = (await liveDataFiles(io, table.metadata)).filter((file) => rows.includes(file.rows))
  const options = { snapshotId: 50n, summary: { mine: 'x', operation: 'mine' }, attempt: 1 }
  return committed(table, await prepareReplace(contextOf(io, 50), table, { removed, added }, options))
}

function readWithAvsc(bytes: Buffer): Promise<unknown[]> {
  expect(decodeAvroFile(bytes).records).toHaveLength(1)
  return new Promise((resolve, reject) => {
    const records: unknown[] = []
    const decoder = new avro.streams.BlockDecoder()
    decoder.on('data', (record: unknown) => records.push(record))
    decoder.on('end', () => resolve(records))
    decoder.on('error', reject)
    decoder.end(bytes)
  })
}
