import { seededChance } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import type { Mutation } from './testing/mutations.ts'
import { type Act, deviating, type Plan, randomly, type Verdict } from './testing/plan.ts'
import { runSchedule } from './testing/schedule.ts'

const base: Plan = { writers: 2, frames: 4, committers: 2, acts: {} }
const unknown = { 'put-fault': 2, 'post-fault': 3, 'mark-fault': 2 } as const
const others = { 'foreign-append': 1, replace: 1, expire: 2 } as const
/** Late enough for a write to arrive after its writer has retired. */
const retiring: Plan = { ...base, frames: 2, acts: { ...unknown, retire: 6, purge: 6 }, landWeight: 0.004 }
/** Quiet tables are far behind, and what they have yet to pass goes. */
const losing: Plan = {
  ...base,
  frames: 8,
  emptyEpochs: 3,
  acts: { crash: 1, ...unknown, 'lose-released': 3 },
}

/** Schedules of seeds 1 ... n; the violations found, and how often each act was taken. */
async function runSeeds(
  plan: Plan,
  seeds: number,
): Promise<{ violations: string[]; taken: Map<Act, number> }> {
  const violations: string[] = []
  const taken = new Map<Act, number>()
  for (let seed = 1; seed <= seeds; seed++) {
    const verdict = await runSchedule(plan, randomly(seededChance(seed)), seed)
    if (verdict.violation !== null) violations.push(`seed ${seed}: ${verdict.violation}`)
    for (const [act, times] of verdict.taken) taken.set(act, (taken.get(act) ?? 0) + times)
  }
  return { violations, taken }
}

describe('any schedule of writers and committers stores every accepted row once and releases all', () => {
  const kept: [name: string, plan: Plan, seeds: number][] = [
    [
      'crashes, unknown outcomes, foreign appends, compaction and expiry',
      { ...base, acts: { crash: 3, ...unknown, ...others } },
      250,
    ],
    [
      'a ledger that hides items, answers short and loses them',
      { ...base, acts: { crash: 1, ...unknown, 'lose-item': 2 }, lyingLedger: true },
      120,
    ],
    [
      'items of released epochs lost before quiet tables have passed them',
      { ...losing, lyingLedger: true },
      60,
    ],
    [
      'a ledger restored from an older copy',
      { ...base, frames: 8, emptyEpochs: 3, acts: { crash: 1, ...unknown, 'restore-ledger': 1 } },
      60,
    ],
    [
      'a copy of the journal beside the original',
      { ...base, writers: 1, acts: { crash: 2, ...unknown, clone: 1 } },
      200,
    ],
    [
      'a living writer declared dead',
      { ...base, writers: 1, acts: { crash: 2, ...unknown, 'declare-dead': 2 } },
      150,
    ],
    [
      'a living writer declared dead whose released items were lost',
      { ...losing, writers: 1, committers: 1, acts: { 'lose-released': 4, 'declare-dead': 1 } },
      60,
    ],
    [
      'a disk lost and an empty journal begun under the same id',
      { ...base, writers: 1, acts: { crash: 2, ...unknown, 'disk-lost': 1 } },
      150,
    ],
    ['writers retired, their items removed and their puts still arriving', retiring, 200],
    [
      'a catalog restored from an older copy',
      { ...base, acts: { crash: 1, ...unknown, 'restore-catalog': 1 } },
      150,
    ],
    [
      'requests that grow too old and files that are lost before anybody looked for them',
      { ...base, acts: { crash: 2, ...unknown, age: 3, 'lose-file': 2, replace: 1 } },
      120,
    ],
    [
      'a server that ignores the null in the first commit',
      { ...base, acts: { crash: 1, ...unknown }, ignoresNull: true },
      200,
    ],
  ]
  it.each(kept)('with %s', async (_name, plan, seeds) => {
    const { violations, taken } = await runSeeds(plan, seeds)
    expect(violations).toEqual([])
    for (const act of Object.keys(plan.acts) as Act[]) expect(taken.get(act) ?? 0, act).toBeGreaterThan(20)
  })

  it('with every single fault, crash and act of others at every point of one schedule', async () => {
    const plan: Plan = {
      writers: 1,
      frames: 2,
      committers: 2,
      acts: { crash: 1, 'put-fault': 1, 'post-fault': 1, 'mark-fault': 1, replace: 1, clone: 1 },
    }
    const straight = deviating(-1, 0)
    await runSchedule(plan, straight, 1)
    const violations: string[] = []
    let runs = 0
    for (const [at, options] of straight.seen.entries()) {
      for (let other = 1; other < options; other++) {
        const verdict: Verdict = await runSchedule(plan, deviating(at, other), 1)
        if (verdict.violation !== null) violations.push(`${at}/${other}: ${verdict.violation}`)
        runs += 1
      }
    }
    expect(violations).toEqual([])
    expect(runs).toBeGreaterThan(500)
  })
})

describe('a rule turned off breaks a promise', () => {
  const broken: [rule: Mutation, plan: Plan, seedsMax: number][] = [
    ['R2 seal before put', { ...base, writers: 1, acts: { crash: 2, 'put-fault': 2 } }, 200],
    ['R4 no hole that may hold rows is passed', { ...losing, lyingLedger: true }, 20],
    ['R4 a hole without rows is passed', losing, 20],
    ['R5 table before ledger', retiring, 400],
    ['R6 the map decides', { ...base, acts: { 'post-fault': 3 } }, 20],
    ['R7 map in a property', { ...base, acts: { crash: 1, 'mark-fault': 2, ...others } }, 200],
    ['R10 done items above the map', { ...base, acts: { 'restore-catalog': 1 } }, 20],
    ['R11 all tables', base, 20],
    ['R12 the slot is a fence', { ...base, writers: 1, acts: { clone: 1 } }, 20],
    ['R16 voids are listed', { ...base, acts: { age: 3, 'lose-file': 2 } }, 40],
    ['R18 retired writers are skipped', retiring, 400],
  ]
  it.each(broken)('%s', async (mutation, plan, seedsMax) => {
    let violation: string | null = null
    for (let seed = 1; violation === null && seed <= seedsMax; seed++) {
      violation = (await runSchedule({ ...plan, mutation }, randomly(seededChance(seed)), seed)).violation
    }
    expect(violation).not.toBeNull()
  })
})
