import { describe, expect, it } from 'vitest'
import { Budget } from './budget.ts'

describe('a budget', () => {
  it('lets so many through in any stretch of its length, and refused ones do not count', () => {
    const budget = new Budget(3, 1_000)
    const taken = [0, 400, 900, 999, 999, 1_000, 1_399, 1_400, 1_401, 1_900].map((ms) => budget.take(ms))
    expect(taken).toEqual([true, true, true, false, false, true, false, true, false, true])
  })
})
