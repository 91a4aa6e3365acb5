import { CryptoFlowError } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { mapProperty } from './map.ts'
import { all, DAY_MS, definition, name, only, openScene } from './testing/maintenance-scene.ts'

describe('a round of maintenance', () => {
  it('touches nothing of a table that cannot be explained (I8)', async () => {
    const scene = openScene()
    for (const epoch of [1, 2]) await scene.commit(epoch, 5)
    scene.place('lost')
    scene.nowMs += 3 * DAY_MS
    scene.place('young')
    scene.edit({ properties: {} })
    const before = scene.files.size
    const report = await scene.round(all)
    expect(report).toMatchObject({ before: null, orphans: { files: 0 } })
    expect(report.refused).toContain(mapProperty)
    expect(scene.files.size).toBe(before)
    expect((await scene.loaded()).metadata.snapshots).toHaveLength(3)
  })

  it('writes and deletes nothing when it is only asked what it would do', async () => {
    const scene = openScene()
    for (const epoch of [1, 2]) await scene.commit(epoch, 5)
    scene.place('lost')
    scene.nowMs += 3 * DAY_MS
    scene.place('young')
    const [files, { metadataLocation }] = [new Map(scene.files), await scene.loaded()]
    const report = await scene.round({ ...all, isDryRun: true })
    expect(report.compacted).toMatchObject({ removed: 4, added: 1, rows: 4, commits: 0 })
    expect(report.expired).toEqual({ snapshots: 2, files: 0 })
    expect(report.orphans).toEqual({ files: 1, bytes: 10 })
    expect(scene.files).toEqual(files)
    expect((await scene.loaded()).metadataLocation).toBe(metadataLocation)
  })

  it('stops between two pieces of work when it is told to', async () => {
    const scene = openScene()
    for (const [i, day] of [5, 6].entries()) await scene.commit(i + 1, day)
    scene.onRewrite = async () => {
      scene.isStopped = true
    }
    const report = await scene.round(all)
    expect(report.compacted).toMatchObject({ removed: 2 })
    expect(report.expired.snapshots).toBe(0)
  })

  it('joins again what it made of more files than a merge may hold at once', async () => {
    const scene = openScene()
    for (const epoch of [1, 2, 3, 4]) await scene.commit(epoch, 5)
    const { compact } = only('compact')
    const report = await scene.round({
      ...only('compact'),
      compact: { ...compact, rowsHeldMax: 4, rowsHeldPerFile: 2 } as typeof compact,
    })
    expect(report.compacted).toMatchObject({ removed: 8 + 2, added: 2 + 1, commits: 2 })
    const [file, ...others] = await scene.live()
    expect([file, others]).toEqual([expect.stringContaining('compacted'), []])
  })

  it('tells what the metadata takes, and passes over tables that are not there or still empty', async () => {
    const scene = openScene()
    expect(await scene.round(all)).toBeUndefined()
    await scene.options.catalog.create(name, definition)
    expect(await scene.round(all)).toBeUndefined()
    await scene.commit(1, 5)
    expect((await scene.round(only('compact'))).metadata).toEqual({ bytes: 7, manifests: 2 })
  })

  it('reports a catalog that does not answer, and throws bugs', async () => {
    const scene = openScene()
    await scene.commit(1, 5)
    const answering = (error: Error): void => {
      Object.assign(scene.options.catalog, {
        load: async () => {
          throw error
        },
      })
    }
    answering(new CryptoFlowError('away', { kind: 'catalog', reaction: 'retry' }))
    expect((await scene.round(all)).refused).toBe('away')
    answering(new TypeError('a bug'))
    await expect(scene.round(all)).rejects.toThrow('a bug')
  })
})
