import { durableSteps } from '@cryptoflow/model'
import { expect, it } from 'vitest'
import { dieAgainAndAgain } from '../fleet/deaths.ts'
import { inFolder } from '../support.ts'

const WAREHOUSES = 6
const DEATHS = 51

it('306 processes killed in the middle of durable steps store everything once, each step 30 times and more', async () => {
  await inFolder(async (folder) => {
    const seeds = Array.from({ length: WAREHOUSES }, (_, i) => i + 1)
    const runs = await Promise.all(seeds.map((seed) => dieAgainAndAgain(folder, DEATHS, seed)))
    expect(runs.map(({ fault }) => fault)).toEqual(runs.map(() => null))
    for (const step of durableSteps) {
      const hits = runs.reduce((sum, run) => sum + (run.hits.get(step) ?? 0), 0)
      expect(hits, step).toBeGreaterThanOrEqual(30)
    }
  })
})
