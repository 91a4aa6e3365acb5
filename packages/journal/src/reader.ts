import type { JournalBlock } from '@cryptoflow/model'
import { type Disk, nodeDisk, usageError } from './disk.ts'
import { readIdentity } from './identity.ts'
import { missingError } from './journal.ts'
import { JournalScan } from './journal-scan.ts'
import { recover, type TornTail } from './recovery.ts'

/** A journal that nobody writes, for replay. Takes no lock and changes nothing. */
export interface JournalReader {
  readonly id: string
  /** First and last whole record; last is below first when there is none. */
  readonly first: number
  readonly last: number
  /** The cut last write that is left out, null when the journal ends whole. */
  readonly torn: TornTail | null
  /**
   * Records `from` to `to` in blocks of about 1 MB, verified as they are read; by default all.
   * Throws a CryptoFlowError: `usage` when a record asked for is not there, `disk` naming segment, record and
   * offset of damage, after all records before it were handed out.
   */
  blocks(from?: number, to?: number): AsyncGenerator<JournalBlock, void, void>
}

/**
 * Opens a journal for reading. Throws a CryptoFlowError when the directory holds none (`usage`) or its end is
 * damaged (`disk`).
 */
export async function openJournalReader(directory: string, disk: Disk = nodeDisk): Promise<JournalReader> {
  const journalId = await readIdentity(disk, directory)
  if (journalId === null) throw usageError('opening a journal found no identity', { directory })
  const files = { disk, directory, journalId }
  const found = await recover(files, { repair: false, verifyFrom: Number.POSITIVE_INFINITY })
  const { firstRecord: first, lastRecord: last, torn, segments } = found
  return {
    id: journalId,
    first,
    last,
    torn,
    async *blocks(from = first, to = last) {
      if (from < first) throw missingError(directory, from, first)
      if (to > last) throw usageError('reading found the journal too short', { directory, to, last })
      const scan = new JournalScan(files, () => segments)
      try {
        for (let next = from; next <= to; ) {
          const block = await scan.read(next, to)
          yield block
          next = block.last + 1
        }
      } finally {
        await scan.close()
      }
    },
  }
}
