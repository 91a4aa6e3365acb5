import type { TableContract } from '@cryptoflow/model'
import { difference } from './difference.ts'
import { fileBoundsDefault, rowGroupEnd } from './file-bounds.ts'
import { openFileSequence, type SealedFile } from './file-writer.ts'
import { type Merge, openMerge, type Unreadable } from './merge.ts'
import { rowGroupOf, rowGroupRows } from './row-groups.ts'
import type { SealOptions } from './seal.ts'

/** What became of files that were to be one. */
export interface Resealed {
  readonly files: readonly SealedFile[]
  /** By the index of a source: why its rows are not in the files. */
  readonly refused: ReadonlyMap<number, string>
}

/**
 * The rows of several data files of one partition as new ones, sorted as the contract says; rows that are equal in its
 * sort columns stay in the order of their source. Every row group that was written is read again and compared cell by
 * cell, before anybody deletes a source on its strength: a difference refuses all sources.
 *
 * Holds the encoded sources and files, and of decoded rows what `openMerge` holds.
 */
export function resealFiles(
  table: TableContract,
  sources: readonly Uint8Array[],
  options: SealOptions,
): Resealed {
  const refused = new Map<number, string>()
  for (;;) {
    const wanted = [...sources.keys()].filter((index) => !refused.has(index))
    const made = writeFiles(
      openMerge(table, new Map(wanted.map((i) => [i, sources[i] as Uint8Array]))),
      options,
    )
    if ('files' in made) return { files: made.files, refused }
    const { source, why } = made
    if (source === null) return { files: [], refused: new Map(sources.map((_, i) => [i, why])) }
    refused.set(source, why)
  }
}

/** What was written is not what was to be written. */
interface Wrong {
  readonly source: null
  readonly why: string
}

function writeFiles(
  merge: Merge,
  options: SealOptions,
): { readonly files: readonly SealedFile[] } | Unreadable | Wrong {
  const { bounds = fileBoundsDefault } = options
  const sequence = openFileSequence(merge.pool.table, bounds, options)
  const groups: Uint8Array[] = []
  for (let isLast = false; !isLast; ) {
    const unreadable = merge.load()
    if (unreadable !== null) return unreadable
    const { order, isAll } = merge.known()
    isLast = isAll
    let from = 0
    while (from < order.length) {
      const end = rowGroupEnd(merge.pool, order, from, bounds)
      // Perhaps not a whole one: the rows stay until more are known.
      if (end === order.length && !isAll) break
      const rows = order.subarray(from, end)
      const group = sequence.add(merge.pool, rows)
      const why = difference(merge.pool, rows, group)
      if (why !== null) return { source: null, why }
      groups.push(group)
      from = end
    }
    merge.drop(from)
  }
  const files = sequence.finish()
  return areTheseGroups(files, groups) ? { files } : { source: null, why: 'a file is not its row groups' }
}

/** Whether files hold exactly these row groups, which were read, one after the other. */
function areTheseGroups(files: readonly SealedFile[], groups: readonly Uint8Array[]): boolean {
  const found = files.flatMap(({ bytes }) => rowGroupRows(bytes).map((_, index) => rowGroupOf(bytes, index)))
  return (
    found.length === groups.length &&
    found.every((group, i) => Buffer.compare(group, rowGroupOf(groups[i] as Uint8Array, 0)) === 0)
  )
}
