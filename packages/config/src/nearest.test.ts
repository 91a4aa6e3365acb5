import { describe, expect, it } from 'vitest'
import { hint, nearestName } from './nearest.ts'

describe('the nearest name', () => {
  it('has the fewest letters to change, whatever their case', () => {
    expect(nearestName('flushEveryMs', ['flush_every_ms', 'flush_bytes'])).toBe('flush_every_ms')
    expect(nearestName('TIKCS', ['bbo', 'ticks', 'funding'])).toBe('ticks')
  })

  it('is none where more than half is another word, and for texts that are no names', () => {
    expect(nearestName('zzzz', ['ticks', 'bbo'])).toBeNull()
    expect(nearestName('', [])).toBeNull()
    expect(nearestName('x'.repeat(101), ['x'.repeat(100)])).toBeNull()
  })

  it('is asked for as a question', () => {
    expect(hint('ticks')).toBe('; did you mean "ticks"?')
    expect(hint(null)).toBe('')
  })
})
