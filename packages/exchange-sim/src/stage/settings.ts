import type { Market as MarketName } from '@cryptoflow/model'
import { CryptoFlowError } from '@cryptoflow/runtime'
import type { FaultPlan } from '../faults.ts'

/** One market of one exchange: a server of its own. */
export interface HouseSettings {
  readonly exchange: string
  readonly market: MarketName
  /** As the exchange's streams spell them. */
  readonly symbols: readonly string[]
  /** 0, the default, takes any free port. */
  readonly port?: number
}

/** What a stage's play depends on, apart from its clock and its log. Plain data: it may cross threads. */
export interface StageSettings {
  readonly seed: number
  /** Each market of an exchange at most once. */
  readonly houses: readonly HouseSettings[]
  /** Means per symbol. */
  readonly tradesPerSecond: number
  /** Mean of level changes per symbol in 100 ms, those by trades apart. */
  readonly levelsPerDiff: number
  /** Levels a side that books are opened with and tend to, at least 50; default 300 to 900, by symbol. */
  readonly bookLevels?: number
  /** Mean of forced orders per futures symbol; default 12. */
  readonly liquidationsPerMinute?: number
  readonly faults?: FaultPlan
}

/** Where a house listens; the websocket address is without a path: `ws://127.0.0.1:<port>`. */
export interface HouseAddress {
  readonly exchange: string
  readonly market: MarketName
  readonly wsUrl: string
  readonly restUrl: string
}

const BOOK_LEVELS_MIN = 50

/** Throws a usage error for settings that cannot be met; symbols are looked at where they are listed. */
export function checkStage(settings: StageSettings): void {
  const problem = problemOf(settings)
  if (problem === null) return
  throw new CryptoFlowError('starting the simulator: found settings that cannot be met, expected good ones', {
    kind: 'usage',
    reaction: 'stop',
    context: { problem },
  })
}

function problemOf({
  houses,
  bookLevels,
  tradesPerSecond,
  levelsPerDiff,
  faults,
}: StageSettings): string | null {
  const names = houses.map(({ exchange, market }) => `${exchange} ${market}`)
  if (names.length === 0 || new Set(names).size < names.length) return 'houses: each once, at least one'
  for (const { symbols } of houses) {
    if (symbols.length === 0 || new Set(symbols).size < symbols.length)
      return 'symbols: each once, at least one'
  }
  if (!(tradesPerSecond >= 0 && levelsPerDiff >= 0)) return 'tradesPerSecond, levelsPerDiff: not below 0'
  if ((bookLevels ?? BOOK_LEVELS_MIN) < BOOK_LEVELS_MIN) return `bookLevels: at least ${BOOK_LEVELS_MIN}`
  return faults !== undefined && !(faults.everyMessages > 0) ? 'faults.everyMessages: above 0' : null
}
