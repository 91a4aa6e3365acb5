import { prepareAppend } from '@cryptoflow/iceberg'
import { CryptoFlowError } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { DAY_MS, only, openScene } from './testing/maintenance-scene.ts'

describe('the search for orphans', () => {
  const old = (scene: ReturnType<typeof openScene>): void => {
    scene.nowMs += 3 * DAY_MS
    scene.place('young')
  }

  it('deletes what is old and needed by nobody', async () => {
    const scene = openScene()
    await scene.commit(1, 5)
    const lost = scene.place('lost')
    old(scene)
    expect((await scene.round(only('orphans'))).orphans).toEqual({ files: 1, bytes: 10 })
    expect(scene.files.has(lost)).toBe(false)
    expect(scene.files.has('memory:market.ticks/data/young.parquet')).toBe(true)
  })

  it('keeps what is sealed on this disk, and what waits in the ledger', async () => {
    const scene = openScene()
    await scene.commit(1, 5)
    scene.sealed.add(scene.place('sealed'))
    await scene.put(2, 5)
    old(scene)
    expect((await scene.round(only('orphans'))).orphans.files).toBe(0)
    scene.sealed.clear()
    expect((await scene.round(only('orphans'))).orphans.files).toBe(1)
  })

  it('keeps what a writer on another disk may have sealed, until the ledger has its epoch or is told that it ended', async () => {
    const scene = openScene()
    await scene.commit(1, 5)
    const [writer] = (await scene.ledger.writers()).map((entry) => entry.writer)
    const place = (key: string, made: { writer: string; epoch: number }): string => {
      const location = scene.place(key)
      scene.elsewhere.set(location, made)
      return location
    }
    const orphan = place('cut-short', { writer: writer as string, epoch: 1 })
    const sealed = place('sealed-there', { writer: writer as string, epoch: 2 })
    const stranger = place('of-nobody-known', { writer: 'stranger', epoch: 1 })
    old(scene)
    expect((await scene.round(only('orphans'))).orphans.files).toBe(1)
    expect([orphan, sealed, stranger].map((location) => scene.files.has(location))).toEqual([
      false,
      true,
      true,
    ])
    await scene.put(2, 5)
    expect((await scene.round(only('orphans'))).orphans.files).toBe(1)
    expect([sealed, stranger].map((location) => scene.files.has(location))).toEqual([false, true])
    const writers = scene.ledger.writers
    Object.assign(scene.ledger, {
      writers: async () => [...(await writers()), { writer: 'stranger', state: 'closed', name: 'x' }],
    })
    expect((await scene.round(only('orphans'))).orphans.files).toBe(1)
    expect(scene.files.has(stranger)).toBe(false)
  })

  it('keeps what is committed and marked between two of its looks', async () => {
    const scene = openScene()
    await scene.commit(1, 5)
    await scene.put(2, 5)
    old(scene)
    const { list } = scene.options
    Object.assign(scene.options, {
      list: async (location: string) => {
        const listed = await list(location)
        await scene.commit(2, 5)
        return listed
      },
    })
    expect((await scene.round(only('orphans'))).orphans.files).toBe(0)
    expect((await scene.live()).every((location) => scene.files.has(location))).toBe(true)
  })

  it('keeps what another engine commits between two of its looks', async () => {
    const scene = openScene()
    await scene.commit(1, 5)
    const other = scene.dataFile('other', 5)
    old(scene)
    const { list } = scene.options
    Object.assign(scene.options, {
      list: async (location: string) => {
        const listed = await list(location)
        const base = await scene.loaded()
        const options = { snapshotId: 77n, summary: {}, attempt: 1 }
        const { requirements, updates } = await prepareAppend(scene.context, base, [other], options)
        await scene.catalog.commit(base, requirements, updates)
        return listed
      },
    })
    expect((await scene.round(only('orphans'))).orphans.files).toBe(0)
    expect(scene.files.has(other.location)).toBe(true)
  })

  it('deletes nothing of a table when the ledger has lost an item', async () => {
    const scene = openScene()
    await scene.commit(1, 5)
    for (const epoch of [2, 3]) await scene.put(epoch, 5)
    scene.ledger.lose('w', 2)
    scene.place('lost')
    old(scene)
    const report = await scene.round(only('orphans'))
    expect(report.refused).toBe('the ledger has no item 2 of w, but later ones')
    expect(report.orphans.files).toBe(0)
  })

  it('deletes nothing when a control log cannot be read', async () => {
    const scene = openScene()
    await scene.commit(1, 5)
    scene.place('lost')
    old(scene)
    const before = scene.files.size
    Object.assign(scene.options, {
      sealed: async () => {
        throw new CryptoFlowError('the control log is damaged', { kind: 'disk', reaction: 'stop' })
      },
    })
    expect((await scene.round(only('orphans'))).refused).toBe('the control log is damaged')
    expect(scene.files.size).toBe(before)
  })

  it('takes nothing for old because a clock has leapt ahead', async () => {
    const scene = openScene()
    await scene.commit(1, 5)
    scene.place('uploading')
    scene.nowMs += 300 * DAY_MS
    expect((await scene.round(only('orphans'))).orphans.files).toBe(0)
  })

  it('deletes nothing of a table that went back meanwhile', async () => {
    const scene = openScene()
    await scene.commit(1, 5)
    const copy = scene.catalog.copy()
    await scene.commit(2, 5)
    old(scene)
    const before = scene.files.size
    Object.assign(scene.options, {
      sealed: async () => {
        scene.catalog.restore(copy)
        return { files: new Set(), elsewhere: () => null }
      },
    })
    expect((await scene.round(only('orphans'))).refused).toBe('it went back meanwhile')
    expect(scene.files.size).toBe(before)
  })
})
