import { describe, expect, it } from 'vitest'
import { prepareAppend } from './append.ts'
import { planExpiry } from './expiry.ts'
import { serializeMetadata } from './metadata.ts'
import { liveDataFiles } from './readers.ts'
import { openRestCatalog, type RestCatalog } from './rest-catalog.ts'
import { evolveSchema } from './schema-evolution.ts'
import { replaceSortOrder } from './sort-order.ts'
import { evolveSpec } from './spec-evolution.ts'
import {
  chance,
  contextOf,
  dataFile,
  definition,
  type MemoryIO,
  memoryIO,
  tableName,
} from './test-support.ts'
import { type RestFault, type RestWorld, restWorld } from './testing/rest-world.ts'
import type { LoadedTable, Proposal } from './types.ts'
import { applyUpdates } from './updates.ts'

const options = { snapshotId: 2n ** 62n + 1n, summary: {}, attempt: 1 }

describe('a catalog by REST', () => {
  it('asks for its configuration and stays below the prefix, encoded as it came', async () => {
    const world = restWorld()
    const warehouse = 'arn:aws:s3tables:bucket/one'
    const catalog = await openRestCatalog({ url: 'http://catalog.test/api/', http: world.http, warehouse })
    await catalog.load({ namespace: 'a.b', name: 'c d' })
    expect(world.requests.map(({ url }) => url)).toEqual([
      'http://catalog.test/api/v1/config?warehouse=arn%3Aaws%3As3tables%3Abucket%2Fone',
      'http://catalog.test/api/v1/arn%3Aaws%3As3tables%3Abucket%2Fone/namespaces/a%1Fb/tables/c%20d',
    ])
  })

  it('has no table before it is created, and the same one ever after', async () => {
    const { world, catalog } = await opened()
    expect(await catalog.load(tableName)).toBeNull()
    const created = await catalog.create(tableName, definition)
    expect((await catalog.create(tableName, definition)).metadata).toEqual(created.metadata)
    expect((await catalog.load(tableName))?.metadata).toEqual(created.metadata)
    expect(serializeMetadata(created.metadata)).toBe(serializeMetadata(world.look(tableName)!))
    expect(created.metadata.schemas[0]).toEqual(definition.schema)
  })

  it('lists namespaces and tables, page after page', async () => {
    const { world, catalog } = await opened()
    world.pageSize = 2
    for (const name of ['a', 'b', 'c', 'd', 'e'])
      await catalog.create({ namespace: 'market', name }, definition)
    for (const name of ['x', 'y.z', 'y.w', 'y']) await catalog.createNamespace(name)
    expect(await catalog.tables('market')).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(await catalog.namespaces()).toEqual(['market', 'x', 'y'])
    expect(await catalog.namespaces('y')).toEqual(['y.w', 'y.z'])
    expect(await catalog.createNamespace('x')).toBe(false)
  })

  it('gives up on pages that do not end', async () => {
    const http = async () => ({ status: 200, body: '{"namespaces":[],"next-page-token":"again"}' })
    const catalog = await openRestCatalog({ url: 'http://catalog.test', http })
    await expect(catalog.namespaces()).rejects.toThrow('pages do not end')
  })

  it('says in the server’s words why it is refused', async () => {
    const { world, catalog } = await opened()
    const missing = catalog.create({ namespace: 'none', name: 't' }, definition)
    await expect(missing).rejects.toMatchObject({
      code: 'missing',
      context: { message: 'no such namespace' },
    })
    world.fault = () => 'lost-403'
    await expect(catalog.load(tableName)).rejects.toMatchObject({ code: 'refused', context: { status: 403 } })
    world.fault = () => 'lost-garbage'
    await expect(catalog.load(tableName)).rejects.toMatchObject({ code: 'refused' })
  })

  it.each<RestFault>(['lost-500', 'lost-503', 'lost-429', 'lost-timeout', 'applied-timeout'])(
    'may be asked again after %s',
    async (fault) => {
      const { world, catalog } = await opened()
      world.fault = () => fault
      await expect(catalog.load(tableName)).rejects.toMatchObject({ code: 'unavailable' })
      await expect(catalog.create(tableName, definition)).rejects.toMatchObject({ code: 'unavailable' })
      world.fault = () => 'none'
      expect(serializeMetadata((await catalog.create(tableName, definition)).metadata)).toBe(
        serializeMetadata(world.look(tableName)!),
      )
    },
  )
})

describe('a commit by REST', () => {
  it('is applied, to the last bit of its ids', async () => {
    const { catalog, table, prepared } = await withAppend()
    const result = await catalog.commit(table, prepared.requirements, prepared.updates)
    expect(result).toMatchObject({ outcome: 'applied' })
    const loaded = await catalog.load(tableName)
    expect(loaded?.metadata.currentSnapshotId).toBe(2n ** 62n + 1n)
    if (result.outcome === 'applied') expect(result.table.metadata).toEqual(loaded?.metadata)
  })

  it('conflicts when main has moved, and when main is there that must not be', async () => {
    const { catalog, table, prepared } = await withAppend()
    await catalog.commit(table, prepared.requirements, prepared.updates)
    const late = await prepareAppend(contextOf(memoryIO(), 9), table, [], { ...options, snapshotId: 8n })
    expect(await catalog.commit(table, late.requirements, late.updates)).toEqual({ outcome: 'conflict' })
  })

  it.each<RestFault>([
    ...(['applied', 'lost'] as const).flatMap((fate) =>
      ([500, 502, 503, 504, 429, 408, 'timeout', 'garbage'] as const).map(
        (kind): RestFault => `${fate}-${kind}`,
      ),
    ),
  ])('is unknown after %s, sent once, and the table tells', async (fault) => {
    const { world, catalog, table, prepared } = await withAppend()
    world.fault = () => fault
    const before = world.requests.length
    const result = await catalog.commit(table, prepared.requirements, prepared.updates)
    expect(result.outcome).toBe('unknown')
    expect(world.requests.length).toBe(before + 1)
    world.fault = () => 'none'
    const snapshots = (await catalog.load(tableName))!.metadata.snapshots
    expect(snapshots).toHaveLength(fault.startsWith('applied') ? 1 : 0)
  })

  it.each<RestFault>(['lost-400', 'lost-403', 'lost-302'])(
    'throws after %s, which is certain',
    async (fault) => {
      const { world, catalog, table, prepared } = await withAppend()
      world.fault = () => fault
      const result = catalog.commit(table, prepared.requirements, prepared.updates)
      await expect(result).rejects.toMatchObject({ code: 'refused' })
    },
  )

  it('of a table that is gone is missing', async () => {
    const { catalog, table, prepared } = await withAppend()
    const other = { ...table, name: { ...table.name, name: 'gone' } }
    const result = catalog.commit(other, prepared.requirements, prepared.updates)
    await expect(result).rejects.toMatchObject({ code: 'missing' })
  })

  it('carries every kind of change over the wire, and loses no retention setting', async () => {
    const io = memoryIO()
    const { catalog } = await opened()
    let table = await catalog.create(tableName, definition)
    const steps: ((table: LoadedTable) => Proposal | Promise<Proposal>)[] = [
      ({ metadata }) => evolveSchema(metadata, [{ change: 'add', name: 'x', type: 'fixed[4]' }]),
      ({ metadata }) => evolveSpec(metadata, [{ change: 'add', column: 'x', transform: 'bucket[8]' }]),
      ({ metadata }) => evolveSpec(metadata, [{ change: 'remove', name: 'x_bucket_8' }]),
      ({ metadata }) => replaceSortOrder(metadata, [{ column: 'x', direction: 'desc' }]),
      (base) => prepareAppend(contextOf(io, 1), base, [dataFile(1)], options),
      () => ({
        requirements: [],
        updates: [
          {
            action: 'set-snapshot-ref',
            ref: 'main',
            snapshotId: options.snapshotId,
            settings: { type: 'branch', minSnapshotsToKeep: 1, maxSnapshotAgeMs: 5 },
          },
          {
            action: 'set-snapshot-ref',
            ref: 'v1',
            snapshotId: options.snapshotId,
            settings: { type: 'tag', maxRefAgeMs: 1 },
          },
          { action: 'set-properties', updates: { a: '1', b: '2' } },
          { action: 'remove-properties', removals: ['a'] },
        ],
      }),
      (base) => prepareAppend(contextOf(io, 2), base, [dataFile(2)], { ...options, snapshotId: 7n }),
      ({ metadata }) => planExpiry(metadata, { nowMs: 1_000_000 }),
    ]
    for (const step of steps) {
      const { requirements, updates } = await step(table)
      const at = { baseLocation: table.metadataLocation, nowMs: 0 }
      const local = applyUpdates(table.metadata, requirements, updates, at)
      const remote = await catalog.commit(table, requirements, updates)
      if (local.outcome !== 'applied' || remote.outcome !== 'applied') throw new Error('not applied')
      const { lastUpdatedMs } = remote.table.metadata
      expect(serializeMetadata(remote.table.metadata)).toBe(
        serializeMetadata({ ...local.metadata, lastUpdatedMs }),
      )
      table = remote.table
    }
    expect(table.metadata.snapshots.map(({ snapshotId }) => snapshotId)).toEqual([7n])
    expect(table.metadata.rest.refs).toMatchObject({ main: { 'max-snapshot-age-ms': 5 } })
  })

  it('by several writers through every fault adds each file once', async () => {
    for (let seed = 1; seed <= 15; seed++) await writersThroughFaults(seed)
  })
})

const FAULTS: readonly RestFault[] = [
  'applied-500',
  'applied-timeout',
  'applied-garbage',
  'applied-429',
  'lost-503',
  'lost-timeout',
  'lost-429',
]

/** Writers that look before they act again, on a server that half of the time does not say what it did. */
async function writersThroughFaults(seed: number): Promise<void> {
  const below = chance(seed)
  const io = memoryIO()
  const { world, catalog } = await opened()
  await catalog.create(tableName, definition)
  world.fault = () => (below(2) === 0 ? FAULTS[below(FAULTS.length)]! : 'none')
  const writers = [1, 2, 3].map((number) => write(catalog, io, number))
  await Promise.all(writers)
  world.fault = () => 'none'
  const files = await liveDataFiles(io, world.look(tableName)!)
  expect(files.map(({ rows }) => rows).sort((a, b) => a - b)).toEqual([
    11, 12, 13, 14, 21, 22, 23, 24, 31, 32, 33, 34,
  ])
}

async function write(catalog: RestCatalog, io: MemoryIO, writer: number): Promise<void> {
  for (let batch = 1; batch <= 4; batch++) {
    const number = writer * 10 + batch
    for (let attempt = 1; ; attempt++) {
      const base = await catalog.load(tableName).catch(() => null)
      if (base === null) continue
      const snapshotId = BigInt(number)
      if (base.metadata.snapshots.some((snapshot) => snapshot.snapshotId === snapshotId)) break
      const context = contextOf(io, number * 1000 + attempt)
      const prepared = await prepareAppend(context, base, [dataFile(number)], {
        snapshotId,
        summary: {},
        attempt,
      })
      await catalog.commit(base, prepared.requirements, prepared.updates)
    }
  }
}

async function opened(): Promise<{ readonly world: RestWorld; readonly catalog: RestCatalog }> {
  const world = restWorld()
  const catalog = await openRestCatalog({ url: 'http://catalog.test/api', http: world.http })
  await catalog.createNamespace('market')
  return { world, catalog }
}

async function withAppend() {
  const { world, catalog } = await opened()
  const table = await catalog.create(tableName, definition)
  const prepared = await prepareAppend(contextOf(memoryIO()), table, [dataFile(1)], options)
  return { world, catalog, table, prepared }
}
