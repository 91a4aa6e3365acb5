import type { Duck } from '@cryptoflow/reader'
import { DECIMALS, SecondBars, type SecondTrade, type StoredBar } from './second-bars.ts'

/**
 * Bars against two plain second computations: each row against the trades that were stored before it, and what says that
 * it is complete against everything that the exchange emitted.
 */

export interface BarVerdict {
  /** Rows of `bars`. */
  readonly checked: number
  /** Of those the ones that say they are complete. */
  readonly complete: number
  readonly wrong: number
  /** Windows that lie side by side, with a trade stored, which no bar has. */
  readonly missing: number
  readonly examples: readonly BarExample[]
}

type BarExample = Readonly<Record<string, string | number | boolean | null>>

/**
 * Trades that came this long after their window's end may have been too late: the least lateness that bars of simulated
 * runs allow, microseconds.
 */
const LATENESS_US = 2_000_000

const KEY = ['exchange', 'market', 'symbol'] as const
type Keyed = Readonly<Record<(typeof KEY)[number], string>>

interface BarRow extends Keyed, StoredBar {
  readonly interval: string
  readonly writer: string
  readonly revision: number
  readonly complete: string | boolean
}

interface TradeRow extends Keyed, Omit<SecondTrade, 'isBuy' | 'count'> {
  readonly kind: string
  readonly writer: string
  readonly side: string
  readonly count: number
}

const BARS = `
  SELECT ${KEY.join(', ')}, interval, writer, frame, revision, complete, trade_count, quantity_unit,
    epoch_us(window_start) AS window_start, epoch_us(window_end) AS window_end,
    ${DECIMALS.map((name) => `${name}::VARCHAR AS ${name}`).join(', ')}
  FROM bars ORDER BY ALL`

const STORED = `
  SELECT ${KEY.join(', ')}, kind, writer, frame, epoch_us(event_ts) AS us, epoch_us(received_ts) AS "receivedUs",
    price::VARCHAR AS price, quantity::VARCHAR AS quantity, side, coalesce(trade_count, 1)::BIGINT AS count
  FROM ticks SEMI JOIN bars USING (exchange, market, symbol) WHERE kind <> 'block'`

const EMITTED = `
  SELECT ${KEY.join(', ')}, form AS kind, '' AS writer, 0 AS frame, event_us AS us, 0 AS "receivedUs",
    "values"['price'] AS price, "values"['quantity'] AS quantity, "values"['side'] AS side,
    coalesce("values"['last_trade_id']::BIGINT - "values"['first_trade_id']::BIGINT + 1, 1)::BIGINT AS count
  FROM emission_lines SEMI JOIN bars USING (exchange, market, symbol)
  WHERE table_name = 'ticks' AND form <> 'block'`

/** Judges every row of `bars`; `emission_lines` must stand. */
export async function compareBars(duck: Duck, examplesMax: number): Promise<BarVerdict> {
  const bars = await duck.objects<BarRow>(BARS)
  const stored = bars.length === 0 ? [] : await duck.objects<TradeRow>(STORED)
  const emitted = bars.length === 0 ? [] : await duck.objects<TradeRow>(EMITTED)
  return judgeBars(bars, stored, emitted, examplesMax)
}

export function judgeBars(
  bars: readonly BarRow[],
  stored: readonly TradeRow[],
  emitted: readonly TradeRow[],
  examplesMax: number,
): BarVerdict {
  const storedBars = secondBars(stored, (row) => `${keyOf(row)}\0${row.writer}`)
  const emittedBars = secondBars(emitted, keyOf)
  const isOf = (all: readonly SecondBars[] | undefined, bar: BarRow, frame?: number): string | null => {
    const faults = (all ?? []).map((second) => second.fault(bar, frame))
    return faults.includes(null) ? null : (faults[0] ?? 'has no trades')
  }
  const wrong: BarExample[] = []
  let complete = 0
  for (const bar of bars) {
    const isComplete = String(bar.complete) === 'true'
    if (isComplete) complete += 1
    const own = isOf(storedBars.get(`${keyOf(bar)}\0${bar.writer}`), bar, bar.frame)
    const whole = isComplete && own === null ? isOf(emittedBars.get(keyOf(bar)), bar) : null
    const fault = own === null ? whole : own
    if (fault === null) continue
    const against = own === null ? 'everything emitted' : 'the trades stored before it'
    wrong.push({ ...bar, complete: isComplete, wrong: fault, against })
  }
  const missing = missingWindows(bars, stored)
  const examples = [...wrong, ...missing].slice(0, examplesMax)
  return { checked: bars.length, complete, wrong: wrong.length, missing: missing.length, examples }
}

/** By name; of each kind of trades their own, since one stream makes the bars of a key. */
function secondBars(
  rows: readonly TradeRow[],
  nameOf: (row: TradeRow) => string,
): ReadonlyMap<string, readonly SecondBars[]> {
  const named = Map.groupBy(rows, nameOf)
  return new Map(
    [...named].map(([name, own]) => [
      name,
      [...Map.groupBy(own, ({ kind }) => kind).values()].map(
        (kind) => new SecondBars(kind.map((row) => ({ ...row, isBuy: row.side === 'buy' }))),
      ),
    ]),
  )
}

/** A process that stops writes what lies side by side, so that each trade has a bar that came after it. */
function missingWindows(bars: readonly BarRow[], stored: readonly TradeRow[]): BarExample[] {
  const last = new Map<string, number>()
  const sizes = new Map<string, Set<number>>()
  for (const bar of bars) {
    const size = bar.window_end - bar.window_start
    if (bar.interval.includes('/')) continue
    const own = sizes.get(keyOf(bar)) ?? new Set()
    sizes.set(keyOf(bar), own.add(size))
    const name = `${keyOf(bar)}\0${size}\0${bar.window_start}`
    last.set(name, Math.max(last.get(name) ?? 0, bar.frame))
  }
  const kinds = new Map(
    [...Map.groupBy(stored, keyOf)].map(([key, own]) => [key, new Set(own.map(({ kind }) => kind))]),
  )
  const missing = new Map<string, BarExample>()
  for (const trade of stored) {
    const key = keyOf(trade)
    // Which of two kinds the bars are of is not said.
    if ((kinds.get(key)?.size ?? 0) > 1) continue
    for (const size of sizes.get(key) ?? []) {
      const start = Math.floor(trade.us / size) * size
      const name = `${key}\0${size}\0${start}`
      const isLate = trade.receivedUs >= start + size + LATENESS_US
      if ((last.get(name) ?? 0) > trade.frame || isLate || missing.has(name)) continue
      const { exchange, market, symbol, frame } = trade
      missing.set(name, {
        exchange,
        market,
        symbol,
        window_start: start,
        size,
        frame,
        wrong: 'no bar has this trade',
      })
    }
  }
  return [...missing.values()]
}

function keyOf({ exchange, market, symbol }: Keyed): string {
  return [exchange, market, symbol].join('\0')
}
