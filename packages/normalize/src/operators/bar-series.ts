import type { Window } from '@cryptoflow/model'
import { addPrint, createPane, mergePanes, type Pane, type Print } from './pane.ts'

/**
 * The windows of one width of a key. Plain data, part of the state image.
 *
 *     steps     | 0 | 1 | 2 | 3 | 4 | 5 |      a pane each, where there were trades
 *     window 0  [   .   .   ]                  window k: steps k ... k + steps of a window - 1
 *     window 1      [   .   .   ]
 *
 *     k < finalBefore: takes no trade any more        k < closedBefore: its end has been reached, it was written
 */
export interface BarSeries {
  readonly window: Window
  /** Steps of one window. */
  readonly steps: number
  /** By step, ascending; those of which no window can change any more are forgotten. */
  readonly panes: StepPane[]
  /** Windows that were written, or that took a late trade, and are not final; ascending. */
  readonly waiting: WaitingWindow[]
  closedBefore: number
  finalBefore: number
}

export interface StepPane {
  readonly step: number
  readonly pane: Pane
}

export interface WaitingWindow {
  readonly index: number
  /** Of its next row. */
  revision: number
  /** It took a trade after it was written. */
  isChanged: boolean
}

/** `watermarkUs`: windows that end up to it count as reached; `latenessUs` later they are final. */
export function createSeries(window: Window, watermarkUs: number, latenessUs: number): BarSeries {
  const steps = window.sizeUs / window.stepUs
  const closedBefore = endedBefore(window, watermarkUs)
  const finalBefore = endedBefore(window, watermarkUs - latenessUs)
  return { window, steps, panes: [], waiting: [], closedBefore, finalBefore }
}

/** The first window whose end lies behind a time. */
export function endedBefore({ sizeUs, stepUs }: Window, us: number): number {
  return Math.floor((us - sizeUs) / stepUs) + 1
}

export function startOf({ window }: BarSeries, index: number): number {
  return index * window.stepUs
}

export function endOf({ window }: BarSeries, index: number): number {
  return index * window.stepUs + window.sizeUs
}

/** What became of a print: it lies in windows that are not over, in one that was written, or in final ones alone. */
export type Placed = 'open' | 'late' | 'dropped'

export function place(series: BarSeries, print: Print): Placed {
  const { window, steps, closedBefore, finalBefore } = series
  const step = Math.floor(print.us / window.stepUs)
  // The last window that holds it begins with its step.
  if (step < finalBefore) return 'dropped'
  addToStep(series, step, print)
  const first = Math.max(step - steps + 1, finalBefore)
  if (first >= closedBefore) return 'open'
  for (let index = first; index <= step && index < closedBefore; index++) change(series, index)
  return 'late'
}

/** What the trades of a window come to; null: it has none. */
export function sumsOf({ panes, steps }: BarSeries, index: number): Pane | null {
  if (steps === 1) return panes.find(({ step }) => step === index)?.pane ?? null
  const own = panes.filter(({ step }) => step >= index && step < index + steps).map(({ pane }) => pane)
  return own.length === 0 ? null : mergePanes(own)
}

/** Windows with trades that end up to `untilUs` and are not closed; they are closed now. */
export function close(series: BarSeries, untilUs: number): number[] {
  const until = endedBefore(series.window, untilUs)
  const reached: number[] = []
  if (until <= series.closedBefore) return reached
  for (const { step } of series.panes) {
    const from = Math.max(series.closedBefore, step - series.steps + 1, (reached.at(-1) ?? -Infinity) + 1)
    for (let index = from; index <= step && index < until; index++) reached.push(index)
  }
  series.closedBefore = until
  return reached
}

/** The window's place among those that wait, made when it has none. */
export function waitingOf({ waiting }: BarSeries, index: number): WaitingWindow {
  let at = waiting.length
  while (at > 0 && (waiting[at - 1] as WaitingWindow).index >= index) at -= 1
  const known = waiting[at]
  if (known?.index === index) return known
  const made = { index, revision: 0, isChanged: false }
  waiting.splice(at, 0, made)
  return made
}

/** Forgets panes that no window can need any more. */
export function forget(series: BarSeries): void {
  const { panes, finalBefore } = series
  const kept = panes.findIndex(({ step }) => step >= finalBefore)
  panes.splice(0, kept < 0 ? panes.length : kept)
}

function addToStep({ panes }: BarSeries, step: number, print: Print): void {
  let at = panes.length - 1
  while (at >= 0 && (panes[at] as StepPane).step > step) at -= 1
  const known = panes[at]
  if (known?.step === step) addPrint(known.pane, print)
  else panes.splice(at + 1, 0, { step, pane: createPane(print) })
}

function change(series: BarSeries, index: number): void {
  waitingOf(series, index).isChanged = true
}
