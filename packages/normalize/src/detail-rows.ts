import type {
  Decimal,
  DecimalColumn,
  FundingDetail,
  InstrumentDetail,
  LiquidationDetail,
  OpenInterestDetail,
  StringTable,
} from '@cryptoflow/model'
import { nameId, type RowSource } from './row-ids.ts'
import { openRow, type RowSink, writeCommon } from './row-sink.ts'
import type { RowKey } from './row-types.ts'
import type { Stamp } from './stamps.ts'

/** Rows of the events that have a detail instead of entries: rare, so written plainly. */

export function fundingRow(
  sink: RowSink,
  key: RowKey,
  stamp: Stamp,
  detail: FundingDetail,
  source: RowSource,
): void {
  const rows = openRow(sink, 'funding', key, stamp.eventUs)
  const { columns, count: row } = rows
  writeCommon(sink, columns, row, key, stamp, source)
  setDecimal(columns.mark_price, row, detail.markPrice)
  setDecimal(columns.index_price, row, detail.indexPrice)
  setDecimal(columns.estimated_settle_price, row, detail.estimatedSettlePrice)
  setDecimal(columns.funding_rate, row, detail.fundingRate)
  setDecimal(columns.predicted_rate, row, detail.predictedRate)
  columns.funding_ts.values[row] = detail.fundingUs
  columns.interval_hours.values[row] = detail.intervalHours
  columns.kind.values[row] = nameId(sink.names, detail.kind)
  rows.count += 1
}

/** The position closed by a forced sale was a long one, and the other way round. */
export function liquidationRow(
  sink: RowSink,
  key: RowKey,
  stamp: Stamp,
  detail: LiquidationDetail,
  source: RowSource,
): void {
  const { ids, names } = sink
  const rows = openRow(sink, 'liquidations', key, stamp.eventUs)
  const { columns, count: row } = rows
  writeCommon(sink, columns, row, key, stamp, source)
  columns.side.values[row] = ids[detail.side]
  columns.position_side.values[row] = detail.side === 'sell' ? ids.long : ids.short
  setDecimal(columns.price, row, detail.price)
  columns.price_kind.values[row] = optionalId(names, detail.priceKind)
  setDecimal(columns.average_price, row, detail.averagePrice)
  setDecimal(columns.quantity, row, detail.quantity)
  columns.quantity_unit.values[row] = key.unitId
  setDecimal(columns.filled_quantity, row, detail.filledQuantity)
  columns.status.values[row] = optionalId(names, detail.status)
  columns.sampled.values[row] = detail.sampled ? 1 : 0
  rows.count += 1
}

export function openInterestRow(
  sink: RowSink,
  key: RowKey,
  stamp: Stamp,
  detail: OpenInterestDetail,
  source: RowSource,
): void {
  const rows = openRow(sink, 'open_interest', key, stamp.eventUs)
  const { columns, count: row } = rows
  writeCommon(sink, columns, row, key, stamp, source)
  setDecimal(columns.open_interest, row, detail.openInterest)
  columns.quantity_unit.values[row] = key.unitId
  setDecimal(columns.open_interest_value, row, detail.value)
  rows.count += 1
}

/** The key must already carry the name that the detail gives it. */
export function instrumentRow(
  sink: RowSink,
  key: RowKey,
  stamp: Stamp,
  detail: InstrumentDetail,
  source: RowSource,
): void {
  const { names } = sink
  const rows = openRow(sink, 'instruments', key, stamp.eventUs)
  const { columns, count: row } = rows
  writeCommon(sink, columns, row, key, stamp, source)
  columns.base.values[row] = nameId(names, detail.base)
  columns.quote.values[row] = nameId(names, detail.quote)
  columns.settle.values[row] = optionalId(names, detail.settle)
  columns.type.values[row] = nameId(names, detail.type)
  columns.status.values[row] = optionalId(names, detail.status)
  setDecimal(columns.tick_size, row, detail.tickSize)
  setDecimal(columns.lot_size, row, detail.lotSize)
  setDecimal(columns.contract_size, row, detail.contractSize)
  columns.contract_unit.values[row] = optionalId(names, detail.contractUnit)
  columns.listed_ts.values[row] = detail.listedUs
  columns.expiry_ts.values[row] = detail.expiryUs
  columns.raw.values[row] = detail.raw
  rows.count += 1
}

function setDecimal(column: DecimalColumn, row: number, value: Decimal | null): void {
  if (value === null) column.setNull(row)
  else column.set(row, value.mantissa, value.scale)
}

function optionalId(names: StringTable, text: string | null): number {
  return text === null ? -1 : nameId(names, text)
}
