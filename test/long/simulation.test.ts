import { describe, expect, it } from 'vitest'
import { commandOf, hunt } from '../simulation/hunt.ts'
import { faultKinds } from '../simulation/plan.ts'

/** About three minutes on a core of its own; the first seeds are those of `npm test`. */
const PARTS = 10
const SEEDS = 200

describe('the whole system in memory', () => {
  const parts = Array.from({ length: PARTS }, (_, part) => (part + 1) * SEEDS)
  it.each(parts)('keeps every promise, whatever goes wrong: 200 seeds from %i on', async (firstSeed) => {
    for await (const { plan, verdict } of hunt({ firstSeed, seeds: SEEDS, kinds: faultKinds })) {
      expect(verdict.broken, commandOf(plan, faultKinds, 'all')).toBeNull()
    }
  })
})
