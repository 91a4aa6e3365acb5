import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  boundValue,
  historyRows,
  type LiveFile,
  type LoadedTable,
  liveDataFiles,
  manifestRows,
  partitionRows,
  snapshotRows,
} from '@cryptoflow/iceberg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { collectFrom, run, runJson, start, withSimulator } from '../support.ts'
import { type Answer, ask, type EngineName, isInstalled, type Place, type Question } from './engines.ts'
import { io, plainDecimal, type Served, serve } from './places.ts'

/** A collected warehouse, read as it lies there and through the REST service by other people's engines. */
const TABLE = 'ticks'
const SUMS = ['price', 'quantity']

let folder: string
let warehouse: string
let served: Served
let table: LoadedTable
let questions: readonly Question[]
let expected: readonly Answer[]

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cryptoflow-'))
  warehouse = join(folder, 'warehouse')
  await withSimulator({ log: join(folder, 'log.jsonl') }, async (markets) => {
    const often = ['--seal-ms', '500', '--commit-ms', '200']
    const collect = start(...collectFrom(markets, 'BTCUSDT,ETHUSDT', warehouse), ...often)
    for (let isEnough = false; !isEnough; ) {
      const { tables } = await runJson<{ tables: { table: string; rows: number; snapshots: number }[] }>(
        'status',
        '--warehouse',
        warehouse,
        '--json',
      ).catch(() => ({ tables: [] }))
      isEnough = tables.some(({ table: name, rows }) => name === TABLE && rows > 300)
    }
    collect.process.kill('SIGTERM')
    const { code, stderr } = await collect.ended
    expect(code, stderr).toBe(0)
  })
  served = await serve(warehouse)
  table = (await served.catalog.load({ namespace: 'cryptoflow', name: TABLE }))!
  questions = await chosenQuestions()
  expected = await Promise.all(questions.map(ownAnswer))
})
afterAll(async () => {
  await served?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** All rows, and those beyond a value in the middle of each kind of bound. */
async function chosenQuestions(): Promise<readonly Question[]> {
  const [middle] = await query(
    "SELECT quantile_disc(price, 0.5)::VARCHAR AS price, strftime(quantile_disc(event_ts, 0.5)::TIMESTAMP, '%Y-%m-%dT%H:%M:%S.%f+00:00') AS time",
  )
  const oldest = table.metadata.snapshots.find(({ summary }) => summary['total-records'] !== '0')!
  return [
    { sums: SUMS, where: [] },
    { sums: SUMS, where: [['symbol', '=', 'ETHUSDT']] },
    { sums: SUMS, where: [['exchange', '=', 'nobody']] },
    { sums: SUMS, where: [['price', '>=', { decimal: middle!.price! }]] },
    { sums: SUMS, where: [['event_ts', '<', middle!.time!]] },
    { sums: SUMS, where: [], snapshot: String(oldest.snapshotId) },
  ]
}

/** By our own commands; of an older snapshot by the rows that its files count. */
async function ownAnswer({ where, snapshot }: Question): Promise<Answer> {
  if (snapshot !== undefined) {
    const files = await liveDataFiles(io, table.metadata, BigInt(snapshot))
    return { rows: files.reduce((rows, file) => rows + file.rows, 0), sums: {} }
  }
  const conditions = where.map(([column, operator, value]) => {
    const literal = typeof value === 'string' ? `'${value}'` : `${value.decimal}::DECIMAL(38,18)`
    return ` AND ${column} ${operator} ${literal}`
  })
  const sums = SUMS.map((name) => `, coalesce(sum(${name}), 0)::VARCHAR AS ${name}`).join('')
  const [row] = await query(`SELECT count(*)::VARCHAR AS n${sums}`, conditions.join(''))
  const { n, ...found } = row!
  return { rows: Number(n), sums: found as Record<string, string> }
}

async function query(select: string, conditions = ''): Promise<Record<string, string>[]> {
  const sql = `${select} FROM ${TABLE} WHERE true${conditions}`
  const { code, stdout, stderr } = await run('query', sql, '--warehouse', warehouse, '--format', 'json')
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout) as Record<string, string>[]
}

function expectSame(found: readonly Answer[]): void {
  for (const [i, answer] of found.entries()) {
    expect(answer.rows, JSON.stringify(questions[i])).toBe(expected[i]!.rows)
    for (const [name, sum] of Object.entries(expected[i]!.sums))
      expect(plainDecimal(answer.sums[name]!), JSON.stringify(questions[i])).toBe(plainDecimal(sum))
  }
  expect(found).toHaveLength(questions.length)
  expect(found[0]!.rows).toBeGreaterThan(300)
}

function placeOf(via: Place['via']) {
  return {
    do: 'read',
    warehouse,
    rest: served.url,
    via,
    catalog: 'cryptoflow',
    table: `cryptoflow.${TABLE}`,
    questions,
  }
}

interface MetadataTables {
  readonly answers: readonly Answer[]
  readonly snapshots: unknown[][]
  readonly history: unknown[][]
  readonly manifests: unknown[][]
  readonly files: unknown[][]
  readonly partitions: unknown[][]
}

async function ownMetadata(): Promise<Omit<MetadataTables, 'answers'>> {
  const { metadata } = table
  return {
    snapshots: snapshotRows(metadata).map((row) => [
      String(row.snapshotId),
      row.parentId === null ? 'None' : String(row.parentId),
      row.operation,
      row.committedAtMs,
    ]),
    history: historyRows(metadata).map((row) => [
      String(row.snapshotId),
      row.isCurrentAncestor,
      row.madeCurrentAtMs,
    ]),
    manifests: (await manifestRows(io, metadata)).map((row) => [
      row.location,
      row.bytes,
      row.addedFiles,
      row.existingFiles,
    ]),
    files: (await liveDataFiles(io, metadata)).map((file) => [file.location, file.rows, file.bytes]),
    partitions: (await partitionRows(io, metadata)).map((row) => [row.rows, row.files, row.bytes]),
  }
}

const inAnyOrder = (rows: readonly (readonly unknown[])[]): string[] =>
  rows.map((row) => JSON.stringify(row)).sort()

async function expectSameMetadata(found: MetadataTables): Promise<void> {
  const own = await ownMetadata()
  for (const name of ['snapshots', 'history', 'manifests', 'files', 'partitions'] as const)
    expect(inAnyOrder(found[name]), name).toEqual(inAnyOrder(own[name]))
}

/** How many files cannot be ruled out by their bounds: what a reader that knows them opens. */
function admitted(files: readonly LiveFile[], { where }: Question): number {
  const fields = new Map(table.metadata.schemas.at(-1)!.fields.map((field) => [field.name, field]))
  return files.filter((file) =>
    where.every(([column, operator, value]) => {
      const { id, type } = fields.get(column)!
      const [lower, upper] = [file.lowerBounds, file.upperBounds].map((bounds) =>
        boundValue(type, bounds.get(id)!),
      )
      const wanted = comparable(value)
      if (operator === '>=') return upper! >= wanted
      return lower! <= wanted && (operator === '<' ? lower! < wanted : upper! >= wanted)
    }),
  ).length
}

function comparable(value: Question['where'][number][2]): string | bigint {
  if (typeof value !== 'string') {
    const [whole = '', fraction = ''] = value.decimal.split('.')
    return BigInt(whole + fraction.padEnd(18, '0'))
  }
  const time = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{6})/.exec(value)
  return time === null ? value : BigInt(Date.parse(`${time[1]}Z`)) * 1000n + BigInt(time[2]!)
}

describe.each<Place['via']>(['local', 'rest'])('a collected warehouse, %s,', (via) => {
  it.skipIf(!isInstalled('pyiceberg'))(
    'is read by PyIceberg as by us, and opens no file that its bounds rule out',
    async () => {
      const found = await ask<MetadataTables>('pyiceberg', placeOf(via))
      expectSame(found.answers)
      await expectSameMetadata(found)
      const files = await liveDataFiles(io, table.metadata)
      const own = questions.slice(0, -1).map((question) => admitted(files, question))
      expect(found.answers.slice(0, -1).map(({ planned }) => planned)).toEqual(own)
      expect(Math.min(...own)).toBeLessThan(files.length)
    },
  )

  it.skipIf(!isInstalled('duckdb'))('is read by DuckDB as by us', async () => {
    const found = await ask<{ answers: Answer[]; snapshots: string[]; files: [string, number][] }>(
      'duckdb',
      placeOf(via),
    )
    expectSame(found.answers)
    const own = await ownMetadata()
    expect([...found.snapshots].sort()).toEqual(own.snapshots.map(([id]) => id).sort())
    expect(inAnyOrder(found.files)).toEqual(inAnyOrder(own.files.map((row) => row.slice(0, 2))))
  })

  it.skipIf(!isInstalled('spark'))('is read by Spark as by us', async () => {
    const found = await ask<MetadataTables>('spark', placeOf(via))
    expectSame(found.answers)
    await expectSameMetadata(found)
  })

  // It takes a folder, not a catalog.
  it.skipIf(via === 'rest' || !isInstalled('clickhouse'))('is read by ClickHouse as by us', async () => {
    const found = await ask<{ answers: Answer[] }>('clickhouse' satisfies EngineName, placeOf(via))
    expectSame(found.answers)
  })
})
