import { tables } from '@cryptoflow/model'
import { seededChance } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { createCommitter } from './committer.ts'
import { tableDefinition } from './definition.ts'
import { requestHash } from './hash.ts'
import { mapProperty } from './map.ts'
import { memoryCatalog } from './memory-catalog.ts'
import { memoryLedger } from './memory-ledger.ts'
import { haltOf, type RepairMode, repairTable } from './repair.ts'
import { requestOf, restingClock } from './testing/requests.ts'

const name = { namespace: 'market', name: 'ticks' }
const definition = tableDefinition(tables.ticks)

/** A table with a committer; what its head shows is told as `w1 w2 ...`, an epoch each. */
function openScene() {
  const catalog = memoryCatalog()
  const ledger = memoryLedger()
  const gone = new Set<string>()
  const options = {
    catalog,
    ledger,
    append: (...args: Parameters<typeof catalog.append>) => catalog.append(...args),
    exists: async (location: string) => !gone.has(location),
    definition,
    namespace: 'market',
    table: 'ticks' as const,
    clock: restingClock,
    chance: seededChance(3),
  }
  const round = () => createCommitter({ ...options, tables: { ticks: definition } }).runRound()
  return {
    catalog,
    ledger,
    gone,
    halt: () => haltOf(options),
    repair: (mode: RepairMode) => repairTable(options, mode),
    outcome: async () => (await round()).get('ticks')?.kind,
    async put(epoch: number, writer = 'w') {
      const request = requestOf(writer, epoch, 'ticks')
      await ledger.register(writer, 'host')
      await ledger.put(request, requestHash(request))
    },
    async commit(epoch: number, writer = 'w') {
      await this.put(epoch, writer)
      await round()
    },
    shown: () => {
      const files = catalog.look(name)?.files ?? []
      return files.map(({ location }) => /(\w+)-(\d+)-ticks/.exec(location)?.slice(1).join('')).join(' ')
    },
    /** Main goes back so many snapshots. */
    rollBack(snapshots: number) {
      catalog.edit(name, (metadata) => {
        const head = metadata.snapshots.at(-1 - snapshots)?.snapshotId as bigint
        return { ...metadata, currentSnapshotId: head }
      })
    },
  }
}

async function withEpochs(last: number) {
  const scene = openScene()
  for (let epoch = 1; epoch <= last; epoch++) await scene.commit(epoch)
  return scene
}

describe('a table that somebody rolled back', () => {
  it('keeps what it shows, gives up the rest, and goes on', async () => {
    const scene = await withEpochs(5)
    scene.rollBack(2)
    expect(await scene.outcome()).toBe('halted')
    expect(await scene.halt()).toContain('rolled back')
    expect(await scene.repair('keep')).toEqual({
      kind: 'repaired',
      why: expect.stringContaining('rolled back'),
      decided: { w: 5 },
      waiting: 0,
    })
    expect(await scene.halt()).toBeNull()
    await scene.commit(6)
    expect(scene.shown()).toBe('w1 w2 w3 w6')
  })

  it('gets back what was given up, in order and once, and goes on', async () => {
    const scene = await withEpochs(5)
    scene.rollBack(2)
    expect(await scene.repair('reapply')).toMatchObject({ kind: 'repaired', decided: { w: 3 }, waiting: 2 })
    await scene.commit(6)
    expect(scene.shown()).toBe('w1 w2 w3 w4 w5 w6')
  })

  it('may be rolled back again, and what was kept is not brought back then', async () => {
    const scene = await withEpochs(5)
    scene.rollBack(2)
    await scene.repair('keep')
    await scene.commit(6)
    scene.rollBack(1)
    expect(await scene.repair('reapply')).toMatchObject({ decided: { w: 5 }, waiting: 1 })
    await scene.outcome()
    expect(scene.shown()).toBe('w1 w2 w3 w6')
  })

  it('and written over since is halted and repaired as well', async () => {
    const scene = await withEpochs(3)
    scene.rollBack(1)
    scene.catalog.foreign(name, 'append')
    expect(await scene.halt()).toContain('passes')
    expect(await scene.repair('reapply')).toMatchObject({ kind: 'repaired', waiting: 1 })
    await scene.outcome()
    expect(scene.shown()).toBe('w1 w2 w3')
  })

  it('is not brought back when nobody can tell what it holds', async () => {
    const scene = await withEpochs(3)
    await scene.commit(1, 'v')
    scene.rollBack(1)
    scene.catalog.edit(name, (metadata) => ({
      ...metadata,
      // What is left names w only, and what was given up is expired.
      snapshots: metadata.snapshots.filter(({ snapshotId }) => snapshotId === metadata.currentSnapshotId),
    }))
    const before = scene.catalog.look(name)
    expect(await scene.repair('reapply')).toEqual({
      kind: 'refused',
      why: "the snapshots between main and the map's are expired: only --keep can be done",
    })
    expect(scene.catalog.look(name)).toEqual(before)
    expect(await scene.repair('keep')).toMatchObject({ kind: 'repaired', decided: { v: 1, w: 3 } })
    await scene.commit(2, 'v')
    expect(scene.shown()).toBe('w1 w2 w3 v2')
  })

  it('is brought back beyond an expired beginning where the way to the map is all there', async () => {
    const scene = openScene()
    await scene.commit(1, 'v')
    for (const epoch of [1, 2, 3]) await scene.commit(epoch)
    scene.rollBack(1)
    scene.catalog.edit(name, (metadata) => ({ ...metadata, snapshots: metadata.snapshots.slice(-2) }))
    expect(await scene.repair('reapply')).toMatchObject({ decided: { v: 1, w: 2 }, waiting: 1 })
    await scene.outcome()
    expect(scene.shown()).toBe('v1 w1 w2 w3')
  })

  it('is not brought back by half: files or ledger items that are gone refuse it', async () => {
    const scene = await withEpochs(3)
    scene.rollBack(2)
    scene.gone.add('file:///w-3-ticks.parquet')
    expect(await scene.repair('reapply')).toMatchObject({
      kind: 'refused',
      why: expect.stringContaining('the first is file:///w-3-ticks.parquet: only --keep'),
    })
    scene.gone.clear()
    scene.ledger.lose('w', 3)
    expect(await scene.repair('reapply')).toMatchObject({
      kind: 'refused',
      why: 'the ledger has no epoch 3 of w any more: only --keep can be done',
    })
    expect(await scene.halt()).toContain('rolled back')
  })

  it('gets back the epochs of a writer that has retired meanwhile', async () => {
    const scene = await withEpochs(2)
    await scene.ledger.end('w', 3)
    expect(await scene.ledger.retire('w')).toBe('retired')
    await scene.commit(1, 'v')
    expect(scene.catalog.look(name)?.metadata.properties[mapProperty]).not.toContain('"w"')
    scene.rollBack(3)
    expect(await scene.repair('reapply')).toMatchObject({ kind: 'repaired', waiting: 3 })
    await scene.outcome()
    expect(scene.shown().split(' ').sort().join(' ')).toBe('v1 w1 w2')
  })
})

describe('a table whose map was lost', () => {
  it.each(['keep', 'reapply'] as const)(
    'has it again from its history, with nothing twice: %s',
    async (mode) => {
      const scene = await withEpochs(3)
      scene.catalog.edit(name, (metadata) => ({ ...metadata, properties: {} }))
      expect(await scene.halt()).toContain('is gone')
      expect(await scene.repair(mode)).toMatchObject({ kind: 'repaired', decided: { w: 3 }, waiting: 0 })
      await scene.commit(4)
      expect(scene.shown()).toBe('w1 w2 w3 w4')
    },
  )

  it('is left alone without its history, too', async () => {
    const scene = await withEpochs(3)
    scene.catalog.expire(name)
    scene.catalog.edit(name, (metadata) => ({ ...metadata, properties: {} }))
    for (const mode of ['keep', 'reapply'] as const) {
      expect(await scene.repair(mode)).toMatchObject({ kind: 'refused' })
    }
    expect(scene.shown()).toBe('w1 w2 w3')
  })
})

describe('a table that is gone', () => {
  it('comes back whole, or begins anew with what comes next', async () => {
    for (const [mode, shown] of [
      ['reapply', 'w1 w2 w3 w4'],
      ['keep', 'w4'],
    ] as const) {
      const scene = await withEpochs(3)
      scene.catalog.drop(name)
      expect(await scene.halt()).toContain('gone')
      expect(await scene.repair(mode)).toMatchObject({ kind: 'repaired' })
      await scene.commit(4)
      expect(scene.shown()).toBe(shown)
    }
  })
})

describe('a catalog restored from an older copy', () => {
  it('heals by itself, and needs no repair, while the files are there', async () => {
    const scene = await withEpochs(2)
    const copy = scene.catalog.copy()
    await scene.commit(3)
    scene.catalog.restore(copy)
    expect(await scene.halt()).toBeNull()
    expect(await scene.repair('keep')).toEqual({ kind: 'sound' })
    await scene.outcome()
    expect(scene.shown()).toBe('w1 w2 w3')
  })

  it('can only be kept when files of what it lacks are gone', async () => {
    const scene = await withEpochs(2)
    const copy = scene.catalog.copy()
    await scene.commit(3)
    scene.catalog.restore(copy)
    scene.gone.add('file:///w-3-ticks.parquet')
    expect(await scene.outcome()).toBe('halted')
    expect(await scene.halt()).toContain('are not there')
    expect(await scene.repair('reapply')).toMatchObject({ kind: 'refused' })
    expect(await scene.repair('keep')).toMatchObject({ kind: 'repaired', decided: { w: 3 } })
    await scene.commit(4)
    expect(scene.shown()).toBe('w1 w2 w4')
  })
})

describe('a repair', () => {
  it('has nothing to do where nothing is wrong', async () => {
    expect(await openScene().repair('keep')).toEqual({ kind: 'sound' })
    const scene = await withEpochs(1)
    expect(await scene.repair('reapply')).toEqual({ kind: 'sound' })
  })

  it('brings back no file that was never in the table', async () => {
    const scene = await withEpochs(1)
    await scene.put(2)
    scene.gone.add('file:///w-2-ticks.parquet')
    expect(await scene.repair('keep')).toMatchObject({
      kind: 'refused',
      why: expect.stringContaining('never in the table'),
    })
  })

  it('refuses a table with other columns', async () => {
    const scene = await withEpochs(1)
    scene.catalog.edit(name, (metadata) => ({ ...metadata, schemas: [{ schemaId: 0, fields: [] }] }))
    expect(await scene.repair('keep')).toMatchObject({
      kind: 'refused',
      why: expect.stringContaining('column'),
    })
  })

  it.each(['applied-unknown', 'lost'] as const)(
    'finds out what became of a commit that is %s',
    async (fault) => {
      const scene = await withEpochs(3)
      scene.rollBack(1)
      const faults = [fault]
      scene.catalog.fault = () => faults.shift() ?? 'none'
      expect(await scene.repair('reapply')).toMatchObject({ kind: 'repaired', decided: { w: 2 }, waiting: 1 })
      await scene.outcome()
      expect(scene.shown()).toBe('w1 w2 w3')
    },
  )

  it('goes on top of what others commit meanwhile', async () => {
    const scene = await withEpochs(3)
    scene.rollBack(1)
    const { append } = scene.catalog
    let races = 2
    const racing: typeof append = async (...args) => {
      if (races-- > 0) scene.catalog.foreign(name, 'append')
      return append(...args)
    }
    Object.assign(scene.catalog, { append: racing })
    expect(await scene.repair('keep')).toMatchObject({ kind: 'repaired' })
  })

  it('trusts no history that was put together by hand', async () => {
    const scene = await withEpochs(3)
    scene.catalog.edit(name, (metadata) => ({
      ...metadata,
      currentSnapshotId: metadata.snapshots.at(-2)?.snapshotId as bigint,
      snapshots: metadata.snapshots.map((snapshot, i) =>
        i === 1 ? { ...snapshot, summary: { ...snapshot.summary, 'source-snapshot-id': '1' } } : snapshot,
      ),
    }))
    expect(await scene.repair('reapply')).toMatchObject({ why: expect.stringContaining('was picked') })
  })
})
