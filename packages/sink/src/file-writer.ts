import { assert, type Column, type RowBuffer, type TableContract } from '@cryptoflow/model'
import { type Bounds, widerBounds } from './bounds.ts'
import type { FileBounds } from './file-bounds.ts'
import { type EncodeOptions, encodeParquet } from './parquet.ts'
import { type ColumnPart, partOf } from './parts.ts'
import { joinRowGroups } from './row-groups.ts'

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
  /** Where each row group begins. */
  readonly splitOffsets: readonly number[]
}

/** A file in the making: of every row group that was added only the encoded pages are kept. */
interface FileWriter {
  /** Of the encoded pages so far. */
  readonly bytes: number
  /**
   * Encodes these rows of a buffer, in this order, as the next row group; the buffer is only read. Answers the row
   * group as a file of its own. Rows must follow those that were added before in the table's sort order.
   */
  add(buffer: RowBuffer, rows: Uint32Array): Uint8Array
  finish(): SealedFile
}

/** What is known of a column over all row groups. */
interface ColumnSummary {
  nulls: number
  bounds: Bounds | null
}

function openFileWriter(table: TableContract, options: EncodeOptions): FileWriter {
  const specs = Object.entries(table.columns)
  const summaries = specs.map((): ColumnSummary => ({ nulls: 0, bounds: null }))
  const join = joinRowGroups()
  let count = 0
  return {
    get bytes() {
      return join.bytes
    },
    add(buffer, rows) {
      const parts = partsOf(buffer, rows)
      for (const [i, { nulls, bounds }] of parts.entries()) {
        const [, { type }] = specs[i] as (typeof specs)[number]
        const summary = summaries[i] as ColumnSummary
        summary.nulls += nulls
        summary.bounds = widerBounds(type, summary.bounds, bounds)
      }
      const data = parts.map((part) => part.data)
      const group = encodeParquet(table, data, rows.length, options)
      join.add(group)
      count += rows.length
      return group
    },
    finish() {
      const file = {
        valueCounts: {} as Record<string, number>,
        nullCounts: {} as Record<string, number>,
        lowerBounds: {} as Record<string, string>,
        upperBounds: {} as Record<string, string>,
      }
      for (const [i, [, { id }]] of specs.entries()) {
        const { nulls, bounds } = summaries[i] as ColumnSummary
        file.valueCounts[id] = count
        file.nullCounts[id] = nulls
        if (bounds !== null) file.lowerBounds[id] = bounds.lower
        if (bounds !== null && bounds.upper !== null) file.upperBounds[id] = bounds.upper
      }
      return { bytes: join.finish(), rows: count, ...file, splitOffsets: join.offsets }
    },
  }
}

/** Files that follow one another: a new one begins where the bounds say. */
export interface FileSequence {
  readonly add: FileWriter['add']
  finish(): readonly SealedFile[]
}

export function openFileSequence(
  table: TableContract,
  { fileBytes }: FileBounds,
  options: EncodeOptions,
): FileSequence {
  const files: SealedFile[] = []
  let file: FileWriter | null = null
  const end = (): void => {
    if (file !== null) files.push(file.finish())
    file = null
  }
  return {
    add(buffer, rows) {
      file ??= openFileWriter(table, options)
      const group = file.add(buffer, rows)
      // The next row group is likely to be as large.
      if (file.bytes + group.length > fileBytes) end()
      return group
    },
    finish() {
      end()
      return files
    },
  }
}

/** The columns of these rows, in contract order. */
function partsOf(buffer: RowBuffer, rows: Uint32Array): ColumnPart[] {
  const { heads, table } = buffer
  const columns = buffer.columns as Record<string, Column>
  const headRows = heads === null ? rows : rows.map((row) => heads[row] as number)
  return Object.entries(table.columns).map(([name, spec]) => {
    const source = spec.of ?? name
    const column = columns[source]
    assert(column !== undefined, `the buffer has the column ${source}`)
    const part = partOf(spec, column, buffer.names, table.levelColumns?.includes(source) ? rows : headRows)
    assert(part.nulls === 0 || spec.nullable, `${table.name}.${name} is never null`)
    return part
  })
}
