import { describe, expect, it } from 'vitest'
import { parseMetadata, serializeMetadata } from './metadata.ts'
import { refsOf } from './refs.ts'
import { newTable } from './test-support.ts'
import type { Field, Requirement, Snapshot, TableMetadata, Update } from './types.ts'
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
    ['a table that is there', { type: 'assert-create' }],
    ['another schema', { type: 'assert-current-schema-id', schemaId: 1 }],
    ['a column more', { type: 'assert-last-assigned-field-id', fieldId: 3 }],
    ['another spec', { type: 'assert-default-spec-id', specId: 1 }],
    ['a partition field more', { type: 'assert-last-assigned-partition-id', fieldId: 1000 }],
    ['another sort order', { type: 'assert-default-sort-order-id', orderId: 0 }],
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

describe('branches and tags', () => {
  const two = applied(applied(base, append), [
    { action: 'add-snapshot', snapshot: { ...snapshot, snapshotId: 7n, sequenceNumber: 2 } },
    { action: 'set-snapshot-ref', ref: 'main', snapshotId: 7n },
    { action: 'set-snapshot-ref', ref: 'v1', snapshotId: snapshot.snapshotId, settings: { type: 'tag' } },
  ])

  it('are asserted, set with their settings and removed', () => {
    const settings = { type: 'branch', minSnapshotsToKeep: 3, maxRefAgeMs: 5 } as const
    const after = applied(two, [{ action: 'set-snapshot-ref', ref: 'audit', snapshotId: 7n, settings }])
    expect(refsOf(after)).toEqual(
      new Map([
        ['v1', { type: 'tag', snapshotId: snapshot.snapshotId }],
        ['audit', { ...settings, snapshotId: 7n }],
        ['main', { type: 'branch', snapshotId: 7n }],
      ]),
    )
    const asserted = (ref: string, snapshotId: bigint | null) =>
      applyUpdates(after, [{ type: 'assert-ref-snapshot-id', ref, snapshotId }], [], at).outcome
    expect(asserted('v1', snapshot.snapshotId)).toBe('applied')
    expect(asserted('v1', null)).toBe('conflict')
    expect(asserted('none', null)).toBe('applied')
    expect(refsOf(applied(after, [{ action: 'remove-snapshot-ref', ref: 'audit' }])).has('audit')).toBe(false)
  })

  it('survive metadata.json, and a moved branch keeps its settings', () => {
    const settings = { type: 'branch', maxSnapshotAgeMs: 9 } as const
    const set = applied(two, [{ action: 'set-snapshot-ref', ref: 'main', snapshotId: 7n, settings }])
    const moved = applied(parseMetadata(serializeMetadata(set)), [
      { action: 'set-snapshot-ref', ref: 'main', snapshotId: snapshot.snapshotId },
    ])
    expect(refsOf(moved).get('main')).toEqual({ ...settings, snapshotId: snapshot.snapshotId })
    expect(refsOf(moved).get('v1')).toEqual({ type: 'tag', snapshotId: snapshot.snapshotId })
  })

  it('keep main what it is', () => {
    expect(() => applied(two, [{ action: 'remove-snapshot-ref', ref: 'main' }])).toThrow('never removed')
    expect(() =>
      applied(two, [{ action: 'set-snapshot-ref', ref: 'main', snapshotId: 7n, settings: { type: 'tag' } }]),
    ).toThrow('cannot become a tag')
  })

  it('hold their snapshots: only others are forgotten, with the history up to them', () => {
    expect(() => applied(two, [{ action: 'remove-snapshots', snapshotIds: [snapshot.snapshotId] }])).toThrow(
      'that v1 names',
    )
    const statistics = [snapshot.snapshotId, 7n].map((id) => ({ 'snapshot-id': id, 'statistics-path': 'p' }))
    const after = applied({ ...two, rest: { ...two.rest, statistics } }, [
      { action: 'remove-snapshot-ref', ref: 'v1' },
      { action: 'remove-snapshots', snapshotIds: [snapshot.snapshotId] },
    ])
    expect(after.snapshots.map(({ snapshotId }) => snapshotId)).toEqual([7n])
    expect(after.snapshotLog.map(({ snapshotId }) => snapshotId)).toEqual([7n])
    expect(after.rest.statistics).toEqual([statistics[1]])
  })

  it('leave no hole in the history, when what was rolled back is forgotten', () => {
    const back = applied(two, [
      { action: 'set-snapshot-ref', ref: 'main', snapshotId: snapshot.snapshotId },
      { action: 'remove-snapshots', snapshotIds: [7n] },
    ])
    expect(back.snapshotLog).toEqual([{ snapshotId: snapshot.snapshotId, timestampMs: two.lastUpdatedMs }])
  })
})

describe('schemas, specs and sort orders', () => {
  it('are chosen by id, and only if the table has them', () => {
    expect(() => applied(base, [{ action: 'set-current-schema', schemaId: 9 }])).toThrow('choosing a schema')
    expect(() => applied(base, [{ action: 'set-current-schema', schemaId: -1 }])).toThrow('choosing a schema')
    expect(() => applied(base, [{ action: 'set-default-spec', specId: 9 }])).toThrow('choosing a partition')
    expect(() => applied(base, [{ action: 'set-default-sort-order', orderId: 9 }])).toThrow('choosing a sort')
  })

  it('have no id or name twice, and no partition field id for two columns', () => {
    const [field, other] = base.schemas[0]!.fields
    const adding = (fields: readonly Field[]) => () =>
      applied(base, [{ action: 'add-schema', schema: { schemaId: 0, fields } }])
    expect(adding([field!, { ...other!, id: field!.id }])).toThrow('column id 1 twice')
    expect(adding([field!, { ...other!, name: field!.name }])).toThrow('column name exchange twice')
    const wrong = { sourceId: 3, fieldId: 1000, name: 'p', transform: 'identity' } as const
    expect(() => applied(base, [{ action: 'add-spec', spec: { specId: 0, fields: [wrong] } }])).toThrow(
      'field id of another column',
    )
  })
})

function applied(metadata: TableMetadata, updates: readonly Update[], where = at): TableMetadata {
  const result = applyUpdates(metadata, [], updates, where)
  if (result.outcome === 'conflict') throw new Error('conflict')
  return result.metadata
}
