import { mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { imageDefaults, tableFiles, warehouseAt } from '@cryptoflow/pipeline'
import { bookFrame, openJournalScene, tradeFrame } from '@cryptoflow/pipeline/testing'
import { systemClock } from '@cryptoflow/runtime'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DayReport } from './inspect/day.ts'
import { dayText, verifyDay } from './verify-day.ts'

const folder = mkdtempSync(join(tmpdir(), 'cryptoflow-verify-day-'))
const warehouse = join(folder, 'warehouse')
const DAY_US = 86_400_000_000
const DAY = 20_000 * DAY_US
const TRADES = 200

beforeAll(async () => {
  for (const day of [0, 1]) {
    const scene = await openJournalScene(warehouse, DAY + day * DAY_US + 60_000_000)
    const subscriptions = [{ symbol: 'BTCUSDT', stream: 'trade' }]
    const connection = scene.connect({ exchange: 'binance', market: 'spot', subscriptions })
    for (let i = 0; i < TRADES; i++) {
      scene.clock.advance(500)
      scene.frame(connection, tradeFrame('BTCUSDT', day * TRADES + i, scene.clock.nowUs() / 1000))
    }
    scene.frame(connection, 'no JSON \u001b[2J')
    await scene.seal()
    await scene.close()
  }
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What becomes of the first day when its trades are replaced by these rows of the table `kept`. */
async function tampered(rows: string): Promise<DayReport> {
  const files = await tableFiles(warehouseAt(warehouse), systemClock())
  const kept = join(folder, 'kept.parquet')
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  await connection.run(`SET TimeZone = 'UTC'`)
  const isFirst = async (path: string): Promise<boolean> =>
    (await connection.runAndReadAll(`FROM '${path}' WHERE trade_id = '17'`)).currentRowCount > 0
  let path = ''
  for (const one of files.get('ticks') ?? []) if (await isFirst(one)) path = one
  renameSync(path, kept)
  try {
    await connection.run(`CREATE VIEW kept AS FROM '${kept}'; COPY (${rows}) TO '${path}' (FORMAT parquet)`)
    return await verifyDay({ warehouse, day: DAY })
  } finally {
    connection.closeSync()
    instance.closeSync()
    renameSync(kept, path)
  }
}

const differences = ({ tables }: DayReport): unknown[] =>
  tables.flatMap(({ table, difference }) => (difference === null ? [] : [{ table, ...difference }]))

describe('a day beside its journal', () => {
  it('is equal, row by row, whichever day it is', async () => {
    for (const day of [DAY, DAY + DAY_US]) {
      const report = await verifyDay({ warehouse, day })
      expect(report).toMatchObject({ verdict: 'equal', unchecked: [], versions: ['test'] })
      expect(report.tables.find(({ table }) => table === 'ticks')).toMatchObject({ stored_rows: TRADES })
      expect(report.tables.find(({ table }) => table === 'dead_letter')).toMatchObject({ stored_rows: 1 })
      expect(dayText(report)).toMatch(/rows, each as its journal gives it$/)
    }
  })

  it('is equal though images of books were made otherwise then, and otherwise again after a restart', async () => {
    const directory = join(folder, 'books')
    const shallow = { derivedEveryUs: 300_000, derivedLevels: 2, checkpointEveryUs: 5_000_000, depthCap: 10 }
    const about = { exchange: 'binance', market: 'spot', symbol: 'BTCUSDT', stream: 'depth@100ms' } as const
    for (const [at, images] of [
      shallow,
      { ...shallow, derivedEveryUs: 400_000, derivedLevels: 3 },
    ].entries()) {
      const scene = await openJournalScene(directory, DAY + (at + 1) * 600_000_000, images)
      const subscriptions = [{ symbol: about.symbol, stream: about.stream }]
      const connection = scene.connect({ exchange: about.exchange, market: about.market, subscriptions })
      if (at === 0) scene.book(about, '{"lastUpdateId":0,"bids":[],"asks":[["70000.00","1.0"]]}')
      for (let i = 1; i <= 100; i++) {
        scene.clock.advance(100)
        scene.frame(connection, bookFrame(about.symbol, 100 * at + i, scene.clock.nowUs() / 1000))
      }
      await scene.seal()
      await scene.close()
    }
    const report = await verifyDay({ warehouse: directory, day: DAY })
    expect(report.verdict).toBe('equal')
    const books = report.tables.find(({ table }) => table === 'spot_ob')
    expect(books?.stored_rows).toBeGreaterThan(150)
    expect(imageDefaults.derivedLevels).not.toBe(shallow.derivedLevels)
  })

  it('names table, key, record and column of the first value that is another', async () => {
    const price = `if(trade_id IN ('17', '90'), price + 0.01, price)::DECIMAL(38,18) AS price`
    const report = await tampered(`SELECT * REPLACE (${price}) FROM kept`)
    expect(report.verdict).toBe('different')
    expect(differences(report)).toEqual([
      {
        table: 'ticks',
        exchange: 'binance',
        market: 'spot',
        symbol: 'BTCUSDT',
        // The start, the connection and 17 trades came before.
        frame: 20,
        column: 'price',
        stored: '64000.110000000000000000',
        derived: '64000.100000000000000000',
      },
    ])
    expect(dayText(report)).toContain('frame 20, column price')
  })

  it('names a row that is missing, and one that is there twice', async () => {
    const missing = await tampered(`FROM kept WHERE trade_id <> '3'`)
    expect(differences(missing)).toEqual([expect.objectContaining({ frame: 6, column: null, stored: null })])
    const doubled = await tampered(`FROM kept UNION ALL FROM kept WHERE trade_id = '3'`)
    expect(differences(doubled)).toEqual([expect.objectContaining({ frame: 6, column: null, derived: null })])
    expect(dayText(doubled)).toContain('a row that is not in both')
  })

  it('says what cannot be checked once retention took it, and nothing else', async () => {
    const segments = join(warehouseAt(warehouse).journalDirectory, 'segments')
    const [first = ''] = readdirSync(segments).sort()
    renameSync(join(segments, first), join(folder, first))
    try {
      const later = await verifyDay({ warehouse, day: DAY + DAY_US })
      expect(later.verdict).toBe('equal')
      const gone = await verifyDay({ warehouse, day: DAY })
      // The last minute of the day is told by the first records of the next.
      const compared = gone.tables.filter(({ derived_rows }) => derived_rows > 0)
      expect(compared.map(({ table }) => table)).toEqual(['coverage'])
      expect(gone.verdict).toBe('partly')
      expect(gone.unchecked.map(({ why }) => why)).toEqual(['before'])
      expect(dayText(gone)).toContain('PARTLY CHECKED')
    } finally {
      renameSync(join(folder, first), join(segments, first))
    }
  })
})
