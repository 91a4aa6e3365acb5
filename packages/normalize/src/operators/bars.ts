import { type WatermarkSpec, type Window, windowOf } from '@cryptoflow/model'
import type { Counters } from '../counters.ts'
import type { RowSink } from '../row-sink.ts'
import type { RowKey } from '../row-types.ts'
import { barRow, type QuantityUnit } from './bar-rows.ts'
import {
  type BarSeries,
  close,
  createSeries,
  endedBefore,
  endOf,
  forget,
  place,
  startOf,
  sumsOf,
  type WaitingWindow,
  waitingOf,
} from './bar-series.ts'
import type { Print } from './pane.ts'

/** What bars of a market are made of, and when. */
export interface BarPlan {
  readonly windows: readonly Window[]
  /** How long after its end a window takes trades, microseconds. */
  readonly latenessUs: number
  /** A window is final as soon as it is written. */
  readonly isDropping: boolean
  readonly idleUs: number
  /** The same for the same plan: the state of another is of no use. */
  readonly name: string
}

/**
 * How long after it could be final a window waits at most for a message that proves it whole, microseconds. An hour, as
 * a minute of `coverage` does.
 */
const PROOF_US_MAX = 3_600_000_000

/** Holes that are kept apart; a further one counts together with the time between the two oldest. */
const HOLES_MAX = 64

/** What bars of a key know. Plain data, part of the state image; times are event times, microseconds. */
export interface BarState {
  readonly plan: BarPlan
  /** The stream whose trades they are: the first of the key that brought one. */
  stream: string
  /** How far the time of the trades has come. */
  watermarkUs: number
  /** Up to here it is known what was missed. */
  provenUs: number
  /** Trades from ... to may have been missed; disjoint and ascending. */
  holes: { readonly fromUs: number; readonly toUs: number }[]
  readonly series: readonly BarSeries[]
}

/** What one trade is for the bars of its key. */
export interface HeardTrade {
  /** Null: it moves time on, and is in no bar. */
  readonly print: Print | null
  readonly us: number
  readonly receivedUs: number
  /** Nothing is missing between the stream's last message and this one. */
  readonly isNext: boolean
  /** It was missing until now, and says nothing about what came since. */
  readonly isLate: boolean
}

/** The record that something is written at. */
export interface Moment {
  readonly receivedUs: number
  readonly frame: number
}

/** Whose bars they are, and where they go. */
export interface BarPlace {
  readonly sink: RowSink
  readonly key: RowKey
  readonly unit: QuantityUnit
  readonly counters: BarCounters
}

/** Of the key, in this process. */
type BarCounters = Pick<Counters, 'bars' | 'barRevisions' | 'lateTrades' | 'droppedTrades'>

export function barPlan(windows: readonly string[], watermark: WatermarkSpec): BarPlan {
  const isDropping = watermark.late === 'drop'
  return {
    windows: windows.map(windowOf).filter((window) => window !== null),
    latenessUs: isDropping ? 0 : watermark.allowedLatenessMs * 1000,
    isDropping,
    idleUs: watermark.idleMs * 1000,
    name: [...windows, watermark.late, watermark.allowedLatenessMs, watermark.idleMs].join(' '),
  }
}

/** The bars of a key, from its first trade on, at `us`: what was before it was missed. */
export function createBars(plan: BarPlan, stream: string, us: number): BarState {
  const { windows, latenessUs } = plan
  return {
    plan,
    stream,
    watermarkUs: us,
    provenUs: us,
    holes: [{ fromUs: Number.NEGATIVE_INFINITY, toUs: us }],
    series: windows.map((window) => createSeries(window, us, latenessUs)),
  }
}

/**
 * Takes a trade of the stream. Its time is believed as far as our clock has come: one that is ahead does not end the windows of the
 * others.
 */
export function hear(state: BarState, trade: HeardTrade, counters: BarCounters): void {
  const us = Math.min(trade.us, trade.receivedUs)
  if (!trade.isLate) {
    // What is missing may have been late itself.
    if (!trade.isNext)
      addHole(state, state.provenUs - state.plan.latenessUs, Math.max(trade.us, state.provenUs))
    state.watermarkUs = Math.max(state.watermarkUs, us)
    state.provenUs = Math.max(state.provenUs, us)
  }
  if (trade.print === null) return
  let isLate = false
  for (const series of state.series) {
    const placed = place(series, trade.print)
    if (placed === 'late') isLate = true
    else if (placed === 'dropped') counters.droppedTrades += 1
  }
  if (isLate) counters.lateTrades += 1
}

/** Writes what is due at a record: windows that were reached or changed, and those that are final. */
export function turn(state: BarState, place: BarPlace, now: Moment): void {
  const { plan } = state
  state.watermarkUs = Math.max(state.watermarkUs, now.receivedUs - plan.idleUs)
  for (const series of state.series) {
    for (const index of close(series, state.watermarkUs)) waitingOf(series, index).isChanged = true
    settle(state, series, place, now)
    for (const window of series.waiting) if (window.isChanged) write(state, series, window, place, now, false)
    forget(series)
  }
  const oldest = Math.min(...state.series.map((series) => startOf(series, series.finalBefore)))
  state.holes = state.holes.filter(({ toUs }) => toUs >= oldest)
}

/** Writes the windows that lie side by side as they stand: nobody knows when the next record comes. */
export function stop(state: BarState, place: BarPlace, now: Moment): void {
  turn(state, place, now)
  for (const series of state.series) {
    if (series.steps > 1) continue
    for (const { step } of series.panes) {
      if (step < series.closedBefore) continue
      write(state, series, waitingOf(series, step), place, now, false)
    }
  }
}

/** Ends windows, oldest first, up to the first that has to wait. */
function settle(state: BarState, series: BarSeries, place: BarPlace, now: Moment): void {
  const { latenessUs } = state.plan
  const until = endedBefore(series.window, state.watermarkUs - latenessUs)
  const { waiting } = series
  let ended = 0
  for (const window of waiting) {
    if (window.index >= until || !isDecided(state, series, window, now)) break
    write(state, series, window, place, now, true)
    ended += 1
  }
  waiting.splice(0, ended)
  const next = waiting[0]
  series.finalBefore = Math.max(series.finalBefore, Math.min(until, next?.index ?? until))
}

/** Whether more waiting cannot tell more. */
function isDecided(state: BarState, series: BarSeries, { index }: WaitingWindow, now: Moment): boolean {
  const { plan } = state
  if (plan.isDropping || isProven(state, series, index) || isBroken(state, series, index)) return true
  return now.receivedUs >= endOf(series, index) + plan.latenessUs + PROOF_US_MAX
}

function write(
  state: BarState,
  series: BarSeries,
  window: WaitingWindow,
  { sink, key, unit, counters }: BarPlace,
  now: Moment,
  isFinal: boolean,
): void {
  const { index, revision } = window
  const sums = sumsOf(series, index)
  if (sums === null) return
  const isComplete = isProven(state, series, index) && !isBroken(state, series, index)
  barRow(sink, key, unit, sums, {
    window: series.window,
    startUs: startOf(series, index),
    revision,
    isFinal,
    isComplete,
    ...now,
  })
  window.revision += 1
  window.isChanged = false
  counters.bars += 1
  if (revision > 0) counters.barRevisions += 1
}

/** A message came that is later than every trade that the window takes: a hole that follows it holds none of them. */
function isProven({ provenUs, plan }: BarState, series: BarSeries, index: number): boolean {
  return provenUs >= endOf(series, index) + plan.latenessUs
}

function isBroken({ holes }: BarState, series: BarSeries, index: number): boolean {
  const [start, end] = [startOf(series, index), endOf(series, index)]
  return holes.some(({ fromUs, toUs }) => fromUs < end && toUs >= start)
}

function addHole(state: BarState, fromUs: number, toUs: number): void {
  const { holes } = state
  holes.push({ fromUs, toUs })
  if (holes.length <= HOLES_MAX) return
  const [first, second] = holes as [BarState['holes'][number], BarState['holes'][number]]
  holes.splice(0, 2, { fromUs: first.fromUs, toUs: second.toUs })
}
