import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keyOf, pathOf } from './key-path.ts'

describe('a key', () => {
  it('reads back to the path that it was written from, whatever the names are', () => {
    const part = fc.oneof(
      fc.string({ minLength: 1, unit: 'binary' }),
      fc.constantFrom('a.b', 'x[1]', '"', '\\', '__proto__'),
    )
    const path = fc.tuple(part, fc.array(fc.oneof(part, fc.nat(9999))))
    fc.assert(
      fc.property(path, ([first, rest]) => {
        expect(pathOf(keyOf([first, ...rest]))).toEqual([first, ...rest])
      }),
      { seed: 1, numRuns: 500 },
    )
  })

  it('is written as people write it', () => {
    expect(keyOf(['collectors', 0, 'poll_every_ms', 'openInterest'])).toBe(
      'collectors[0].poll_every_ms.openInterest',
    )
    expect(keyOf(['expect_within_ms', 'a.50'])).toBe('expect_within_ms."a.50"')
  })

  it('is refused where it is none', () => {
    for (const key of [
      '',
      '.',
      'a.',
      '.a',
      'a..b',
      '[0]',
      'a.[0]',
      'a[x]',
      'a[',
      'a"b',
      '"a',
      '"\\x"',
      'a]',
    ]) {
      expect(pathOf(key), key).toBeNull()
    }
  })
})
