import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { eagerClock } from './eager-clock-fixture.ts'
import { imageDefaults, replayCapture, tableFiles, warehouseAt } from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'cryptoflow-replay-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const SECONDS = 100
const BEGIN_US = 1_700_000_000_000_000
const capture = join(folder, 'trades.jsonl')
writeFileSync(capture, Array.from({ length: SECONDS + 1 }, (_, second) => trade(second)).join('\n'))

/** A trade a second. */
function trade(second: number): string {
  const ms = BEGIN_US / 1000 + second * 1000
  const raw = `{"e":"trade","E":${ms},"s":"BTCUSDT","t":${second},"p":"1.0","q":"2.0","T":${ms},"m":true,"M":true}`
  const head = { exchange: 'binance', market: 'spot', transport: 'ws', conn: 'a', url: null }
  return JSON.stringify({ ...head, recv_ts_us: ms * 1000, raw })
}

/** What a replay of the trades took, by its clock, and into how many files its ticks came. */
async function replayedAt(speed: number | null): Promise<{ rows: number; seconds: number; files: number }> {
  const clock = eagerClock()
  const beganUs = clock.nowUs()
  const warehouseDirectory = join(folder, `at-${speed}`)
  const options = { images: imageDefaults, compression: 'zstd', sealRows: 1_000_000, speed, clock } as const
  const { rows } = await replayCapture(capture, { ...options, warehouseDirectory })
  const files = await tableFiles(warehouseAt(warehouseDirectory), clock)
  const seconds = (clock.nowUs() - beganUs) / 1e6
  return { rows, seconds, files: files.get('ticks')?.length ?? 0 }
}

describe('a replay', () => {
  it('takes the time that was recorded, a tenth of it, or none', async () => {
    const [live, fast, max] = [await replayedAt(1), await replayedAt(10), await replayedAt(null)]
    expect([live.seconds, fast.seconds, max.seconds]).toEqual([SECONDS, SECONDS / 10, 0])
    expect(live.rows).toBeGreaterThan(SECONDS)
    expect([fast.rows, max.rows]).toEqual([live.rows, live.rows])
  })

  it('that is paced has what is older than half a minute in the tables', async () => {
    expect([(await replayedAt(2)).files, (await replayedAt(20)).files]).toEqual([2, 1])
  })
})
