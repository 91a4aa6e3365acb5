import { describe, expect, it } from 'vitest'
import { type name, only, openScene } from './testing/maintenance-scene.ts'

describe('expiry', () => {
  it('forgets old snapshots and deletes what only they needed; our commits go on without theirs', async () => {
    const scene = openScene()
    for (const epoch of [1, 2, 3]) await scene.commit(epoch, 5)
    await scene.round(only('compact'))
    scene.nowMs += 1_000
    const report = await scene.round(only('expire'))
    expect(report.expired.snapshots).toBe(4)
    expect(report.after).toEqual({ files: 1, bytes: 1, snapshots: 1 })
    expect([...scene.files.keys()].filter((each) => each.endsWith('.parquet'))).toEqual(await scene.live())
    await scene.commit(4, 5)
    expect(await scene.live()).toHaveLength(3)
  })

  it.each(['applied-unknown', 'lost'] as const)('deletes nothing before it is known: %s', async (fault) => {
    const scene = openScene()
    for (const epoch of [1, 2]) await scene.commit(epoch, 5)
    scene.nowMs += 1_000
    scene.catalog.fault = () => fault
    const before = scene.files.size
    const { load } = scene.catalog
    // The head does not answer any more, so what became of the commit stays unknown.
    let loads = 0
    Object.assign(scene.options.catalog, { load: (table: typeof name) => (++loads > 2 ? null : load(table)) })
    await scene.round(only('expire'))
    expect(scene.files.size).toBe(before)
    Object.assign(scene.options.catalog, { load })
    scene.catalog.fault = () => 'none'
    await scene.round(only('expire'))
    expect((await scene.loaded()).metadata.snapshots).toHaveLength(1)
  })
})
