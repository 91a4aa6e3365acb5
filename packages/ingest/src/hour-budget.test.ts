import { manualClock } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { hourBudget } from './hour-budget.ts'

describe('the requests of an hour', () => {
  it('are given back an hour after they were sent, wherever the exchange’s hour begins', () => {
    const clock = manualClock()
    const budget = hourBudget(3, clock)
    budget.take()()
    clock.advance(1_800_000)
    budget.take()()
    expect(budget.left).toBe(1)
    clock.advance(1_799_999)
    expect(budget.left).toBe(1)
    clock.advance(1)
    expect(budget.left).toBe(2)
    clock.advance(1_800_000)
    expect(budget.left).toBe(3)
  })

  it('count while they wait in line, and from their sending on', () => {
    const clock = manualClock()
    const budget = hourBudget(3, clock)
    const sent = budget.take()
    clock.advance(7_200_000)
    expect(budget.left).toBe(2)
    sent()
    clock.advance(3_599_999)
    expect(budget.left).toBe(2)
    clock.advance(1)
    expect(budget.left).toBe(3)
  })

  it('have no end where the exchange sets none', () => {
    const budget = hourBudget(null, manualClock())
    for (let i = 0; i < 1000; i++) budget.take()()
    expect(budget.left).toBe(Infinity)
  })
})
