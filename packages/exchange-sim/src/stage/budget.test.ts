import { describe, expect, it } from 'vitest'
import { Budget } from './budget.ts'

describe('a budget', () => {
  it('lets so many through in any stretch of its length, and refused ones do not count', () => {
    const budget = new Budget(3, 1_000)
    const taken = [0, 400, 900, 999, 999, 1_000, 1_399, 1_400, 1_401, 1_900].map((ms) => budget.take(ms))
    expect(taken).toEqual([true, true, true, false, false, true, false, true, false, true])
  })

  it('says how many are left, and when there is one again', () => {
    const budget = new Budget(2, 1_000)
    expect([budget.left(0), budget.waitMs(0)]).toEqual([2, 0])
    budget.take(100)
    budget.take(400)
    expect([budget.left(500), budget.waitMs(500)]).toEqual([0, 600])
    expect([budget.left(1_100), budget.waitMs(1_100)]).toEqual([1, 0])
  })
})
