import {
  type ExchangeMarket,
  type MarketOperators,
  marketText,
  type Operators,
  type TableName,
  type WatermarkSpec,
} from '@cryptoflow/model'
import { type BarPlan, barPlan } from './bars.ts'
import { type RowFilter, rowFilter } from './row-filter.ts'

/**
 * The operators that are configured, in the order in which a message meets them. What is not configured (sequence,
 * book, images, flattening) has its place between them, and none of these changes what it sees.
 *
 *     dedupe -> sequence -> filter -> rows -> watermark -> aggregate
 *                                        \-> book -> images
 */
export const operatorNames = [
  'dedupe',
  'filter',
  'watermark',
  'aggregate',
] as const satisfies readonly (keyof MarketOperators)[]

/** What the operators are for one key, made once. */
export interface KeyOperators {
  /** By table; null: nothing is removed anywhere. */
  readonly filters: ReadonlyMap<TableName, RowFilter> | null
  /** Tables that get no row of the key; null: none. */
  readonly hidden: ReadonlySet<TableName> | null
  /** Ids that its streams remember where they remember any; null: as the adapter says. */
  readonly idWindow: number | null
  /** Null: no bars are made. */
  readonly bars: BarPlan | null
}

/** What holds where a journal says nothing of it. */
const WATERMARK: WatermarkSpec = { allowedLatenessMs: 5_000, late: 'revision', idleMs: 1_000 }

const NO_OPERATORS: KeyOperators = { filters: null, hidden: null, idWindow: null, bars: null }

/** Composes the operators of a market for one of its keys. */
export function composeOperators(
  operators: Operators | undefined,
  market: ExchangeMarket,
  symbol: string,
): KeyOperators {
  const own = operators?.[marketText(market)]
  if (own === undefined) return NO_OPERATORS
  const filters = new Map<TableName, RowFilter>()
  for (const [table, spec] of Object.entries(own.filter ?? {})) {
    const filter = rowFilter(spec, market, symbol)
    if (filter !== null) filters.set(table as TableName, filter)
  }
  const hidden = [...filters].filter(([, { isDenied }]) => isDenied).map(([table]) => table)
  return {
    filters: filters.size === 0 ? null : filters,
    hidden: hidden.length === 0 ? null : new Set(hidden),
    idWindow: own.dedupe?.window ?? null,
    bars: own.aggregate === undefined ? null : barPlan(own.aggregate.windows, own.watermark ?? WATERMARK),
  }
}
