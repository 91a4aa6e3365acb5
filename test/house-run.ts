import { join } from 'node:path'
import { type FaultKind, faultKinds, startSimInWorker } from '@cryptoflow/exchange-sim'
import type { Market } from '@cryptoflow/model'
import {
  type CollectOptions,
  exchangeMarkets,
  imageDefaults,
  type MarketCollection,
  startCollector,
} from '@cryptoflow/pipeline'
import { type Chance, seededChance, sleep } from '@cryptoflow/runtime'
import { clockBeforeMinute, closeMinutes } from './minutes.ts'
import type { Verdict } from './simulated-run.ts'
import { runJson } from './support.ts'

/** What is collected of one market of one exchange; streams beside those that a collector takes by itself. */
export interface HouseOffer {
  readonly exchange: string
  readonly market: Market
  readonly symbols: readonly string[]
  readonly sometimes: readonly string[]
  /** Its books are asked for by REST. */
  readonly bookPoll?: NonNullable<MarketCollection['bookPoll']>
}

/** Every market of every exchange whose books begin in their streams. */
export const houseOffers: readonly HouseOffer[] = [
  { exchange: 'bybit', market: 'spot', symbols: ['BTCUSDT', 'XRPUSDT'], sometimes: ['orderbook.200'] },
  { exchange: 'bybit', market: 'linear', symbols: ['BTCUSDT', 'BTC-25DEC26'], sometimes: [] },
  { exchange: 'bybit', market: 'inverse', symbols: ['BTCUSD'], sometimes: [] },
  { exchange: 'okx', market: 'spot', symbols: ['BTC-USDT', 'ETH-USDT'], sometimes: ['trades', 'books5'] },
  { exchange: 'okx', market: 'linear', symbols: ['BTC-USDT-SWAP'], sometimes: ['trades'] },
  { exchange: 'okx', market: 'inverse', symbols: ['BTC-USD-SWAP'], sometimes: [] },
  { exchange: 'coinbase', market: 'spot', symbols: ['BTC-USD', 'ETH-USD'], sometimes: [] },
  { exchange: 'coinbase', market: 'linear', symbols: ['BTC-PERP-INTX'], sometimes: [] },
  { exchange: 'kraken', market: 'spot', symbols: ['BTC/USD', 'ETH/USD'], sometimes: [] },
  { exchange: 'kraken', market: 'linear', symbols: ['PF_XBTUSD'], sometimes: [] },
  { exchange: 'kraken', market: 'inverse', symbols: ['PI_XBTUSD'], sometimes: [] },
  { exchange: 'upbit', market: 'spot', symbols: ['KRW-BTC', 'BTC-ETH'], sometimes: [] },
]

/**
 * Collects simulated exchanges that misbehave by their seed, then lets DuckDB judge the tables against the emission
 * log. Markets, faults, streams and cuts follow from the seed; the verdict must hold for every interleaving of sockets
 * and timers.
 */
export async function houseRun(
  seed: number,
  folder: string,
  seconds: number,
  offers: readonly HouseOffer[],
  auditEveryMs: number | null = null,
): Promise<Verdict> {
  const options = await collectHouses(seed, folder, seconds, offers, { auditEveryMs })
  await closeMinutes(options)
  const [warehouse, log] = [options.warehouseDirectory, join(folder, LOG)]
  return await runJson<Verdict>('verify', '--json', '--warehouse', warehouse, '--emissions', log)
}

/** Their emission log, in the folder of a run. */
const LOG = 'emissions.jsonl'

/** Collects them only, into `warehouse` of the folder; with what it was told. */
export async function collectHouses(
  seed: number,
  folder: string,
  seconds: number,
  offers: readonly HouseOffer[],
  {
    auditEveryMs = null,
    kinds = faultKinds,
  }: { readonly auditEveryMs?: number | null; readonly kinds?: readonly FaultKind[] } = {},
): Promise<CollectOptions> {
  const clock = clockBeforeMinute(seconds / 2)
  const chance = seededChance(seed * 6007 + 5)
  const everyMessages = 12 * offers.length + chance.below(20 * offers.length)
  const sim = await startSimInWorker({
    logPath: join(folder, LOG),
    stage: {
      seed,
      houses: offers.map(({ exchange, market, symbols }) => ({ exchange, market, symbols })),
      tradesPerSecond: 2 + chance.below(8),
      levelsPerDiff: 3 + chance.below(12),
      bookLevels: 60 + chance.below(200),
      liquidationsPerMinute: 60,
      faults: {
        everyMessages,
        kinds: [...kinds].sort(() => chance.next() - 0.5),
        startAfterMessages: chance.below(100),
      },
    },
  })
  const options: CollectOptions = {
    collections: offers.map(({ exchange, market, symbols, sometimes, bookPoll }, at) => {
      const { wsUrl, restUrl } = sim.houses[at] as (typeof sim.houses)[number]
      const more = drawn(sometimes, chance)
      const streams = more.length === 0 ? {} : { streams: [...tablesOf(exchange, market), ...more] }
      const polls = bookPoll === undefined ? {} : { bookPoll }
      return { exchange, market, urls: { wsUrl, restUrl }, symbols, ...streams, ...polls }
    }),
    warehouseDirectory: join(folder, 'warehouse'),
    images: imageDefaults,
    compression: 'zstd',
    sealEveryMs: 300 + chance.below(1500),
    sealRows: 1_000 + chance.below(20_000),
    commit: { by: 'collector', everyMs: 200 + chance.below(800), voidAfterMs: Number.POSITIVE_INFINITY },
    threads: 0,
    journal: { reserveBytes: 0, compression: chance.hits(0.5) ? 'zstd' : 'none', segmentBytes: 1 << 20 },
    backoff: { firstMs: 50, maxMs: 500, jitter: 0.25 },
    clock,
    chance,
    drill: null,
    auditEveryMs,
    notice: () => {},
  }
  const collector = await startCollector(options)
  await Promise.race([sleep(clock, seconds * 1000), collector.ended])
  await collector.stop()
  await sim.close()
  return options
}

function tablesOf(exchange: string, market: Market): string[] {
  const known = exchangeMarkets.find((one) => one.exchange === exchange && one.market === market)
  return Object.keys(known?.collectors ?? {})
}

function drawn(names: readonly string[], chance: Chance): string[] {
  return names.filter(() => chance.hits(0.3))
}
