import { describe, expect, it } from 'vitest'
import { followsGrowing, followsId, futuresBookRule, spotBookRule } from './rules.ts'

const joins = (snapshot: number, first: number, last: number): string =>
  spotBookRule.joins(snapshot, first, last, Number.NaN)
const follows = (position: number, first: number, last: number): string =>
  spotBookRule.follows(position, first, last, Number.NaN)

const none = Number.NaN

describe('the spot book rule', () => {
  it('joins when the diff holds the update after the snapshot', () => {
    expect(joins(100, 101, 101)).toBe('next')
    expect(joins(100, 90, 101)).toBe('next')
    expect(joins(100, 101, 110)).toBe('next')
    expect(joins(100, 100, 102)).toBe('next')
  })

  it('drops a diff that ends at or before the snapshot', () => {
    expect(joins(100, 90, 99)).toBe('stale')
    expect(joins(100, 90, 100)).toBe('stale')
    expect(joins(100, 100, 100)).toBe('stale')
  })

  it('sees the gap when the diff begins behind the update that it needs', () => {
    expect(joins(100, 102, 102)).toBe('gap')
    expect(joins(100, 102, 110)).toBe('gap')
  })

  it('follows when the diff begins right behind the last', () => {
    expect(follows(100, 101, 101)).toBe('next')
    expect(follows(100, 101, 150)).toBe('next')
    expect(follows(100, 102, 150)).toBe('gap')
    expect(follows(100, 95, 100)).toBe('stale')
    expect(follows(100, 50, 60)).toBe('stale')
  })

  it('lets a diff that overlaps the last one go on, since it leaves no hole', () => {
    expect(follows(100, 100, 101)).toBe('next')
    expect(follows(100, 50, 150)).toBe('next')
  })

  it('takes absent numbers for a gap', () => {
    expect(follows(100, Number.NaN, 101)).toBe('gap')
    expect(follows(Number.NaN, 1, 2)).toBe('gap')
    expect(joins(100, 101, Number.NaN)).toBe('gap')
  })

  it('holds up to the largest number that a message may bring', () => {
    const last = Number.MAX_SAFE_INTEGER
    expect(follows(last - 1, last, last)).toBe('next')
    expect(follows(last - 2, last, last)).toBe('gap')
    expect(follows(last, last, last)).toBe('stale')
  })
})

describe('the futures book rule', () => {
  // Position, U, u, pu of the diff, and the answer: both sides of every border.
  const joins: readonly (readonly [number, number, number, number, string])[] = [
    [100, 90, 99, 89, 'stale'],
    [100, 90, 100, 89, 'next'],
    [100, 90, 101, 89, 'next'],
    [100, 100, 100, 99, 'next'],
    [100, 100, 110, 99, 'next'],
    [100, 101, 110, 99, 'gap'],
    [100, 101, 110, 100, 'next'],
    [100, 101, 110, 101, 'gap'],
    [100, 105, 110, 100, 'next'],
    [100, 105, 110, 104, 'gap'],
    [100, 50, 60, 49, 'stale'],
    [100, none, 110, none, 'gap'],
    [100, 90, none, none, 'gap'],
    [none, 1, 2, none, 'gap'],
    [-1, 1, 2, 0, 'gap'],
  ]
  const follows: readonly (readonly [number, number, number, number, string])[] = [
    [100, 101, 110, 100, 'next'],
    [100, 105, 110, 100, 'next'],
    [100, 101, 110, 99, 'gap'],
    [100, 101, 101, 101, 'gap'],
    [100, 101, 110, 105, 'gap'],
    [100, 90, 100, 89, 'stale'],
    [100, 90, 99, 89, 'stale'],
    [100, 90, 101, 89, 'gap'],
    [100, 101, 110, none, 'gap'],
    [none, 1, 2, none, 'gap'],
  ]

  it.each(joins)('joins at %d with U %d, u %d, pu %d: %s', (position, first, last, previous, answer) => {
    expect(futuresBookRule.joins(position, first, last, previous)).toBe(answer)
  })

  it.each(follows)('follows %d with U %d, u %d, pu %d: %s', (position, first, last, previous, answer) => {
    expect(futuresBookRule.follows(position, first, last, previous)).toBe(answer)
  })
})

describe('the rule of ids', () => {
  it('goes on by one', () => {
    expect(followsId(12345, 12346, 12346, none)).toBe('next')
    expect(followsId(12345, 12345, 12345, none)).toBe('stale')
    expect(followsId(12345, 12344, 12344, none)).toBe('stale')
    expect(followsId(12345, 12347, 12347, none)).toBe('gap')
    expect(followsId(12345, Number.NaN, Number.NaN, none)).toBe('gap')
  })
})

describe('the rule of whole pictures', () => {
  it('goes on with every larger id, and takes the same id for the same book', () => {
    expect(followsGrowing(100, none, 101, none)).toBe('next')
    expect(followsGrowing(100, none, 5000, none)).toBe('next')
    expect(followsGrowing(100, none, 100, none)).toBe('stale')
    expect(followsGrowing(100, none, 99, none)).toBe('stale')
    expect(followsGrowing(100, none, Number.NaN, none)).toBe('gap')
  })
})
