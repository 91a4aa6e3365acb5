import type { Decimal, DecimalColumn, Window } from '@cryptoflow/model'
import { nameId } from '../row-ids.ts'
import { openRow, type RowSink, writeCommon } from '../row-sink.ts'
import type { RowKey } from '../row-types.ts'
import { quotient, tableDecimal, totalOf } from './exact-sum.ts'
import { decimalOf, type Pane } from './pane.ts'

/** What a bar says beside the sums of its trades. */
export interface BarRow {
  readonly window: Window
  readonly startUs: number
  readonly revision: number
  readonly isFinal: boolean
  readonly isComplete: boolean
  /** The record that it is written at. */
  readonly receivedUs: number
  readonly frame: number
}

/**
 * Writes a bar. Sums are exact, or null where 38 digits do not hold them; quotients are rounded half to even at 18
 * fraction digits. `quote` units of the market make quantities their own turnover, `contracts` leave none.
 */
export function barRow(sink: RowSink, key: RowKey, unit: QuantityUnit, sums: Pane, bar: BarRow): void {
  const { window, startUs, receivedUs, frame } = bar
  const endUs = startUs + window.sizeUs
  // The last step of the window: of windows side by side their start, of others the part that is new.
  const eventUs = endUs - window.stepUs
  const rows = openRow(sink, 'bars', key, eventUs)
  const { columns, count: row } = rows
  const { timeSource } = sums.last
  const stamp = { eventUs, timeSource, sentUs: Number.NaN, receivedUs, frame }
  writeCommon(sink, columns, row, key, stamp, 'derived')
  columns.interval.values[row] = intervalId(sink, window)
  columns.window_start.values[row] = startUs
  columns.window_end.values[row] = endUs
  const [open, close] = [decimalOf(sums.first.price), decimalOf(sums.last.price)]
  const volume = { mantissa: totalOf(sums.volume), scale: sums.volume.scale }
  const turnover = { mantissa: totalOf(sums.turnover), scale: sums.turnover.scale }
  set(columns.open, row, open)
  set(columns.high, row, decimalOf(sums.high))
  set(columns.low, row, decimalOf(sums.low))
  set(columns.close, row, close)
  set(columns.volume, row, tableDecimal(volume))
  set(columns.quote_volume, row, quoteVolume(unit, volume, turnover))
  set(columns.vwap, row, quotient(turnover, volume))
  set(
    columns.buy_volume,
    row,
    tableDecimal({ mantissa: totalOf(sums.buyVolume), scale: sums.buyVolume.scale }),
  )
  columns.quantity_unit.values[row] = key.unitId
  columns.trade_count.values[row] = sums.trades
  const prices = { mantissa: totalOf(sums.prices), scale: sums.prices.scale }
  set(columns.price_mean, row, quotient(prices, { mantissa: BigInt(sums.prints), scale: 0 }))
  const change = difference(close, open)
  set(columns.price_change, row, tableDecimal(change))
  set(columns.price_change_percent, row, quotient({ ...change, mantissa: change.mantissa * 100n }, open))
  columns.revision.values[row] = bar.revision
  columns.is_final.values[row] = bar.isFinal ? 1 : 0
  columns.complete.values[row] = bar.isComplete ? 1 : 0
  rows.count += 1
}

function intervalId({ intervalIds, names }: RowSink, { text }: Window): number {
  const id = intervalIds.get(text) ?? nameId(names, text)
  intervalIds.set(text, id)
  return id
}

export type QuantityUnit = 'base' | 'quote' | 'contracts'

function quoteVolume(unit: QuantityUnit, volume: Decimal, turnover: Decimal): Decimal | null {
  if (unit === 'contracts') return null
  return tableDecimal(unit === 'quote' ? volume : turnover)
}

function difference(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale)
  const at = ({ mantissa, scale: own }: Decimal): bigint => mantissa * 10n ** BigInt(scale - own)
  return { mantissa: at(a) - at(b), scale }
}

function set(column: DecimalColumn, row: number, value: Decimal | null): void {
  if (value === null) column.setNull(row)
  else column.set(row, value.mantissa, value.scale)
}
