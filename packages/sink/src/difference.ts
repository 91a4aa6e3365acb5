import {
  BytesColumn,
  type Column,
  createRowBuffer,
  DecimalColumn,
  type RowBuffer,
  rowOf,
} from '@cryptoflow/model'
import { unsealRows } from './unseal.ts'

/** Why a file does not hold exactly these rows of a buffer, in this order; null when it does. */
export function difference(buffer: RowBuffer, rows: Uint32Array, file: Uint8Array): string | null {
  const again = createRowBuffer(buffer.table, buffer.names) as RowBuffer
  const why = unsealRows(file, again)
  if (why !== null) return `what was written cannot be read: ${why}`
  if (again.count !== rows.length) return `wrote ${rows.length} rows, read ${again.count}`
  for (const [name, column] of Object.entries<Column>(again.columns)) {
    const written = (buffer.columns as Record<string, Column>)[name] as Column
    const sources = buffer.heads === null ? rows : rows.map((row) => rowOf(buffer, name, row))
    const row = firstOther(written, sources, column)
    if (row >= 0) return `wrote row ${row}, read another value of ${name}`
  }
  return null
}

/** The first row of `b` that is not the row of `a` that was written there; -1: none. Both know names by the same ids. */
function firstOther(a: Column, rows: Uint32Array, b: Column): number {
  if (a instanceof DecimalColumn || b instanceof DecimalColumn) {
    return a instanceof DecimalColumn && b instanceof DecimalColumn ? firstOtherDecimal(a, rows, b) : 0
  }
  if (a instanceof BytesColumn && b instanceof BytesColumn) {
    return rows.findIndex((row, i) => !isSameBytes(a.values[row] ?? null, b.values[i] ?? null))
  }
  return firstOtherValue(a.values, rows, b.values)
}

function firstOtherValue(a: ArrayLike<unknown>, rows: Uint32Array, b: ArrayLike<unknown>): number {
  for (let i = 0; i < rows.length; i++) {
    // NaN is null.
    if (!Object.is(a[rows[i] as number], b[i])) return i
  }
  return -1
}

function firstOtherDecimal(a: DecimalColumn, rows: Uint32Array, b: DecimalColumn): number {
  const isWide = a.wide.size > 0 || b.wide.size > 0
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number
    if (!Object.is(a.mantissas[row], b.mantissas[i]) || a.scales[row] !== b.scales[i]) return i
    if (isWide && a.wide.get(row) !== b.wide.get(i)) return i
  }
  return -1
}

function isSameBytes(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : Buffer.compare(a, b) === 0
}
