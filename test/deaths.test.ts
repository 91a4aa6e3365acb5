import { expect, it } from 'vitest'
import { dieAgainAndAgain } from './fleet/deaths.ts'
import { inFolder } from './support.ts'

it('twelve processes killed one after the other, each in the middle of a durable step, store everything once', async () => {
  await inFolder(async (folder) => {
    const runs = await Promise.all([1, 7].map((seed) => dieAgainAndAgain(folder, 6, seed)))
    expect(runs.map(({ fault }) => fault)).toEqual([null, null])
    const hits = runs.flatMap((run) => [...run.hits.values()]).reduce((sum, count) => sum + count, 0)
    expect(hits).toBe(12)
  })
})
