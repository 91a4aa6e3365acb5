import type { Snapshot } from '@cryptoflow/iceberg'
import { tables } from '@cryptoflow/model'
import { CryptoFlowError } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import type { Committer, CommitterOptions } from './committer.ts'
import { tableDefinition } from './definition.ts'
import { mapProperty } from './map.ts'
import { file, round, ticks, world } from './testing/committer-world.ts'
import { around } from './testing/ports.ts'

describe('a round', () => {
  it('makes the table, begins it empty, and appends every writer’s epochs in one snapshot', async () => {
    const { committer, put, locations, metadata, decided, ledger } = world()
    await put('a', 1, 'ticks')
    await put('a', 2, 'ticks')
    await put('b', 1, 'ticks')
    expect(await round(committer())).toMatchObject({
      kind: 'committed',
      epochsTotal: 3,
      files: 3,
      more: false,
    })
    expect(locations()).toEqual([file('a', 1), file('a', 2), file('b', 1)])
    expect(metadata().snapshots).toHaveLength(2)
    expect(metadata().snapshots[1]?.summary).toMatchObject({ 'cryptoflow.epochs': '{"a":2,"b":1}' })
    expect(metadata().snapshots[1]?.summary['cryptoflow.commit-id']).toBeDefined()
    expect(decided()).toEqual(
      new Map([
        ['a', 2],
        ['b', 1],
      ]),
    )
    const snapshot = String(metadata().currentSnapshotId)
    expect(await ledger.item('a', 2)).toMatchObject({ done: { ticks: snapshot } })
  })

  it('has nothing to do when nothing is new, and adds no snapshot', async () => {
    const { committer, put, metadata } = world()
    await put('a', 1, 'ticks')
    const one = committer()
    await round(one)
    expect(await round(one)).toEqual({ kind: 'idle' })
    expect(metadata().snapshots).toHaveLength(2)
  })

  it('decides an epoch of other tables only by an empty append', async () => {
    const { committer, put, decided, locations, ledger } = world()
    await put('a', 1, 'gaps')
    expect(await round(committer())).toMatchObject({ kind: 'committed', files: 0, epochsTotal: 1 })
    expect(decided()).toEqual(new Map([['a', 1]]))
    expect(locations()).toEqual([])
    expect(await ledger.item('a', 1)).toMatchObject({ done: {} })
  })

  it('serves its tables side by side: one that is refused does not hold the other up', async () => {
    const { committer, put, catalog } = world()
    await put('a', 1, 'ticks', 'gaps')
    const refusing = {
      ...catalog,
      commit: (...call: Parameters<typeof catalog.commit>) => {
        if (call[0].name.name !== 'gaps') return catalog.commit(...call)
        throw new CryptoFlowError('400', { kind: 'catalog', reaction: 'reject' })
      },
    }
    const served = { ticks: tableDefinition(tables.ticks), gaps: tableDefinition(tables.gaps) }
    const one = committer({ catalog: refusing, tables: served })
    const report = await one.runRound()
    expect(report.get('ticks')).toMatchObject({ kind: 'committed' })
    expect(report.get('gaps')).toEqual({ kind: 'halted', why: '400' })
    expect(one.halted).toEqual(new Map([['gaps', '400']]))
  })

  it('takes a halted table up again only when told to', async () => {
    const { committer, put, catalog } = world()
    await put('a', 1, 'ticks')
    catalog.fault = () => 'refused'
    const one = committer()
    expect(await round(one)).toMatchObject({ kind: 'halted' })
    catalog.fault = () => 'none'
    expect(await round(one)).toMatchObject({ kind: 'halted' })
    one.resume('ticks')
    expect(await round(one)).toMatchObject({ kind: 'committed' })
  })

  it('works off a backlog in bounded commits', async () => {
    const { committer, put, locations, ledger } = world({ bounds: { files: 2 } })
    for (let epoch = 1; epoch <= 5; epoch++) await put('a', epoch, 'ticks')
    const one = committer()
    expect(await round(one)).toMatchObject({ files: 2, more: true })
    expect(await ledger.unmarked('a', 'ticks', 9, 9)).toEqual([3, 4, 5])
    expect(await round(one)).toMatchObject({ files: 2, more: true })
    expect(await round(one)).toMatchObject({ files: 1, more: false })
    expect(locations()).toHaveLength(5)
  })

  it('ends without harm when the ledger or the catalog is away, and lets bugs through', async () => {
    const away = new CryptoFlowError('away', { kind: 'network', reaction: 'retry' })
    const { committer, catalog, ledger } = world()
    const failing = async (): Promise<never> => {
      throw away
    }
    expect(await round(committer({ catalog: { ...catalog, load: failing } }))).toEqual({
      kind: 'failed',
      why: 'away',
    })
    expect(await round(committer({ ledger: { ...ledger, writers: failing } }))).toEqual({
      kind: 'failed',
      why: 'away',
    })
    const buggy = async (): Promise<never> => {
      throw new TypeError('x is undefined')
    }
    await expect(committer({ catalog: { ...catalog, load: buggy } }).runRound()).rejects.toThrow(
      'x is undefined',
    )
  })

  it('gives up after twenty lost swaps', async () => {
    const { committer, put, catalog } = world()
    await put('a', 1, 'ticks')
    catalog.fault = () => 'lost'
    expect(await round(committer())).toEqual({ kind: 'behind', attempts: 20 })
  })
})

describe('an unknown outcome', () => {
  it('is looked up in the map: applied, lost and delayed all end with the rows once', async () => {
    for (const fault of ['applied-unknown', 'lost', 'delayed'] as const) {
      const { committer, put, locations, catalog, ledger } = world()
      const one = committer()
      await round(one)
      await put('a', 1, 'ticks')
      let faults = 1
      catalog.fault = () => (faults-- > 0 ? fault : 'none')
      await round(one)
      catalog.land()
      await round(one)
      expect(locations()).toEqual([file('a', 1)])
      expect(await ledger.unmarked('a', 'ticks', 9, 9)).toEqual([])
    }
  })

  it('is what an error without an answer means, too: it is looked up, not given up', async () => {
    const { committer, put, locations, catalog } = world()
    await round(committer())
    await put('a', 1, 'ticks')
    const cut: typeof catalog.commit = async (...call) => {
      await catalog.commit(...call)
      throw new CryptoFlowError('the connection was cut', { kind: 'network', reaction: 'retry' })
    }
    expect(await round(committer({ catalog: { ...catalog, commit: cut } }))).toEqual({ kind: 'idle' })
    expect(locations()).toEqual([file('a', 1)])
  })

  it('keeps every reachable manifest list when a delayed post wins over its own repetition (R14)', async () => {
    const { committer, put, locations, catalog } = world()
    const one = committer()
    await round(one)
    await put('a', 1, 'ticks')
    const faults = ['delayed', 'lost'] as const
    let posts = 0
    catalog.fault = () => {
      if (posts === 2) catalog.land()
      return faults[posts++] ?? 'none'
    }
    await round(one)
    expect(posts).toBe(3)
    expect(locations()).toEqual([file('a', 1)])
  })
})

describe('two committers', () => {
  it('decide an overlapping batch once, whichever freezes where (R5, R6)', async () => {
    for (const frozen of ['load', 'following', 'append', 'commit', 'mark']) {
      const { committer, put, locations, catalog, ledger } = world()
      await round(committer())
      await put('a', 1, 'ticks')
      let thaw = (): void => {}
      const ice = new Promise<void>((resolve) => {
        thaw = resolve
      })
      const slow = freezing(committer, { catalog, ledger, append: catalog.append }, frozen, ice)
      const late = round(slow)
      await put('b', 1, 'ticks')
      await round(committer())
      catalog.foreign(ticks, 'replace')
      catalog.expire(ticks)
      thaw()
      await late
      await round(committer())
      expect(locations(), frozen).toEqual([file('a', 1), file('b', 1)])
      expect(await ledger.unmarked('a', 'ticks', 9, 9)).toEqual([])
    }
  })

  it('begin a new table without harm, also on a server that ignores null (T7, R8)', async () => {
    for (const ignoresNull of [false, true]) {
      const { committer, put, locations, catalog } = world()
      catalog.ignoresNull = ignoresNull
      await put('a', 1, 'ticks')
      let posts = 0
      catalog.fault = () => (posts++ === 0 ? 'delayed' : 'none')
      await round(committer())
      expect(locations()).toEqual([file('a', 1)])
      catalog.land()
      expect(locations()).toEqual(ignoresNull ? [] : [file('a', 1)])
      await round(committer())
      expect(locations()).toEqual([file('a', 1)])
    }
  })
})

describe('marks', () => {
  it('that were lost are made by a later round, by any committer', async () => {
    const { committer, put, ledger } = world()
    await put('a', 1, 'ticks')
    ledger.fault = (write) => (write === 'mark' ? 'error' : 'none')
    expect(await round(committer())).toMatchObject({ kind: 'committed' })
    expect(await ledger.unmarked('a', 'ticks', 9, 9)).toEqual([1])
    ledger.fault = () => 'none'
    expect(await round(committer())).toEqual({ kind: 'idle' })
    expect(await ledger.unmarked('a', 'ticks', 9, 9)).toEqual([])
  })

  it('survive compaction and the expiry of all our snapshots (R7)', async () => {
    const { committer, put, ledger, catalog, locations } = world()
    await put('a', 1, 'ticks')
    ledger.fault = (write) => (write === 'mark' ? 'error' : 'none')
    await round(committer())
    ledger.fault = () => 'none'
    catalog.foreign(ticks, 'replace')
    catalog.expire(ticks)
    await put('a', 2, 'ticks')
    await round(committer())
    expect(locations()).toEqual([file('a', 1), file('a', 2)])
    expect(await ledger.unmarked('a', 'ticks', 9, 9)).toEqual([])
  })

  it('are not made for an epoch that the table lists void (R16)', async () => {
    const { committer, put, ledger, catalog } = world()
    await put('a', 1, 'ticks')
    await round(committer())
    await put('a', 2, 'ticks')
    catalog.edit(ticks, (metadata) => {
      const text = metadata.properties[mapProperty]!.replace('"a":1', '"a":2').replace(
        '"void":{}',
        '"void":{"a":[2]}',
      )
      return { ...metadata, properties: { [mapProperty]: text } }
    })
    await round(committer())
    expect(await ledger.unmarked('a', 'ticks', 9, 9)).toEqual([2])
    await put('a', 3, 'ticks')
    await round(committer())
    expect(await ledger.unmarked('a', 'ticks', 9, 9)).toEqual([2])
    expect(catalog.look(ticks)?.metadata.properties[mapProperty]).toContain('"void":{"a":[2]}')
  })
})

describe('a table that cannot be explained', () => {
  const committed = async () => {
    const all = world()
    await all.put('a', 1, 'ticks')
    await round(all.committer())
    await all.put('a', 2, 'ticks')
    return all
  }

  it('halts after a rollback, and nothing is appended or marked (R9)', async () => {
    const { committer, catalog, metadata, ledger } = await committed()
    await round(committer())
    const [genesis] = metadata().snapshots as [Snapshot]
    catalog.edit(ticks, (found) => ({ ...found, currentSnapshotId: genesis.snapshotId }))
    expect(await round(committer())).toMatchObject({
      kind: 'halted',
      why: expect.stringContaining('rolled back'),
    })
    expect(metadata().currentSnapshotId).toBe(genesis.snapshotId)
    expect(await ledger.hasMarks('ticks')).toBe(true)
  })

  it('halts when the property is removed', async () => {
    const { committer, catalog } = await committed()
    catalog.edit(ticks, (found) => ({ ...found, properties: {} }))
    expect(await round(committer())).toMatchObject({ kind: 'halted' })
  })

  it('halts when it was dropped, or made anew by somebody else', async () => {
    const { committer, catalog } = await committed()
    catalog.drop(ticks)
    expect(await round(committer())).toMatchObject({ kind: 'halted', why: expect.stringContaining('gone') })
    expect(catalog.look(ticks)).toBeNull()
    await catalog.create(ticks, tableDefinition(tables.ticks))
    expect(await round(committer())).toMatchObject({
      kind: 'halted',
      why: expect.stringContaining('history'),
    })
  })

  it('that was dropped and made anew between a load and its post takes no commit meant for the old one', async () => {
    const { committer, catalog } = await committed()
    const append: CommitterOptions['append'] = async (...call) => {
      catalog.drop(ticks)
      await catalog.create(ticks, tableDefinition(tables.ticks))
      return catalog.append(...call)
    }
    expect(await round(committer({ append }))).toMatchObject({ kind: 'halted' })
    expect(catalog.look(ticks)?.files).toEqual([])
  })
})

describe('a catalog restored from an older copy', () => {
  it('is healed from items that are done above its map, in order (R10)', async () => {
    const { committer, put, catalog, locations } = world()
    await put('a', 1, 'ticks')
    await round(committer())
    const copy = catalog.copy()
    for (const epoch of [2, 3]) await put('a', epoch, 'ticks')
    await round(committer())
    catalog.restore(copy)
    expect(await round(committer())).toMatchObject({ kind: 'committed', epochs: new Map([['a', 3]]) })
    expect(locations()).toEqual([1, 2, 3].map((epoch) => file('a', epoch)))
  })

  it('halts when those files are gone', async () => {
    const { committer, put, catalog } = world()
    await put('a', 1, 'ticks')
    await round(committer())
    const copy = catalog.copy()
    await put('a', 2, 'ticks')
    await round(committer())
    catalog.restore(copy)
    expect(await round(committer({ exists: async () => false }))).toMatchObject({ kind: 'halted' })
  })
})

describe('retired writers', () => {
  it('leave the map with the next commit and are not read again, even when a late put revives an item (R18)', async () => {
    const { committer, put, ledger, decided, locations } = world()
    await put('a', 1, 'ticks')
    await round(committer())
    await ledger.end('a', 2)
    expect(await ledger.retire('a')).toBe('retired')
    await put('b', 1, 'ticks')
    await round(committer())
    expect(decided()).toEqual(new Map([['b', 1]]))
    ledger.purge('a')
    await put('a', 1, 'ticks')
    await put('b', 2, 'ticks')
    await round(committer())
    expect(locations()).toEqual([file('a', 1), file('b', 1), file('b', 2)])
  })

  it('keep the property small however many come and go (T13)', async () => {
    const { committer, put, ledger, metadata } = world()
    const one = committer()
    for (let i = 0; i < 60; i++) {
      await put(`w${i}`, 1, 'ticks')
      await round(one)
      await ledger.end(`w${i}`, 2)
      expect(await ledger.retire(`w${i}`)).toBe('retired')
    }
    expect(metadata().properties[mapProperty]!.length).toBeLessThan(150)
  })
})

/** A committer whose first call of one port method, after its effect, waits for the ice. */
function freezing(
  make: (options: Partial<CommitterOptions>) => Committer,
  ports: Pick<CommitterOptions, 'catalog' | 'ledger' | 'append'>,
  method: string,
  ice: Promise<void>,
): Committer {
  let frozen = false
  const slowly = async (called: string, call: () => Promise<unknown>): Promise<unknown> => {
    const answer = await call()
    if (called !== method || frozen) return answer
    frozen = true
    await ice
    return answer
  }
  const { append } = around({ append: ports.append }, slowly)
  return make({ catalog: around(ports.catalog, slowly), ledger: around(ports.ledger, slowly), append })
}
