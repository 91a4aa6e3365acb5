import { assert, BytesColumn, type Column, type RowBuffer, TextColumn } from '@cryptoflow/model'
import { sortedOrder } from './order.ts'
import { type EncodeOptions, encodeParquet, ROW_GROUP_OFFSET } from './parquet.ts'
import { type ColumnPart, partOf } from './parts.ts'

/** A Parquet file in memory, with what a manifest says about it. Records are keyed by field id. */
export interface SealedFile {
  readonly bytes: Uint8Array
  readonly rows: number
  /** Nulls included, as Iceberg counts. */
  readonly valueCounts: Readonly<Record<string, number>>
  readonly nullCounts: Readonly<Record<string, number>>
  /** Iceberg single-value bytes in lower-case hex. */
  readonly lowerBounds: Readonly<Record<string, string>>
  readonly upperBounds: Readonly<Record<string, string>>
  readonly splitOffsets: readonly number[]
}

/** Rows of one file and row group: the encoder's memory grows with it and is never given back. */
export const FILE_ROWS_MAX = 262_144

/** Text and bytes of one file, so that a few huge dead letters cannot exhaust the encoder. */
export const FILE_TEXT_BYTES_MAX = 64 * 2 ** 20

/**
 * Rows of one partition as Parquet files, sorted as the table's contract says; files follow one another in
 * that order. No row, no file. The buffer is only read.
 */
export function sealRows(buffer: RowBuffer, options: EncodeOptions): SealedFile[] {
  const order = sortedOrder(buffer)
  const files: SealedFile[] = []
  for (let from = 0; from < order.length; ) {
    const end = fileEnd(buffer, order, from)
    files.push(sealFile(buffer, order.subarray(from, end), options))
    from = end
  }
  return files
}

function sealFile(buffer: RowBuffer, rows: Uint32Array, options: EncodeOptions): SealedFile {
  const columns = buffer.columns as Record<string, Column>
  const file = {
    valueCounts: {} as Record<string, number>,
    nullCounts: {} as Record<string, number>,
    lowerBounds: {} as Record<string, string>,
    upperBounds: {} as Record<string, string>,
  }
  const parts: ColumnPart[] = []
  const { heads, table } = buffer
  const headRows = heads === null ? rows : rows.map((row) => heads[row] as number)
  for (const [name, spec] of Object.entries(table.columns)) {
    const source = spec.of ?? name
    const column = columns[source]
    assert(column !== undefined, `the buffer has the column ${source}`)
    const part = partOf(spec, column, buffer.names, table.levelColumns?.includes(source) ? rows : headRows)
    assert(part.nulls === 0 || spec.nullable, `${table.name}.${name} is never null`)
    file.valueCounts[spec.id] = rows.length
    file.nullCounts[spec.id] = part.nulls
    if (part.bounds !== null) file.lowerBounds[spec.id] = part.bounds.lower
    if (part.bounds !== null && part.bounds.upper !== null) file.upperBounds[spec.id] = part.bounds.upper
    parts.push(part)
  }
  const data = parts.map((part) => part.data)
  const bytes = encodeParquet(table, data, rows.length, options)
  return { bytes, rows: rows.length, ...file, splitOffsets: [ROW_GROUP_OFFSET] }
}

/** End of the file that begins at `from`: as many rows as the limits allow, at least one. */
function fileEnd(buffer: RowBuffer, order: Uint32Array, from: number): number {
  const end = Math.min(from + FILE_ROWS_MAX, order.length)
  const long = Object.values(buffer.columns as Record<string, Column>).filter(
    (column) => column instanceof TextColumn || column instanceof BytesColumn,
  )
  let bytes = 0
  for (let i = from; i < end; i++) {
    for (const column of long) bytes += column.values[order[i] as number]?.length ?? 0
    if (bytes > FILE_TEXT_BYTES_MAX) return Math.max(i, from + 1)
  }
  return end
}
