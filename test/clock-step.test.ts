import { join } from 'node:path'
import { startSimInWorker } from '@cryptoflow/exchange-sim'
import { type CollectNotice, type Collector, imageDefaults, startCollector } from '@cryptoflow/pipeline'
import { type Clock, machineTime, seededChance, systemClock, type TimeSources } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { inFolder, runJson } from './support.ts'

/** The machine's time, whose wall clock is set by hand. */
function settableTime(): { readonly sources: TimeSources; set(seconds: number): void } {
  let setUs = 0
  return {
    sources: { ...machineTime, wallUs: () => machineTime.wallUs() + setUs },
    set(seconds) {
      setUs += seconds * 1e6
    },
  }
}

/** Resolves when it holds; the collector's failure ends the wait. */
function until(clock: Clock, collector: Collector, holds: () => boolean): Promise<void> {
  const met = new Promise<void>((resolve) => {
    const cancel = clock.every(20, () => {
      if (!holds()) return
      cancel()
      resolve()
    })
  })
  return Promise.race([met, collector.ended])
}

describe('a collecting process whose wall clock is set', () => {
  it('connects anew, records what it missed as clock_step, and its received times never go back', async () => {
    await inFolder(async (folder) => {
      const time = settableTime()
      const clock = systemClock(time.sources)
      const logPath = join(folder, 'emissions.jsonl')
      const warehouse = join(folder, 'warehouse')
      const sim = await startSimInWorker({
        logPath,
        settings: {
          seed: 5,
          markets: [{ market: 'spot', symbols: ['BTCUSDT', 'ETHUSDT'] }],
          tradesPerSecond: 10,
          levelsPerDiff: 5,
        },
      })
      const notices: CollectNotice[] = []
      const collector = await startCollector({
        collections: [
          { exchange: 'binance', market: 'spot', urls: sim.urls.spot ?? {}, symbols: ['BTCUSDT', 'ETHUSDT'] },
        ],
        warehouseDirectory: warehouse,
        images: imageDefaults,
        compression: 'zstd',
        sealEveryMs: 400,
        sealRows: 10_000,
        commit: { by: 'collector', everyMs: 300, voidAfterMs: Number.POSITIVE_INFINITY },
        threads: 0,
        journal: { reserveBytes: 0 },
        clock,
        timeSources: time.sources,
        chance: seededChance(5),
        drill: null,
        notice: (notice) => notices.push(notice),
      })
      try {
        for (const [index, seconds] of [3600, -5400].entries()) {
          const { frames, connects } = collector.counters
          await until(clock, collector, () => collector.counters.frames > frames + 50)
          time.set(seconds)
          await until(
            clock,
            collector,
            () => notices.filter(({ kind }) => kind === 'time-jump').length === index + 1,
          )
          await until(clock, collector, () => collector.counters.connects > connects)
          const heard = collector.counters.frames
          await until(clock, collector, () => collector.counters.frames > heard + 50)
        }
      } finally {
        await collector.stop()
        await sim.close()
      }

      const jumps = notices.filter((notice) => notice.kind === 'time-jump')
      expect(jumps.map(({ what, seconds }) => [what, Math.round(seconds)])).toEqual([
        ['clock_step', 3600],
        ['clock_step', -5400],
      ])
      const verify = ['verify', '--json', '--warehouse', warehouse, '--emissions', logPath, '--restarted']
      expect(await runJson(...verify)).toMatchObject({ ok: true, lost: 0, doubled: 0 })
      const query = (sql: string) => runJson('query', sql, '--warehouse', warehouse, '--format', 'json')
      const steps = `SELECT DISTINCT state FROM gaps WHERE cause = 'clock_step' AND symbol = 'BTCUSDT'`
      expect(await query(steps)).toEqual([{ state: 'closed' }])
      const back = `SELECT received_ts < lag(received_ts) OVER (ORDER BY frame) AS back FROM ticks QUALIFY back`
      expect(await query(back)).toEqual([])
    })
  })
})
