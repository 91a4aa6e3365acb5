import { CryptoFlowError } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import type { CommitterOptions } from './committer.ts'
import { readMap } from './map.ts'
import { file, round, world } from './testing/committer-world.ts'
import { requestOf, restingClock } from './testing/requests.ts'

describe('a request that is not appended (R16)', () => {
  const missing = (...lost: string[]) => ({ exists: async (location: string) => !lost.includes(location) })

  it('is void in the table and in the ledger when its file is not there, and holds nobody up', async () => {
    const { committer, put, locations, decided, metadata, ledger } = world()
    for (const epoch of [1, 2, 3]) await put('a', epoch, 'ticks')
    const one = committer(missing(file('a', 2)))
    expect(await round(one)).toMatchObject({ kind: 'committed', voided: [{ writer: 'a', epoch: 2 }] })
    expect(locations()).toEqual([file('a', 1), file('a', 3)])
    expect(decided()).toEqual(new Map([['a', 3]]))
    expect(readMap(metadata(), true)).toMatchObject({ map: { voids: new Map([['a', new Set([2])]]) } })
    expect(await ledger.item('a', 2)).toMatchObject({ done: {}, voids: ['ticks'] })
    expect(await ledger.item('a', 3)).toMatchObject({ done: { ticks: expect.any(String) }, voids: [] })
    // Found again later it stays what it is: its writer may have sent the rows elsewhere.
    expect(await round(committer())).toEqual({ kind: 'idle' })
  })

  it('is done when a later epoch brings its rows', async () => {
    const { committer, put, locations, metadata, ledger } = world()
    await put('a', 1, 'ticks')
    await round(committer(missing(file('a', 1))))
    await ledger.put({ ...requestOf('a', 2, 'ticks'), replaces: { ticks: [1] } }, 'a-2')
    expect(await round(committer())).toMatchObject({ kind: 'committed', voided: [] })
    expect(locations()).toEqual([file('a', 2)])
    expect(readMap(metadata(), true)).toMatchObject({ map: { voids: new Map() } })
    for (const epoch of [1, 2])
      expect(await ledger.item('a', epoch)).toMatchObject({ done: { ticks: expect.any(String) } })
  })

  it('stays void in a catalog that was restored from before: its rows are elsewhere', async () => {
    const { committer, put, locations, catalog, ledger } = world()
    await round(committer())
    const before = catalog.copy()
    await put('a', 1, 'ticks')
    await round(committer(missing(file('a', 1))))
    await ledger.put({ ...requestOf('a', 2, 'ticks'), replaces: { ticks: [1] } }, 'a-2')
    await round(committer())
    catalog.restore(before)
    // Its file has come back, and so has that of the epoch that replaced it.
    await round(committer())
    expect(locations()).toEqual([file('a', 2)])
  })

  it('is one that is older than 36 hours, also by a clock that was set back', async () => {
    const { committer, put, locations } = world()
    await put('a', 1, 'ticks')
    let nowUs = (1 + 36 * 3_600) * 1e6
    const one = committer({ clock: { ...restingClock, nowUs: () => nowUs } })
    expect(await round(one)).toMatchObject({ voided: [] })
    expect(locations()).toEqual([file('a', 1)])
    await put('a', 2, 'ticks')
    nowUs += 2_000_000
    await put('a', 3, 'ticks')
    expect(await round(one)).toMatchObject({ voided: [{ writer: 'a', epoch: 2 }] })
    nowUs = 0
    await put('a', 4, 'ticks')
    expect(await round(one)).toMatchObject({ voided: [] })
  })

  it('is not posted by a committer that stood still until it was too old', async () => {
    const { committer, put, locations, catalog } = world()
    await round(committer())
    await put('a', 1, 'ticks')
    let nowUs = 60_000_000
    const append: CommitterOptions['append'] = (...call) => {
      nowUs += 37 * 3_600 * 1e6
      return catalog.append(...call)
    }
    const outcome = await round(committer({ append, clock: { ...restingClock, nowUs: () => nowUs } }))
    expect(outcome).toMatchObject({ kind: 'committed', files: 0, voided: [{ writer: 'a', epoch: 1 }] })
    expect(locations()).toEqual([])
  })

  it('is the one of many that the catalog refuses', async () => {
    const { committer, put, locations, catalog } = world()
    for (const epoch of [1, 2, 3]) await put('a', epoch, 'ticks')
    const staged = new Map<bigint, readonly string[]>()
    const append: CommitterOptions['append'] = (table, files, options) => {
      staged.set(
        options.snapshotId,
        files.map(({ location }) => location),
      )
      return catalog.append(table, files, options)
    }
    const refusing: typeof catalog = {
      ...catalog,
      commit: (base, requirements, updates) => {
        const added = updates.find((update) => update.action === 'add-snapshot')?.snapshot
        const files = (added && staged.get(added.snapshotId)) ?? []
        if (!files.includes(file('a', 2))) return catalog.commit(base, requirements, updates)
        throw new CryptoFlowError('400', { kind: 'catalog', reaction: 'reject' })
      },
    }
    const one = committer({ catalog: refusing, append })
    const outcomes = [await round(one), await round(one), await round(one)]
    expect(outcomes.map(({ kind }) => kind)).toEqual(['committed', 'committed', 'committed'])
    expect(outcomes[1]).toMatchObject({ voided: [{ writer: 'a', epoch: 2, why: '400' }] })
    expect(locations()).toEqual([file('a', 1), file('a', 3)])
  })
})
