import { describe, expect, it } from 'vitest'
import { commandOf, hunt, tried } from './simulation/hunt.ts'
import { faultKinds, planOf } from './simulation/plan.ts'

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
    for (const seed of [6, 8, 6, 8]) fingerprints.push((await tried(planOf(seed, faultKinds))).fingerprint)
    expect(fingerprints.slice(2)).toEqual(fingerprints.slice(0, 2))
    expect(new Set(fingerprints).size).toBe(2)
  })
})
