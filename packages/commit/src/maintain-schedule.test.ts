import { seededChance } from '@cryptoflow/runtime'
import { describe, expect, inject, it } from 'vitest'
import type { MaintenanceAct, MaintenanceScene, MaintenanceVerdict } from './testing/maintenance-plan.ts'
import { runMaintenance } from './testing/maintenance-world.ts'
import { deviating, randomly } from './testing/plan.ts'

const base: MaintenanceScene = { epochs: 6, committers: 1, maintainers: 1, acts: {} }
const faults = { 'post-fault': 4, 'mark-fault': 2 } as const

/** Schedules of seeds 1 ... n: the violations, what was done, and how often each act was taken. */
async function runSeeds(scene: MaintenanceScene, seeds: number) {
  const violations: string[] = []
  const taken = new Map<MaintenanceAct, number>()
  const done = { compacted: 0, expired: 0, orphans: 0 }
  for (let seed = 1; seed <= seeds; seed++) {
    const verdict: MaintenanceVerdict = await runMaintenance(scene, randomly(seededChance(seed)), seed)
    if (verdict.violation !== null) violations.push(`seed ${seed}: ${verdict.violation}`)
    for (const [act, times] of verdict.taken) taken.set(act, (taken.get(act) ?? 0) + times)
    done.compacted += verdict.done.compacted
    done.expired += verdict.done.expired
    done.orphans += verdict.done.orphans
  }
  return { violations, taken, done }
}

describe('maintenance beside a writer and committers loses no row, doubles none and deletes nothing that is needed', () => {
  const kept: [name: string, scene: MaintenanceScene, seeds: number][] = [
    ['alone with one committer', base, 26],
    [
      'a committer and itself killed at any step, posts of unknown outcome, marks lost',
      { ...base, acts: { 'crash-committer': 3, 'crash-maintainer': 4, ...faults } },
      70,
    ],
    [
      'two committers, two maintainers, and another engine that appends and compacts',
      {
        ...base,
        committers: 2,
        maintainers: 2,
        acts: { 'foreign-append': 3, 'foreign-compaction': 3, ...faults },
      },
      46,
    ],
  ]
  it.each(kept)('%s', async (_name, scene, seeds) => {
    const share = inject('isThorough') ? 1 : 0.5
    const { violations, taken, done } = await runSeeds(scene, seeds * share)
    expect(violations).toEqual([])
    for (const act of Object.keys(scene.acts) as MaintenanceAct[]) {
      expect(taken.get(act) ?? 0, act).toBeGreaterThan(20)
    }
    for (const kind of ['compacted', 'expired'] as const) expect(done[kind], kind).toBeGreaterThan(30 * share)
  })

  it('with a kill, an answer that is lost, and an act of another engine at every point of one schedule', async () => {
    const scene: MaintenanceScene = {
      ...base,
      epochs: 2,
      acts: { 'crash-maintainer': 1, 'crash-committer': 1, 'post-fault': 1, 'foreign-compaction': 1 },
    }
    const straight = deviating(-1, 0)
    await runMaintenance(scene, straight, 1)
    const violations: string[] = []
    let runs = 0
    for (const [at, options] of straight.seen.entries()) {
      for (let other = 1; other < options; other++) {
        const { violation } = await runMaintenance(scene, deviating(at, other), 1)
        if (violation !== null) violations.push(`${at}/${other}: ${violation}`)
        runs += 1
      }
    }
    expect(violations).toEqual([])
    expect(runs).toBeGreaterThan(300)
  })
})

describe('a rule turned off breaks a promise', () => {
  type Mutation = NonNullable<MaintenanceScene['mutate']>
  const broken: [rule: string, mutate: Mutation, acts: MaintenanceScene['acts']][] = [
    [
      'R17 what is sealed or in the ledger is protected',
      (options) => ({
        ...options,
        sealed: async () => ({ files: new Set<string>(), elsewhere: () => null }),
        ledger: { ...options.ledger, consecutive: async () => [], unmarked: async () => [] },
      }),
      {},
    ],
    [
      'R17 what is young is no orphan',
      (options) => ({
        ...options,
        list: async (location) => {
          const old = (await options.list(location)).map((file) => ({ ...file, modifiedMs: -1e9 }))
          return [...old, { location: `${location}/young`, bytes: 0, modifiedMs: 1e9 }]
        },
      }),
      {},
    ],
    [
      'R17 an expiry deletes when its commit is known to be applied',
      (options) => ({
        ...options,
        catalog: {
          ...options.catalog,
          commit: async (table, requirements, updates) => {
            const result = await options.catalog.commit(table, requirements, updates)
            const removal = updates.find(({ action }) => action === 'remove-snapshots')
            if (result.outcome !== 'unknown' || removal?.action !== 'remove-snapshots') return result
            const gone = new Set(removal.snapshotIds)
            const { metadata } = table
            const snapshots = metadata.snapshots.filter(({ snapshotId }) => !gone.has(snapshotId))
            return { outcome: 'applied', table: { ...table, metadata: { ...metadata, snapshots } } }
          },
        },
      }),
      { 'post-fault': 6 },
    ],
  ]
  it.each(broken)('%s', async (_rule, mutate, acts) => {
    let violation: string | null = null
    for (let seed = 1; violation === null && seed <= 100; seed++) {
      violation = (
        await runMaintenance({ ...base, maintainers: 2, acts, mutate }, randomly(seededChance(seed)), seed)
      ).violation
    }
    expect(violation).not.toBeNull()
  })
})
