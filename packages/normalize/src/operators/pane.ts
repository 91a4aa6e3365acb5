import type { Decimal, DecimalColumn } from '@cryptoflow/model'
import type { TimeSource } from '../stamps.ts'
import { addEntry, addExact, addProduct, createSum, type ExactSum, totalOf } from './exact-sum.ts'

/** A price as it was written. A mantissa beyond 2^53 is in `wide`. */
export interface Price {
  readonly mantissa: number
  readonly scale: number
  readonly wide: bigint | null
}

/** A trade at a border of a pane: by event time, then by its number, then by arrival. NaN = no number. */
export interface Edge {
  readonly us: number
  readonly timeSource: TimeSource
  readonly seq: number
  readonly price: Price
}

/** What trades of a stretch of time come to. Panes that lie side by side can be merged. */
export interface Pane {
  first: Edge
  last: Edge
  high: Price
  low: Price
  readonly volume: ExactSum
  readonly buyVolume: ExactSum
  /** Of price times quantity. */
  readonly turnover: ExactSum
  /** Of prices, one for each print. */
  readonly prices: ExactSum
  prints: number
  /** Trades in them: an aggregate may hold several. */
  trades: number
}

/** One print: entry `row` of the columns. */
export interface Print {
  readonly us: number
  readonly timeSource: TimeSource
  readonly seq: number
  readonly price: DecimalColumn
  readonly quantity: DecimalColumn
  readonly row: number
  readonly isBuy: boolean
  readonly trades: number
}

export function createPane(print: Print): Pane {
  const edge = edgeOf(print)
  const pane = emptyPane(edge)
  count(pane, print)
  return pane
}

export function addPrint(pane: Pane, print: Print): void {
  const { price, row } = print
  if (isNewer(print, pane.last)) pane.last = edgeOf(print)
  else if (isOlder(print, pane.first)) pane.first = edgeOf(print)
  if (compareEntry(price, row, pane.high) > 0) pane.high = priceAt(price, row)
  if (compareEntry(price, row, pane.low) < 0) pane.low = priceAt(price, row)
  count(pane, print)
}

/** What panes come to together, oldest first; there is at least one. */
export function mergePanes(panes: readonly Pane[]): Pane {
  const [start] = panes as readonly [Pane]
  const merged = emptyPane(start.first)
  merged.high = start.high
  merged.low = start.low
  for (const pane of panes) {
    merged.last = pane.last
    if (comparePrices(pane.high, merged.high) > 0) merged.high = pane.high
    if (comparePrices(pane.low, merged.low) < 0) merged.low = pane.low
    for (const name of ['volume', 'buyVolume', 'turnover', 'prices'] as const) {
      addExact(merged[name], totalOf(pane[name]), pane[name].scale)
    }
    merged.prints += pane.prints
    merged.trades += pane.trades
  }
  return merged
}

export function decimalOf({ mantissa, scale, wide }: Price): Decimal {
  return { mantissa: wide ?? BigInt(mantissa), scale }
}

function emptyPane(edge: Edge): Pane {
  return {
    first: edge,
    last: edge,
    high: edge.price,
    low: edge.price,
    volume: createSum(),
    buyVolume: createSum(),
    turnover: createSum(),
    prices: createSum(),
    prints: 0,
    trades: 0,
  }
}

function count(pane: Pane, { price, quantity, row, isBuy, trades }: Print): void {
  addEntry(pane.volume, quantity, row)
  if (isBuy) addEntry(pane.buyVolume, quantity, row)
  addProduct(pane.turnover, price, quantity, row)
  addEntry(pane.prices, price, row)
  pane.prints += 1
  pane.trades += trades
}

/** Behind the other, or at its side and later here. */
function isNewer({ us, seq }: Print, edge: Edge): boolean {
  return us > edge.us || (us === edge.us && !(seq < edge.seq))
}

function isOlder({ us, seq }: Print, edge: Edge): boolean {
  return us < edge.us || (us === edge.us && seq < edge.seq)
}

function edgeOf({ us, timeSource, seq, price, row }: Print): Edge {
  return { us, timeSource, seq, price: priceAt(price, row) }
}

function priceAt(column: DecimalColumn, row: number): Price {
  const mantissa = column.mantissas[row] as number
  const wide = Number.isNaN(mantissa) ? (column.wide.get(row) ?? 0n) : null
  return { mantissa, scale: column.scales[row] as number, wide }
}

function compareEntry(column: DecimalColumn, row: number, price: Price): number {
  const difference = (column.mantissas[row] as number) - price.mantissa
  if (column.scales[row] === price.scale && !Number.isNaN(difference)) return difference
  return comparePrices(priceAt(column, row), price)
}

function comparePrices(a: Price, b: Price): number {
  if (a.scale === b.scale && a.wide === null && b.wide === null) return a.mantissa - b.mantissa
  const scale = Math.max(a.scale, b.scale)
  const difference = atScale(a, scale) - atScale(b, scale)
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

function atScale(price: Price, scale: number): bigint {
  const { mantissa } = decimalOf(price)
  return mantissa * 10n ** BigInt(scale - price.scale)
}
