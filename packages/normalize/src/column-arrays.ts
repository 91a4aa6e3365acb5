import { type ColumnsOf, DecimalColumn, type ticks } from '@cryptoflow/model'
import { type RowIds, type RowSource, sourceId, timeSourceId } from './row-ids.ts'
import type { RowKey } from './row-types.ts'
import type { Stamp, TimeSource } from './stamps.ts'

/** The columns that every table begins with, and the unit that those with quantities have. */
export type CommonColumns = Pick<
  ColumnsOf<typeof ticks>,
  | 'exchange'
  | 'market'
  | 'symbol'
  | 'instrument'
  | 'event_ts'
  | 'event_ts_source'
  | 'sent_ts'
  | 'received_ts'
  | 'source'
  | 'writer'
  | 'frame'
  | 'quantity_unit'
>

/** Their arrays, and what the rows of the room ahead say already. */
export class CommonArrays {
  private readonly ids: RowIds
  private exchange = NAMES
  private market = NAMES
  private symbol = NAMES
  private instrument = NAMES
  private unit = NAMES
  private timeSources = NAMES
  private sources = NAMES
  private eventUs = NUMBERS
  private sentUs = NUMBERS
  private receivedUs = NUMBERS
  private frame = NUMBERS
  private told: RowKey | null = null
  private instrumentId = -1
  private timeSource: TimeSource = 'received'
  private source: RowSource = 'ws'

  constructor(ids: RowIds) {
    this.ids = ids
  }

  /** Takes the arrays as they lie now, and tells rows `from ... to - 1` what the first of them will say. */
  tell(columns: CommonColumns, from: number, to: number, key: RowKey, stamp: Stamp, source: RowSource): void {
    this.exchange = columns.exchange.values
    this.market = columns.market.values
    this.symbol = columns.symbol.values
    this.instrument = columns.instrument.values
    this.unit = columns.quantity_unit.values
    this.timeSources = columns.event_ts_source.values
    this.sources = columns.source.values
    this.eventUs = columns.event_ts.values
    this.sentUs = columns.sent_ts.values
    this.receivedUs = columns.received_ts.values
    this.frame = columns.frame.values
    this.told = key
    this.instrumentId = key.instrumentId
    this.timeSource = stamp.timeSource
    this.source = source
    this.exchange.fill(key.exchangeId, from, to)
    this.market.fill(key.marketId, from, to)
    this.symbol.fill(key.symbolId, from, to)
    this.instrument.fill(key.instrumentId, from, to)
    this.unit.fill(key.unitId, from, to)
    this.timeSources.fill(timeSourceId(this.ids, stamp.timeSource), from, to)
    this.sources.fill(sourceId(this.ids, source), from, to)
    columns.writer.values.fill(this.ids.writer, from, to)
  }

  /** A row in the room. */
  write(row: number, key: RowKey, stamp: Stamp, source: RowSource): void {
    if (this.differs(key, stamp, source)) this.correct(row, row + 1, key, stamp, source)
    this.eventUs[row] = stamp.eventUs
    this.sentUs[row] = stamp.sentUs
    this.receivedUs[row] = stamp.receivedUs
    this.frame[row] = stamp.frame
  }

  /** Rows `from ... to - 1`, all in the room. */
  writeAll(from: number, to: number, key: RowKey, stamp: Stamp, source: RowSource): void {
    if (this.differs(key, stamp, source)) this.correct(from, to, key, stamp, source)
    fillNumbers(this.eventUs, stamp.eventUs, from, to)
    fillNumbers(this.sentUs, stamp.sentUs, from, to)
    fillNumbers(this.receivedUs, stamp.receivedUs, from, to)
    fillNumbers(this.frame, stamp.frame, from, to)
  }

  private differs(key: RowKey, stamp: Stamp, source: RowSource): boolean {
    return (
      key !== this.told ||
      key.instrumentId !== this.instrumentId ||
      stamp.timeSource !== this.timeSource ||
      source !== this.source
    )
  }

  /** Writes what the room was not told so. */
  private correct(from: number, to: number, key: RowKey, stamp: Stamp, source: RowSource): void {
    const { told } = this
    if (key.exchangeId !== told?.exchangeId) fillNames(this.exchange, key.exchangeId, from, to)
    if (key.marketId !== told?.marketId) fillNames(this.market, key.marketId, from, to)
    if (key.unitId !== told?.unitId) fillNames(this.unit, key.unitId, from, to)
    fillNames(this.symbol, key.symbolId, from, to)
    fillNames(this.instrument, key.instrumentId, from, to)
    if (stamp.timeSource !== this.timeSource) {
      fillNames(this.timeSources, timeSourceId(this.ids, stamp.timeSource), from, to)
    }
    if (source !== this.source) fillNames(this.sources, sourceId(this.ids, source), from, to)
  }
}

/** Before the first buffer. */
export const NAMES = new Int32Array(0)
export const NUMBERS = new Float64Array(0)
export const TRUTHS = new Uint8Array(0)

/** The arrays of a decimal column. */
export class DecimalArrays {
  mantissas = NUMBERS
  scales = SCALES
  private column = NO_DECIMALS

  /** Takes the arrays as they lie now; rows `from ...` are about to be written. */
  take(column: DecimalColumn, from: number): void {
    column.forgetWide(from)
    this.column = column
    this.mantissas = column.mantissas
    this.scales = column.scales
  }

  /** Copies an entry into a row of the room. */
  copy(row: number, from: DecimalColumn, entry: number): void {
    const mantissa = from.mantissas[entry] as number
    this.mantissas[row] = mantissa
    this.scales[row] = from.scales[entry] as number
    if (Number.isNaN(mantissa)) this.copyWide(row, from, entry)
  }

  /** Copies `count` entries into the rows from `row` on. */
  copyAll(row: number, from: DecimalColumn, entry: number, count: number): void {
    this.column.copy(row, from, entry, count)
  }

  setNull(row: number): void {
    this.mantissas[row] = Number.NaN
    this.scales[row] = 0
  }

  private copyWide(row: number, from: DecimalColumn, entry: number): void {
    const wide = from.wide.get(entry)
    if (wide !== undefined) this.column.wide.set(row, wide)
  }
}

const SCALES = new Uint8Array(0)
const NO_DECIMALS = new DecimalColumn()

/** Fewest rows for which the call of a typed array's own `fill` pays. */
const FILL_ROWS_MIN = 32

/** The same number in rows `from ... to - 1`. One function per kind of array: each loop then knows its own. */
export function fillNumbers(values: Float64Array, value: number, from: number, to: number): void {
  if (to - from >= FILL_ROWS_MIN) values.fill(value, from, to)
  else for (let row = from; row < to; row++) values[row] = value
}

/** The same name. */
export function fillNames(values: Int32Array, id: number, from: number, to: number): void {
  if (to - from >= FILL_ROWS_MIN) values.fill(id, from, to)
  else for (let row = from; row < to; row++) values[row] = id
}
