import { describe, expect, it } from 'vitest'
import { type CompactionGroup, planCompaction } from './compaction.ts'
import { storedFile } from './manifest-writer.ts'
import type { LiveFile } from './readers.ts'
import { dataFile } from './test-support.ts'

describe('planning a compaction', () => {
  const all = { targetBytes: 100, isClosed: () => true }

  it('joins small files of one partition, oldest first, up to the target', () => {
    const files = [
      fileOf('c', 30, 3),
      fileOf('a', 40, 1),
      fileOf('d', 30, 4),
      fileOf('b', 30, 2),
      fileOf('e', 30, 5),
    ]
    expect(shown(planCompaction(files, all))).toEqual(['a b c: 100 bytes', 'd e: 60 bytes'])
  })

  it('leaves alone what is large, single or alone in its group', () => {
    expect(planCompaction([fileOf('a', 75, 1), fileOf('b', 74, 2)], all)).toEqual([])
    const files = [fileOf('a', 60, 1), fileOf('b', 60, 2), fileOf('c', 40, 3)]
    expect(shown(planCompaction(files, all))).toEqual(['b c: 100 bytes'])
  })

  it('joins no more files at once than a merge may hold rows of, of each file so many', () => {
    const files = [60, 40, 1, 900, 900].map((rows, i) => ({ ...fileOf(`${i}`, 1, i), rows }))
    expect(shown(planCompaction(files, { ...all, rowsHeldMax: 100 }))).toEqual(['0 1: 2 bytes'])
    const held = { ...all, rowsHeldMax: 100, rowsHeldPerFile: 50 }
    expect(shown(planCompaction(files, held))).toEqual(['0 1 2: 3 bytes', '3 4: 2 bytes'])
    expect(shown(planCompaction(files, all))).toEqual(['0 1 2 3 4: 5 bytes'])
  })

  it('waits for as many files as it is told', () => {
    const files = [fileOf('a', 1, 1), fileOf('b', 1, 2)]
    expect(planCompaction(files, { ...all, filesMin: 3 })).toEqual([])
    expect(planCompaction(files, { ...all, filesMin: 2 })).toHaveLength(1)
  })

  it('never joins across partitions or specs, whatever their values look like', () => {
    const files = [
      { ...fileOf('a', 1, 1), partition: [1, '2'] },
      { ...fileOf('b', 1, 2), partition: ['1', 2] },
      { ...fileOf('c', 1, 3), partition: [1, null] },
      { ...fileOf('d', 1, 4), partition: [1, 'null'] },
      { ...fileOf('e', 1, 5), partition: [1, '2'], specId: 1 },
      { ...fileOf('f', 1, 6), partition: [1n, '2'] },
      { ...fileOf('g', 1, 7), partition: [Uint8Array.of(1), '2'] },
    ]
    expect(shown(planCompaction(files, all))).toEqual(['a f: 2 bytes'])
  })

  it('touches closed partitions only', () => {
    const files = [1, 2, 3, 4].map((hour) => ({ ...fileOf(`${hour}`, 1, hour), partition: [hour % 2] }))
    expect(shown(planCompaction(files, { ...all, isClosed: ([hour]) => hour === 1 }))).toEqual([
      '1 3: 2 bytes',
    ])
  })
})

function fileOf(location: string, bytes: number, sequenceNumber: number): LiveFile {
  return {
    ...storedFile({ ...dataFile(sequenceNumber), location, bytes, partition: [1, 'x'] }),
    specId: 0,
    snapshotId: 1n,
    sequenceNumber,
  }
}

function shown(groups: readonly CompactionGroup[]): string[] {
  return groups.map(
    ({ files, bytes }) => `${files.map(({ location }) => location).join(' ')}: ${bytes} bytes`,
  )
}
