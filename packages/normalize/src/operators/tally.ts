import type { ExchangeMarket, Market } from '@cryptoflow/model'
import type { KeyState } from '../key-state.ts'

/** What an operator did with messages of a market, in this process so far. */
export interface OperatorTally {
  readonly exchange: string
  readonly market: Market
  readonly operator: 'filter' | 'dedupe' | 'watermark' | 'aggregate'
  /** What it did: a word of few. */
  readonly outcome: 'removed' | 'repeat' | 'late' | 'dropped' | 'bar' | 'revision'
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
  const sum = (of: (state: KeyState) => number): number =>
    states.reduce((total, state) => total + of(state), 0)
  const at = { exchange, market }
  return [
    { ...at, operator: 'filter', outcome: 'removed', count: sum(({ counters }) => counters.filtered) },
    { ...at, operator: 'dedupe', outcome: 'repeat', count: sum(({ counters }) => counters.duplicates) },
    { ...at, operator: 'watermark', outcome: 'late', count: sum(({ counters }) => counters.lateTrades) },
    {
      ...at,
      operator: 'watermark',
      outcome: 'dropped',
      count: sum(({ counters }) => counters.droppedTrades),
    },
    { ...at, operator: 'aggregate', outcome: 'bar', count: sum(({ counters }) => counters.bars) },
    {
      ...at,
      operator: 'aggregate',
      outcome: 'revision',
      count: sum(({ counters }) => counters.barRevisions),
    },
  ]
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
