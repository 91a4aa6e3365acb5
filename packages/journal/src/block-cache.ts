import type { JournalBlock } from '@cryptoflow/model'

/** What a block costs in memory beside its bytes, roughly: without it many tiny blocks would break the bound. */
const BLOCK_OVERHEAD_BYTES = 256

/** The most recent consecutive blocks, bounded in bytes; the oldest are forgotten first. */
export class BlockCache {
  readonly #keepBytes: number
  #blocks: JournalBlock[] = []
  /** Blocks before this index are forgotten; the array is cut when half of it is. */
  #head = 0
  #bytes = 0

  constructor(keepBytes: number) {
    this.#keepBytes = keepBytes
  }

  /** Number of the first record that is here, Infinity when nothing is. */
  get first(): number {
    return this.#blocks[this.#head]?.first ?? Number.POSITIVE_INFINITY
  }

  push(block: JournalBlock): void {
    this.#blocks.push(block)
    this.#bytes += costOf(block)
    while (this.#bytes > this.#keepBytes) {
      this.#bytes -= costOf(this.#blocks[this.#head] as JournalBlock)
      this.#head += 1
    }
    if (this.#head * 2 >= this.#blocks.length) {
      this.#blocks = this.#blocks.slice(this.#head)
      this.#head = 0
    }
  }

  /** The block that holds a record, null when it is not here. */
  find(number: number): JournalBlock | null {
    let low = this.#head
    let high = this.#blocks.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const block = this.#blocks[middle] as JournalBlock
      if (number < block.first) high = middle - 1
      else if (number > block.last) low = middle + 1
      else return block
    }
    return null
  }
}

function costOf(block: JournalBlock): number {
  return block.bytes.length + BLOCK_OVERHEAD_BYTES
}
