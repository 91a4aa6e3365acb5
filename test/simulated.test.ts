import { describe, expect, it } from 'vitest'
import { accounted, simulatedRun } from './simulated-run.ts'
import { inFolder } from './support.ts'

describe('a simulated exchange of three markets that misbehaves', () => {
  it.concurrent.each([1001, 1002])('is stored exactly, or in a recorded hole: seed %i', async (seed) => {
    await inFolder(async (folder) => {
      const verdict = await simulatedRun(seed, folder, 5)
      expect(verdict).toMatchObject({
        lost: 0,
        doubled: 0,
        foreign: 0,
        gap_mismatch_count: 0,
        images_wrong: 0,
        coverage_wrong: 0,
        coverage_open: 0,
        bars_wrong: 0,
        bars_missing: 0,
      })
      // Holes are compared by their borders, one by one: gap_mismatch_count.
      expect(verdict.ok).toBe(true)
      expect(verdict.emitted).toBe(accounted(verdict))
      expect(verdict.coverage_minutes).toBeGreaterThan(0)
      expect(verdict.bars_checked).toBeGreaterThan(0)
      // The last copy of something may come when nobody listens any more.
      expect(verdict.coverage_duplicates).toBeLessThanOrEqual(verdict.wire_duplicates)
      for (const table of ['ticks', 'spot_delta', 'futures_delta', 'bbo', 'liquidations', 'funding']) {
        expect(verdict.tables[table]?.rows, table).toBeGreaterThan(0)
      }
    })
  })
})
