import type { ExchangeMarket, Market } from '@cryptoflow/model'
import { addCounters, type Counters, createCounters } from '../counters.ts'
import type { KeyState } from '../key-state.ts'

/** What an operator did with messages of a market, in this process so far. */
export interface OperatorTally {
  readonly exchange: string
  readonly market: Market
  readonly operator: 'dedupe' | 'sequence' | 'filter' | 'book' | 'images' | 'watermark' | 'aggregate'
  /** What it did: a word of few. */
  readonly outcome: string
  readonly count: number
}

/** How well the ids that are remembered of a market's streams hold. */
export interface IdTally {
  readonly exchange: string
  readonly market: Market
  /** Remembered now, of all streams together. */
  readonly ids: number
  /** Of the repeats found by this process the one farthest back, in ids of its stream. */
  readonly farthest: number
}

/** What is counted of each operator, in the order in which a message meets them. */
const COUNTED: readonly (readonly [OperatorTally['operator'], outcome: string, keyof Counters])[] = [
  ['dedupe', 'repeat', 'duplicates'],
  ['sequence', 'gap', 'gaps'],
  ['sequence', 'late', 'late'],
  ['filter', 'removed', 'filtered'],
  ['book', 'applied', 'applied'],
  ['book', 'asked', 'asked'],
  ['book', 'crossed', 'crossed'],
  ['images', 'derived', 'derivedImages'],
  ['images', 'checkpoint', 'checkpoints'],
  ['watermark', 'late', 'lateTrades'],
  ['watermark', 'dropped', 'droppedTrades'],
  ['aggregate', 'bar', 'bars'],
  ['aggregate', 'revision', 'barRevisions'],
]

/** Sums over the keys of each market. Counts of this process, no part of any row. */
export function tallyOperators(states: Iterable<KeyState>): {
  readonly operators: OperatorTally[]
  readonly ids: IdTally[]
} {
  const markets = Map.groupBy(states, ({ market }) => market)
  const all = [...markets].map(([market, own]) => ({ market, own }))
  return {
    operators: all.flatMap(({ market, own }) => operatorsOf(market, own)),
    ids: all.map(({ market, own }) => idsOf(market, own)).filter(({ ids }) => ids > 0),
  }
}

function operatorsOf({ exchange, market }: ExchangeMarket, states: readonly KeyState[]): OperatorTally[] {
  const total = createCounters()
  for (const { counters } of states) addCounters(total, counters)
  return COUNTED.map(([operator, outcome, counter]) => ({
    exchange,
    market,
    operator,
    outcome,
    count: total[counter],
  }))
}

function idsOf({ exchange, market }: ExchangeMarket, states: readonly KeyState[]): IdTally {
  const windows = states.flatMap(({ streams }) => streams.flatMap(({ ids }) => ids ?? []))
  return {
    exchange,
    market,
    ids: windows.reduce((total, { count }) => total + count, 0),
    farthest: windows.reduce((most, { farthest }) => Math.max(most, farthest), 0),
  }
}
