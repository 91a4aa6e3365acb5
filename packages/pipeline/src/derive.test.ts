import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listAnchors } from '@cryptoflow/journal'
import { imageDefaults } from '@cryptoflow/normalize'
import { manualClock } from '@cryptoflow/runtime'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Derivation, deriveDay } from './derive.ts'
import { openJournalScene, tradeFrame } from './testing/journal-scene.ts'
import { tableFiles, warehouseAt } from './warehouse.ts'

const folder = mkdtempSync(join(tmpdir(), 'cryptoflow-derive-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const DAY_MS = 86_400_000
const DAY = 20_000
const note = {
  exchange: 'binance',
  market: 'spot',
  subscriptions: [{ symbol: 'BTCUSDT', stream: 'trade' }],
} as const

/** Trades of three days, a process each; the later ones miss ten of them, whatever the one before heard. */
const directory = join(folder, 'warehouse')
beforeAll(async () => {
  for (const day of [0, 1, 2]) {
    const startMs = (DAY + day) * DAY_MS + 3_600_000
    const scene = await openJournalScene(directory, startMs * 1000)
    const connection = scene.connect(note)
    for (let i = 0; i < 300; i++) {
      scene.clock.advance(1_000)
      scene.frame(connection, tradeFrame('BTCUSDT', day * 310 + i, scene.clock.nowUs() / 1000))
      if (i % 100 === 99) await scene.seal()
    }
    await scene.close()
  }
})

async function derived(day: number): Promise<Derivation> {
  return deriveDay({
    journalDirectory: warehouseAt(directory).journalDirectory,
    day,
    images: imageDefaults,
    into: mkdtempSync(join(folder, 'into-')),
    clock: manualClock(),
  })
}

describe('a day that is derived again', () => {
  it('has the rows that are stored of it, though it begins in the middle of the journal', async () => {
    const stored = await tableFiles(warehouseAt(directory), manualClock())
    for (const day of [DAY, DAY + 1, DAY + 2]) {
      const again = await derived(day)
      expect(again.from === 1).toBe(day === DAY)
      for (const table of ['ticks', 'gaps', 'coverage'] as const) {
        const rows = await rowsOf(stored.get(table) ?? [], day)
        expect(await rowsOf(again.files.get(table) ?? [], day), `${table} ${day}`).toEqual(rows)
        if (table === 'ticks') expect(rows.length).toBe(300)
        if (table === 'gaps') expect(rows.length).toBeGreaterThan(0)
      }
      expect(again.versions).toEqual(['test'])
    }
  })

  it('begins with the state of the last midnight before it, and with none that is later', async () => {
    const anchors = await listAnchors(warehouseAt(directory).journalDirectory)
    expect(anchors.map(({ day }) => day)).toEqual([DAY + 1, DAY + 2])
    const starts = []
    for (const day of [DAY, DAY + 1, DAY + 2, DAY + 9]) starts.push((await derived(day)).from)
    const [first, second] = anchors.map(({ to }) => to + 1)
    expect(starts).toEqual([1, first, second, second])
  })
})

async function rowsOf(files: readonly string[], day: number): Promise<unknown[]> {
  if (files.length === 0) return []
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const list = files.map((path) => `'${path}'`).join(', ')
  const result = await connection.runAndReadAll(
    `SELECT md5(t::VARCHAR) FROM read_parquet([${list}]) t
     WHERE epoch_us(event_ts) // 86400000000 = ${day} ORDER BY 1`,
  )
  connection.closeSync()
  instance.closeSync()
  return result.getRows()
}
