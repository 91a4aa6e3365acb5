import { type ManualClock, manualClock } from '@cryptoflow/runtime'
import { afterEach } from 'vitest'
import { type BinanceSpotSim, type BinanceSpotSimSettings, startBinanceSpotSim } from '../binance/server.ts'
import { type EmissionRecord, memoryEmissionLog } from '../emission-log.ts'

export interface TestSim extends BinanceSpotSim {
  readonly clock: ManualClock
  readonly records: readonly EmissionRecord[]
}

const running: BinanceSpotSim[] = []

/** A simulator on a clock that stands still; it ends with the test. */
export async function startTestSim(settings: Partial<BinanceSpotSimSettings> = {}): Promise<TestSim> {
  const clock = manualClock()
  const log = memoryEmissionLog()
  const sim = await startBinanceSpotSim({
    seed: 1,
    symbols: ['BTCUSDT', 'ETHUSDT'],
    tradesPerSecond: 20,
    levelsPerDiff: 10,
    ...settings,
    clock,
    log,
  })
  running.push(sim)
  return { ...sim, clock, records: log.records }
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((sim) => sim.stop()))
})
