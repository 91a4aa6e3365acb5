import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  boundBytes,
  boundValue,
  truncateLower,
  truncateLowerBytes,
  truncateUpper,
  truncateUpperBytes,
} from './bounds.ts'
import type { PrimitiveType } from './types.ts'

describe('single-value serialization', () => {
  it.each<[PrimitiveType, Parameters<typeof boundBytes>[1], number[]]>([
    ['boolean', true, [1]],
    ['boolean', false, [0]],
    ['int', 34, [34, 0, 0, 0]],
    ['int', -1, [255, 255, 255, 255]],
    ['date', 17_486, [0x4e, 0x44, 0, 0]],
    ['long', 34n, [34, 0, 0, 0, 0, 0, 0, 0]],
    ['long', -2, [254, 255, 255, 255, 255, 255, 255, 255]],
    ['timestamptz', 1_510_871_468_000_001, [1, 195, 38, 45, 33, 94, 5, 0]],
    ['time', 81_068_000_000, [0, 131, 7, 224, 18, 0, 0, 0]],
    ['fixed[3]', Uint8Array.of(7, 8, 9), [7, 8, 9]],
    ['float', -4.5, [0, 0, 0x90, 0xc0]],
    ['double', 6, [0, 0, 0, 0, 0, 0, 24, 64]],
    ['string', 'ab€', [97, 98, 0xe2, 0x82, 0xac]],
    ['binary', Uint8Array.of(1, 2), [1, 2]],
    [
      'uuid',
      'f79c3e09-677c-4bbd-a479-3f349cb785e7',
      [0xf7, 0x9c, 0x3e, 0x09, 0x67, 0x7c, 0x4b, 0xbd, 0xa4, 0x79, 0x3f, 0x34, 0x9c, 0xb7, 0x85, 0xe7],
    ],
    ['decimal(9,2)', 1420n, [0x05, 0x8c]],
    ['decimal(9,2)', 0n, [0]],
    ['decimal(9,2)', 128n, [0, 128]],
    ['decimal(9,2)', -128n, [128]],
    ['decimal(38,18)', -129n, [255, 127]],
  ])('writes %s %s', (type, value, bytes) => {
    expect([...boundBytes(type, value)]).toEqual(bytes)
  })

  it('keeps every 128-bit decimal', () => {
    const unscaled = fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n })
    fc.assert(
      fc.property(unscaled, (value) => {
        expect(boundValue('decimal(38,18)', boundBytes('decimal(38,18)', value))).toBe(value)
      }),
    )
  })

  it('keeps every long', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        expect(boundValue('long', boundBytes('long', value))).toBe(value)
      }),
    )
  })

  it('reads the four-byte bounds of an int column that became long', () => {
    expect(boundValue('long', boundBytes('int', -7))).toBe(-7n)
  })

  it.each<[PrimitiveType, Parameters<typeof boundBytes>[1]]>([
    ['double', Number.NaN],
    ['long', 2 ** 53],
    ['long', 1.5],
    ['int', 2 ** 31],
    ['long', 2n ** 63n],
    ['string', 5],
    ['uuid', 'no uuid'],
    ['fixed[3]', Uint8Array.of(7)],
  ])('refuses %s %s', (type, value) => {
    expect(() => boundBytes(type, value)).toThrow('found a value that is none')
  })
})

describe('truncation of bounds', () => {
  it('leaves sixteen code points as they are', () => {
    expect(truncateLower('0123456789abcdef')).toBe('0123456789abcdef')
    expect(truncateUpper('0123456789abcdef')).toBe('0123456789abcdef')
  })

  it('cuts a lower bound and increments an upper bound', () => {
    expect(truncateLower('0123456789abcdefg')).toBe('0123456789abcdef')
    expect(truncateUpper('0123456789abcdefg')).toBe('0123456789abcdeg')
  })

  it('counts code points, not UTF-16 units', () => {
    expect(truncateLower('😀'.repeat(20))).toBe('😀'.repeat(16))
    expect(truncateUpper('😀'.repeat(20))).toBe(`${'😀'.repeat(15)}😁`)
  })

  it('steps over the surrogates and carries past the last code point', () => {
    expect(truncateUpper(`${'a'.repeat(15)}\ud7ffx`)).toBe(`${'a'.repeat(15)}\ue000`)
    expect(truncateUpper(`${'a'.repeat(15)}\u{10ffff}x`)).toBe(`${'a'.repeat(14)}b`)
    expect(truncateUpper('\u{10ffff}'.repeat(17))).toBeNull()
  })

  it('encloses every text in the order of UTF-8 bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 24 }), (text) => {
        const bytes = Buffer.from(text)
        expect(Buffer.compare(Buffer.from(truncateLower(text)), bytes)).toBeLessThanOrEqual(0)
        const upper = truncateUpper(text)
        if (upper !== null) expect(Buffer.compare(Buffer.from(upper), bytes)).toBeGreaterThanOrEqual(0)
      }),
    )
  })

  it('encloses every binary', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), (bytes) => {
        expect(Buffer.compare(truncateLowerBytes(bytes), bytes)).toBeLessThanOrEqual(0)
        const upper = truncateUpperBytes(bytes)
        if (upper !== null) expect(Buffer.compare(upper, bytes)).toBeGreaterThanOrEqual(0)
        else expect(bytes.slice(0, 16).every((byte) => byte === 255)).toBe(true)
      }),
    )
  })
})
