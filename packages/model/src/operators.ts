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
  readonly watermark?: WatermarkSpec
  readonly aggregate?: AggregateSpec
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

/** How far the time of a key's trades has come, and what becomes of those behind it. */
export interface WatermarkSpec {
  /** How long after its end a window takes trades, milliseconds. */
  readonly allowedLatenessMs: number
  /** A late trade appends a revision of its bar, or is left out of it and counted. */
  readonly late: 'revision' | 'drop'
  /** How far behind the received time a key without trades is taken to be, milliseconds. */
  readonly idleMs: number
}

export interface AggregateSpec {
  /** See `windowOf`; each once. */
  readonly windows: readonly string[]
}

/** A window of fixed width that begins at multiples of its step since 1970, microseconds. */
export interface Window {
  /** As it was written: the `interval` of its bars. */
  readonly text: string
  readonly sizeUs: number
  /** Equal to the size: windows lie side by side. Else it divides the size: they overlap. */
  readonly stepUs: number
}

/** Steps of one window: each is kept apart until the window is over. */
export const WINDOW_STEPS_MAX = 1_500
const WINDOW_US_MAX = 7 * 86_400_000_000
const UNIT_US = { s: 1_000_000, m: 60_000_000, h: 3_600_000_000, d: 86_400_000_000 } as const

/** `1m`: a minute. `24h/5m`: a day, every five minutes. Null: no window, or one of too many steps. */
export function windowOf(text: string): Window | null {
  const match = /^([1-9]\d{0,5})([smhd])(?:\/([1-9]\d{0,5})([smhd]))?$/.exec(text)
  if (match === null) return null
  const [, size, sizeUnit, step, stepUnit] = match
  const sizeUs = Number(size) * UNIT_US[sizeUnit as keyof typeof UNIT_US]
  const stepUs = step === undefined ? sizeUs : Number(step) * UNIT_US[stepUnit as keyof typeof UNIT_US]
  const isWhole = sizeUs % stepUs === 0 && sizeUs / stepUs <= WINDOW_STEPS_MAX
  return isWhole && sizeUs <= WINDOW_US_MAX ? { text, sizeUs, stepUs } : null
}

/** Tables whose message is one price and one quantity: the only ones that rules about numbers may be given for. */
export const numberedTables: readonly TableName[] = ['ticks', 'liquidations']
