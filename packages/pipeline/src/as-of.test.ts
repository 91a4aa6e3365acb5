import type { LoadedTable } from '@cryptoflow/iceberg'
import { describe, expect, it } from 'vitest'
import { snapshotsAsOf } from './as-of.ts'

/** A table with a snapshot at each of these times, milliseconds; ids are `first`, `first + 1`, ... */
function table(
  name: string,
  first: bigint,
  timesMs: readonly number[],
  parent: bigint | null = null,
): LoadedTable {
  const snapshots = timesMs.map((timestampMs, i) => ({
    snapshotId: first + BigInt(i),
    parentSnapshotId: i === 0 ? parent : first + BigInt(i - 1),
    timestampMs,
  }))
  const metadata = { snapshots, snapshotLog: snapshots }
  return { name: { namespace: 'n', name }, metadata } as unknown as LoadedTable
}

const ticks = table('ticks', 10_001n, [100, 200, 300])
const quotes = table('bbo', 20_001n, [250])
const none = table('gaps', 0n, [])
const all = [ticks, quotes, none]
const at = (ms: number) => [...snapshotsAsOf(all, { kind: 'time', us: ms * 1000 }).values()]

describe('tables as they were', () => {
  it('have the snapshot that was committed last, or none yet', () => {
    expect(at(99)).toEqual([null, null, null])
    expect(at(100)).toEqual([10_001n, null, null])
    expect(at(249.999)).toEqual([10_002n, null, null])
    expect(at(250)).toEqual([10_002n, 20_001n, null])
    expect(at(9_999)).toEqual([10_003n, 20_001n, null])
  })

  it('are those of the moment when a snapshot came, of all tables', () => {
    const of = (id: bigint) => [...snapshotsAsOf(all, { kind: 'snapshot', id }).values()]
    expect(of(10_002n)).toEqual([10_002n, null, null])
    expect(of(20_001n)).toEqual([10_002n, 20_001n, null])
    expect(() => of(5n)).toThrow('no table has a snapshot of this id')
  })

  it('are refused for a time that is forgotten, and never taken for empty', () => {
    const old = table('ticks', 30_002n, [100, 200], 30_001n)
    expect([...snapshotsAsOf([old], { kind: 'time', us: 100_000 }).values()]).toEqual([30_002n])
    expect(() => snapshotsAsOf([old], { kind: 'time', us: 99_000 })).toThrow(
      'does not remember that far back',
    )
  })
})
