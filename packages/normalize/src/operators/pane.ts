import type { Decimal } from '@cryptoflow/model'
import type { TimeSource } from '../stamps.ts'
import { addSum, addTo, createSum, type Exact, type ExactSum, mantissaOf } from './exact-sum.ts'

/** A trade at a border of a pane: by event time, then by its number, then by arrival. NaN = no number. */
export interface Edge {
  readonly us: number
  readonly timeSource: TimeSource
  readonly seq: number
  readonly price: Exact
}

/** What trades of a stretch of time come to. Panes that lie side by side can be merged. */
export interface Pane {
  first: Edge
  last: Edge
  high: Exact
  low: Exact
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

/** One print, read once for all windows that it lies in. */
export interface Print extends Edge {
  /** The price again, without needless zeros. */
  readonly trimmedPrice: Exact
  readonly quantity: Exact
  /** Price times quantity. */
  readonly turnover: Exact
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
  const { price } = print
  if (isNewer(print, pane.last)) pane.last = edgeOf(print)
  else if (isOlder(print, pane.first)) pane.first = edgeOf(print)
  if (comparePrices(price, pane.high) > 0) pane.high = price
  if (comparePrices(price, pane.low) < 0) pane.low = price
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
    addSum(merged.volume, pane.volume)
    addSum(merged.buyVolume, pane.buyVolume)
    addSum(merged.turnover, pane.turnover)
    addSum(merged.prices, pane.prices)
    merged.prints += pane.prints
    merged.trades += pane.trades
  }
  return merged
}

export function decimalOf(price: Exact): Decimal {
  return { mantissa: mantissaOf(price), scale: price.scale }
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

function count(pane: Pane, { trimmedPrice, quantity, turnover, isBuy, trades }: Print): void {
  addTo(pane.volume, quantity)
  if (isBuy) addTo(pane.buyVolume, quantity)
  addTo(pane.turnover, turnover)
  addTo(pane.prices, trimmedPrice)
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

function edgeOf({ us, timeSource, seq, price }: Print): Edge {
  return { us, timeSource, seq, price }
}

function comparePrices(a: Exact, b: Exact): number {
  if (a.scale === b.scale && a.wide === null && b.wide === null) return a.mantissa - b.mantissa
  const scale = Math.max(a.scale, b.scale)
  const difference = atScale(a, scale) - atScale(b, scale)
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

function atScale(price: Exact, scale: number): bigint {
  return mantissaOf(price) * 10n ** BigInt(scale - price.scale)
}
