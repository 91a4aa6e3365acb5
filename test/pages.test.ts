import { join } from 'node:path'
import { startSimInWorker } from '@cryptoflow/exchange-sim'
import { imageDefaults, startCollector } from '@cryptoflow/pipeline'
import { seededChance, sleep, systemClock } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import type { Verdict } from './simulated-run.ts'
import { inFolder, runJson } from './support.ts'

/** The exchange tells 1,000 in a page. */
const SYMBOLS = 2_100

describe('a list of instruments in three pages', () => {
  it('is stored whole', async () => {
    await inFolder(async (folder) => {
      const symbols = Array.from({ length: SYMBOLS }, (_, at) => `C${at}USDT`)
      const logPath = join(folder, 'emissions.jsonl')
      const sim = await startSimInWorker({
        logPath,
        stage: {
          seed: 1,
          houses: [{ exchange: 'bybit', market: 'linear', symbols }],
          tradesPerSecond: 0,
          levelsPerDiff: 0,
          liquidationsPerMinute: 0,
          bookLevels: 50,
        },
      })
      const [{ wsUrl, restUrl } = { wsUrl: '', restUrl: '' }] = sim.houses
      const clock = systemClock()
      const collector = await startCollector({
        collections: [
          {
            exchange: 'bybit',
            market: 'linear',
            urls: { wsUrl, restUrl },
            symbols: ['C0USDT'],
            streams: ['instruments-info'],
          },
        ],
        warehouseDirectory: join(folder, 'warehouse'),
        images: imageDefaults,
        compression: 'zstd',
        sealEveryMs: 500,
        sealRows: 10_000,
        commit: { by: 'collector', everyMs: 300, voidAfterMs: Number.POSITIVE_INFINITY },
        threads: 0,
        journal: { reserveBytes: 0, compression: 'none', segmentBytes: 1 << 22 },
        backoff: { firstMs: 50, maxMs: 500, jitter: 0.25 },
        clock,
        chance: seededChance(1),
        drill: null,
        notice: () => {},
      })
      // A page whose answer was cut off counts as told to nobody.
      while (collector.counters.polls < 3) await Promise.race([sleep(clock, 20), collector.ended])
      await collector.stop()
      await sim.close()
      const verdict = await runJson<Verdict>(
        'verify',
        '--json',
        '--warehouse',
        join(folder, 'warehouse'),
        '--emissions',
        logPath,
      )
      expect(verdict).toMatchObject({ lost: 0, doubled: 0, foreign: 0, ok: true })
      expect(verdict.tables.instruments?.rows).toBe(SYMBOLS)
    })
  })
})
