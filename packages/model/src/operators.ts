import type { TableName } from './tables.ts'

/**
 * What is done with the messages of a market between decoding and its tables, as plain JSON: it stands in the start
 * record of a journal, so that a replay does the same.
 *
 * Numbers that are compared with prices and quantities are decimals as texts: they are never floats.
 */
export interface MarketOperators {
  /** By table; a table without one has no row removed. */
  readonly filter?: Readonly<Partial<Record<TableName, FilterSpec>>>
  readonly dedupe?: DedupeSpec
}

/** By `marketText`; a market that is not named has none. */
export type Operators = Readonly<Record<string, MarketOperators>>

/**
 * Which messages of a table become rows. Everything that is given must hold; a number that a message does not carry
 * (the price of some liquidations) breaks no rule.
 */
export interface FilterSpec {
  /** Symbols as the exchange writes them, `*` for any characters, `?` for one; absent: every symbol. */
  readonly allow?: readonly string[]
  /** Of those, the ones that are left out after all. */
  readonly deny?: readonly string[]
  /** Both inclusive. */
  readonly priceMin?: string
  readonly priceMax?: string
  readonly quantityMin?: string
  /** Least price times quantity; of a market whose quantities are in the quote, the quantity itself. */
  readonly notionalMin?: string
}

/** How repeats are known where ids do not count. */
export interface DedupeSpec {
  /** Ids that are remembered of each such stream of a key. */
  readonly window: number
}

/** Tables whose message is one price and one quantity: the only ones that rules about numbers may be given for. */
export const numberedTables: readonly TableName[] = ['ticks', 'liquidations']
