import { assert, type RowBuffer, reserveRows, type StringTable, type TableName } from '@cryptoflow/model'
import { CommonArrays, type CommonColumns } from './column-arrays.ts'
import type { RowIds } from './row-ids.ts'
import type { RowKey, RowsFor } from './row-types.ts'
import type { Stamp } from './stamps.ts'

/** Rows for which there is room from one reservation on: it walks over all columns, too dear for every row. */
const ROOM_ROWS = 256

/** A row buffer by its columns: tables with the same columns have the same. */
export type Rows<C> = Omit<RowBuffer, 'table' | 'columns'> & { readonly columns: C }

/** What the rooms of a sink share. */
export interface RoomSource {
  readonly ids: RowIds
  readonly names: StringTable
  readonly rowsFor: RowsFor
}

/**
 * The place in a buffer where the next rows of a table go, for the tables that most rows are of.
 *
 *     0 ... next - 1     next ... until - 1     until ...
 *     rows               room                   not reserved
 *
 * The arrays of the columns are at hand, so that a row costs a store per column and not the way to it. Whoever else
 * moves the buffer's count ends the room.
 */
export abstract class Room<C extends CommonColumns> {
  readonly common: CommonArrays
  next = 0
  private rows: Rows<C> | null = null
  private until = 0
  private exchangeId = -1
  private readonly table: TableName
  private readonly source: RoomSource

  constructor(table: TableName, source: RoomSource) {
    this.common = new CommonArrays(source.ids)
    this.table = table
    this.source = source
  }

  /** Goes where rows of this key and event time belong, and makes room there for `more`. */
  open(key: RowKey, stamp: Stamp, more: number): void {
    const { rows } = this
    // Of the stamp and not handed over by itself: a number that is no small integer costs an object in a call.
    const { eventUs } = stamp
    const isHere =
      rows !== null && eventUs < rows.untilUs && eventUs >= rows.fromUs && key.exchangeId === this.exchangeId
    if (isHere && this.holds(rows, more)) return
    const { rowsFor } = this.source
    const place = (isHere ? rows : rowsFor(this.table, key.exchange, eventUs)) as Rows<C>
    if (place !== rows || !this.holds(place, more)) this.enter(place, more)
    this.exchangeId = key.exchangeId
  }

  /** `count` rows were written at `next`. */
  leave(count: number): void {
    const { rows } = this
    assert(rows !== null, 'rows are written in an open room')
    this.next += count
    rows.count = this.next
  }

  private holds(rows: Rows<C>, more: number): boolean {
    return rows.count === this.next && this.next + more <= this.until
  }

  private enter(rows: Rows<C>, more: number): void {
    assert(rows.names === this.source.names, 'row buffers and normalizer share one string table')
    const ahead = Math.max(more, ROOM_ROWS)
    reserveRows(rows as unknown as RowBuffer, ahead)
    this.rows = rows
    this.next = rows.count
    this.until = rows.count + ahead
    this.common.take(rows.columns)
    this.take(rows)
  }

  /** Takes the table's own arrays as they lie now; rows from `next` on are about to be written. */
  protected abstract take(rows: Rows<C>): void
}
