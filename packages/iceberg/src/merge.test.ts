import { describe, expect, it } from 'vitest'
import { prepareAppend } from './append.ts'
import { decodeAvroFile } from './avro-file.ts'
import type { ManifestFile } from './manifest-list.ts'
import { liveDataFiles, readManifestList } from './readers.ts'
import { currentSnapshot } from './snapshots.ts'
import { committed, contextOf, dataFile, type MemoryIO, memoryIO, newTable } from './test-support.ts'
import type { LoadedTable } from './types.ts'

describe('merging manifests', () => {
  it('keeps 120 appends in few manifests, all files live with their own numbers', async () => {
    const io = memoryIO()
    const table = await appendMany(io, newTable(), 120)
    expect((await manifestsOf(io, table)).length).toBeLessThanOrEqual(22)
    const live = (await liveDataFiles(io, table.metadata)).toSorted(
      (a, b) => a.sequenceNumber - b.sequenceNumber,
    )
    expect(live.map((file) => [file.location, file.sequenceNumber, file.snapshotId])).toEqual(
      Array.from({ length: 120 }, (_, i) => [dataFile(i + 1).location, i + 1, BigInt(i + 1)]),
    )
    expect(currentSnapshot(table.metadata)?.summary['total-data-files']).toBe('120')
  })

  it('happens in the append that would make the hundredth manifest', async () => {
    const io = memoryIO()
    const before = await appendMany(io, newTable(), 99)
    expect(await manifestsOf(io, before)).toHaveLength(99)
    const after = await appendMany(io, before, 1)
    const [added, merged, ...others] = await manifestsOf(io, after)
    expect(others).toEqual([])
    expect(added).toMatchObject({
      addedFiles: 1,
      existingFiles: 0,
      sequenceNumber: 100,
      minSequenceNumber: 100,
    })
    expect(merged).toMatchObject({
      addedFiles: 0,
      existingFiles: 99,
      sequenceNumber: 100,
      minSequenceNumber: 1,
    })
    expect(merged?.existingRows).toBe((99 * 100) / 2)
    expect(currentSnapshot(after.metadata)?.summary).toMatchObject({
      'manifests-created': '2',
      'manifests-replaced': '99',
      'manifests-kept': '0',
    })
  })

  it('writes existing entries with explicit numbers of their first commit', async () => {
    const io = memoryIO()
    const table = await appendMany(io, newTable({ 'commit.manifest.min-count-to-merge': '3' }), 3)
    const [, merged] = await manifestsOf(io, table)
    const { records } = decodeAvroFile(io.files.get(merged!.location)!)
    expect(records.map((record) => [0, 1, 3, 4].map((id) => record.get(id)))).toEqual([
      [0, 2, 2, 2],
      [0, 1, 1, 1],
    ])
  })

  it('leaves every earlier snapshot readable', async () => {
    const io = memoryIO()
    const table = await appendMany(io, newTable({ 'commit.manifest.min-count-to-merge': '4' }), 20)
    for (const { snapshotId, sequenceNumber } of table.metadata.snapshots) {
      expect(await liveDataFiles(io, table.metadata, snapshotId)).toHaveLength(sequenceNumber)
    }
  })

  it('rewrites a file a few times, not in every merge', async () => {
    const io = memoryIO()
    const count = 200
    const table = await appendMany(io, newTable({ 'commit.manifest.min-count-to-merge': '10' }), count)
    const written = [...io.files]
      .filter(([location]) => /-m[1-9]\d*\.avro$/.test(location))
      .reduce((sum, [, bytes]) => sum + decodeAvroFile(bytes).records.length, 0)
    expect(written / count).toBeLessThan(6)
    expect((await manifestsOf(io, table)).length).toBeLessThan(14)
  })

  it('fills manifests up to the target size and leaves full ones alone', async () => {
    const io = memoryIO()
    const target = 5_000
    const properties = {
      'commit.manifest.min-count-to-merge': '5',
      'commit.manifest.target-size-bytes': `${target}`,
    }
    const table = await appendMany(io, newTable(properties), 60)
    const manifests = await manifestsOf(io, table)
    expect(manifests.every((manifest) => manifest.bytes < target * 2)).toBe(true)
    expect(new Set((await liveDataFiles(io, table.metadata)).map((file) => file.location)).size).toBe(60)
  })

  it('is off when the table says so', async () => {
    const io = memoryIO()
    const off = { 'commit.manifest-merge.enabled': 'false', 'commit.manifest.min-count-to-merge': '2' }
    const table = await appendMany(io, newTable(off), 10)
    expect(await manifestsOf(io, table)).toHaveLength(10)
  })

  it('leaves manifests of deletes and of other partition specs as they are', async () => {
    const io = memoryIO()
    const table = newTable({ 'commit.manifest.min-count-to-merge': '2' })
    const unpartitioned = { specId: 7, fields: [] }
    const both = {
      ...table,
      metadata: { ...table.metadata, partitionSpecs: [...table.metadata.partitionSpecs, unpartitioned] },
    }
    const first = await prepareAppend(contextOf(io, 900), both, [{ ...dataFile(900), partition: [] }], {
      snapshotId: 900n,
      summary: {},
      attempt: 1,
      specId: 7,
    })
    const after = await appendMany(io, committed(both, first), 6)
    const manifests = await manifestsOf(io, after)
    expect(manifests.filter((manifest) => manifest.specId === 7)).toHaveLength(1)
    expect(manifests.filter((manifest) => manifest.specId === 0).length).toBeLessThan(4)
    expect(await liveDataFiles(io, after.metadata)).toHaveLength(7)
  })
})

/** Appends one file per commit; file, snapshot id and sequence number count on alike. */
async function appendMany(io: MemoryIO, table: LoadedTable, count: number): Promise<LoadedTable> {
  for (let i = 0; i < count; i++) {
    const number = table.metadata.lastSequenceNumber + 1
    const prepared = await prepareAppend(contextOf(io, number), table, [dataFile(number)], {
      snapshotId: BigInt(number),
      summary: {},
      attempt: 1,
    })
    table = committed(table, prepared)
  }
  return table
}

function manifestsOf(io: MemoryIO, table: LoadedTable): Promise<readonly ManifestFile[]> {
  return readManifestList(io, currentSnapshot(table.metadata)!)
}
