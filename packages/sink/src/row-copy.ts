import {
  BooleanColumn,
  type BytesColumn,
  type Column,
  createRowBuffer,
  DecimalColumn,
  LongColumn,
  NameColumn,
  type RowBuffer,
  reserveRows,
  rowOf,
} from '@cryptoflow/model'

/** These rows of a buffer as a new one with room for more, in this order; each says all of its event again. */
export function rowsCopied(from: RowBuffer, rows: Uint32Array, room: number): RowBuffer {
  const to = createRowBuffer(from.table, from.names) as RowBuffer
  reserveRows(to, Math.max(rows.length, room))
  for (const [name, column] of Object.entries(from.columns as Record<string, Column>)) {
    const sources = from.heads === null ? rows : rows.map((row) => rowOf(from, name, row))
    copyColumn(column, sources, (to.columns as Record<string, Column>)[name] as Column)
  }
  to.count = rows.length
  return to
}

function copyColumn(from: Column, rows: Uint32Array, to: Column): void {
  if (from instanceof DecimalColumn && to instanceof DecimalColumn) copyDecimals(from, rows, to)
  else if (from instanceof NameColumn && to instanceof NameColumn) copyValues(from.values, rows, to.values)
  else if (from instanceof LongColumn && to instanceof LongColumn) copyValues(from.values, rows, to.values)
  else if (from instanceof BooleanColumn && to instanceof BooleanColumn) {
    copyValues(from.values, rows, to.values)
  } else {
    const values = (to as BytesColumn).values
    const source = (from as BytesColumn).values
    for (let i = 0; i < rows.length; i++) values[i] = source[rows[i] as number] ?? null
  }
}

function copyValues<T extends Float64Array | Int32Array | Uint8Array>(
  from: T,
  rows: Uint32Array,
  to: T,
): void {
  for (let i = 0; i < rows.length; i++) to[i] = from[rows[i] as number] as number
}

function copyDecimals(from: DecimalColumn, rows: Uint32Array, to: DecimalColumn): void {
  copyValues(from.mantissas, rows, to.mantissas)
  copyValues(from.scales, rows, to.scales)
  if (from.wide.size === 0) return
  for (let i = 0; i < rows.length; i++) {
    const wide = from.wide.get(rows[i] as number)
    if (wide !== undefined) to.wide.set(i, wide)
  }
}
