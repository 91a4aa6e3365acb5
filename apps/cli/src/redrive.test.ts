import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openJournal } from '@cryptoflow/journal'
import { encodeRedrive, RecordKind } from '@cryptoflow/model'
import { tableFiles, warehouseAt } from '@cryptoflow/pipeline'
import { openJournalScene, tradeFrame } from '@cryptoflow/pipeline/testing'
import { openDuck } from '@cryptoflow/reader'
import { systemClock } from '@cryptoflow/runtime'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type RedriveReport, redriveText, redriveWarehouse } from './redrive.ts'
import { planRedrive } from './redrive-plan.ts'

const folder = mkdtempSync(join(tmpdir(), 'cryptoflow-redrive-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const START_US = 20_000 * 86_400_000_000
const FUTURE = '2099'
const warehouse = join(folder, 'warehouse')
const kept = join(folder, 'kept')

/** Two trades of Kraken in one message, one of which seems to come from the future. */
const partly = JSON.stringify({
  channel: 'trade',
  type: 'update',
  data: [1, 2].map((id) => ({
    symbol: 'BTC/USD',
    side: 'sell',
    price: 26_500.1,
    qty: 0.01,
    ord_type: 'market',
    trade_id: id,
    timestamp: `${id === 2 ? FUTURE : '2024'}-10-04T00:00:00.000000Z`,
  })),
})

/**
 * A warehouse with trades that were stored and frames that were not: `?` stands before what an older decoder did not
 * understand, and is not in the letters, nor is the year that was wrong. Copied before each test, since a warehouse
 * must not be moved.
 */
beforeAll(async () => {
  const scene = await openJournalScene(warehouse, START_US)
  const subscriptions = [{ symbol: 'BTCUSDT', stream: 'trade' }]
  const spot = { exchange: 'binance', market: 'spot', subscriptions } as const
  const legs = [scene.connect(spot), scene.connect(spot)]
  const kraken = scene.connect({
    exchange: 'kraken',
    market: 'spot',
    subscriptions: [{ symbol: 'BTC/USD', stream: 'trade' }],
  })
  for (let id = 1; id <= 20; id++) {
    scene.clock.advance(10)
    const text = tradeFrame('BTCUSDT', id, scene.clock.nowUs() / 1000)
    // Both legs bring 7 to 9 in a form that nobody could read; 9 was readable on the first.
    for (const leg of legs)
      scene.frame(leg, id < 7 || id > 9 || (id === 9 && leg === legs[0]) ? text : `?${text}`)
  }
  scene.frame(kraken, partly)
  scene.frame(kraken, '?{{')
  // Their minute is closed once they are heard behind its end.
  scene.clock.advance(180_000)
  const later = partly.replace(FUTURE, '2024').replaceAll('trade_id":', 'trade_id":10')
  scene.frame(kraken, later)
  for (const leg of legs) scene.frame(leg, tradeFrame('BTCUSDT', 21, scene.clock.nowUs() / 1000))
  scene.clock.advance(120_000)
  await scene.seal()
  await scene.close()
  await readable()
  cpSync(warehouse, kept, { recursive: true })
})

function restore(): void {
  rmSync(warehouse, { recursive: true })
  cpSync(kept, warehouse, { recursive: true })
}

/** Makes the letters what a decoder of today can read. */
async function readable(): Promise<void> {
  const [path = ''] = (await tableFiles(warehouseAt(warehouse), systemClock())).get('dead_letter') ?? []
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  await connection.run(`SET TimeZone = 'UTC'; CREATE TABLE t AS FROM '${path}'`)
  const mended = `encode(replace(ltrim(decode(raw), '?'), '${FUTURE}', '2024'))`
  await connection.run(`COPY (SELECT * REPLACE (${mended} AS raw) FROM t) TO '${path}' (FORMAT parquet)`)
  connection.closeSync()
  instance.closeSync()
}

async function ask(sql: string): Promise<unknown[]> {
  const duck = await openDuck({
    files: await tableFiles(warehouseAt(warehouse), systemClock()),
    warehouse: null,
  })
  try {
    return await duck.objects(sql)
  } finally {
    duck.close()
  }
}

async function expectEverythingOnce(): Promise<void> {
  const counts = `SELECT count(*) AS rows, count(DISTINCT (symbol, trade_id)) AS trades FROM ticks`
  expect(await ask(counts)).toEqual([{ rows: 25, trades: 25 }])
}

describe('dead letters that are read again', () => {
  let first: RedriveReport
  beforeAll(async () => {
    first = await redriveWarehouse({ warehouse })
  })

  it('are stored once, though two frames and half of a third say it, and though they are read again', async () => {
    expect(first).toMatchObject({
      letters: 7,
      redriven: 6,
      stored: 3,
      duplicates: 3,
      still_dead: { malformed: 1 },
    })
    await expectEverythingOnce()
    const again = await redriveWarehouse({ warehouse })
    expect(again).toMatchObject({ letters: 1, redriven: 0, stored: 0, rows: 0, still_dead: { malformed: 1 } })
    await expectEverythingOnce()
    expect(redriveText(again, false)).toContain('still dead')
  })

  it('stay where they are and are marked, and a row leads back to its frame', async () => {
    expect(await ask('SELECT count(*) AS n FROM dead_letter')).toEqual([{ n: 7 }])
    const open = `SELECT count(*) AS n FROM dead_letter d ANTI JOIN redrives r
      ON r.dead_writer = d.writer AND r.dead_frame = d.frame AND r.symbol = d.symbol`
    expect(await ask(open)).toEqual([{ n: 1 }])
    const led = `SELECT count(*) AS n FROM ticks t JOIN redrives r ON t.writer = r.writer AND t.frame = r.frame
      JOIN dead_letter d ON d.writer = r.dead_writer AND d.frame = r.dead_frame WHERE t.received_ts = d.received_ts`
    expect(await ask(led)).toEqual([{ n: 3 }])
  })

  it('correct their minutes: the equation holds in every row, and their sums say what is stored', async () => {
    const wrong = `SELECT count(*) AS n FROM coverage WHERE received <> stored + duplicates + filtered + dead_letters`
    expect(await ask(wrong)).toEqual([{ n: 0 }])
    const sums = `SELECT symbol, table_name, sum(received) AS received, sum(stored) AS stored,
      sum(dead_letters) AS dead FROM coverage GROUP BY ALL ORDER BY ALL`
    expect(await ask(sums)).toEqual([
      { symbol: '', table_name: 'dead_letter', received: 1, stored: 0, dead: 1 },
      { symbol: 'BTC/USD', table_name: 'ticks', received: 2, stored: 2, dead: 0 },
      { symbol: 'BTCUSDT', table_name: 'ticks', received: 40, stored: 20, dead: 0 },
    ])
  })
})

describe('redrive', () => {
  beforeEach(restore)

  it('goes on where a killed one ended: what it had decided is stored, and not decided again', async () => {
    const duck = await openDuck({
      files: await tableFiles(warehouseAt(warehouse), systemClock()),
      warehouse: null,
    })
    const { value: page } = await planRedrive(duck, {}).next()
    duck.close()
    const journal = await openJournal({
      directory: warehouseAt(warehouse).redriveDirectory,
      clock: systemClock(),
      version: 'killed',
      reserveBytes: 0,
    })
    for (const { letter, ...decided } of page?.redriven.slice(0, 4) ?? []) {
      const { raw, ...about } = letter
      journal.append(RecordKind.redrive, 0, START_US * 2, encodeRedrive({ ...about, ...decided }, raw))
    }
    await journal.flush()
    await journal.close()
    expect(await redriveWarehouse({ warehouse })).toMatchObject({ letters: 3, redriven: 2 })
    await expectEverythingOnce()
  })

  it('does nothing in a dry run, and only what was asked for otherwise', async () => {
    const plan = await redriveWarehouse({ warehouse, dryRun: true })
    expect(plan).toMatchObject({ writer: null, redriven: 6, stored: 3, rows: 0 })
    expect(redriveText(plan, true)).toContain('would be redriven')
    expect(await ask('SELECT count(*) AS n FROM redrives')).toEqual([{ n: 0 }])
    const some = await redriveWarehouse({ warehouse, exchange: 'kraken', reason: 'absurd_time' })
    expect(some).toMatchObject({ letters: 1, redriven: 1, stored: 1, duplicates: 0 })
    expect(await redriveWarehouse({ warehouse, to: START_US })).toMatchObject({ letters: 0 })
  })
})
