import { liveDataFiles, prepareReplace } from '@cryptoflow/iceberg'
import { describe, expect, it } from 'vitest'
import { all, only, openScene } from './testing/maintenance-scene.ts'

describe('compaction', () => {
  it('joins the small files of days that are over, and no others', async () => {
    const scene = openScene()
    for (const [epoch, day] of [5, 5, 9, 10].entries()) await scene.commit(epoch + 1, day)
    const lax = { ...only('compact'), compact: { ...all.compact, closedAfterMs: 1 } as never }
    const report = await scene.round(lax)
    expect(report.compacted).toMatchObject({ removed: 4, added: 1, rows: 4, commits: 1, overtaken: 0 })
    expect(report).toMatchObject({
      before: { files: 8, bytes: 8 },
      after: { files: 5, bytes: 5 },
      refused: null,
    })
    // Day 9 ended with the very millisecond that is now.
    expect((await scene.round(only('compact'))).compacted).toMatchObject({ removed: 2, added: 1 })
    expect((await scene.round(only('compact'))).compacted.removed).toBe(0)
  })

  it('is a snapshot of operation replace, beside which our own commits go on', async () => {
    const scene = openScene()
    await scene.commit(1, 5)
    await scene.round(only('compact'))
    const { snapshots } = (await scene.loaded()).metadata
    expect(snapshots.at(-1)?.summary).toMatchObject({ operation: 'replace', 'total-records': '2' })
    await scene.commit(2, 5)
    expect(await scene.live()).toHaveLength(3)
  })

  it('commits on top of what others committed meanwhile', async () => {
    const scene = openScene()
    await scene.commit(1, 5)
    scene.onRewrite = () => scene.commit(2, 6)
    expect((await scene.round(only('compact'))).compacted).toMatchObject({ removed: 2, overtaken: 0 })
    expect(await scene.live()).toHaveLength(3)
  })

  it('leaves a group to others who were faster, and deletes nothing', async () => {
    const scene = openScene()
    await scene.commit(1, 5)
    scene.onRewrite = async () => {
      const base = await scene.loaded()
      const removed = await liveDataFiles(scene.context.io, base.metadata)
      const added = [{ ...removed[0], location: scene.place('theirs'), rows: 2 } as (typeof removed)[number]]
      const options = { snapshotId: 77n, summary: {}, attempt: 1 }
      const { requirements, updates } = await prepareReplace(scene.context, base, { removed, added }, options)
      await scene.catalog.commit(base, requirements, updates)
    }
    expect((await scene.round(only('compact'))).compacted).toMatchObject({ removed: 0, overtaken: 1 })
    expect(await scene.live()).toEqual(['memory:market.ticks/data/theirs.parquet'])
    expect([...scene.files.keys()].filter((each) => each.includes('compacted'))).toHaveLength(1)
  })

  it.each(['applied-unknown', 'lost'] as const)(
    'finds out what became of a commit that is %s',
    async (fault) => {
      const scene = openScene()
      await scene.commit(1, 5)
      const faults = [fault]
      scene.catalog.fault = () => faults.shift() ?? 'none'
      expect((await scene.round(only('compact'))).compacted).toMatchObject({
        removed: 2,
        added: 1,
        commits: 1,
      })
      const { snapshots } = (await scene.loaded()).metadata
      expect(snapshots.filter(({ summary }) => summary.operation === 'replace')).toHaveLength(1)
    },
  )

  it('gives up new files that are old enough to be taken for orphans, or gone', async () => {
    for (const spoil of [
      (scene: ReturnType<typeof openScene>) => {
        scene.nowMs += 31 * 60_000
      },
      (scene: ReturnType<typeof openScene>) => {
        const compacted = [...scene.files.keys()].find((each) => each.includes('compacted'))
        scene.files.delete(compacted as string)
      },
    ]) {
      const scene = openScene()
      await scene.commit(1, 5)
      const { load } = scene.catalog
      const looking: typeof load = async (table) => {
        if ([...scene.files.keys()].some((each) => each.includes('compacted'))) spoil(scene)
        return load(table)
      }
      Object.assign(scene.options.catalog, { load: looking })
      expect((await scene.round(only('compact'))).compacted).toMatchObject({ removed: 0, overtaken: 1 })
      expect(await scene.live()).toHaveLength(2)
    }
  })

  it('keeps columns of others: a table that has some is not rewritten', async () => {
    const scene = openScene()
    await scene.commit(1, 5)
    const { schemas } = (await scene.loaded()).metadata
    const note = { id: 999, name: 'note', required: false, type: 'string' } as const
    scene.edit({ schemas: schemas.map((schema) => ({ ...schema, fields: [...schema.fields, note] })) })
    const report = await scene.round(only('compact'))
    expect(report.refused).toBe('it has columns of others, which are kept: note')
    expect(report.compacted.removed).toBe(0)
  })

  it('tells the files that it cannot read, and joins the others', async () => {
    const scene = openScene()
    await scene.commit(1, 5)
    await scene.commit(2, 5)
    const { rewrite } = scene.options
    const [strange] = await scene.live()
    Object.assign(scene.options, {
      rewrite: async (...[table, group]: Parameters<typeof rewrite>) => {
        const { added } = await rewrite(table, { ...group, rows: group.rows - 1 })
        return { added, refused: new Map([[strange, 'is none of ours']]) }
      },
    })
    const { compacted } = await scene.round(only('compact'))
    expect(compacted).toMatchObject({ removed: 3, left: [{ location: strange, why: 'is none of ours' }] })
    expect(await scene.live()).toContain(strange)
  })
})
