import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { VoidRows } from '@cryptoflow/commit'
import { imageDefaults } from '@cryptoflow/normalize'
import { manualClock, systemClock } from '@cryptoflow/runtime'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { CollectNotice } from './collect-options.ts'
import { settle } from './publisher.ts'
import { openRecutter, type Recut, recut } from './recut.ts'
import { type JournalScene, openJournalScene, tradeFrame } from './testing/journal-scene.ts'
import { tableFiles, warehouseAt } from './warehouse.ts'

const TRADES = 40
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cryptoflow-recut-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Opens a scene with a connection; requests are young by the machine's clock, which committers ask. */
async function openScene(): Promise<{ scene: JournalScene; hear(): void; stored(): Promise<number[]> }> {
  const scene = await openJournalScene(folder, Math.floor(systemClock().nowUs() / 1000) * 1000)
  const subscriptions = [{ symbol: 'BTCUSDT', stream: 'trade' }]
  const connection = scene.connect({ exchange: 'binance', market: 'spot', subscriptions })
  let id = 0
  return {
    scene,
    hear() {
      for (let i = 0; i < TRADES; i++) {
        scene.clock.advance(10)
        scene.frame(connection, tradeFrame('BTCUSDT', ++id, scene.clock.nowUs() / 1000))
      }
    },
    stored: async () => idsOf((await tableFiles(warehouseAt(folder), manualClock())).get('ticks') ?? []),
  }
}

const made = (scene: JournalScene) => ({
  journal: scene.journal,
  warehouseDirectory: folder,
  images: imageDefaults,
  compression: 'zstd' as const,
  clock: scene.clock,
})

/** Loses the file that an epoch offers to a table. */
function loseFile(epoch: number): void {
  const data = join(folder, 'cryptoflow/ticks/data')
  const name = readdirSync(data).find((path) => path.includes(`-${epoch}-ticks-`))
  if (name === undefined) throw new Error(`epoch ${epoch} has no file: ${readdirSync(data).join(' ')}`)
  rmSync(join(data, name))
}

it('makes the rows of lost files again, and the next epoch brings them: each is in the table once', async () => {
  const { scene, hear, stored } = await openScene()
  hear()
  await scene.seal()
  for (let i = 0; i < 4; i++) {
    hear()
    await scene.cut()
  }
  for (const epoch of [2, 4]) loseFile(epoch)
  const notices: CollectNotice[] = []
  const recutter = openRecutter({
    ...made(scene),
    bring: scene.bring,
    notice: (notice) => notices.push(notice),
  })
  const summary = await scene.publisher.round()
  expect(summary.measures.voided).toMatchObject([
    { table: 'ticks', epoch: 2 },
    { table: 'ticks', epoch: 4 },
  ])
  expect(summary.voids.map(({ epoch }) => epoch)).toEqual([2, 4])
  // Epoch 1 is released: making rows again begins with its state.
  expect(summary.states.length).toBeGreaterThanOrEqual(5)
  recutter.heard(summary)
  // The same is told until the epoch that brings it is sealed, and is made once.
  recutter.heard(summary)
  while (notices.length === 0) await new Promise((resolve) => setImmediate(resolve))
  recutter.heard(summary)
  await recutter.stop()
  expect(notices).toEqual([{ kind: 'recut', epochs: 2, rows: 2 * TRADES }])
  expect((await stored()).length).toBe(3 * TRADES)
  hear()
  await scene.cut()
  await settle(scene.publisher)
  expect(await stored()).toEqual(Array.from({ length: 6 * TRADES }, (_, i) => i + 1))
  expect((await scene.publisher.round()).voids).toEqual([])
  await scene.close()
})

it('gives the rows of every epoch as they were made first, from whatever state it begins', async () => {
  const { scene, hear } = await openScene()
  for (let i = 0; i < 4; i++) {
    hear()
    await scene.cut()
  }
  const { states } = await scene.publisher.round()
  const rowsOf = async (made: Recut | null): Promise<number[]> =>
    idsOf((made?.files.get('ticks') ?? []).map(({ location }) => new URL(location).pathname))
  const range = (epoch: number): VoidRows => {
    const from = (states.find((_, index) => index === epoch - 2)?.to ?? 0) + 1
    return { table: 'ticks', epoch, from, to: states[epoch - 1]?.to as number }
  }
  const ids = (epoch: number): number[] =>
    Array.from({ length: TRADES }, (_, i) => (epoch - 1) * TRADES + i + 1)
  // Of the last write nobody knows beside the writer before the next one.
  expect(await recut(made(scene), [range(4)], states)).toBeNull()
  hear()
  await scene.cut()
  for (const epoch of [1, 2, 3, 4]) {
    expect(await rowsOf(await recut(made(scene), [range(epoch)], states))).toEqual(ids(epoch))
    expect(await rowsOf(await recut(made(scene), [range(epoch)], []))).toEqual(ids(epoch))
  }
  await scene.close()
})

async function idsOf(files: readonly string[]): Promise<number[]> {
  if (files.length === 0) return []
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const list = files.map((path) => `'${path}'`).join(', ')
  const result = await connection.runAndReadAll(
    `SELECT trade_id::INTEGER AS id FROM read_parquet([${list}]) ORDER BY id`,
  )
  connection.closeSync()
  instance.closeSync()
  return result.getRows().map(([id]) => Number(id))
}
