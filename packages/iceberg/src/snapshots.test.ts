import { describe, expect, it } from 'vitest'
import { ancestors, snapshotIdFrom } from './snapshots.ts'
import { newTable } from './test-support.ts'
import type { Snapshot, TableMetadata } from './types.ts'

describe('ancestors', () => {
  it('walks to the root and says so', () => {
    expect(walk(tableOf([1n, null], [2n, 1n], [3n, 2n]), 3n)).toEqual([3n, 2n, 1n, 'root'])
  })

  it('says where the history was expired', () => {
    expect(walk(tableOf([2n, 1n], [3n, 2n]), 3n)).toEqual([3n, 2n, 'expired 1'])
  })

  it('follows parents, not the order of snapshots', () => {
    expect(walk(tableOf([1n, null], [2n, 1n], [9n, 1n], [3n, 2n]), 3n)).toEqual([3n, 2n, 1n, 'root'])
  })

  it('of an empty table are only the root', () => {
    expect(walk(tableOf(), null)).toEqual(['root'])
  })

  it('of a chain that loops come to an end', () => {
    expect(walk(tableOf([1n, 2n], [2n, 1n]), 1n)).toEqual([1n, 2n, 'expired 1'])
  })
})

describe('snapshot ids', () => {
  it('are positive and have 63 bits', () => {
    expect(snapshotIdFrom('ffffffff-ffff-ffff-0000-000000000000')).toBe(2n ** 63n - 1n)
    expect(snapshotIdFrom('12345678-9abc-4def-8fed-cba987654321')).toBe(2150923818520612558n)
    expect(snapshotIdFrom('00000000-0000-0000-0000-000000000000')).toBe(1n)
  })
})

function tableOf(...chain: [id: bigint, parent: bigint | null][]): TableMetadata {
  const snapshots = chain.map(
    ([snapshotId, parentSnapshotId], i): Snapshot => ({
      snapshotId,
      parentSnapshotId,
      sequenceNumber: i + 1,
      timestampMs: i,
      manifestList: 'none',
      summary: { operation: 'append' },
      schemaId: 0,
    }),
  )
  return { ...newTable().metadata, snapshots }
}

function walk(metadata: TableMetadata, from: bigint | null): (bigint | string)[] {
  return [...ancestors(metadata, from)].map((step) => {
    if (step.kind === 'snapshot') return step.snapshot.snapshotId
    return step.kind === 'expired' ? `expired ${step.snapshotId}` : 'root'
  })
}
