import { describe, expect, it } from 'vitest'
import { messageBudgets, RestGate } from './limits.ts'

describe('the budgets of messages', () => {
  it('are the one of a second and the one of a minute', () => {
    const budgets = messageBudgets()
    const take = (ms: number): boolean => budgets.every((budget) => budget.take(ms))
    expect(Array.from({ length: 6 }, () => take(0)).filter(Boolean)).toHaveLength(5)
    const slowly = Array.from({ length: 120 }, (_, i) => take(1_000 + i * 400))
    expect(slowly.filter(Boolean)).toHaveLength(95)
  })
})

describe('the gate of REST requests', () => {
  const judge = (gate: RestGate, times: number, ms: number): number[] =>
    Array.from({ length: times }, () => gate.judge(ms).status)

  it('lets ten a second pass, and says how many are left', () => {
    const gate = new RestGate()
    expect(gate.judge(0)).toEqual({ status: 200, left: 9 })
    expect(judge(gate, 10, 0)).toEqual([...Array(9).fill(200), 429])
    expect(judge(gate, 1, 1_000)).toEqual([200])
  })

  it('shuts out who goes on, each time for longer', () => {
    const gate = new RestGate()
    expect(judge(gate, 21, 0)).toEqual([...Array(10).fill(200), ...Array(10).fill(429), 418])
    expect(gate.judge(9_999)).toEqual({ status: 418, ms: 1 })
    expect(judge(gate, 20, 10_000)).toEqual([...Array(10).fill(200), ...Array(10).fill(429)])
    expect(gate.judge(10_000)).toEqual({ status: 418, ms: 20_000 })
  })

  it('forgets refusals when a request was met again', () => {
    const gate = new RestGate()
    judge(gate, 19, 0)
    judge(gate, 19, 1_000)
    expect(gate.judge(1_000)).toEqual({ status: 429 })
  })
})
