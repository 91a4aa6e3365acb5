import {
  BooleanColumn,
  BytesColumn,
  type Column,
  DecimalColumn,
  LongColumn,
  NameColumn,
  TextColumn,
} from './columns.ts'
import type { StringTable } from './strings.ts'
import type { ColumnSpec, ColumnType, TableContract } from './tables.ts'

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
 * Fill every column of rows `count ... count + n - 1` after `reserve(n)`, then add n to `count`.
 */
export interface RowBuffer<T extends TableContract = TableContract> {
  readonly table: T
  /** What the ids in name columns mean. */
  readonly names: StringTable
  readonly columns: ColumnsOf<T>
  count: number
  /** Rows that every column has room for. */
  capacity: number
}

export function createRowBuffer<T extends TableContract>(table: T, names: StringTable): RowBuffer<T> {
  const columns: Record<string, Column> = {}
  for (const [name, spec] of Object.entries<ColumnSpec>(table.columns)) {
    if (spec.type !== 'scale') columns[name] = createColumn(spec.type)
  }
  return { table, names, columns: columns as ColumnsOf<T>, count: 0, capacity: 0 }
}

/** Makes room for `more` rows beyond `count` in every column; a look at one number where there is room already. */
export function reserveRows(buffer: RowBuffer, more: number): void {
  const rows = buffer.count + more
  if (rows <= buffer.capacity) return
  buffer.capacity = Math.max(rows, 2 * buffer.capacity)
  for (const column of Object.values(buffer.columns as Record<string, Column>)) {
    column.reserve(buffer.capacity)
  }
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
