import {
  assert,
  BooleanColumn,
  BytesColumn,
  type Column,
  type ColumnSpec,
  DecimalColumn,
  LongColumn,
  NameColumn,
  type StringTable,
  TextColumn,
} from '@cryptoflow/model'
import type { Data, DataType } from 'apache-arrow'
import type { Bounds } from './bounds.ts'
import { booleanPart, decimalPart, intPart, longPart, scalePart } from './number-parts.ts'
import { bytesPart, namePart, textPart } from './text-parts.ts'

/** One column of one file: chosen rows as Arrow data, with what a manifest says about them. */
export interface ColumnPart {
  readonly data: Data<DataType>
  readonly nulls: number
  /** Null when there is no value, or none that bounds are kept of (bytes). */
  readonly bounds: Bounds | null
}

/** Takes `rows` of a column, in that order. `column` of a `scale` is the decimal column that it belongs to. */
export function partOf(spec: ColumnSpec, column: Column, names: StringTable, rows: Uint32Array): ColumnPart {
  if (column instanceof NameColumn) return namePart(column.values, names, rows)
  if (column instanceof TextColumn) return textPart(column.values, rows)
  if (column instanceof BytesColumn) return bytesPart(column.values, rows)
  if (column instanceof BooleanColumn) return booleanPart(column.values, rows)
  if (column instanceof DecimalColumn) {
    return spec.type === 'scale' ? scalePart(column, rows) : decimalPart(column, rows)
  }
  assert(column instanceof LongColumn, 'every kind of column is known')
  if (spec.type === 'int') return intPart(column.values, rows)
  return longPart(column.values, rows, spec.type === 'timestamp')
}
