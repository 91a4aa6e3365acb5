import { gaps, instruments, spotDelta, ticks } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { partitionOf } from './partition.ts'

const HOUR_US = 3_600_000_000
const DAY_US = 86_400_000_000

describe('partitionOf', () => {
  it('places book rows by hour and exchange', () => {
    const us = Date.UTC(2026, 10, 20, 13, 59, 59, 999) * 1000 + 999
    const hours = Math.floor(Date.UTC(2026, 10, 20, 13) / 3_600_000)
    expect(partitionOf(spotDelta, 'binance', us).values).toEqual([hours, 'binance'])
    expect(partitionOf(spotDelta, 'binance', us + 1).values).toEqual([hours + 1, 'binance'])
  })

  it('places trades by day and exchange, gaps by day alone', () => {
    expect(partitionOf(ticks, 'okx', 3 * DAY_US).values).toEqual([3, 'okx'])
    expect(partitionOf(gaps, 'okx', 3 * DAY_US - 1).values).toEqual([2])
  })

  it('rounds towards the past before 1970, as Iceberg does', () => {
    expect(partitionOf(spotDelta, 'x', -1).values).toEqual([-1, 'x'])
    expect(partitionOf(spotDelta, 'x', -HOUR_US).values).toEqual([-1, 'x'])
    expect(partitionOf(spotDelta, 'x', -HOUR_US - 1).values).toEqual([-2, 'x'])
    expect(partitionOf(gaps, 'x', -DAY_US).values).toEqual([-1])
  })

  it('agrees with integer division one microsecond around every border', () => {
    for (let hour = -3_000; hour < 2_500_000; hour += 977) {
      for (const us of [hour * HOUR_US - 1, hour * HOUR_US, hour * HOUR_US + 1]) {
        const exact = (BigInt(us) - (((BigInt(us) % 3600000000n) + 3600000000n) % 3600000000n)) / 3600000000n
        expect(partitionOf(spotDelta, 'x', us).values[0]).toBe(Number(exact))
      }
    }
  })

  it('is exact up to the last safe microsecond', () => {
    const hour = 2_501_999
    expect(partitionOf(spotDelta, 'x', hour * HOUR_US - 1).values[0]).toBe(hour - 1)
    expect(partitionOf(spotDelta, 'x', Number.MAX_SAFE_INTEGER).values[0]).toBe(hour)
  })

  it('keeps keys of different partitions of a table apart', () => {
    const keys = new Set<string>()
    for (const exchange of ['a', 'b', '__proto__', '1 a']) {
      for (const hour of [0, 1, -1, 11]) keys.add(partitionOf(spotDelta, exchange, hour * HOUR_US).key)
    }
    expect(keys.size).toBe(16)
  })

  it('answers the same object for a run of rows and never mixes up tables or exchanges', () => {
    const first = partitionOf(ticks, 'a', 5)
    expect(partitionOf(ticks, 'a', 6)).toBe(first)
    expect(partitionOf(ticks, 'b', 6).values).toEqual([0, 'b'])
    expect(partitionOf(gaps, 'a', 6).values).toEqual([0])
    expect(partitionOf(ticks, 'a', 7)).toEqual(first)
  })

  it('says which times a partition has: all of them give the same one, and those beside them another', () => {
    for (const us of [0, -1, 7 * HOUR_US + 5, -3 * DAY_US - 1]) {
      for (const table of [spotDelta, ticks, gaps]) {
        const { key, fromUs, untilUs } = partitionOf(table, 'x', us)
        for (const inside of [us, fromUs, untilUs - 1]) expect(partitionOf(table, 'x', inside).key).toBe(key)
        for (const beside of [fromUs - 1, untilUs]) expect(partitionOf(table, 'x', beside).key).not.toBe(key)
      }
    }
    expect(partitionOf(instruments, 'x', 5)).toMatchObject({ fromUs: -Infinity, untilUs: Infinity })
  })

  it('refuses a time that is no whole number', () => {
    expect(() => partitionOf(ticks, 'a', Number.NaN)).toThrow('whole microseconds')
    expect(() => partitionOf(ticks, 'a', 0.5)).toThrow('whole microseconds')
  })
})
