import { type ColumnsOf, DecimalColumn, type ticks } from '@cryptoflow/model'
import { type RowIds, type RowSource, sourceId, timeSourceId } from './row-ids.ts'
import type { RowKey } from './row-types.ts'
import type { Stamp } from './stamps.ts'

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

/** Their arrays. */
export class CommonArrays {
  private readonly ids: RowIds
  private exchange = NAMES
  private market = NAMES
  private symbol = NAMES
  private instrument = NAMES
  private unit = NAMES
  private timeSource = NAMES
  private source = NAMES
  private writer = NAMES
  private eventUs = NUMBERS
  private sentUs = NUMBERS
  private receivedUs = NUMBERS
  private frame = NUMBERS

  constructor(ids: RowIds) {
    this.ids = ids
  }

  /** Takes the arrays as they lie now. */
  take(columns: CommonColumns): void {
    this.exchange = columns.exchange.values
    this.market = columns.market.values
    this.symbol = columns.symbol.values
    this.instrument = columns.instrument.values
    this.unit = columns.quantity_unit.values
    this.timeSource = columns.event_ts_source.values
    this.source = columns.source.values
    this.writer = columns.writer.values
    this.eventUs = columns.event_ts.values
    this.sentUs = columns.sent_ts.values
    this.receivedUs = columns.received_ts.values
    this.frame = columns.frame.values
  }

  /** A row in the room. */
  write(row: number, key: RowKey, stamp: Stamp, source: RowSource): void {
    const { ids } = this
    this.exchange[row] = key.exchangeId
    this.market[row] = key.marketId
    this.symbol[row] = key.symbolId
    this.instrument[row] = key.instrumentId
    this.unit[row] = key.unitId
    this.timeSource[row] = timeSourceId(ids, stamp.timeSource)
    this.source[row] = sourceId(ids, source)
    this.writer[row] = ids.writer
    this.eventUs[row] = stamp.eventUs
    this.sentUs[row] = stamp.sentUs
    this.receivedUs[row] = stamp.receivedUs
    this.frame[row] = stamp.frame
  }
}

/** Before the first buffer. */
export const NAMES = new Int32Array(0)
export const NUMBERS = new Float64Array(0)
export const TRUTHS = new Uint8Array(0)
export const HEADS = new Uint32Array(0)

/** The arrays of a decimal column. */
export class DecimalArrays {
  mantissas = NUMBERS
  scales = SCALES
  /** For what is rare enough to go by the column itself. */
  column = NO_DECIMALS

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

/** The same number in rows `from ... to - 1`. One function per kind of array: each loop then knows its own. */
export function fillNumbers(values: Float64Array, value: number, from: number, to: number): void {
  for (let row = from; row < to; row++) values[row] = value
}

/** The same name. */
export function fillNames(values: Int32Array, id: number, from: number, to: number): void {
  for (let row = from; row < to; row++) values[row] = id
}

/** The columns of the event that rows `from ... to - 1` are of stand at `head`. */
export function fillHeads(heads: Uint32Array, head: number, from: number, to: number): void {
  for (let row = from; row < to; row++) heads[row] = head
}
