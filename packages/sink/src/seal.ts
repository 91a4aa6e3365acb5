import type { RowBuffer } from '@cryptoflow/model'
import { type FileBounds, fileBoundsDefault, rowGroupEnd } from './file-bounds.ts'
import { openFileSequence, type SealedFile } from './file-writer.ts'
import { sortedOrder } from './order.ts'
import type { EncodeOptions } from './parquet.ts'

export interface SealOptions extends EncodeOptions {
  /** Default: `fileBoundsDefault`. */
  readonly bounds?: FileBounds | undefined
}

/**
 * Rows of one partition as Parquet files, sorted as the table's contract says: inside a row group, from group to group,
 * and from file to file. No row, no file. The buffer is only read.
 */
export function sealRows(buffer: RowBuffer, options: SealOptions): readonly SealedFile[] {
  const order = sortedOrder(buffer)
  const { bounds = fileBoundsDefault } = options
  const sequence = openFileSequence(buffer.table, bounds, options)
  for (let from = 0; from < order.length; ) {
    const end = rowGroupEnd(buffer, order, from, bounds)
    sequence.add(buffer, order.subarray(from, end))
    from = end
  }
  return sequence.finish()
}
