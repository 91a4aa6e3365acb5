import { Channel, type ChannelBounds } from '@cryptoflow/channels'
import { assert, type JournalBlock } from '@cryptoflow/model'
import type { Clock } from '@cryptoflow/runtime'
import { sliceBlock } from './block.ts'
import type { JournalScan } from './journal-scan.ts'

/** What waits in memory for a feed where its reader does not say it: a second of a busy process. */
export const feedDefaults: ChannelBounds = { itemsMax: 65_536, bytesMax: 64 * 1024 * 1024 }

/**
 * Consecutive durable blocks from one record on.
 *
 * New blocks wait for the reader in a bounded channel; one that finds it full is left, since the disk has it. The
 * cursor is the only state that counts (D4): whether a block comes from the channel or from the disk is decided anew
 * for each, and the records are the same.
 */
export interface BlockFeed {
  /** Number of the record that the next block begins with. */
  readonly cursor: number
  /** Last record that was ever given out. */
  readonly readTo: number
  /** Blocks of this feed that were read from the disk, because they were not in the channel. */
  readonly diskBlocks: number
  /** Durable blocks that wait to be read; its items are records. */
  readonly channel: Channel<JournalBlock>
  /** Resolves when `next` would not wait; rejects with the journal's failure. May be called at any time. */
  ready(): Promise<void>
  /**
   * The next block; waits until there is one. Null after the journal was closed and every durable record was
   * read. Throws the journal's failure, and a CryptoFlowError naming the place when the disk holds damage.
   * One call at a time.
   */
  next(): Promise<JournalBlock | null>
  /**
   * Goes back to a record that was given out and is still kept. No block that follows holds both what was given out
   * before and what was not. Not during `next`.
   */
  rewind(to: number): void
  /** Gives the file back that the feed may hold open. */
  close(): Promise<void>
}

/** What a feed asks of its journal. */
export interface FeedSource {
  readonly clock: Clock
  readonly durableRecord: number
  /** True when the record is durable, false when it never will be because the journal was closed. */
  waitFor(record: number): Promise<boolean>
  /** The feed reads no more. */
  closed(feed: JournalFeed): void
}

export class JournalFeed implements BlockFeed {
  cursor: number
  readTo: number
  diskBlocks = 0
  readonly channel: Channel<JournalBlock>
  readonly #source: FeedSource
  readonly #scan: JournalScan
  #isBusy = false

  constructor(source: FeedSource, scan: JournalScan, from: number, bounds: ChannelBounds) {
    this.#source = source
    this.#scan = scan
    this.cursor = from
    this.readTo = from - 1
    this.channel = new Channel({ ...bounds, name: 'raw', policy: 'spill', clock: source.clock })
  }

  /** A block has become durable. */
  offer(block: JournalBlock): void {
    if (block.last < this.cursor) return
    this.channel.offer(block, block.bytes.length, block.last - block.first + 1)
  }

  async ready(): Promise<void> {
    await this.#source.waitFor(this.cursor)
  }

  async next(): Promise<JournalBlock | null> {
    assert(!this.#isBusy, 'a feed is asked for one block at a time')
    this.#isBusy = true
    try {
      if (!(await this.#source.waitFor(this.cursor))) return null
      const block = this.#fromChannel() ?? (await this.#fromDisk())
      this.cursor = block.last + 1
      this.readTo = Math.max(this.readTo, block.last)
      return block
    } finally {
      this.#isBusy = false
    }
  }

  rewind(to: number): void {
    assert(!this.#isBusy && to <= this.cursor, 'a feed goes back between two blocks')
    this.cursor = to
  }

  close(): Promise<void> {
    this.#source.closed(this)
    this.channel.clear()
    return this.#scan.close()
  }

  #fromChannel(): JournalBlock | null {
    const { channel, cursor } = this
    // A block from the disk may go on beyond where the channel begins.
    while (channel.next !== undefined && channel.next.last < cursor) channel.take()
    if (channel.next === undefined || channel.next.first > cursor) return null
    const block = channel.take() as JournalBlock
    return sliceBlock(block, cursor, block.last)
  }

  /** Up to where the channel goes on, so that no record is read from the disk that need not be. */
  #fromDisk(): Promise<JournalBlock> {
    this.diskBlocks += 1
    const { cursor, readTo, channel } = this
    // What waits in the channel was never given out.
    const upTo = channel.next === undefined ? this.#source.durableRecord : channel.next.first - 1
    return this.#scan.read(cursor, cursor <= readTo ? Math.min(upTo, readTo) : upTo)
  }
}
