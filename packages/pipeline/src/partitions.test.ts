import { StringTable } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { openPartitions } from './partitions.ts'

const HOUR_US = 3_600_000_000

describe('the row buffers of a lane', () => {
  it('say which event times belong to them: those of their hour or day', () => {
    const { rowsFor } = openPartitions(new StringTable())
    const { fromUs, untilUs } = rowsFor('spot_delta', 'x', 5 * HOUR_US + 1)
    expect([fromUs, untilUs]).toEqual([5 * HOUR_US, 6 * HOUR_US])
    expect(rowsFor('spot_delta', 'x', fromUs)).toBe(rowsFor('spot_delta', 'x', untilUs - 1))
    expect(rowsFor('spot_delta', 'x', untilUs)).not.toBe(rowsFor('spot_delta', 'x', fromUs))
    expect(rowsFor('ticks', 'x', 30 * HOUR_US)).toMatchObject({ fromUs: 24 * HOUR_US, untilUs: 48 * HOUR_US })
    expect(rowsFor('ticks', 'x', -1)).toMatchObject({ fromUs: -24 * HOUR_US, untilUs: 0 })
  })

  it('have no event time any more once they were given away, with rows and without', () => {
    const partitions = openPartitions(new StringTable())
    const [full, empty] = [partitions.rowsFor('bbo', 'x', 0), partitions.rowsFor('ticks', 'x', 0)]
    full.count = 1
    expect(partitions.take().map(({ buffer }) => buffer)).toEqual([full])
    for (const { untilUs } of [full, empty]) expect(untilUs).toBe(Number.NEGATIVE_INFINITY)
    expect(partitions.rowsFor('bbo', 'x', 0)).not.toBe(full)
  })
})
