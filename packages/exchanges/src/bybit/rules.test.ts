import { describe, expect, it } from 'vitest'
import { bookRule, followsQuote, followsUpdate, joinsUpdate, QUOTE_LAG_MAX } from './rules.ts'

const none = Number.NaN

describe('the rule of books', () => {
  it('goes on by one', () => {
    expect(followsUpdate(100, 101, 101)).toBe('next')
    expect(followsUpdate(100, 102, 102)).toBe('gap')
    expect(followsUpdate(100, 100, 100)).toBe('stale')
    expect(followsUpdate(100, 1, 1)).toBe('stale')
  })

  it('takes absent numbers for a gap', () => {
    expect(followsUpdate(none, 1, 1)).toBe('gap')
    expect(followsUpdate(1, none, none)).toBe('gap')
  })

  it('holds up to the largest number that a message may bring', () => {
    const last = Number.MAX_SAFE_INTEGER
    expect(followsUpdate(last - 1, last, last)).toBe('next')
    expect(followsUpdate(last - 2, last, last)).toBe('gap')
    expect(followsUpdate(last, last, last)).toBe('stale')
  })

  it('lets the update after that of a snapshot join it, and none from behind a hole', () => {
    const joined = [99, 100, 101, 102].map((last) => joinsUpdate(100, last, last))
    expect(joined).toEqual(['stale', 'stale', 'next', 'gap'])
  })

  it('begins in the stream, at the depth that was subscribed, without a checksum', () => {
    expect(bookRule(50)).toEqual({
      origin: 'stream',
      follows: followsUpdate,
      depths: [50],
      checksum: null,
      joins: joinsUpdate,
    })
  })
})

describe('the rule of quotes', () => {
  it('goes on with every larger id, and takes the same id for the same quote', () => {
    expect(followsQuote(100, none, 101)).toBe('next')
    expect(followsQuote(100, none, 5000)).toBe('next')
    expect(followsQuote(100, none, 100)).toBe('stale')
    expect(followsQuote(1, none, 1)).toBe('stale')
  })

  it('knows the slower of two connections from a service that began anew', () => {
    const last = 7_003_305
    expect(followsQuote(last, none, last - 1)).toBe('stale')
    expect(followsQuote(last, none, last - QUOTE_LAG_MAX)).toBe('stale')
    expect(followsQuote(last, none, last - QUOTE_LAG_MAX - 1)).toBe('gap')
    expect(followsQuote(last, none, 1)).toBe('gap')
    expect(followsQuote(2, none, 1)).toBe('gap')
    expect(followsQuote(1, none, 2)).toBe('next')
  })

  it('takes absent numbers for a gap', () => {
    expect(followsQuote(100, none, none)).toBe('gap')
    expect(followsQuote(none, none, 100)).toBe('gap')
  })
})
