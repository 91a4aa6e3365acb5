import { describe, expect, it } from 'vitest'
import { newTable } from './test-support.ts'
import type { Requirement, Snapshot, TableMetadata, Update } from './types.ts'
import { applyUpdates } from './updates.ts'

const base = newTable({ keep: '1', drop: '2' }).metadata
const at = { baseLocation: 'file:///t/metadata/00000-a.metadata.json', nowMs: 5_000 }

const snapshot: Snapshot = {
  snapshotId: 2n ** 62n + 1n,
  parentSnapshotId: null,
  sequenceNumber: 1,
  timestampMs: 4_000,
  manifestList: 'file:///t/metadata/snap',
  summary: { operation: 'append' },
  schemaId: 0,
}
const append: readonly Update[] = [
  { action: 'add-snapshot', snapshot },
  { action: 'set-snapshot-ref', ref: 'main', snapshotId: snapshot.snapshotId },
]

describe('applying updates', () => {
  it('moves main, the sequence number and both logs, and leaves the base alone', () => {
    const before = structuredClone(base)
    const after = applied(base, append)
    expect(after.currentSnapshotId).toBe(snapshot.snapshotId)
    expect(after.lastSequenceNumber).toBe(1)
    expect(after.lastUpdatedMs).toBe(5_000)
    expect(after.snapshots).toEqual([snapshot])
    expect(after.snapshotLog).toEqual([{ snapshotId: snapshot.snapshotId, timestampMs: 4_000 }])
    expect(after.metadataLog).toEqual([{ metadataFile: at.baseLocation, timestampMs: base.lastUpdatedMs }])
    expect(base).toEqual(before)
  })

  it('sets and removes properties beside a snapshot in one step', () => {
    const after = applied(base, [
      ...append,
      { action: 'set-properties', updates: { 'x.hwm': '{"w":7}' } },
      { action: 'remove-properties', removals: ['drop', 'never there'] },
    ])
    expect(after.properties).toEqual({ keep: '1', 'x.hwm': '{"w":7}' })
    expect(after.currentSnapshotId).toBe(snapshot.snapshotId)
  })

  it('keeps as many old metadata files in the log as the table asks for', () => {
    let metadata = newTable({ 'write.metadata.previous-versions-max': '3' }).metadata
    for (let i = 0; i < 6; i++) metadata = applied(metadata, [], { ...at, baseLocation: `m${i}` })
    expect(metadata.metadataLog.map((entry) => entry.metadataFile)).toEqual(['m3', 'm4', 'm5'])
  })

  it('never lets time go back', () => {
    expect(applied({ ...base, lastUpdatedMs: 9_000 }, [], at).lastUpdatedMs).toBe(9_000)
  })

  it.each<[string, Requirement]>([
    ['another table', { type: 'assert-table-uuid', uuid: 'other' }],
    ['a head that is not there', { type: 'assert-ref-snapshot-id', ref: 'main', snapshotId: 5n }],
  ])('is a conflict on %s', (_what, requirement) => {
    expect(applyUpdates(base, [requirement], append, at)).toEqual({
      outcome: 'conflict',
      failed: requirement,
    })
  })

  it('is a conflict when main must not exist and does', () => {
    const none: Requirement = { type: 'assert-ref-snapshot-id', ref: 'main', snapshotId: null }
    expect(applyUpdates(base, [none], [], at).outcome).toBe('applied')
    expect(applyUpdates(applied(base, append), [none], [], at).outcome).toBe('conflict')
  })

  it('refuses an id twice, an old sequence number, a time long ago and a head without snapshot', () => {
    const after = applied(base, append)
    const adding = (change: Partial<Snapshot>) => () =>
      applied(after, [{ action: 'add-snapshot', snapshot: { ...snapshot, snapshotId: 9n, ...change } }])
    expect(adding({ snapshotId: snapshot.snapshotId, sequenceNumber: 2 })).toThrow(
      'found its id in the table',
    )
    expect(adding({ sequenceNumber: 1 })).toThrow('sequence number that is not new')
    expect(adding({ sequenceNumber: 2, timestampMs: after.lastUpdatedMs - 60_001 })).toThrow('a time before')
    expect(adding({ sequenceNumber: 2, timestampMs: after.lastUpdatedMs })).not.toThrow()
    expect(() => applied(base, [{ action: 'set-snapshot-ref', ref: 'main', snapshotId: 4n }])).toThrow(
      'no such snapshot',
    )
  })
})

function applied(metadata: TableMetadata, updates: readonly Update[], where = at): TableMetadata {
  const result = applyUpdates(metadata, [], updates, where)
  if (result.outcome === 'conflict') throw new Error('conflict')
  return result.metadata
}
