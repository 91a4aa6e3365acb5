import { BytesColumn, type Column, type ColumnType, type RowBuffer, TextColumn } from '@cryptoflow/model'

/** How large what the sink makes may become. */
export interface FileBounds {
  /** Rows of one row group, at most `ROW_GROUP_ROWS_MAX`. */
  readonly rowGroupRows: number
  /** Of a row group's values before they are encoded; a single row may be more. */
  readonly rowGroupBytes: number
  /** Of a file; it may be more by a row group that compresses worse than the one before it. */
  readonly fileBytes: number
}

/** The encoder's memory grows with the rows that it is given at once, and is never given back. */
export const ROW_GROUP_ROWS_MAX = 262_144

const MIB = 2 ** 20

export const fileBoundsDefault: FileBounds = {
  rowGroupRows: ROW_GROUP_ROWS_MAX / 2,
  rowGroupBytes: 64 * MIB,
  fileBytes: 128 * MIB,
}

/** What a value takes in the encoder's columns; of texts and bytes beside their own length. */
const valueBytes: Readonly<Record<ColumnType, number>> = {
  name: 4,
  text: 4,
  bytes: 4,
  boolean: 1,
  int: 4,
  scale: 4,
  long: 8,
  timestamp: 8,
  decimal: 16,
}

/** End of the row group that begins at `from`: as many rows as the bounds allow, at least one. */
export function rowGroupEnd(
  buffer: RowBuffer,
  order: Uint32Array,
  from: number,
  { rowGroupRows, rowGroupBytes }: FileBounds,
): number {
  const end = Math.min(from + rowGroupRows, order.length)
  const rowBytes = Object.values(buffer.table.columns).reduce((sum, { type }) => sum + valueBytes[type], 0)
  const long = Object.values(buffer.columns as Record<string, Column>).filter(
    (column) => column instanceof TextColumn || column instanceof BytesColumn,
  )
  let bytes = 0
  for (let i = from; i < end; i++) {
    bytes += rowBytes
    for (const column of long) bytes += column.values[order[i] as number]?.length ?? 0
    if (bytes > rowGroupBytes) return Math.max(i, from + 1)
  }
  return end
}
