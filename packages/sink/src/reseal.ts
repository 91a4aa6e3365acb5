import {
  type Column,
  createRowBuffer,
  DecimalColumn,
  type RowBuffer,
  rowOf,
  StringTable,
  type TableContract,
} from '@cryptoflow/model'
import { sortedOrder } from './order.ts'
import type { EncodeOptions } from './parquet.ts'
import { type SealedFile, sealRows } from './seal.ts'
import { unsealRows } from './unseal.ts'

/** What became of files that were to be one. */
export interface Resealed {
  readonly files: readonly SealedFile[]
  /** By the index of a source: why its rows are not in the files. */
  readonly refused: ReadonlyMap<number, string>
}

/**
 * The rows of several data files of one partition as new ones, sorted as the contract says; rows that are equal in its
 * sort columns stay in the order of the sources. What was written is read again and compared cell by cell, before
 * anybody deletes a source on its strength: a difference refuses all sources.
 *
 * Holds the rows of all sources in memory, twice.
 */
export function resealFiles(
  table: TableContract,
  sources: readonly Uint8Array[],
  options: EncodeOptions,
): Resealed {
  const buffer = createRowBuffer(table, new StringTable()) as RowBuffer
  const refused = new Map<number, string>()
  for (const [i, source] of sources.entries()) {
    const why = unsealRows(source, buffer)
    if (why !== null) refused.set(i, why)
  }
  const files = sealRows(buffer, options)
  const wrong = difference(buffer, files)
  if (wrong === null) return { files, refused }
  return { files: [], refused: new Map(sources.map((_, i) => [i, wrong])) }
}

/** Why the files do not hold the buffer's rows in the contract's order; null when they do. */
export function difference(buffer: RowBuffer, files: readonly SealedFile[]): string | null {
  const again = createRowBuffer(buffer.table, buffer.names) as RowBuffer
  for (const { bytes } of files) {
    const why = unsealRows(bytes, again)
    if (why !== null) return `what was written cannot be read: ${why}`
  }
  if (again.count !== buffer.count) return `wrote ${buffer.count} rows, read ${again.count}`
  const order = sortedOrder(buffer)
  for (const [name, column] of Object.entries<Column>(again.columns)) {
    const written = (buffer.columns as Record<string, Column>)[name] as Column
    const row = order.findIndex((from, to) => !isSame(written, rowOf(buffer, name, from), column, to))
    if (row >= 0) return `wrote row ${row}, read another value of ${name}`
  }
  return null
}

/** Whether two cells are equal; both columns know names by the same ids. */
function isSame(a: Column, rowA: number, b: Column, rowB: number): boolean {
  if (a instanceof DecimalColumn && b instanceof DecimalColumn) {
    const isSameMantissa =
      Object.is(a.mantissas[rowA], b.mantissas[rowB]) && a.wide.get(rowA) === b.wide.get(rowB)
    return isSameMantissa && a.scales[rowA] === b.scales[rowB]
  }
  if (a instanceof DecimalColumn || b instanceof DecimalColumn) return false
  const [valueA, valueB] = [a.values[rowA], b.values[rowB]]
  if (valueA instanceof Uint8Array && valueB instanceof Uint8Array)
    return Buffer.compare(valueA, valueB) === 0
  return Object.is(valueA, valueB)
}
