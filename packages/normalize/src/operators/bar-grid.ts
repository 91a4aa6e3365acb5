import type { JournalRecord } from '@cryptoflow/model'
import type { KeyState } from '../key-state.ts'
import type { Span } from '../normalizer-options.ts'
import type { RowSink } from '../row-sink.ts'
import { type BarPlace, type BarState, stop, turn } from './bars.ts'

/** Bars are written at most this long after they are due, microseconds: trades that come together revise a bar once. */
const CELL_US = 1_000_000

/**
 * When bars are due: by the first record of each cell of an absolute grid over the received time, before it is applied.
 * So it depends on no other key, and on no barrier, when a bar is written.
 */
export class BarGrid {
  cell = Number.NEGATIVE_INFINITY
  private dueUs = Number.NEGATIVE_INFINITY
  private readonly sink: RowSink
  private readonly keys: readonly KeyState[]
  private readonly span: Span

  constructor(sink: RowSink, keys: readonly KeyState[], span: Span = () => {}) {
    this.sink = sink
    this.keys = keys
    this.span = span
  }

  /** Goes on from the cell of an earlier record. */
  resume(cell: number): void {
    this.cell = cell
    this.dueUs = (cell + 1) * CELL_US
  }

  /** A record is about to be applied. */
  advance(record: JournalRecord): void {
    if (record.receivedUs < this.dueUs) return
    const made = this.keys.filter(({ bars }) => bars !== null)
    if (made.length > 0) this.span('aggregate', true)
    for (const state of made) turn(state.bars as BarState, this.placeOf(state), momentOf(record))
    if (made.length > 0) this.span('aggregate', false)
    this.resume(Math.floor(record.receivedUs / CELL_US))
  }

  /** The process stops: windows are written as they stand. */
  stop(record: JournalRecord): void {
    for (const state of this.keys) {
      if (state.bars !== null) stop(state.bars, this.placeOf(state), momentOf(record))
    }
  }

  /** Other operators are used from here on: bars that are not made any more, or made otherwise, end as they stand. */
  replan(record: JournalRecord): void {
    for (const state of this.keys) {
      const { bars, operators } = state
      if (bars === null || bars.plan.name === operators.bars?.name) continue
      stop(bars, this.placeOf(state), momentOf(record))
      state.bars = null
    }
  }

  private placeOf({ key, market, counters }: KeyState): BarPlace {
    return { sink: this.sink, key, unit: market.quantityUnit, counters }
  }
}

function momentOf({ receivedUs, number: frame }: JournalRecord): { receivedUs: number; frame: number } {
  return { receivedUs, frame }
}
