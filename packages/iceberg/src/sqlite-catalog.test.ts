import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { prepareAppend } from './append.ts'
import { liveDataFiles } from './readers.ts'
import { createSqliteCatalog, type SqliteCatalog, type SqliteCatalogOptions } from './sqlite-catalog.ts'
import {
  countedUuids,
  dataFile,
  definition,
  diskIO,
  pathOf,
  runWithCatalog,
  tableName,
  temporaryFolder,
} from './test-support.ts'
import type { CommitOutcome, LoadedTable, TableDefinition } from './types.ts'

let folder: ReturnType<typeof temporaryFolder>
let opened: SqliteCatalog[]
let opens = 0

beforeEach(() => {
  folder = temporaryFolder()
  opened = []
})
afterEach(() => {
  for (const catalog of opened) catalog.close()
  folder[Symbol.dispose]()
})

describe('the catalog', () => {
  it('has no table before it is created, and the same one ever after', async () => {
    const catalog = open()
    expect(await catalog.load(tableName)).toBeNull()
    const created = await catalog.create(tableName, definition)
    expect(created.metadata.location).toBe(`file://${folder.path}/warehouse/market/ticks`)
    expect(created.metadataLocation).toMatch(/\/metadata\/00000-[0-9a-f-]{36}\.metadata\.json$/)
    expect((await open().create(tableName, definition)).metadata.tableUuid).toBe(created.metadata.tableUuid)
    expect((await open().load(tableName))?.metadata.properties).toEqual(definition.properties)
  })

  it('is laid out as PyIceberg and Java expect', async () => {
    await append(open(), await open().create(tableName, definition), 1)
    const database = new DatabaseSync(file())
    const [row, ...others] = database.prepare('SELECT * FROM iceberg_tables').all()
    expect(others).toEqual([])
    expect(row).toMatchObject({
      catalog_name: 'test',
      table_namespace: 'market',
      table_name: 'ticks',
      metadata_location: expect.stringContaining('/00001-'),
      previous_metadata_location: expect.stringContaining('/00000-'),
      iceberg_type: 'TABLE',
    })
    expect(database.prepare('SELECT * FROM iceberg_namespace_properties').all()).toMatchObject([
      { catalog_name: 'test', namespace: 'market', property_key: 'exists', property_value: 'true' },
    ])
    expect(database.prepare('PRAGMA journal_mode').get()).toMatchObject({ journal_mode: 'wal' })
    database.close()
  })

  it('lists its namespaces and tables, and no other catalog’s', async () => {
    const catalog = open()
    expect(await catalog.namespaces()).toEqual([])
    for (const name of ['b', 'a']) await catalog.create({ namespace: 'market', name }, definition)
    await open({ name: 'other' }).create({ namespace: 'elsewhere', name: 'c' }, definition)
    expect(await catalog.namespaces()).toEqual(['market'])
    expect(await catalog.tables('market')).toEqual(['a', 'b'])
    expect(await catalog.tables('elsewhere')).toEqual([])
  })

  it('keeps tables of other catalogs in the same file apart', async () => {
    await open().create(tableName, definition)
    expect(await open({ name: 'other' }).load(tableName)).toBeNull()
  })

  it('opens a version 0 layout that another engine made', async () => {
    const database = new DatabaseSync(file())
    database.exec(`CREATE TABLE iceberg_tables (catalog_name VARCHAR(255) NOT NULL,
      table_namespace VARCHAR(255) NOT NULL, table_name VARCHAR(255) NOT NULL, metadata_location VARCHAR(1000),
      previous_metadata_location VARCHAR(1000), PRIMARY KEY (catalog_name, table_namespace, table_name))`)
    database.exec(`INSERT INTO iceberg_tables VALUES ('test', 'market', 'old', 'file:///none', NULL)`)
    database.close()
    const catalog = open()
    await append(catalog, await catalog.create(tableName, definition), 1)
    await expect(catalog.load({ namespace: 'market', name: 'old' })).rejects.toThrow('none')
  })

  it.each(['../ticks', 'a/b', '', '.', 'x\u0000', '测试'])('makes no folder named %j', async (name) => {
    await expect(open().create({ namespace: 'market', name }, definition)).rejects.toThrow('a table name has')
    await expect(open().create({ namespace: name, name: 'ticks' }, definition)).rejects.toThrow(
      'a table name has',
    )
  })

  it('points readers without a catalog at the current metadata', async () => {
    const catalog = open()
    const table = await append(catalog, await catalog.create(tableName, definition), 1)
    const hint = readFileSync(join(metadataFolder(), 'version-hint.text'), 'utf8')
    expect(table.metadataLocation).toBe(`file://${metadataFolder()}/${hint}.metadata.json`)
  })

  it('commits although the hint cannot be written', async () => {
    const io = {
      ...diskIO,
      async write(location: string, bytes: Uint8Array) {
        if (location.endsWith('version-hint.text')) throw new Error('disk full')
        await diskIO.write(location, bytes)
      },
    }
    const catalog = open({ io })
    await append(catalog, await catalog.create(tableName, definition), 1)
    expect(await live(open())).toHaveLength(1)
  })
})

describe('a commit', () => {
  it('applies files and properties in one step', async () => {
    const catalog = open()
    const base = await catalog.create(tableName, definition)
    const prepared = await prepare(base, 1)
    const outcome = await catalog.commit(base, prepared.requirements, [
      ...prepared.updates,
      { action: 'set-properties', updates: { 'x.hwm': '{"w":1}' } },
    ])
    const loaded = await open().load(tableName)
    expect(loaded?.metadata.properties['x.hwm']).toBe('{"w":1}')
    expect(loaded?.metadata.currentSnapshotId).toBe(prepared.snapshot.snapshotId)
    expect(table(outcome).metadata).toEqual({ ...loaded?.metadata, rest: {} })
    expect(loaded?.metadata.metadataLog).toEqual([
      { metadataFile: base.metadataLocation, timestampMs: base.metadata.lastUpdatedMs },
    ])
  })

  it('is won by one of two who had the same base; the loser’s metadata is gone', async () => {
    const [a, b] = [open(), open()]
    const base = await a.create(tableName, definition)
    const [first, second] = [await prepare(base, 1), await prepare(base, 2)]
    const outcomes = await Promise.all([
      a.commit(base, first.requirements, first.updates),
      b.commit(base, second.requirements, second.updates),
    ])
    expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['applied', 'conflict'])
    const winner = outcomes.findIndex(({ outcome }) => outcome === 'applied') + 1
    expect(await live(open())).toEqual([dataFile(winner).location])
    expect(metadataFiles()).toHaveLength(2)
  })

  it('that lost is built again on the new base and lands once', async () => {
    const [a, b] = [open(), open()]
    const base = await a.create(tableName, definition)
    const early = await prepare(base, 1)
    await append(b, base, 2)
    expect(await a.commit(base, early.requirements, early.updates)).toEqual({ outcome: 'conflict' })
    const reloaded = (await a.load(tableName))!
    expect(reloaded.metadata.currentSnapshotId).toBe(2n)
    await append(a, reloaded, 1)
    expect((await live(open())).sort()).toEqual([dataFile(1).location, dataFile(2).location])
    const snapshots = (await a.load(tableName))!.metadata.snapshots
    expect(snapshots.map((snapshot) => [snapshot.sequenceNumber, snapshot.parentSnapshotId])).toEqual([
      [1, null],
      [2, 2n],
    ])
  })

  it('on a table that only changed its properties meanwhile is a conflict', async () => {
    const catalog = open()
    const base = await catalog.create(tableName, definition)
    await catalog.commit(base, [], [{ action: 'set-properties', updates: { a: 'b' } }])
    const late = await prepare(base, 1)
    expect(await catalog.commit(base, late.requirements, late.updates)).toEqual({ outcome: 'conflict' })
  })

  it('calls onSwap in the open transaction, and is undone when the process stops there', async () => {
    const seen: unknown[] = []
    const catalog = open({
      onSwap: () => {
        const other = new DatabaseSync(file(), { timeout: 0 })
        seen.push(other.prepare('SELECT metadata_location FROM iceberg_tables').get()?.metadata_location)
        expect(() => other.exec('BEGIN IMMEDIATE')).toThrow('locked')
        other.close()
        throw new Error('stopped')
      },
    })
    const base = await catalog.create(tableName, definition)
    const { requirements, updates } = await prepare(base, 1)
    await expect(catalog.commit(base, requirements, updates)).rejects.toThrow('stopped')
    expect(seen).toEqual([base.metadataLocation])
    expect((await open().load(tableName))?.metadataLocation).toBe(base.metadataLocation)
    await append(open(), base, 1)
    expect(await live(open())).toHaveLength(1)
  })

  it('of a process killed in the open transaction never was', async () => {
    const base = await open().create(tableName, definition)
    const script = `
      onSwap = () => process.kill(process.pid, 'SIGKILL')
      const base = await catalog.load(tableName)
      const options = { snapshotId: 1n, summary: {}, attempt: 1 }
      const { requirements, updates } = await prepareAppend(context, base, [dataFile(1)], options)
      await catalog.commit(base, requirements, updates)`
    await expect(runWithCatalog(folder.path, 1, script)).rejects.toThrow('SIGKILL')
    expect((await open().load(tableName))?.metadataLocation).toBe(base.metadataLocation)
    await append(open(), base, 2)
    expect(await live(open())).toEqual([dataFile(2).location])
  })

  it('whose database fails is unknown, and nothing of it is removed', async () => {
    const catalog = open()
    const base = await catalog.create(tableName, definition)
    const database = new DatabaseSync(file())
    database.exec(
      `CREATE TRIGGER broken BEFORE UPDATE ON iceberg_tables BEGIN SELECT RAISE(ABORT, 'io'); END`,
    )
    const { requirements, updates } = await prepare(base, 1)
    const outcome = await catalog.commit(base, requirements, updates)
    expect(outcome).toMatchObject({ outcome: 'unknown', cause: expect.any(Error) })
    expect(metadataFiles()).toHaveLength(2)
    database.exec('DROP TRIGGER broken')
    database.close()
    await append(catalog, base, 1)
  })

  it('removes old metadata files only when the table asks for it', async () => {
    const properties = { 'write.metadata.previous-versions-max': '2' }
    expect(await filesAfterCommits(properties)).toHaveLength(6)
    folder[Symbol.dispose]()
    folder = temporaryFolder()
    const names = await filesAfterCommits({
      ...properties,
      'write.metadata.delete-after-commit.enabled': 'true',
    })
    expect(names.map((name) => name.slice(0, 5))).toEqual(['00003', '00004', '00005'])
  })

  it('never removes a file outside the table, whatever the log says', async () => {
    const removed: string[] = []
    const io = { ...diskIO, remove: async (location: string) => void removed.push(location) }
    const catalog = open({ io })
    const properties = {
      'write.metadata.previous-versions-max': '1',
      'write.metadata.delete-after-commit.enabled': 'true',
    }
    const base = await catalog.create(tableName, { ...definition, properties })
    const folderOf = `${base.metadata.location}/metadata`
    const log = [`${folderOf}/../../x.metadata.json`, 'file:///etc/passwd', `${folderOf}/a.metadata.json`]
    const metadataLog = log.map((metadataFile) => ({ metadataFile, timestampMs: 1 }))
    await catalog.commit({ ...base, metadata: { ...base.metadata, metadataLog } }, [], [])
    expect(removed).toEqual([`${folderOf}/a.metadata.json`])
  })
})

describe('a load', () => {
  it('follows a table that moves on while its file is removed', async () => {
    const writer = open()
    const base = await writer.create(tableName, definition)
    let raced = false
    const io = {
      ...diskIO,
      async read(location: string) {
        if (!raced && location === base.metadataLocation) {
          raced = true
          await append(writer, base, 1)
          await diskIO.remove(location)
        }
        return diskIO.read(location)
      },
    }
    expect((await open({ io }).load(tableName))?.metadata.lastSequenceNumber).toBe(1)
  })

  it('fails when the file that the catalog names is missing', async () => {
    const catalog = open()
    await diskIO.remove((await catalog.create(tableName, definition)).metadataLocation)
    await expect(catalog.load(tableName)).rejects.toThrow('ENOENT')
  })
})

describe('several users at once', () => {
  it('wait for no write lock to open the catalog and read a table', async () => {
    await append(open(), await open().create(tableName, definition), 1)
    const database = new DatabaseSync(file())
    database.exec('BEGIN IMMEDIATE')
    try {
      expect(await live(open())).toHaveLength(1)
    } finally {
      database.close()
    }
  })

  it('who create the same table get the same one, with one metadata file', async () => {
    const tables = await Promise.all(Array.from({ length: 8 }, () => open().create(tableName, definition)))
    expect(new Set(tables.map(({ metadata }) => metadata.tableUuid)).size).toBe(1)
    expect(metadataFiles()).toHaveLength(1)
  })

  it('in processes of their own lose no append', async () => {
    const [processes, commits] = [3, 8]
    await Promise.all(Array.from({ length: processes }, (_, i) => runWriter(i + 1, commits)))
    const files = await live(open())
    expect(files).toHaveLength(processes * commits)
    expect(new Set(files).size).toBe(processes * commits)
    const loaded = (await open().load(tableName))!
    expect(loaded.metadata.lastSequenceNumber).toBe(processes * commits)
    expect(metadataFiles()).toHaveLength(processes * commits + 1)
  })
})

function open(change: Partial<SqliteCatalogOptions> = {}): SqliteCatalog {
  const catalog = createSqliteCatalog({
    file: file(),
    name: 'test',
    warehouse: `file://${folder.path}/warehouse/`,
    io: diskIO,
    nowMs: () => 5_000,
    uuid: countedUuids(++opens),
    ...change,
  })
  opened.push(catalog)
  return catalog
}

function file(): string {
  return join(folder.path, 'catalog.db')
}

function metadataFolder(): string {
  return join(folder.path, 'warehouse/market/ticks/metadata')
}

function metadataFiles(): string[] {
  return existsSync(metadataFolder())
    ? readdirSync(metadataFolder())
        .filter((name) => name.endsWith('.metadata.json'))
        .sort()
    : []
}

function prepare(base: LoadedTable, number: number) {
  const context = { io: diskIO, nowMs: () => 5_000, uuid: countedUuids(++opens) }
  return prepareAppend(context, base, [dataFile(number)], {
    snapshotId: BigInt(number),
    summary: {},
    attempt: 1,
  })
}

async function append(catalog: SqliteCatalog, base: LoadedTable, number: number): Promise<LoadedTable> {
  const { requirements, updates } = await prepare(base, number)
  return table(await catalog.commit(base, requirements, updates))
}

function table(outcome: CommitOutcome): LoadedTable {
  if (outcome.outcome !== 'applied') throw new Error(`commit ended ${outcome.outcome}`)
  return outcome.table
}

async function live(catalog: SqliteCatalog): Promise<string[]> {
  const loaded = await catalog.load(tableName)
  return (await liveDataFiles(diskIO, loaded!.metadata)).map((dataFile) => dataFile.location)
}

async function filesAfterCommits(properties: TableDefinition['properties']): Promise<string[]> {
  const catalog = open()
  let current = await catalog.create(tableName, { ...definition, properties })
  for (let i = 1; i <= 5; i++) current = await append(catalog, current, i)
  expect(existsSync(pathOf(current.metadataLocation))).toBe(true)
  return metadataFiles()
}

/** A process that creates the table if need be and appends `count` files of its own; it reloads when it loses. */
function runWriter(number: number, count: number): Promise<void> {
  return runWithCatalog(
    folder.path,
    number,
    `
    await catalog.create(tableName, definition)
    for (let i = 1; i <= ${count};) {
      const base = await catalog.load(tableName)
      const file = ${number * 1000} + i
      const options = { snapshotId: BigInt(file), summary: {}, attempt: 1 }
      const { requirements, updates } = await prepareAppend(context, base, [dataFile(file)], options)
      if ((await catalog.commit(base, requirements, updates)).outcome === 'applied') i++
    }
    catalog.close()`,
  )
}
