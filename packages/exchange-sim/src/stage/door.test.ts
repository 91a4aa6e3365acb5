import { describe, expect, it } from 'vitest'
import { Door, type DoorRules } from './door.ts'

const limit = (value: number) => ({ value, source: 'invented', read: '2026-11-21' })
const open: DoorRules = {
  connects: null,
  withOrigin: null,
  openMax: null,
  shutMs: null,
  status: 429,
  tellsWhen: true,
}
const rateOf = (most: number, withinMs: number) => ({ most: limit(most), withinMs })
const refused = (retryAfterS: number | null, status = 429) => ({ status, retryAfterS })

describe('a door', () => {
  it('lets everybody in where there is no limit', () => {
    const door = new Door(open)
    for (let i = 0; i < 1_000; i++) expect(door.connect('https://a.b', i, 0)).toBeNull()
  })

  it('lets so many in within a stretch, and says when there is room again', () => {
    const door = new Door({ ...open, connects: rateOf(2, 10_000) })
    expect([0, 1_500, 3_000, 3_001, 10_000, 10_001].map((ms) => door.connect(undefined, 0, ms))).toEqual([
      null,
      null,
      refused(7),
      refused(7),
      null,
      refused(2),
    ])
  })

  it('shuts out who connects too often, from REST too, and counts nobody meanwhile', () => {
    const door = new Door({ ...open, connects: rateOf(2, 10_000), shutMs: limit(60_000) })
    expect([door.connect(undefined, 0, 0), door.connect(undefined, 0, 0)]).toEqual([null, null])
    expect(door.request(undefined, 0)).toBeNull()
    expect(door.connect(undefined, 0, 5_000)).toEqual(refused(60))
    expect(door.connect(undefined, 0, 64_999)).toEqual(refused(1))
    expect(door.request(undefined, 64_999)).toEqual(refused(1))
    expect(door.request(undefined, 65_000)).toBeNull()
    expect(door.connect(undefined, 0, 65_000)).toBeNull()
  })

  it('counts connects and requests with an Origin together, and others not among them', () => {
    const door = new Door({ ...open, withOrigin: rateOf(1, 10_000) })
    expect(door.request('https://a.b', 0)).toBeNull()
    expect(door.connect('https://c.d', 0, 1_000)).toEqual(refused(9))
    expect(door.request('null', 9_999)).toEqual(refused(1))
    expect(door.connect(undefined, 0, 9_999)).toBeNull()
    expect(door.connect('https://a.b', 0, 10_000)).toBeNull()
  })

  it('refuses while too many are open, which nothing foretells the end of', () => {
    const door = new Door({ ...open, openMax: limit(3) })
    expect([2, 3, 4, 2].map((count) => door.connect(undefined, count, 0))).toEqual([
      null,
      refused(null),
      refused(null),
      null,
    ])
  })

  it('keeps silent about when, where the exchange does', () => {
    const door = new Door({ ...open, connects: rateOf(1, 1_000), status: 403, tellsWhen: false })
    door.connect(undefined, 0, 0)
    expect(door.connect(undefined, 0, 0)).toEqual(refused(null, 403))
  })
})
