import {
  BooleanColumn,
  type Column,
  DecimalColumn,
  LongColumn,
  NameColumn,
  type RowBuffer,
  rowOf,
  type TableName,
  TextColumn,
} from '@cryptoflow/model'
import type { MappedMessage } from './tardis.ts'

type Tables = ReadonlyMap<TableName, RowBuffer>

/**
 * The first difference between exact rows and rows whose decimals are floats, as a sentence; null when they are the
 * same rows. A float must be the one nearest to the exact number.
 */
export function rowDifference(exact: Tables, plain: Tables): string | null {
  for (const table of new Set([...exact.keys(), ...plain.keys()])) {
    const ours = exact.get(table)
    const theirs = plain.get(table)
    if ((ours?.count ?? 0) !== (theirs?.count ?? 0)) {
      return `${table} has ${ours?.count ?? 0} rows, the plain way makes ${theirs?.count ?? 0}`
    }
    if (ours === undefined || theirs === undefined) continue
    for (const name of Object.keys(ours.columns)) {
      const row = differingRow(ours, theirs, name)
      if (row >= 0) return `${table}.${name} differs in row ${row}`
    }
  }
  return null
}

function differingRow(ours: RowBuffer, theirs: RowBuffer, name: string): number {
  const a = (ours.columns as Record<string, Column>)[name] as Column
  const b = (theirs.columns as Record<string, Column>)[name] as Column
  for (let row = 0; row < ours.count; row++) {
    const [our, their] = [rowOf(ours, name, row), rowOf(theirs, name, row)]
    if (!Object.is(cellOf(ours, a, our), cellOf(theirs, b, their, true))) return row
  }
  return -1
}

function cellOf(buffer: RowBuffer, column: Column, row: number, isPlain = false): unknown {
  if (column instanceof NameColumn) {
    const id = column.values[row] as number
    return id < 0 ? null : buffer.names.text(id)
  }
  if (column instanceof DecimalColumn) return isPlain ? column.mantissas[row] : nearest(column, row)
  if (column instanceof TextColumn) return column.values[row] ?? null
  if (column instanceof LongColumn || column instanceof BooleanColumn) return column.values[row]
  return null
}

/** Exact up to 2^53 and 10^22, so the quotient is the nearest float; NaN for null. */
function nearest(column: DecimalColumn, row: number): number {
  const mantissa = column.mantissa(row)
  return mantissa === null ? Number.NaN : Number(mantissa) / 10 ** (column.scales[row] as number)
}

/** Prices and quantities of exact rows, in the order of the tables and of their rows. */
export function numbersOf(tables: Tables): Map<string, number[]> {
  const numbers = new Map<string, number[]>()
  for (const [table, { columns, count }] of tables) {
    const decimals = Object.values(columns as Record<string, Column>).filter(
      (column) => column instanceof DecimalColumn,
    )
    const family = table.endsWith('_delta') ? 'book_change' : table === 'bbo' ? 'book_ticker' : 'trade'
    const list = numbers.get(family) ?? []
    for (let row = 0; row < count; row++) for (const column of decimals) list.push(nearest(column, row))
    numbers.set(family, list)
  }
  return numbers
}

/** The same of what the tardis mappers give. */
export function appendMapped(numbers: Map<string, number[]>, mapped: MappedMessage): void {
  const list = numbers.get(mapped.type) ?? []
  numbers.set(mapped.type, list)
  if (mapped.type === 'trade') list.push(mapped.price, mapped.amount)
  else if (mapped.type === 'book_ticker') {
    list.push(mapped.bidPrice, mapped.bidAmount, mapped.askPrice, mapped.askAmount)
  } else for (const level of [...mapped.bids, ...mapped.asks]) list.push(level.price, level.amount)
}
