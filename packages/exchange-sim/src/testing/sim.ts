import { type ManualClock, manualClock } from '@cryptoflow/runtime'
import { afterEach } from 'vitest'
import { type BinanceSim, startBinanceSim } from '../binance/server.ts'
import type { BinanceSimSettings } from '../binance/settings.ts'
import { type EmissionRecord, memoryEmissionLog } from '../emission-log.ts'

export interface TestSim extends BinanceSim {
  readonly clock: ManualClock
  readonly records: readonly EmissionRecord[]
}

const running: BinanceSim[] = []

/** A market as most tests have it. */
export const spotMarket = { market: 'spot', symbols: ['BTCUSDT', 'ETHUSDT'] } as const
export const linearMarket = { market: 'linear', symbols: ['BTCUSDT', 'ETHUSDT'] } as const
export const inverseMarket = { market: 'inverse', symbols: ['BTCUSD_PERP', 'BTCUSD_261225'] } as const

/** A simulator on a clock that stands still, of a spot market when nothing else is said; it ends with the test. */
export async function startTestSim(settings: Partial<BinanceSimSettings> = {}): Promise<TestSim> {
  const clock = manualClock()
  const log = memoryEmissionLog()
  const sim = await startBinanceSim({
    seed: 1,
    markets: [spotMarket],
    tradesPerSecond: 20,
    levelsPerDiff: 10,
    ...settings,
    clock,
    log,
  })
  running.push(sim)
  return { ...sim, clock, records: log.records }
}

/** One spot symbol. */
export function spotOf(...symbols: readonly string[]): Pick<BinanceSimSettings, 'markets'> {
  return { markets: [{ market: 'spot', symbols }] }
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((sim) => sim.stop()))
})
