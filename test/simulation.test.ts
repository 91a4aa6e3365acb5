import { describe, expect, it } from 'vitest'
import { commandOf, type Found, hunt, shrunk, tried } from './simulation/hunt.ts'
import { faultKinds, type Plan, planOf } from './simulation/plan.ts'

const SEEDS = 200

describe('the whole system in memory', () => {
  it('keeps every promise, whatever goes wrong', async () => {
    const totals = { emitted: 0, accounted: 0, inGaps: 0, deadLetters: 0 }
    for await (const { plan, verdict } of hunt({ firstSeed: 0, seeds: SEEDS, kinds: faultKinds })) {
      expect(verdict.broken, commandOf(plan, faultKinds, 'all')).toBeNull()
      const { emitted, stored, inGaps, deadLetters } = verdict
      totals.emitted += emitted
      totals.accounted += stored + inGaps + deadLetters
      totals.inGaps += inGaps
      totals.deadLetters += deadLetters
    }
    expect(totals.accounted).toBe(totals.emitted)
    // Things did go wrong.
    expect(totals.inGaps).toBeGreaterThan(SEEDS)
    expect(totals.deadLetters).toBeGreaterThan(SEEDS / 10)
  })

  it('records no gap but at the edges where nothing goes wrong', async () => {
    for await (const { plan, verdict } of hunt({ firstSeed: 1000, seeds: 10, kinds: [] })) {
      expect(verdict, commandOf(plan, [], 'none')).toMatchObject({ broken: null, inGaps: 0, deadLetters: 0 })
    }
  })

  it('does the same from the same seed, and something else from another', async () => {
    const fingerprints = []
    for (const seed of [6, 8, 6, 8]) fingerprints.push((await tried(planOf(seed, faultKinds))).fingerprint())
    expect(fingerprints.slice(2)).toEqual(fingerprints.slice(0, 2))
    expect(new Set(fingerprints).size).toBe(2)
  })

  it('makes a failing run smaller until nothing can be left out, and says how to repeat it', async () => {
    const sound = await tried(planOf(1, []))
    const culprits = [2, 5]
    // Breaks where both faults are there and there is time for them.
    const run = async (plan: Plan): Promise<Found> => {
      const isBroken =
        plan.ms >= 300 && culprits.every((index) => plan.faults.some((one) => one.index === index))
      return { ...sound, plan, verdict: { ...sound.verdict, broken: isBroken ? 'on purpose' : null } }
    }
    const plan = planOf(1, ['gap'])
    const faults = [10, 20, 30, 40, 50, 60, 70].map((atMs, index) => ({ ...plan.faults[0], index, atMs }))
    const { plan: small } = await shrunk(await run({ ...plan, faults } as Plan), run)
    expect(small.faults.map(({ index }) => index)).toEqual(culprits)
    expect(small.ms).toBeLessThan(340)
    const command = commandOf(small, faultKinds, 'all')
    expect(command).toBe(`npm run sim -- --seeds 1 --first-seed 1 --faults all --only 2,5 --ms ${small.ms}`)
  })
})
