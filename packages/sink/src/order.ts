import { assert, type Column, type RowBuffer, type StringTable } from '@cryptoflow/model'
import { dictionaryOf } from './dictionary.ts'

/**
 * Row numbers of a buffer in the contract's sort order: ascending, nulls first, names by their UTF-8 bytes,
 * rows that are equal in every sort column in order of arrival. A total order: the same rows in the same
 * arrival order always give the same file.
 *
 * Leading names are counted into place; what is left arrives almost sorted (one symbol's rows come in time
 * order), so a merge of the ascending runs that are already there costs little more than one look at each row.
 */
export function sortedOrder(buffer: RowBuffer): Uint32Array {
  const columns = buffer.columns as Record<string, Column>
  let order = Uint32Array.from({ length: buffer.count }, (_, row) => row)
  const rows = buffer.heads?.subarray(0, buffer.count) ?? order
  const keys = buffer.table.sort.map((name) => {
    assert(!buffer.table.levelColumns?.includes(name), 'rows are sorted by columns of their events')
    return sortKey(columns[name], buffer.names, rows)
  })
  for (const key of [...keys].reverse()) if (key.ranks > 0) order = countedByRank(order, key)
  return mergedRuns(
    order,
    keys.map((key) => key.values),
  )
}

/** Sort values by row, -Infinity for null; `ranks` is the number of distinct ranks of a name column, else 0. */
interface SortKey {
  readonly values: Float64Array
  readonly ranks: number
}

/** `rows`: by row, where its value stands. */
function sortKey(column: Column | undefined, names: StringTable, rows: Uint32Array): SortKey {
  assert(column !== undefined && 'values' in column, 'a sort column is a name or a number')
  const { values } = column
  if (values instanceof Int32Array) {
    const dictionary = dictionaryOf(values, names, rows)
    const ranks = new Float64Array(rows.length)
    for (let row = 0; row < rows.length; row++) {
      const id = values[rows[row] as number] as number
      ranks[row] = id < 0 ? Number.NEGATIVE_INFINITY : (dictionary.slots[id] as number)
    }
    return { values: ranks, ranks: dictionary.ids.length }
  }
  assert(values instanceof Float64Array, 'a sort column is a name or a number')
  const numbers = new Float64Array(rows.length)
  for (let row = 0; row < rows.length; row++) {
    const value = values[rows[row] as number] as number
    numbers[row] = Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value
  }
  return { values: numbers, ranks: 0 }
}

/** A stable counting sort; nulls take the first place. */
function countedByRank(order: Uint32Array, key: SortKey): Uint32Array<ArrayBuffer> {
  const { values, ranks } = key
  const next = new Uint32Array(ranks + 2)
  for (let i = 0; i < order.length; i++) {
    const place = Math.max(values[order[i] as number] as number, -1) + 2
    next[place] = (next[place] as number) + 1
  }
  for (let place = 1; place < next.length; place++) {
    next[place] = (next[place] as number) + (next[place - 1] as number)
  }
  const sorted = new Uint32Array(order.length)
  for (let i = 0; i < order.length; i++) {
    const row = order[i] as number
    const place = Math.max(values[row] as number, -1) + 1
    const to = next[place] as number
    sorted[to] = row
    next[place] = to + 1
  }
  return sorted
}

/** A stable natural merge sort: neighbouring runs are merged until one is left. */
function mergedRuns(order: Uint32Array, keys: readonly Float64Array[]): Uint32Array {
  let from = order
  let to = new Uint32Array(order.length)
  let starts = runStarts(from, keys)
  while (starts.length > 2) {
    const merged: number[] = []
    for (let run = 0; run + 1 < starts.length; run += 2) {
      const start = starts[run] as number
      const middle = starts[run + 1] as number
      merged.push(start)
      merge(from, to, start, middle, starts[run + 2] ?? middle, keys)
    }
    merged.push(order.length)
    starts = merged
    ;[from, to] = [to, from as Uint32Array<ArrayBuffer>]
  }
  return from
}

/** Where ascending runs begin, and the end. */
function runStarts(order: Uint32Array, keys: readonly Float64Array[]): number[] {
  const starts = [0]
  for (let i = 1; i < order.length; i++) {
    if (isBelow(order[i] as number, order[i - 1] as number, keys)) starts.push(i)
  }
  starts.push(order.length)
  return starts
}

/** Merges `start ... middle - 1` and `middle ... end - 1`; on a tie the first run goes first. */
function merge(
  from: Uint32Array,
  to: Uint32Array,
  start: number,
  middle: number,
  end: number,
  keys: readonly Float64Array[],
): void {
  let left = start
  let right = middle
  for (let i = start; i < end; i++) {
    const takeRight =
      right < end && (left === middle || isBelow(from[right] as number, from[left] as number, keys))
    to[i] = from[takeRight ? right++ : left++] as number
  }
}

function isBelow(a: number, b: number, keys: readonly Float64Array[]): boolean {
  for (let i = 0; i < keys.length; i++) {
    const values = keys[i] as Float64Array
    const valueA = values[a] as number
    const valueB = values[b] as number
    if (valueA !== valueB) return valueA < valueB
  }
  return false
}
