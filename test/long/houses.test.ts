import { describe, expect, it } from 'vitest'
import { houseOffers, houseRun } from '../house-run.ts'
import { accounted } from '../simulated-run.ts'
import { inFolder } from '../support.ts'

const SEEDS = 50

describe('five simulated exchanges that misbehave, their books begin in their streams', () => {
  const seeds = Array.from({ length: SEEDS }, (_, index) => index + 1)
  it.concurrent.each(seeds)('are stored exactly, or in a recorded hole: seed %i', async (seed) => {
    await inFolder(async (folder) => {
      const verdict = await houseRun(seed, folder, 6, houseOffers)
      expect(verdict).toMatchObject({
        lost: 0,
        doubled: 0,
        foreign: 0,
        gap_mismatch_count: 0,
        images_wrong: 0,
        changes_wrong: 0,
        coverage_wrong: 0,
        coverage_open: 0,
      })
      expect(verdict.ok).toBe(true)
      expect(verdict.emitted).toBe(accounted(verdict))
      expect(verdict.coverage_minutes).toBeGreaterThan(0)
    })
  })
})
