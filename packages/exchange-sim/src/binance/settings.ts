import type { Market as MarketName } from '@cryptoflow/model'
import { CryptoFlowError } from '@cryptoflow/runtime'
import type { FaultPlan } from '../faults.ts'
import { type BinanceLimits, limitsOf, type MarketFamily } from './limits.ts'

/** One market of the simulated exchange: a host of its own. */
export interface SimMarketSettings {
  readonly market: MarketName
  /** As the exchange spells them: `BTCUSDT`, linear also `BTCUSDT_261225`, inverse `BTCUSD_PERP`, `BTCUSD_261225`. */
  readonly symbols: readonly string[]
  /** 0, the default, takes any free port. */
  readonly port?: number
}

/** What a simulation depends on, apart from its clock and its log. Plain data: it may cross threads. */
export interface BinanceSimSettings {
  readonly seed: number
  /** Each market at most once. */
  readonly markets: readonly SimMarketSettings[]
  /** Mean per symbol. */
  readonly tradesPerSecond: number
  /** Mean of level changes per symbol in `depthEveryMs`, those by trades apart. */
  readonly levelsPerDiff: number
  /** Default 100: distance of two diffs of `depth@100ms`, whatever its name; the other speeds keep their proportion. */
  readonly depthEveryMs?: number
  /** Levels a side that books are opened with and tend to; default 300 to 900, by symbol. */
  readonly bookLevels?: number
  /** Mean of forced orders per futures symbol; default 12. */
  readonly liquidationsPerMinute?: number
  /** Distance of two changes of some symbol's status in each market; default 60 s. */
  readonly statusEveryMs?: number
  readonly faults?: FaultPlan
  /** What differs from the documented limits. Both futures markets are one family. */
  readonly limits?: Readonly<Partial<Record<MarketFamily, Partial<BinanceLimits>>>>
  /** How long a REST answer takes; default 0. */
  readonly restDelayMs?: number
  /** Default as documented: spot 20 s, futures 3 min. */
  readonly pingEveryMs?: number
  /** Default as documented: spot 1 min, futures 10 min. */
  readonly pongWithinMs?: number
  /** Age at which connections are closed; default as documented, 24 h. */
  readonly connectionLifeMs?: number
  /** How long before its end a spot connection is told of it; by default it is not. */
  readonly shutdownNoticeMs?: number
  /**
   * ISO date of the wire format: fields that came later are left out (`nq` 2025-12-31, `ap` 2026-03-16, `st` and
   * linear `ps` 2026-06-30). Default: all fields.
   */
  readonly since?: string
  /**
   * Paths of the inverse host. `unrouted`, the default: `/ws` and `/stream` carry everything; `routed`: as linear.
   * Reports about the real one differ.
   */
  readonly inverseRouting?: 'unrouted' | 'routed'
}

/** Where a simulated market listens; the websocket address is without a path: `ws://127.0.0.1:<port>`. */
export interface SimAddress {
  readonly wsUrl: string
  readonly restUrl: string
}

/** Addresses by market; asking for one that is not simulated throws a usage error. */
export type SimUrls = Readonly<Record<MarketName, SimAddress>>

const MARKETS: readonly MarketName[] = ['spot', 'linear', 'inverse']
const DATE = /^\d{4}-\d\d-\d\d$/

/** The addresses of the markets that there are; the others are not enumerable and throw. */
export function simUrls(addresses: Readonly<Partial<SimUrls>>): SimUrls {
  const urls = { ...addresses }
  for (const market of MARKETS) {
    if (urls[market] !== undefined) continue
    Object.defineProperty(urls, market, {
      enumerable: false,
      get() {
        throw new CryptoFlowError('asking a simulator for an address: it does not simulate this market', {
          kind: 'usage',
          reaction: 'stop',
          context: { market },
        })
      },
    })
  }
  return urls as SimUrls
}

/** Throws a usage error for settings that cannot be met; symbols are looked at where they are listed. */
export function checkSettings(settings: BinanceSimSettings): void {
  const problem = problemOf(settings)
  if (problem === null) return
  throw new CryptoFlowError('starting the simulator: found settings that cannot be met, expected good ones', {
    kind: 'usage',
    reaction: 'stop',
    context: { problem },
  })
}

function problemOf(settings: BinanceSimSettings): string | null {
  const { markets, since = '2026-06-30', tradesPerSecond, levelsPerDiff } = settings
  const names = markets.map(({ market }) => market)
  if (names.length === 0 || new Set(names).size < names.length) return 'markets: each once, at least one'
  if (!names.every((name) => MARKETS.includes(name))) return 'markets: one is unknown'
  for (const { symbols } of markets) {
    if (symbols.length === 0 || new Set(symbols).size < symbols.length)
      return 'symbols: each once, at least one'
  }
  if (!(tradesPerSecond >= 0 && levelsPerDiff >= 0)) return 'tradesPerSecond, levelsPerDiff: not below 0'
  if (!((settings.liquidationsPerMinute ?? 0) >= 0)) return 'liquidationsPerMinute: not below 0'
  if (!DATE.test(since)) return 'since: expected a date such as 2026-06-30'
  if (settings.faults !== undefined && !(settings.faults.everyMessages > 0))
    return 'faults.everyMessages: above 0'
  if ((settings.bookLevels ?? BOOK_LEVELS_MIN) < BOOK_LEVELS_MIN)
    return `bookLevels: at least ${BOOK_LEVELS_MIN}`
  return durationProblemOf(settings)
}

/** Fewer levels would be used up between two refills. */
const BOOK_LEVELS_MIN = 50
const DURATIONS = [
  'depthEveryMs',
  'statusEveryMs',
  'pingEveryMs',
  'pongWithinMs',
  'connectionLifeMs',
  'shutdownNoticeMs',
] as const

function durationProblemOf(settings: BinanceSimSettings): string | null {
  const wrong = DURATIONS.find((name) => {
    const ms = settings[name]
    return ms !== undefined && !(Number.isSafeInteger(ms) && ms >= 1)
  })
  return wrong === undefined ? null : `${wrong}: expected whole milliseconds above 0`
}

/** The limits of a market under these settings. */
export function limitsUnder(settings: BinanceSimSettings, family: MarketFamily): BinanceLimits {
  return { ...limitsOf[family], ...settings.limits?.[family] }
}
