import {
  type FileIO,
  type LoadedTable,
  liveDataFiles,
  prepareAppend,
  prepareReplace,
} from '@cryptoflow/iceberg'
import { tables } from '@cryptoflow/model'
import { CryptoFlowError, seededChance } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { createCommitter } from './committer.ts'
import { tableDefinition } from './definition.ts'
import { dataFileOf } from './files.ts'
import { requestHash } from './hash.ts'
import { type MaintenancePlan, maintainTables, type TableReport } from './maintain.ts'
import type { MaintenanceOptions } from './maintenance.ts'
import { mapProperty } from './map.ts'
import { memoryCatalog } from './memory-catalog.ts'
import { memoryLedger } from './memory-ledger.ts'
import { offer, requestOf, restingClock } from './testing/requests.ts'

const name = { namespace: 'market', name: 'ticks' }
const definition = tableDefinition(tables.ticks)
const DAY_MS = 86_400_000

const all: MaintenancePlan = {
  compact: { targetBytes: 1_000, targetRows: 1_000, filesMin: 2, closedAfterMs: 0 },
  expire: { maxSnapshotAgeMs: 0 },
  orphans: { minAgeMs: DAY_MS },
  isDryRun: false,
}
const only = (part: keyof MaintenancePlan): MaintenancePlan => ({
  ...{ compact: null, expire: null, orphans: null, isDryRun: false },
  [part]: all[part],
})

/** One table with a committer and what a round of maintenance needs; its clock is `nowMs`. */
function openScene() {
  const catalog = memoryCatalog()
  const ledger = memoryLedger()
  const files = new Map<string, number>()
  const bytes = new Map<string, Uint8Array>()
  let ids = 0
  const scene = { nowMs: 10 * DAY_MS, sealed: new Set<string>(), onRewrite: async () => {}, isStopped: false }
  const uuid = (): string => `00000000-0000-4000-8000-${(++ids).toString(16).padStart(12, '0')}`
  const io: FileIO = {
    read: async (location) => {
      const found = location.endsWith('.json') ? new Uint8Array(7) : bytes.get(location)
      if (found === undefined) throw new CryptoFlowError('no file', { kind: 'disk', reaction: 'reject' })
      return found
    },
    write: async (location, written) => {
      bytes.set(location, written)
      files.set(location, scene.nowMs)
    },
    remove: async (location) => {
      bytes.delete(location)
      files.delete(location)
    },
  }
  const context = { io, nowMs: () => scene.nowMs, uuid }
  const clock = { ...restingClock, nowUs: () => scene.nowMs * 1000 }
  const committer = createCommitter({
    catalog,
    ledger,
    append: (base, added, options) => prepareAppend(context, base, added, options),
    exists: async (location) => files.has(location),
    tables: { ticks: definition },
    namespace: 'market',
    clock,
    chance: seededChance(1),
  })
  const options: MaintenanceOptions = {
    catalog,
    ledger,
    io,
    tables: { ticks: definition },
    namespace: 'market',
    clock,
    chance: seededChance(2),
    uuid,
    exists: async (location) => files.has(location),
    async rewrite(_table, group) {
      await scene.onRewrite()
      const file = dataFile(`compacted-${++ids}`, group.partition[0] as number)
      return { added: [{ ...file, rows: group.rows }], refused: new Map() }
    },
    list: async (location) =>
      [...files]
        .filter(([each]) => each.startsWith(location))
        .map(([each, modifiedMs]) => ({ location: each, modifiedMs, bytes: 10 })),
    sealed: async () => scene.sealed,
    isStopped: () => scene.isStopped,
  }
  const place = (key: string): string => {
    const location = `memory:market.ticks/data/${key}.parquet`
    files.set(location, scene.nowMs)
    return location
  }
  const dataFile = (key: string, day: number) =>
    dataFileOf({ ...offer(place(key)), partition: [day, 'x'] }, 1)
  const put = async (epoch: number, day: number): Promise<void> => {
    const offers = [1, 2].map((part) => ({ ...offer(place(`${epoch}-${part}`)), partition: [day, 'x'] }))
    const request = { ...requestOf('w', epoch), tables: { ticks: offers } }
    await ledger.register('w', 'host')
    await ledger.put(request, requestHash(request))
  }
  const loaded = async (): Promise<LoadedTable> => (await catalog.load(name)) as LoadedTable
  return Object.assign(scene, {
    catalog,
    ledger,
    files,
    options,
    place,
    put,
    loaded,
    context,
    live: async () => (await liveDataFiles(io, (await loaded()).metadata)).map(({ location }) => location),
    /** Commits an epoch with two files of one day. */
    async commit(epoch: number, day: number) {
      await put(epoch, day)
      await committer.runRound()
    },
    async round(plan: MaintenancePlan): Promise<TableReport> {
      const [report] = await maintainTables(options, plan, () => {})
      return report as TableReport
    },
    edit: (change: Partial<LoadedTable['metadata']>) =>
      catalog.edit(name, (metadata) => ({ ...metadata, ...change })),
  })
}

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
        return new Set()
      },
    })
    expect((await scene.round(only('orphans'))).refused).toBe('it went back meanwhile')
    expect(scene.files.size).toBe(before)
  })
})

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
