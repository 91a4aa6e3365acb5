import {
  BooleanColumn,
  BytesColumn,
  type Column,
  DecimalColumn,
  grown,
  LongColumn,
  NameColumn,
  TextColumn,
} from './columns.ts'
import type { StringTable } from './strings.ts'
import type { ColumnSpec, ColumnType, TableContract } from './table-contract.ts'

type ColumnOf<T extends ColumnType> = T extends 'name'
  ? NameColumn
  : T extends 'text'
    ? TextColumn
    : T extends 'decimal'
      ? DecimalColumn
      : T extends 'boolean'
        ? BooleanColumn
        : T extends 'bytes'
          ? BytesColumn
          : T extends 'scale'
            ? never
            : LongColumn

/** The columns of a table's rows by name; `scale` columns are read from their decimal column. */
export type ColumnsOf<T extends TableContract> = {
  [K in keyof T['columns'] as T['columns'][K]['type'] extends 'scale' ? never : K]: ColumnOf<
    T['columns'][K]['type']
  >
}

/**
 * Rows of one table as columns: filled by `normalize`, sealed by `sink`.
 *
 * Fill every column of rows `count ... count + n - 1` after `reserveRows(n)`, then add n to `count`. Of a table with
 * `levelColumns` an event's n rows may share what the event says:
 *
 *     row                 7    8    9    10
 *     heads               3    3    3    4
 *     price, side, ...    a    b    c    d
 *
 *     place               3    4    5    ...
 *     event_ts, ...       x    y    ·            the next event's: behind the last row's head, never behind the row itself
 */
export interface RowBuffer<T extends TableContract = TableContract> {
  readonly table: T
  /** What the ids in name columns mean. */
  readonly names: StringTable
  readonly columns: ColumnsOf<T>
  count: number
  /** Rows that every column has room for. */
  capacity: number
  /** By row, where its event's columns stand: in its own row unless whoever fills it says otherwise. Null: all so. */
  heads: Uint32Array | null
  /**
   * Rows of event times `fromUs ... untilUs - 1` of its exchange belong here: none until whoever gave the buffer out
   * says so, and none any more once it was taken back.
   */
  fromUs: number
  untilUs: number
}

export function createRowBuffer<T extends TableContract>(table: T, names: StringTable): RowBuffer<T> {
  const columns: Record<string, Column> = {}
  for (const [name, spec] of Object.entries<ColumnSpec>(table.columns)) {
    if (spec.type !== 'scale') columns[name] = createColumn(spec.type)
  }
  const heads = table.levelColumns === undefined ? null : new Uint32Array(0)
  const window = { fromUs: Number.POSITIVE_INFINITY, untilUs: Number.NEGATIVE_INFINITY }
  return { table, names, columns: columns as ColumnsOf<T>, count: 0, capacity: 0, heads, ...window }
}

/** Makes room for `more` rows beyond `count` in every column; a look at one number where there is room already. */
export function reserveRows(buffer: RowBuffer, more: number): void {
  const rows = buffer.count + more
  if (rows <= buffer.capacity) return
  buffer.capacity = Math.max(rows, 2 * buffer.capacity)
  for (const column of Object.values(buffer.columns as Record<string, Column>)) {
    column.reserve(buffer.capacity)
  }
  if (buffer.heads !== null) buffer.heads = grownHeads(buffer.heads, buffer.capacity)
}

function grownHeads(heads: Uint32Array, rows: number): Uint32Array {
  const copy = grown(heads, rows)
  for (let row = heads.length; row < copy.length; row++) copy[row] = row
  return copy
}

/** Where a row's value of a column stands: in its own row, or where those of its event do. */
export function rowOf({ table, heads }: RowBuffer, column: string, row: number): number {
  if (heads === null || table.levelColumns?.includes(column)) return row
  return heads[row] as number
}

function createColumn(type: Exclude<ColumnType, 'scale'>): Column {
  switch (type) {
    case 'name':
      return new NameColumn()
    case 'text':
      return new TextColumn()
    case 'decimal':
      return new DecimalColumn()
    case 'boolean':
      return new BooleanColumn()
    case 'bytes':
      return new BytesColumn()
    case 'int':
    case 'long':
    case 'timestamp':
      return new LongColumn()
  }
}
