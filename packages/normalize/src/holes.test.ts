import { describe, expect, it } from 'vitest'
import { addHole, fillHole, HOLES_MAX, type Hole } from './holes.ts'

const NONE = Number.NaN

describe('holes', () => {
  it('remember nothing where nothing can be missing', () => {
    const holes: Hole[] = []
    addHole(holes, 4, 5)
    addHole(holes, 5, 5)
    addHole(holes, NONE, 9)
    expect(holes).toEqual([])
    addHole(holes, 4, 6)
    expect(holes).toEqual([{ from: 4, to: 6 }])
  })

  it('shrink from either end, split in the middle and end when full', () => {
    const holes: Hole[] = [{ from: 0, to: 10 }]
    expect(fillHole(holes, 1, 2, NONE)).toBe(true)
    expect(holes).toEqual([{ from: 2, to: 10 }])
    expect(fillHole(holes, 9, 9, NONE)).toBe(true)
    expect(holes).toEqual([{ from: 2, to: 9 }])
    expect(fillHole(holes, 5, 6, NONE)).toBe(true)
    expect(holes).toEqual([
      { from: 2, to: 5 },
      { from: 6, to: 9 },
    ])
    expect(fillHole(holes, 3, 4, NONE) && fillHole(holes, 7, 8, NONE)).toBe(true)
    expect(holes).toEqual([])
  })

  it('take only what lies inside wholly', () => {
    const holes: Hole[] = [{ from: 5, to: 10 }]
    expect(fillHole(holes, 5, 6, NONE)).toBe(false)
    expect(fillHole(holes, 9, 10, NONE)).toBe(false)
    expect(fillHole(holes, 1, 20, NONE)).toBe(false)
    expect(holes).toEqual([{ from: 5, to: 10 }])
  })

  it('miss nothing before a message that names the border as its predecessor', () => {
    const holes: Hole[] = [{ from: 5, to: 20 }]
    expect(fillHole(holes, 9, 12, 5)).toBe(true)
    expect(holes).toEqual([{ from: 12, to: 20 }])
  })

  it('are bounded; the oldest is forgotten', () => {
    const holes: Hole[] = []
    for (let i = 0; i <= HOLES_MAX; i++) addHole(holes, i * 10, i * 10 + 5)
    expect(holes).toHaveLength(HOLES_MAX)
    expect(holes[0]).toEqual({ from: 10, to: 15 })
    expect(fillHole(holes, 12, 12, NONE)).toBe(true)
    expect(holes).toHaveLength(HOLES_MAX)
  })
})
