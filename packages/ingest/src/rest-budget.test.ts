import { seededChance } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { restBudget } from './rest-budget.ts'

const MINUTE = 60_000_000
/** Ten seconds into a minute, where no margin plays. */
const START = 1_700_000_040_000_000 + 10_000_000

describe('a REST budget', () => {
  it('spends no more than its weight within any sixty seconds, wherever they begin', () => {
    const chance = seededChance(7)
    const budget = restBudget(() => 100)
    const spent: { atUs: number; weight: number }[] = []
    let nowUs = START
    for (let i = 0; i < 2_000; i++) {
      const weight = 1 + chance.below(40)
      nowUs += chance.below(3_000_000)
      nowUs += budget.waitUs(weight, nowUs)
      expect(budget.waitUs(weight, nowUs)).toBe(0)
      budget.take(weight, nowUs)
      spent.push({ atUs: nowUs, weight })
      const within = spent.filter(({ atUs }) => nowUs - atUs < MINUTE)
      expect(within.reduce((sum, one) => sum + one.weight, 0)).toBeLessThanOrEqual(100)
    }
  })

  it('is used up to the last weight', () => {
    const budget = restBudget(() => 100)
    for (let i = 0; i < 10; i++) {
      expect(budget.waitUs(10, START)).toBe(0)
      budget.take(10, START)
    }
    expect(budget.waitUs(1, START)).toBe(MINUTE)
  })

  it('waits for the next minute when the exchange says that others use it, too', () => {
    const budget = restBudget(() => 100)
    budget.take(10, START)
    budget.told(95, 0, START, START + 1000)
    expect(budget.waitUs(5, START + 1000)).toBe(0)
    const wait = budget.waitUs(6, START + 1000)
    const again = START + 1000 + wait
    // A second into the next minute: the exchange's clock may be behind.
    expect(again % MINUTE).toBe(1_000_000)
    expect(budget.waitUs(6, again)).toBe(0)
  })

  it('counts what is under way besides what the exchange has counted', () => {
    const budget = restBudget(() => 100)
    budget.take(10, START)
    budget.take(20, START)
    budget.told(70, 20, START, START)
    expect(budget.waitUs(10, START)).toBe(0)
    expect(budget.waitUs(11, START)).toBeGreaterThan(0)
  })

  it('never believes that less is used than it spent itself', () => {
    const budget = restBudget(() => 100)
    budget.take(90, START)
    budget.told(1, 0, START, START)
    expect(budget.waitUs(20, START)).toBeGreaterThan(0)
  })

  it('does not take the old minute’s word for the new one', () => {
    const budget = restBudget(() => 100)
    budget.take(10, START)
    budget.told(100, 0, START, START + MINUTE)
    expect(budget.waitUs(50, START + MINUTE)).toBe(0)
  })

  it('lets what is dearer than the whole budget go alone, not never', () => {
    const budget = restBudget(() => 100)
    expect(budget.waitUs(250, START)).toBe(0)
    budget.take(250, START)
    expect(budget.waitUs(1, START)).toBe(MINUTE)
    expect(budget.waitUs(250, START + MINUTE)).toBe(0)
  })

  it('follows a budget that became smaller', () => {
    let perMinute = 100
    const budget = restBudget(() => perMinute)
    budget.take(40, START)
    perMinute = 50
    expect(budget.waitUs(20, START)).toBe(MINUTE)
  })
})
