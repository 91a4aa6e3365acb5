import { assert, type RowBuffer, reserveRows, type StringTable } from '@cryptoflow/model'
import { CommonArrays, type CommonColumns } from './column-arrays.ts'
import type { RowIds, RowSource } from './row-ids.ts'
import type { RowKey } from './row-types.ts'
import type { Stamp } from './stamps.ts'

/** Rows for which there is room from one reservation on: it walks over all columns, too dear for every row. */
const ROOM_ROWS = 256

/** A row buffer by its columns: tables with the same columns have the same. */
type Rows<C> = Pick<RowBuffer, 'names' | 'count'> & { readonly columns: C }

/**
 * The place in a buffer where the next rows of a table go, for the tables that most rows are of.
 *
 *     0 ... next - 1     next ... until - 1                       until ...
 *     rows               room: told ahead what most rows say      not reserved
 *
 * The arrays of the columns are at hand, so that a row costs a store per column and not the way to it. What rarely
 * changes from row to row (exchange, writer, source, key, ...) stands in the room before the row comes: a row writes
 * only what is different for it. Whoever else moves the buffer's count ends the room.
 */
export abstract class Room<C extends CommonColumns> {
  readonly common: CommonArrays
  next = 0
  private rows: Rows<C> | null = null
  private until = 0

  constructor(ids: RowIds) {
    this.common = new CommonArrays(ids)
  }

  /** Whether `more` rows can be written at `next` of this buffer. */
  holds(rows: Rows<C>, more: number): boolean {
    return rows === this.rows && rows.count === this.next && this.next + more <= this.until
  }

  /** Makes room for `more` rows behind those of a buffer. The first will be of this key, time and source. */
  enter(names: StringTable, rows: Rows<C>, more: number, key: RowKey, stamp: Stamp, source: RowSource): void {
    assert(rows.names === names, 'row buffers and normalizer share one string table')
    const ahead = Math.max(more, ROOM_ROWS)
    reserveRows(rows as unknown as RowBuffer, ahead)
    this.rows = rows
    this.next = rows.count
    this.until = rows.count + ahead
    this.common.tell(rows.columns, this.next, this.until, key, stamp, source)
    this.tell(rows.columns, this.next, this.until)
  }

  /** `count` rows were written at `next`. */
  leave(rows: Rows<C>, count: number): void {
    this.next += count
    rows.count = this.next
  }

  /** Takes the table's own arrays as they lie now, and tells rows `from ... to - 1` what most of them will say. */
  protected abstract tell(columns: C, from: number, to: number): void
}
