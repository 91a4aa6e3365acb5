import { seededChance } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import type { DayAct, DayMutation, DaysPlan } from './testing/days-plan.ts'
import { runDays } from './testing/days-world.ts'
import { randomly } from './testing/plan.ts'

const faults = { 'post-fault': 2, 'mark-fault': 2, 'crash-committer': 2 } as const
const plan: DaysPlan = {
  epochs: 5,
  committers: 2,
  acts: { hours: 5, days: 2, clean: 6, refuse: 1, 'lose-file': 1, ...faults },
}

describe('days in which requests grow old, are refused and lose their files (T12)', () => {
  it('delete nothing that a table shows, store every row once and release all, wherever the search for orphans steps in', async () => {
    const violations: string[] = []
    const taken = new Map<DayAct, number>()
    const done = { voided: 0, orphans: 0, cleaned: 0 }
    for (let seed = 1; seed <= 25; seed++) {
      const verdict = await runDays(plan, randomly(seededChance(seed)), seed)
      if (verdict.violation !== null) violations.push(`seed ${seed}: ${verdict.violation}`)
      for (const [act, times] of verdict.taken) taken.set(act, (taken.get(act) ?? 0) + times)
      for (const kind of ['voided', 'orphans', 'cleaned'] as const) done[kind] += verdict.done[kind]
    }
    expect(violations).toEqual([])
    for (const act of Object.keys(plan.acts) as DayAct[]) expect(taken.get(act) ?? 0, act).toBeGreaterThan(15)
    for (const [kind, times] of Object.entries(done)) expect(times, kind).toBeGreaterThan(20)
  })

  const broken: [rule: DayMutation, acts: DaysPlan['acts']][] = [
    ['R16 requests grow old', { hours: 6, days: 4, clean: 20 }],
    ['R16 files are looked for', { 'lose-file': 2 }],
    ['R16 voids are listed', { days: 2 }],
    ['R17 what is sealed or in the ledger is protected', { hours: 8 }],
  ]
  it.each(broken)('break a promise without: %s', async (mutation, acts) => {
    let violation: string | null = null
    for (let seed = 1; violation === null && seed <= 60; seed++) {
      violation = (await runDays({ ...plan, acts, mutation }, randomly(seededChance(seed)), seed)).violation
    }
    expect(violation).not.toBeNull()
  })
})
