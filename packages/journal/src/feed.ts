import { assert, type JournalBlock } from '@cryptoflow/model'
import { sliceBlock } from './block.ts'
import type { BlockCache } from './block-cache.ts'
import type { JournalScan } from './journal-scan.ts'

/**
 * Consecutive durable blocks from one record on. The cursor is the only state that counts (D4): whether a block
 * comes from memory or from the disk is decided anew for each, and the records are the same.
 */
export interface BlockFeed {
  /** Number of the record that the next block begins with. */
  readonly cursor: number
  /** Blocks of this feed that were read from the disk, because memory had forgotten them. */
  readonly diskBlocks: number
  /**
   * The next block; waits until there is one. Null after the journal was closed and every durable record was
   * read. Throws the journal's failure, and a CryptoFlowError naming the place when the disk holds damage.
   * One call at a time.
   */
  next(): Promise<JournalBlock | null>
  /** Gives the file back that the feed may hold open. */
  close(): Promise<void>
}

/** What a feed asks of its journal. */
export interface FeedSource {
  readonly cache: BlockCache
  readonly durableRecord: number
  /** True when the record is durable, false when it never will be because the journal was closed. */
  waitFor(record: number): Promise<boolean>
  /** The feed reads no more. */
  closed(feed: BlockFeed): void
}

export class JournalFeed implements BlockFeed {
  cursor: number
  diskBlocks = 0
  readonly #source: FeedSource
  readonly #scan: JournalScan
  #isBusy = false

  constructor(source: FeedSource, scan: JournalScan, from: number) {
    this.#source = source
    this.#scan = scan
    this.cursor = from
  }

  async next(): Promise<JournalBlock | null> {
    assert(!this.#isBusy, 'a feed is asked for one block at a time')
    this.#isBusy = true
    try {
      if (!(await this.#source.waitFor(this.cursor))) return null
      const block = this.#fromCache() ?? (await this.#fromDisk())
      this.cursor = block.last + 1
      return block
    } finally {
      this.#isBusy = false
    }
  }

  close(): Promise<void> {
    this.#source.closed(this)
    return this.#scan.close()
  }

  #fromCache(): JournalBlock | null {
    const block = this.#source.cache.find(this.cursor)
    return block === null ? null : sliceBlock(block, this.cursor, block.last)
  }

  /** Up to where memory goes on, so that no record is read from the disk that need not be. */
  #fromDisk(): Promise<JournalBlock> {
    const { cache, durableRecord } = this.#source
    this.diskBlocks += 1
    return this.#scan.read(this.cursor, Math.min(durableRecord, Math.max(cache.first - 1, this.cursor)))
  }
}
