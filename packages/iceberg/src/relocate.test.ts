import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { prepareAppend } from './append.ts'
import { liveDataFiles } from './readers.ts'
import { type Relocation, relocateCatalog } from './relocate.ts'
import { createSqliteCatalog } from './sqlite-catalog.ts'
import {
  contextOf,
  countedUuids,
  dataFile,
  definition,
  diskIO,
  pathOf,
  tableName,
  temporaryFolder,
} from './test-support.ts'
import type { FileIO, LoadedTable } from './types.ts'

let folder: ReturnType<typeof temporaryFolder>
beforeEach(() => {
  folder = temporaryFolder()
})
afterEach(() => folder[Symbol.dispose]())

const placeOf = (name: string): string => join(folder.path, name)
const locationOf = (name: string): string => `file://${placeOf(name)}`

function catalogIn(name: string, uuids: number) {
  const file = join(placeOf(name), 'catalog.db')
  const warehouse = locationOf(name)
  return createSqliteCatalog({
    file,
    name: 'own',
    warehouse,
    io: diskIO,
    nowMs: () => 5_000,
    uuid: countedUuids(uuids),
  })
}

/** Appends one file per snapshot to the table of a warehouse, which is made with the first. */
async function append(name: string, numbers: readonly number[], uuids: number): Promise<void> {
  const catalog = catalogIn(name, uuids)
  for (const number of numbers) {
    const table = await catalog.create(tableName, {
      ...definition,
      properties: { 'write.data.path': `${locationOf(name)}/market/ticks/data` },
    })
    const file = { ...dataFile(number), location: `${table.metadata.location}/data/${number}.parquet` }
    await diskIO.write(file.location, new Uint8Array(8))
    const options = { snapshotId: BigInt(2 ** 52) * 1000n + BigInt(number), summary: {}, attempt: 0 }
    const prepared = await prepareAppend(contextOf(diskIO, uuids + number), table, [file], options)
    const outcome = await catalog.commit(table, prepared.requirements, prepared.updates)
    expect(outcome.outcome).toBe('applied')
  }
  catalog.close()
}

function relocate(from: string, to: string, more: Partial<Relocation> = {}) {
  return relocateCatalog(
    { file: join(placeOf(to), 'catalog.db'), name: 'own' },
    {
      from: locationOf(from),
      to: locationOf(to),
      io: diskIO,
      exists: async (location) => existsSync(pathOf(location)),
      nowMs: () => 9_000,
      uuid: countedUuids(900),
      ...more,
    },
  )
}

/** The table of a warehouse, and the data files of each of its snapshots. */
async function read(name: string): Promise<{ table: LoadedTable; files: string[][] }> {
  const catalog = catalogIn(name, 999)
  const table = (await catalog.load(tableName)) as LoadedTable
  catalog.close()
  const files: string[][] = []
  for (const { snapshotId } of table.metadata.snapshots) {
    const live = await liveDataFiles(diskIO, table.metadata, snapshotId)
    files.push(live.map(({ location }) => location))
  }
  return { table, files }
}

async function makeWarehouse(): Promise<void> {
  mkdirSync(placeOf('old'))
  await append('old', [1, 2, 3], 100)
}

describe('a catalog whose files lie elsewhere now', () => {
  it('names its files in the new place, in every snapshot, and what they are stays as it was', async () => {
    await makeWarehouse()
    const before = await read('old')
    renameSync(placeOf('old'), placeOf('new'))
    expect(await relocate('old', 'new')).toMatchObject([tableName])
    const { table, files } = await read('new')
    const data = `${locationOf('new')}/market/ticks/data`
    expect(files.map((each) => each.toSorted())).toEqual([
      [`${data}/1.parquet`],
      [`${data}/1.parquet`, `${data}/2.parquet`],
      [`${data}/1.parquet`, `${data}/2.parquet`, `${data}/3.parquet`],
    ])
    expect(
      JSON.stringify(table.metadata, (_, value) => (typeof value === 'bigint' ? String(value) : value)),
    ).not.toContain(locationOf('old'))
    const { metadata } = before.table
    expect(table.metadata).toMatchObject({
      tableUuid: metadata.tableUuid,
      currentSnapshotId: metadata.currentSnapshotId,
      lastSequenceNumber: metadata.lastSequenceNumber,
      properties: { 'write.data.path': data },
    })
    expect(table.metadata.metadataLog.at(-1)?.metadataFile).toBe(
      before.table.metadataLocation.replace('/old/', '/new/'),
    )
    const [live] = await liveDataFiles(diskIO, table.metadata)
    renameSync(placeOf('new'), placeOf('old'))
    const [was] = await liveDataFiles(diskIO, metadata)
    expect({ ...live, location: '' }).toEqual({ ...was, location: '' })
  })

  it('goes on being written to, and moves back', async () => {
    await makeWarehouse()
    renameSync(placeOf('old'), placeOf('new'))
    await relocate('old', 'new')
    await append('new', [4], 200)
    renameSync(placeOf('new'), placeOf('old'))
    await relocate('new', 'old', { uuid: countedUuids(950) })
    const { files } = await read('old')
    expect(files.at(-1)).toHaveLength(4)
    for (const location of files.flat()) expect(existsSync(pathOf(location)), location).toBe(true)
  })

  it('leaves the place that it was copied from as it is', async () => {
    await makeWarehouse()
    const names = readdirSync(placeOf('old'), { recursive: true }).sort()
    const before = await read('old')
    cpSync(placeOf('old'), placeOf('new'), { recursive: true })
    await relocate('old', 'new')
    expect(await read('old')).toEqual(before)
    expect(readdirSync(placeOf('old'), { recursive: true }).sort()).toEqual(names)
    rmSync(placeOf('old'), { recursive: true })
    for (const location of (await read('new')).files.flat()) expect(existsSync(pathOf(location))).toBe(true)
  })

  it('may be cut at every file and begun again: readers see the old place or the new one', async () => {
    await makeWarehouse()
    cpSync(placeOf('old'), placeOf('whole'), { recursive: true })
    await relocate('old', 'whole')
    const whole = await read('whole')
    for (let writes = 0; ; writes++) {
      rmSync(placeOf('new'), { recursive: true, force: true })
      cpSync(placeOf('old'), placeOf('new'), { recursive: true })
      const outcome = await relocate('old', 'new', { io: dyingAfter(writes) }).catch(
        (error: unknown) => error,
      )
      if (!(outcome instanceof Error)) break
      expect((await read('new')).table.metadata.location).toBe(`${locationOf('old')}/market/ticks`)
      await relocate('old', 'new', { uuid: countedUuids(960) })
      const { files } = await read('new')
      expect(files).toEqual(whole.files.map((each) => each.map((file) => file.replace('/whole/', '/new/'))))
    }
  })

  it('is refused where a table names files of a third place, and when somebody commits meanwhile', async () => {
    await makeWarehouse()
    cpSync(placeOf('old'), placeOf('raced'), { recursive: true })
    const third = { ...dataFile(9), location: 'file:///elsewhere/9.parquet' }
    const catalog = catalogIn('old', 300)
    const table = (await catalog.load(tableName)) as LoadedTable
    const prepared = await prepareAppend(contextOf(diskIO, 300), table, [third], {
      snapshotId: 9n,
      summary: {},
      attempt: 0,
    })
    await catalog.commit(table, prepared.requirements, prepared.updates)
    catalog.close()
    cpSync(placeOf('old'), placeOf('new'), { recursive: true })
    await expect(relocate('old', 'new')).rejects.toThrow('a file of another place')
    expect((await read('new')).table.metadata.location).toBe(`${locationOf('old')}/market/ticks`)

    const racing: Partial<Relocation> = {
      io: {
        ...diskIO,
        async write(location, bytes) {
          await diskIO.write(location, bytes)
          if (location.endsWith('.metadata.json')) await append('raced', [5], 400)
        },
      },
    }
    await expect(relocate('old', 'raced', racing)).rejects.toThrow('changed meanwhile')
    expect((await read('raced')).files.at(-1)).toHaveLength(4)
  })

  it('has nothing to do for tables that lie elsewhere', async () => {
    await makeWarehouse()
    expect(await relocate('other', 'old')).toEqual([])
  })
})

/** A disk whose process dies before a write. */
function dyingAfter(writes: number): FileIO {
  let left = writes
  return {
    ...diskIO,
    async write(location, bytes) {
      if (left-- === 0) throw new Error('died')
      await diskIO.write(location, bytes)
    },
  }
}
