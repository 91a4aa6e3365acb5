import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { warehouseAt } from '@cryptoflow/pipeline'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type CatalogTable, catalogTables } from './catalog-tables.ts'
import { checkTable, findOrphans } from './warehouse-check.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cryptoflow-'))
  mkdirSync(join(folder, 'data'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A file that begins and ends as Parquet does. */
function parquet(name: string, footer = 20, body = 100): string {
  const path = join(folder, 'data', name)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(footer)
  writeFileSync(path, Buffer.concat([Buffer.from('PAR1'), Buffer.alloc(body), length, Buffer.from('PAR1')]))
  return path
}

const table = (files: number | null, bytes: number | null): CatalogTable => ({
  table: 'ticks',
  metadata: join(folder, 'm.json'),
  location: folder,
  committedUs: null,
  snapshots: 1,
  rows: 1,
  files,
  bytes,
})
const problems = async (counted: CatalogTable, paths: readonly string[]): Promise<string[]> =>
  (await checkTable(counted, paths)).findings.map(({ problem }) => problem)

describe('the files of a table', () => {
  it('are whole when each is there, ends as it should, and all have the length that was counted', async () => {
    const paths = [parquet('a'), parquet('b')]
    expect(await checkTable(table(2, 224), paths)).toMatchObject({ findings: [], bytes: 224, files: 2 })
    expect(await problems(table(null, null), paths)).toEqual([])
  })

  it('are not whole when one is missing, cut, another kind of file, or a directory', async () => {
    const cut = join(folder, 'data', 'cut')
    writeFileSync(cut, Buffer.concat([Buffer.from('PAR1'), Buffer.alloc(50)]))
    const tiny = join(folder, 'data', 'tiny')
    writeFileSync(tiny, 'PAR1')
    expect(await problems(table(1, 1), [join(folder, 'none')])).toEqual(['is not there'])
    expect(await problems(table(1, 54), [cut])).toEqual([expect.stringContaining('cut short')])
    expect(await problems(table(1, 4), [tiny])).toEqual(['has 4 bytes, too few for Parquet'])
    expect(await problems(table(1, 112), [parquet('long', 1000)])).toEqual([
      'has a footer longer than itself',
    ])
    expect(await problems(table(1, 0), [folder])).toEqual(['is no file'])
  })

  it('are not whole when lengths or numbers differ from what the snapshot counted', async () => {
    const path = parquet('a')
    expect(await problems(table(1, 113), [path])).toEqual([
      'its snapshot counts 113 bytes, the files have 112',
    ])
    expect(await problems(table(2, 112), [path])).toEqual([expect.stringContaining('counts 2 files')])
    expect(await problems(table(2, 224), [path, path])).toEqual(['a file is named twice'])
  })

  it('leave as orphans what no table names, cut writes among them, and nothing else', async () => {
    const live = parquet('live.parquet')
    const orphan = parquet('orphan.parquet')
    const temporary = join(folder, 'data', '.abc.tmp')
    writeFileSync(temporary, 'x')
    writeFileSync(join(folder, 'data', 'other.avro'), 'x')
    const found = await findOrphans([table(1, 1)], new Set([live]))
    expect(found.map(({ path, kind, bytes }) => [path, kind, bytes]).sort()).toEqual(
      [
        [orphan, 'data', 112],
        [temporary, 'temporary', 1],
      ].sort(),
    )
  })
})

describe('the tables of a catalog', () => {
  it('are described by their current snapshot, whose 63-bit id two others share as a float', () => {
    const metadata = join(folder, 'm.json')
    const snapshot = (id: string, ms: number, rows: number) =>
      `{"snapshot-id":${id},"timestamp-ms":${ms},"summary":{"total-records":"${rows}","note":"\\"snapshot-id\\":5"}}`
    writeFileSync(
      metadata,
      `{"location":"file://${folder}","current-snapshot-id":9007199254740995000,"snapshots":[
        ${snapshot('9007199254740994999', 1, 1)},${snapshot('9007199254740995000', 2, 2)},${snapshot('9007199254740995001', 3, 3)}]}`,
    )
    const warehouse = warehouseAt(folder)
    const database = new DatabaseSync(warehouse.catalogFile)
    database.exec(`CREATE TABLE iceberg_tables (catalog_name, table_namespace, table_name, metadata_location);
      INSERT INTO iceberg_tables VALUES ('cryptoflow', 'cryptoflow', 'ticks', 'file://${metadata}'),
        ('cryptoflow', 'cryptoflow', 'foreign', 'file:///nowhere'), ('other', 'cryptoflow', 'bbo', 'file:///nowhere')`)
    database.close()
    expect(catalogTables(warehouse)).toEqual([
      {
        table: 'ticks',
        metadata,
        location: folder,
        committedUs: 2000,
        snapshots: 3,
        rows: 2,
        files: null,
        bytes: null,
      },
    ])
    writeFileSync(metadata, '{')
    expect(() => catalogTables(warehouse)).toThrow('reading the metadata of table ticks')
  })
})
