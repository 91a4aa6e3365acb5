import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LoadedTable, liveDataFiles } from '@cryptoflow/iceberg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { collectFrom, run, runJson, start, type Urls, withSimulator } from '../support.ts'
import { type Answer, ask, isInstalled } from './engines.ts'
import { io, type Served, serve } from './places.ts'

/**
 * Other engines commit between the commits of a collector, on the same SQLite file, and ours go on: every received
 * trade is in the table once, and what the others added is there as well.
 */
const TABLE = 'ticks'
/** A few seconds of the simulated exchange, in which several commits happen. */
const FRAMES = 800

let folder: string
let warehouse: string
let served: Served | undefined

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cryptoflow-'))
  warehouse = join(folder, 'warehouse')
})
afterAll(async () => {
  await served?.stop()
  rmSync(folder, { recursive: true, force: true })
})

describe.skipIf(!isInstalled('pyiceberg'))('the commits of a collector', () => {
  it('go on when PyIceberg appends between them, adds a column and expires snapshots', async () => {
    await withSimulator({ log: join(folder, 'log.jsonl') }, async (urls) => {
      await collectSome(urls)
      served = await serve(warehouse)
      const [, appended] = await Promise.all([
        collectSome(urls),
        ask('pyiceberg', { ...place(), do: 'append', rows: 40 }),
      ])
      expect(appended).toMatchObject({ attempts: expect.any(Number) })
      await expectAll(40)
      for (const asked of [{ do: 'evolve', column: 'their_note' }, { do: 'expire' }]) {
        await ask('pyiceberg', { ...place(), ...asked })
        await collectSome(urls)
      }
      await expectAll(40)
    })
    const { metadata } = await loaded()
    // Expired by the other engine: left are its one, and what this collector committed since.
    expect(metadata.snapshots.length).toBeLessThan(metadata.lastSequenceNumber)
    expect(metadata.schemas.at(-1)!.fields.map(({ name }) => name)).toContain('their_note')
    // Wrong, and not the table's fault: our Parquet files carry an Arrow schema in which texts are dictionaries, and
    // to_arrow() (PyIceberg 0.12) does not join these with the plain texts of other writers. Batches are read.
    expect(await ask('pyiceberg', { ...place(), do: 'join' })).toMatchObject({
      error: expect.stringContaining('dictionary'),
    })
  })

  it.skipIf(!isInstalled('spark'))('go on when Spark appends, compacts and expires', async () => {
    await withSimulator({ log: join(folder, 'log-2.jsonl'), seed: 2 }, async (urls) => {
      await ask('spark', { ...place(), do: 'append', rows: 30 })
      await collectSome(urls)
      await expectAll(70)
      await ask('spark', { ...place(), do: 'rewrite' })
      const { summary } = (await loaded()).metadata.snapshots.at(-1)!
      expect(summary.operation).toBe('replace')
      await collectSome(urls)
      await expectAll(70)
    })
    const check = await run('warehouse', 'check', '--warehouse', warehouse)
    expect(check.code, check.stdout).toBe(0)
  })
})

/** What PyIceberg, our own files and a query count is one number: all trades once, and the rows of the others. */
async function expectAll(foreignRows: number): Promise<void> {
  const questions = [{ sums: [], where: [] }]
  const found = await ask<{ answers: Answer[] }>('pyiceberg', { ...place(), do: 'read', questions })
  const live = await rowsCommitted()
  const { total, own } = await counted()
  expect([found.answers[0]!.rows, live, total]).toEqual([total, total, own + foreignRows])
}

/** Collects for so many frames, and stops on purpose: all that was received is in the tables, and is more than before. */
async function collectSome(urls: Urls): Promise<void> {
  const before = served === undefined ? 0 : await rowsCommitted()
  const often = ['--seal-ms', '500', '--commit-ms', '200', '--until-frames', String(FRAMES)]
  const { code, stderr } = await start(...collectFrom(urls, 'BTCUSDT,ETHUSDT', warehouse), ...often).ended
  expect(code, stderr).toBe(0)
  const { last, releasedTo } = await runJson<{ last: number; releasedTo: number }>(
    'journal',
    'ls',
    warehouse,
    '--json',
  )
  expect(releasedTo).toBe(last)
  if (served !== undefined) expect(await rowsCommitted()).toBeGreaterThan(before)
}

async function rowsCommitted(): Promise<number> {
  const { metadata } = await loaded()
  return (await liveDataFiles(io, metadata)).reduce((sum, file) => sum + file.rows, 0)
}

/** All rows, and how many different trades they are: the other engines add rows of the table again. */
async function counted(): Promise<{ readonly total: number; readonly own: number }> {
  const sql = `SELECT count(*)::VARCHAR AS total, count(DISTINCT (writer, frame, trade_id))::VARCHAR AS own FROM ${TABLE}`
  const { stdout, stderr } = await run('query', sql, '--warehouse', warehouse, '--format', 'json')
  const [row] = JSON.parse(stdout || stderr) as [{ total: string; own: string }]
  return { total: Number(row.total), own: Number(row.own) }
}

async function loaded(): Promise<LoadedTable> {
  return (await served!.catalog.load({ namespace: 'cryptoflow', name: TABLE }))!
}

function place() {
  return { warehouse, rest: served!.url, via: 'local', catalog: 'cryptoflow', table: `cryptoflow.${TABLE}` }
}
