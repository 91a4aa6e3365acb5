import { join } from 'node:path'
import { faultKinds, startSimInWorker } from '@cryptoflow/exchange-sim'
import type { Market, MarketOperators } from '@cryptoflow/model'
import { type CollectOptions, imageDefaults, startCollector } from '@cryptoflow/pipeline'
import { type Chance, seededChance, sleep } from '@cryptoflow/runtime'
import { clockBeforeMinute, closeMinutes } from './minutes.ts'
import { runJson } from './support.ts'

export interface Verdict {
  readonly ok: boolean
  readonly emitted: number
  readonly stored: number
  readonly in_gaps: number
  readonly dead_letters: number
  /** REST answers that a stop cut off before they were received. */
  readonly unanswered: number
  /** Quotes and images withheld: their numbers skip, so nobody can notice. */
  readonly undetectable: number
  /** Emissions of streams that nobody asked for. */
  readonly unasked: number
  readonly lost: number
  readonly doubled: number
  readonly foreign: number
  readonly gaps_injected: number
  readonly gaps_recorded: number
  readonly gap_mismatch_count: number
  readonly images_wrong: number
  readonly images_missing: number
  readonly images_checked: number
  readonly changes_checked: number
  readonly changes_wrong: number
  readonly wire_duplicates: number
  readonly coverage_minutes: number
  readonly coverage_duplicates: number
  readonly coverage_open: number
  readonly coverage_wrong: number
  readonly bars_checked: number
  readonly bars_wrong: number
  readonly bars_missing: number
  readonly tables: Readonly<Record<string, { readonly rows: number }>>
}

const operators: MarketOperators = {
  aggregate: { windows: ['1s', '10s', '5s/1s'] },
  watermark: { allowedLatenessMs: 2_000, late: 'revision', idleMs: 1_000 },
}

/** Streams of one market that a run draws from; the first of them are always taken. */
interface Offer {
  readonly market: Market
  readonly symbols: readonly string[]
  readonly always: readonly string[]
  readonly sometimes: readonly string[]
}

const futures = {
  always: [
    'aggTrade',
    'futures_delta',
    'futures_ob',
    'bookTicker',
    'markPrice@1s',
    'forceOrder',
    'exchangeInfo',
  ],
  sometimes: [
    'trade',
    'depth@500ms',
    'depth5@100ms',
    'depth20@500ms',
    'openInterest',
    'premiumIndex',
    'fundingInfo',
    '!forceOrder@arr',
    '!markPrice@arr@1s',
  ],
} as const

const offers: readonly Offer[] = [
  {
    market: 'spot',
    symbols: ['BTCUSDT', 'ETHUSDT', 'DOGEUSDT'],
    always: ['trade', 'spot_delta', 'spot_ob', 'bookTicker', 'exchangeInfo'],
    sometimes: ['aggTrade', 'depth', 'depth5', 'depth10@100ms', 'depth20@100ms'],
  },
  { market: 'linear', symbols: ['BTCUSDT', 'SOLUSDT', 'BTCUSDT_261225'], ...futures },
  { market: 'inverse', symbols: ['BTCUSD_PERP', 'BTCUSD_261225'], ...futures },
]

/**
 * Collects a simulated exchange of three markets that misbehaves by its seed, then lets DuckDB judge the tables
 * against the emission log. Market, faults, streams and cuts follow from the seed; the verdict must hold for every
 * interleaving of sockets and timers.
 */
export async function simulatedRun(seed: number, folder: string, seconds: number): Promise<Verdict> {
  const clock = clockBeforeMinute(seconds / 2)
  const chance = seededChance(seed * 7919 + 17)
  const logPath = join(folder, 'emissions.jsonl')
  const warehouse = join(folder, 'warehouse')
  const everyMessages = 60 + chance.below(240)
  const sim = await startSimInWorker({
    logPath,
    settings: {
      seed,
      markets: offers.map(({ market, symbols }) => ({ market, symbols: [...symbols] })),
      tradesPerSecond: 4 + chance.below(20),
      levelsPerDiff: 4 + chance.below(30),
      bookLevels: 60 + chance.below(400),
      liquidationsPerMinute: 60,
      statusEveryMs: 700 + chance.below(2000),
      faults: {
        everyMessages,
        kinds: [...faultKinds].sort(() => chance.next() - 0.5),
        startAfterMessages: chance.below(200),
      },
    },
  })
  const options: CollectOptions = {
    collections: offers.map(({ market, symbols, always, sometimes }) => ({
      exchange: 'binance',
      market,
      urls: sim.urls[market],
      symbols,
      streams: [...always, ...drawn(sometimes, chance)],
      operators,
    })),
    warehouseDirectory: warehouse,
    images: imageDefaults,
    compression: 'zstd',
    sealEveryMs: 200 + chance.below(1500),
    sealRows: 500 + chance.below(20_000),
    commit: { by: 'collector', everyMs: 150 + chance.below(800), voidAfterMs: Number.POSITIVE_INFINITY },
    threads: 0,
    // Some of them have room for little more than a block, so that most of what they read comes from the disk.
    channels: { defaults: { rawCap: seed % 3 === 0 ? 1 : 8192, rawBytes: 1 << 20 }, overrides: {} },
    journal: { reserveBytes: 0, compression: chance.hits(0.5) ? 'zstd' : 'none', segmentBytes: 1 << 20 },
    backoff: { firstMs: 50, maxMs: 500, jitter: 0.25 },
    clock,
    chance,
    drill: null,
    notice: () => {},
  }
  const collector = await startCollector(options)
  await Promise.race([sleep(clock, seconds * 1000), collector.ended])
  await collector.stop()
  await sim.close()
  await closeMinutes(options)
  return await runJson<Verdict>('verify', '--json', '--warehouse', warehouse, '--emissions', logPath)
}

function drawn(names: readonly string[], chance: Chance): string[] {
  return names.filter(() => chance.hits(0.4))
}

/** Where every emitted message went. */
export function accounted(verdict: Verdict): number {
  const { stored, in_gaps, dead_letters, unanswered, undetectable } = verdict
  return stored + in_gaps + dead_letters + unanswered + undetectable
}
