import {
  createRowBuffer,
  type RowBuffer,
  reserveRows,
  StringTable,
  type TableContract,
} from '@cryptoflow/model'
import { messageOf } from '@cryptoflow/runtime'
import { sortedOrder } from './order.ts'
import { CREATOR } from './parquet.ts'
import { rowsCopied } from './row-copy.ts'
import { createdByOf, rowGroupOf, rowGroupRows } from './row-groups.ts'
import { unsealRows } from './unseal.ts'

/**
 * The rows of sorted files in the order of them all, without holding all of them.
 *
 *     source 0   [group][group][group]        pool: decoded rows, sorted
 *     source 1   [group][group]               |------ known ------|- unknown -|
 *     source 2   [group]                                          ^ the lowest last row of a source that has more
 *
 * What is not read yet of a source comes after its last row that is. In memory are one to two row groups of each source.
 */
export interface Merge {
  readonly pool: RowBuffer
  /** Takes in a row group or more, those first that hold up the others. Answers what cannot be read. */
  load(): Unreadable | null
  /** Rows of the pool in order that nothing unread precedes, and whether there are no others. */
  known(): { readonly order: Uint32Array; readonly isAll: boolean }
  /** Forgets the first rows of that order; the others are where they are in a new pool. */
  drop(count: number): void
}

export interface Unreadable {
  readonly source: number
  readonly why: string
}

/** A source, and how far it is read. */
interface Source {
  readonly index: number
  readonly file: Uint8Array
  /** Rows of each row group. */
  readonly groups: readonly number[]
  next: number
  /** Where its last row lies in the pool; -1: it is not there any more. */
  last: number
}

/** Merges the rows of these files, by the number that a source is told by. */
export function openMerge(table: TableContract, files: ReadonlyMap<number, Uint8Array>): Merge {
  const sources = [...files].map(
    ([index, file]): Source => ({ index, file, groups: groupsOf(file), next: 0, last: -1 }),
  )
  /** From here on nothing more is read than must be: what one row group of each source is. */
  const rowsHeld = sources.reduce((rows, { groups }) => rows + (groups[0] as number), 0)
  // Buffers that grow double their size.
  const room = rowsHeld + Math.max(0, ...sources.map(({ groups }) => Math.max(...groups.slice(1), 0)))
  let pool = createRowBuffer(table, new StringTable()) as RowBuffer
  reserveRows(pool, room)
  let sorted = new Uint32Array(0) as Uint32Array
  const unread = (): Source[] => sources.filter(({ next, groups }) => next < groups.length)
  const read = (source: Source): Unreadable | null => {
    const why = unsealGroup(source, pool)
    if (why !== null) return { source: source.index, why }
    source.next += 1
    source.last = pool.count - 1
    return null
  }
  return {
    get pool() {
      return pool
    },
    load() {
      for (const [i, source] of unread()
        .sort((a, b) => a.last - b.last)
        .entries()) {
        if (i > 0 && source.last >= 0 && pool.count >= rowsHeld) break
        const unreadable = read(source)
        if (unreadable !== null) return unreadable
      }
      return null
    },
    known() {
      sorted = sortedOrder(pool)
      const lasts = new Set(unread().map(({ last }) => last))
      if (lasts.size === 0) return { order: sorted, isAll: true }
      return { order: sorted.subarray(0, sorted.findIndex((row) => lasts.has(row)) + 1), isAll: false }
    },
    drop(count) {
      if (count === 0) return
      const rest = sorted.subarray(count)
      for (const source of sources) if (source.last >= 0) source.last = rest.indexOf(source.last)
      pool = rowsCopied(pool, rest, room)
    },
  }
}

/** A file whose footer cannot be read is left to the reader, who says what is wrong with it. */
function groupsOf(file: Uint8Array): readonly number[] {
  try {
    const groups = rowGroupRows(file)
    return groups.length === 0 ? [0] : groups
  } catch {
    return [0]
  }
}

function unsealGroup({ file, groups, next }: Source, pool: RowBuffer): string | null {
  if (groups.length === 1) return unsealRows(file, pool)
  try {
    // What is read first of ours is below what is read later; of others nobody knows.
    if (!createdByOf(file).startsWith(CREATOR)) return 'it has several row groups that others have written'
    return unsealRows(rowGroupOf(file, next), pool)
  } catch (error) {
    return `row group ${next}: ${messageOf(error)}`
  }
}
