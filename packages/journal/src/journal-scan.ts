import { assert, type JournalBlock } from '@cryptoflow/model'
import { sliceBlock } from './block.ts'
import { damaged, type SegmentFiles, segmentName } from './segment-files.ts'
import { isDamage, SegmentReader } from './segment-reader.ts'

/**
 * Reads records across segments. It keeps its place, so that reading on costs nothing; going back, or ahead into
 * another segment, reads that segment from its beginning, because its chain begins there.
 */
export class JournalScan {
  readonly #files: SegmentFiles
  readonly #segments: () => readonly number[]
  #reader: SegmentReader | null = null

  /** `segments` answers the first record numbers of the segments there are now, ascending. */
  constructor(files: SegmentFiles, segments: () => readonly number[]) {
    this.#files = files
    this.#segments = segments
  }

  /**
   * A block that begins with record `from` and holds none above `upTo`, which must be whole on the disk.
   * Throws a CryptoFlowError that names segment, record and offset when it is not.
   */
  async read(from: number, upTo: number): Promise<JournalBlock> {
    assert(from <= upTo, 'a scan reads at least one record')
    for (;;) {
      const reader = await this.#readerFor(from)
      const answer = await reader.read(upTo)
      if (isDamage(answer)) throw this.#damaged(reader, answer.reason)
      if (answer === null) throw this.#damaged(reader, 'the segment ends before this record')
      if (answer.last >= from) return sliceBlock(answer, Math.max(from, answer.first), answer.last)
    }
  }

  async close(): Promise<void> {
    const reader = this.#reader
    this.#reader = null
    await reader?.close()
  }

  async #readerFor(from: number): Promise<SegmentReader> {
    const first = segmentOf(this.#segments(), from)
    if (first === undefined) {
      const directory = this.#files.directory
      throw damaged({ directory, segment: 'none', record: from, offset: 0, reason: 'no segment holds it' })
    }
    const reader = this.#reader
    if (reader !== null && reader.first === first && reader.next <= from) return reader
    await this.close()
    this.#reader = await SegmentReader.open(this.#files, first)
    return this.#reader
  }

  #damaged(reader: SegmentReader, reason: string): Error {
    const { directory } = this.#files
    const { next: record, offset } = reader
    return damaged({ directory, segment: segmentName(reader.first), record, offset, reason })
  }
}

/** The last segment that begins at or before the record, undefined when all begin later. */
function segmentOf(segments: readonly number[], record: number): number | undefined {
  let low = 0
  let high = segments.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((segments[middle] as number) <= record) low = middle + 1
    else high = middle
  }
  return segments[low - 1]
}
