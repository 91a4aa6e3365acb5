import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BoundValue } from './bounds.ts'
import { applyTransform, bucketHash, checkTransform, transformResultType } from './transforms.ts'
import type { PartitionValue, PrimitiveType, Transform } from './types.ts'

const NOV_16 = Date.UTC(2017, 10, 16) / 86_400_000
const NOV_16_22_31_08_US = Date.UTC(2017, 10, 16, 22, 31, 8) * 1000

describe('bucket hashes', () => {
  // Spec appendix B, "32-bit hash requirements".
  it.each<[PrimitiveType, BoundValue, number]>([
    ['int', 34, 2017239379],
    ['long', 34n, 2017239379],
    ['decimal(9,2)', 1420n, -500754589],
    ['date', NOV_16, -653330422],
    ['timestamp', NOV_16_22_31_08_US, -2047944441],
    ['timestamp', NOV_16_22_31_08_US + 1, -1207196810],
    ['timestamptz', NOV_16_22_31_08_US, -2047944441],
    ['string', 'iceberg', 1210000089],
    ['time', (22 * 3600 + 31 * 60 + 8) * 1_000_000, -662762989],
    ['fixed[4]', Uint8Array.of(0, 1, 2, 3), -188683207],
    ['uuid', 'f79c3e09-677c-4bbd-a479-3f349cb785e7', 1488055340],
    ['binary', Uint8Array.of(0, 1, 2, 3), -188683207],
  ])('of %s %s is the specification’s', (type, value, hash) => {
    expect(bucketHash(type, value)).toBe(hash)
  })

  it('become a bucket without the sign bit', () => {
    expect(applyTransform('bucket[16]', 'decimal(9,2)', 1420n)).toBe((-500754589 & 0x7fffffff) % 16)
  })
})

describe('transforms', () => {
  it.each<[Transform, PrimitiveType, BoundValue, PartitionValue]>([
    ['identity', 'string', 'okx', 'okx'],
    ['void', 'string', 'okx', null],
    ['year', 'timestamptz', NOV_16_22_31_08_US, 47],
    ['year', 'date', -1, -1],
    ['month', 'timestamptz', NOV_16_22_31_08_US, 574],
    ['month', 'date', -1, -1],
    ['day', 'timestamptz', NOV_16_22_31_08_US, 17486],
    ['day', 'date', 17486, 17486],
    ['hour', 'timestamptz', NOV_16_22_31_08_US, 419686],
    ['hour', 'timestamptz', BigInt(NOV_16_22_31_08_US), 419686],
    ['hour', 'timestamptz', -1, -1],
    ['day', 'timestamptz', -1, -1],
    ['year', 'timestamptz', -1, -1],
    ['truncate[10]', 'int', 1, 0],
    ['truncate[10]', 'int', -1, -10],
    ['truncate[10]', 'long', -1n, -10n],
    ['truncate[50]', 'decimal(9,2)', 1065n, 1050n],
    ['truncate[50]', 'decimal(9,2)', -1065n, -1100n],
    ['truncate[10]', 'long', -Number.MAX_SAFE_INTEGER, -9_007_199_254_741_000n],
    ['truncate[10]', 'long', 2n ** 63n - 1n, 9_223_372_036_854_775_800n],
    ['bucket[16]', 'decimal(38,18)', -(10n ** 38n) + 1n, 10],
    ['truncate[3]', 'string', 'iceberg', 'ice'],
    ['truncate[2]', 'string', '😀😁😂', '😀😁'],
    ['truncate[3]', 'binary', Uint8Array.of(1, 2, 3, 4, 5), Uint8Array.of(1, 2, 3)],
  ])('%s of %s %s', (transform, type, value, result) => {
    expect(applyTransform(transform, type, value)).toEqual(result)
  })

  it.each<[Transform, PrimitiveType]>([
    ['identity', 'string'],
    ['void', 'long'],
    ['bucket[16]', 'decimal(9,2)'],
    ['truncate[10]', 'binary'],
    ['year', 'date'],
    ['month', 'timestamp'],
    ['day', 'timestamptz'],
    ['hour', 'timestamptz'],
  ])('%s of a null %s is null', (transform, type) => {
    expect(applyTransform(transform, type, null)).toBeNull()
  })

  it('count years and months as the calendar does', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(-8e15), max: new Date(8e15), noInvalidDate: true }), (date) => {
        const days = Math.floor(date.getTime() / 86_400_000)
        const months = (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth()
        expect(applyTransform('month', 'date', days)).toBe(months)
        expect(applyTransform('year', 'timestamp', BigInt(days) * 86_400_000_000n)).toBe(
          date.getUTCFullYear() - 1970,
        )
      }),
      { seed: 6 },
    )
  })

  it('know the last year of a timestamp, which Date does not', () => {
    expect(applyTransform('year', 'timestamp', 2n ** 63n - 1n)).toBe(294_247 - 1970)
  })

  it.each<[Transform, PrimitiveType, BoundValue]>([
    ['hour', 'date', 1],
    ['day', 'string', 'x'],
    ['bucket[4]', 'double', 1],
    ['truncate[4]', 'timestamp', 1],
    ['truncate[4]', 'timestamp', 1n],
    ['truncate[4]', 'fixed[4]', Uint8Array.of(0, 1, 2, 3)],
    ['hour', 'time', 1],
    ['bucket[4]', 'fixed[4]', Uint8Array.of(0)],
    ['bucket[0]', 'int', 1],
    ['zorder' as Transform, 'int', 1],
  ])('%s of %s is refused', (transform, type, value) => {
    expect(() => applyTransform(transform, type, value)).toThrow()
    // A value that is none of the type is no matter of the transform.
    if (type !== 'fixed[4]' || transform !== 'bucket[4]')
      expect(() => checkTransform(transform, type)).toThrow(/not defined|unknown/)
  })

  it('name the type of their results', () => {
    expect(transformResultType('day', 'timestamptz')).toBe('date')
    expect(transformResultType('hour', 'timestamptz')).toBe('int')
    expect(transformResultType('bucket[8]', 'string')).toBe('int')
    expect(transformResultType('truncate[8]', 'decimal(9,2)')).toBe('decimal(9,2)')
    expect(transformResultType('identity', 'uuid')).toBe('uuid')
  })
})
