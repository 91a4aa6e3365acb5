import type { TimeSource } from '../stamps.ts'
import type { BarSeries } from './bar-series.ts'
import { type BarPlan, type BarState, createBars } from './bars.ts'
import { type Exact, type ExactSum, sumOf, totalOf } from './exact-sum.ts'
import type { Edge, Pane } from './pane.ts'

/** What a key's image says of its bars. Infinite times and absent numbers are null. */
export interface BarImage {
  readonly stream: string
  readonly watermarkUs: number
  readonly provenUs: number
  readonly holes: readonly (readonly [fromUs: number | null, toUs: number])[]
  /** In the order of the plan's windows. */
  readonly series: readonly SeriesImage[]
}

interface SeriesImage {
  readonly closedBefore: number
  readonly finalBefore: number
  readonly panes: readonly (readonly [step: number, pane: PaneImage])[]
  readonly waiting: readonly (readonly [index: number, revision: number, isChanged: 0 | 1])[]
}

type PriceImage = readonly [mantissa: number | string, scale: number]
type EdgeImage = readonly [us: number, timeSource: TimeSource, seq: number | null, price: PriceImage]
type SumImage = readonly [total: string, scale: number]
type PaneImage = readonly [
  first: EdgeImage,
  last: EdgeImage,
  high: PriceImage,
  low: PriceImage,
  volume: SumImage,
  buyVolume: SumImage,
  turnover: SumImage,
  prices: SumImage,
  prints: number,
  trades: number,
]

export function barImage({ stream, watermarkUs, provenUs, holes, series }: BarState): BarImage {
  return {
    stream,
    watermarkUs,
    provenUs,
    holes: holes.map(({ fromUs, toUs }) => [Number.isFinite(fromUs) ? fromUs : null, toUs]),
    series: series.map(seriesImage),
  }
}

export function restoreBars(plan: BarPlan, image: BarImage): BarState {
  const state = createBars(plan, image.stream, image.watermarkUs)
  state.provenUs = image.provenUs
  state.holes = image.holes.map(([fromUs, toUs]) => ({ fromUs: fromUs ?? Number.NEGATIVE_INFINITY, toUs }))
  image.series.forEach((saved, at) => {
    restoreSeries(state.series[at] as BarSeries, saved)
  })
  return state
}

function seriesImage({ closedBefore, finalBefore, panes, waiting }: BarSeries): SeriesImage {
  return {
    closedBefore,
    finalBefore,
    panes: panes.map(({ step, pane }) => [step, paneImage(pane)]),
    waiting: waiting.map(({ index, revision, isChanged }) => [index, revision, isChanged ? 1 : 0]),
  }
}

function restoreSeries(series: BarSeries, { closedBefore, finalBefore, panes, waiting }: SeriesImage): void {
  series.closedBefore = closedBefore
  series.finalBefore = finalBefore
  series.panes.push(...panes.map(([step, pane]) => ({ step, pane: restorePane(pane) })))
  series.waiting.push(
    ...waiting.map(([index, revision, isChanged]) => ({ index, revision, isChanged: isChanged === 1 })),
  )
}

function paneImage(pane: Pane): PaneImage {
  return [
    edgeImage(pane.first),
    edgeImage(pane.last),
    priceImage(pane.high),
    priceImage(pane.low),
    sumImage(pane.volume),
    sumImage(pane.buyVolume),
    sumImage(pane.turnover),
    sumImage(pane.prices),
    pane.prints,
    pane.trades,
  ]
}

function restorePane(image: PaneImage): Pane {
  const [first, last, high, low, volume, buyVolume, turnover, prices, prints, trades] = image
  return {
    first: restoreEdge(first),
    last: restoreEdge(last),
    high: restorePrice(high),
    low: restorePrice(low),
    volume: restoreSum(volume),
    buyVolume: restoreSum(buyVolume),
    turnover: restoreSum(turnover),
    prices: restoreSum(prices),
    prints,
    trades,
  }
}

function edgeImage({ us, timeSource, seq, price }: Edge): EdgeImage {
  return [us, timeSource, Number.isNaN(seq) ? null : seq, priceImage(price)]
}

function restoreEdge([us, timeSource, seq, price]: EdgeImage): Edge {
  return { us, timeSource, seq: seq ?? Number.NaN, price: restorePrice(price) }
}

function priceImage({ mantissa, scale, wide }: Exact): PriceImage {
  return [wide === null ? mantissa : String(wide), scale]
}

function restorePrice([mantissa, scale]: PriceImage): Exact {
  if (typeof mantissa === 'number') return { mantissa, scale, wide: null }
  return { mantissa: Number.NaN, scale, wide: BigInt(mantissa) }
}

function sumImage(sum: ExactSum): SumImage {
  return [String(totalOf(sum)), sum.scale]
}

function restoreSum([total, scale]: SumImage): ExactSum {
  return sumOf(BigInt(total), scale)
}
