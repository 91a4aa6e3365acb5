import { join } from 'node:path'
import type { JournalBlock } from '@cryptoflow/model'
import { type Disk, nodeDisk, usageError } from './disk.ts'
import { readIdentity } from './identity.ts'
import { missingError } from './journal.ts'
import { JournalScan } from './journal-scan.ts'
import { recover, type TornTail } from './recovery.ts'

/**
 * A journal as somebody sees it who does not write it: for replay and for looking. Takes no lock and changes nothing.
 * Beside a writer at work it sees what was durable for certain when it was opened.
 */
export interface JournalReader {
  readonly id: string
  /** First and last whole record; last is below first when there is none. */
  readonly first: number
  readonly last: number
  /** First record numbers of the segments there were at opening. */
  readonly segments: readonly number[]
  /** A process writes the journal at this moment. */
  readonly isLive: boolean
  /** The cut last write that is left out, null when the journal ends whole or is being written. */
  readonly torn: TornTail | null
  /**
   * Records `from` to `to` in blocks of about 1 MB, verified as they are read; by default all.
   * Throws a CryptoFlowError: `usage` when a record asked for is not there, or not any more; `disk` naming segment,
   * record and offset of damage, after all records before it were handed out.
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
  // Asked before anything is read: a writer that ends meanwhile only makes us see less.
  const isLive = disk.isLocked(join(directory, 'lock.db'))
  const found = await recover(files, { repair: false, verifyFrom: Number.POSITIVE_INFINITY })
  const { firstRecord: first, segments } = found
  // What a writer at work wrote last may be whole here and not be synced: only the next write proves it (K5).
  const last = isLive ? found.provenRecord : found.lastRecord
  const torn = isLive ? null : found.torn
  return {
    id: journalId,
    first,
    last,
    segments,
    isLive,
    torn,
    async *blocks(from = first, to = last) {
      if (from < first) throw missingError(directory, from, first)
      if (to > last) throw usageError('reading found the journal too short', { directory, to, last })
      const scan = new JournalScan(files, () => segments)
      try {
        for (let next = from; next <= to; ) {
          const block = await scan.read(next, to).catch((error) => refuseRetired(error, directory, next))
          yield block
          next = block.last + 1
        }
      } finally {
        await scan.close()
      }
    },
  }
}

/** A writer may let a segment go while we read. */
function refuseRetired(error: unknown, directory: string, record: number): never {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
    throw usageError('reading found that the segment was retired meanwhile', { directory, record })
  }
  throw error
}
