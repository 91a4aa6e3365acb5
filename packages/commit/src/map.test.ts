import { newTableMetadata, type Snapshot, type TableMetadata } from '@cryptoflow/iceberg'
import { tables } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { tableDefinition } from './definition.ts'
import { type DecidedMap, encodeMap, isDecided, mapProperty, readMap } from './map.ts'

const empty = newTableMetadata(tableDefinition(tables.ticks), { uuid: 'u', location: 'file:///t', nowMs: 1 })
const map: DecidedMap = { decided: new Map([['w', 3]]), voids: new Map([['w', new Set([2])]]) }

function snapshot(id: number, summary: Record<string, string>): Snapshot {
  return {
    snapshotId: BigInt(id),
    parentSnapshotId: id === 1 ? null : BigInt(id - 1),
    sequenceNumber: id,
    timestampMs: id,
    manifestList: `file:///t/${id}`,
    summary,
    schemaId: 0,
  }
}
const own = (id: number): Snapshot => snapshot(id, { operation: 'append', 'cryptoflow.commit-id': `c${id}` })
const foreign = (id: number, operation = 'append'): Snapshot => snapshot(id, { operation })

/** Metadata whose main is the last snapshot, with the map of snapshot `at` when given. */
function table(snapshots: readonly Snapshot[], at?: number, head = snapshots.at(-1)): TableMetadata {
  const text = at === undefined ? undefined : encodeMap(map, { snapshotId: BigInt(at), sequenceNumber: at })
  return {
    ...empty,
    lastSequenceNumber: Math.max(0, ...snapshots.map(({ sequenceNumber }) => sequenceNumber)),
    snapshots,
    currentSnapshotId: head?.snapshotId ?? null,
    properties: text === undefined ? {} : { [mapProperty]: text },
  }
}

const known = (id: number) => ({ kind: 'map', snapshot: BigInt(id), map: expect.objectContaining(map) })
const halt = (why: string) => ({ kind: 'halt', why: expect.stringContaining(why), evidence: 'table' })

describe('readMap', () => {
  it('trusts the property when it names our nearest snapshot', () => {
    expect(readMap(table([own(1), own(2)], 2), true)).toEqual(known(2))
  })

  it('trusts it below foreign appends and compaction, even with a copied summary', () => {
    const copied = snapshot(4, { operation: 'replace', 'cryptoflow.commit-id': 'c2' })
    expect(readMap(table([own(1), own(2), foreign(3), copied], 2), true)).toEqual(known(2))
  })

  it('trusts it when all our snapshots have expired from a chain that goes on', () => {
    expect(readMap(table([foreign(4), foreign(5, 'replace')], 2), true)).toEqual(known(2))
  })

  it('halts when main was rolled back below the map', () => {
    const snapshots = [own(1), own(2), own(3)]
    expect(readMap(table(snapshots, 3, snapshots[1]), true)).toEqual(halt('rolled back'))
  })

  it('halts when main was rolled back and written over since', () => {
    const later = { ...foreign(4), parentSnapshotId: 2n }
    expect(readMap(table([own(1), own(2), own(3), later], 3), true)).toEqual(halt('passes'))
  })

  it('halts when main begins anew after the map', () => {
    const root = { ...foreign(4), parentSnapshotId: null }
    expect(readMap(table([own(1), own(2), root], 2), true)).toEqual(halt('replaced'))
  })

  it('halts when main is gone, and when its head is', () => {
    expect(readMap({ ...table([own(1)], 1), currentSnapshotId: null }, true)).toEqual(halt('main is absent'))
    expect(readMap({ ...table([own(1)], 1), currentSnapshotId: 9n }, true)).toEqual(halt('main is absent'))
  })

  it('halts when the property was removed', () => {
    expect(readMap(table([own(1), foreign(2)]), true)).toEqual(halt('is gone'))
    const moved = { ...foreign(3), parentSnapshotId: null }
    expect(readMap(table([own(1), moved]), false)).toEqual(halt('not on main'))
  })

  it('halts when the property was put back to an older one', () => {
    expect(readMap(table([own(1), own(2)], 1), true)).toEqual(halt('overwritten'))
  })

  it('halts when the property was edited', () => {
    const good = table([own(1)], 1)
    for (const text of [
      '',
      '{}',
      '[]',
      '{"v":2,"snapshot":"1","seq":1,"map":{}}',
      good.properties[mapProperty]!.replace('3', '-3'),
      good.properties[mapProperty]!.replace('"seq":1', '"seq":2'),
    ]) {
      expect(readMap({ ...good, properties: { [mapProperty]: text } }, true).kind, text).toBe('halt')
    }
  })

  it('begins a table that holds nothing of ours, empty or not', () => {
    expect(readMap(empty, false)).toEqual({ kind: 'genesis' })
    expect(readMap(table([foreign(1), foreign(2)]), false)).toEqual({ kind: 'genesis' })
  })

  it('takes an empty table that the ledger saw commits to for one that lost its history', () => {
    expect(readMap(empty, true)).toMatchObject({ kind: 'halt', evidence: 'ledger' })
    expect(readMap(table([foreign(1)]), true)).toMatchObject({ kind: 'halt', evidence: 'ledger' })
  })
})

describe('encodeMap', () => {
  it('writes writers in order, the id as text and voids beside the map', () => {
    const decided = new Map([
      ['b', 2],
      ['a', 1],
      ['__proto__', 7],
    ])
    const text = encodeMap(
      { decided, voids: new Map([['b', new Set([2, 1])]]) },
      { snapshotId: 2n ** 62n, sequenceNumber: 5 },
    )
    expect(text).toBe(
      '{"v":1,"snapshot":"4611686018427387904","seq":5,"map":{"__proto__":7,"a":1,"b":2},"void":{"b":[1,2]}}',
    )
  })
})

describe('isDecided', () => {
  it('answers from the map: at most its epoch and not void', () => {
    expect([0, 1, 2, 3, 4].map((epoch) => isDecided(map, 'w', epoch + 0))).toEqual([
      true,
      true,
      false,
      true,
      false,
    ])
    expect(isDecided(map, 'other', 1)).toBe(false)
  })
})
