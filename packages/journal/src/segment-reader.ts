import type { JournalBlock } from '@cryptoflow/model'
import { type DiskFile, readFully } from './disk.ts'
import { type ChainPlace, SEGMENT_HEADER_BYTES, type SegmentHeader, walkEntries } from './segment.ts'
import { type Damage, readHeader, type SegmentFiles, segmentName, segmentPath } from './segment-files.ts'

/** Bytes asked of the disk at once, and so about the largest block; a larger record is read alone. */
const READ_BYTES = 1024 * 1024

/** Reads one segment from its beginning, verified, in blocks. */
export class SegmentReader {
  /** Number of the segment's first record. */
  readonly first: number
  readonly header: SegmentHeader
  readonly file: DiskFile
  readonly #place: ChainPlace

  private constructor(file: DiskFile, header: SegmentHeader) {
    this.first = header.first
    this.header = header
    this.file = file
    this.#place = { offset: SEGMENT_HEADER_BYTES, link: header.link, next: header.first }
  }

  /** Throws a CryptoFlowError when the header is not that segment of this journal. */
  static async open(files: SegmentFiles, first: number): Promise<SegmentReader> {
    const file = await files.disk.open(segmentPath(files.directory, first), 'read')
    try {
      return new SegmentReader(file, await readHeader(files, file, first))
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /** Number of the next record. */
  get next(): number {
    return this.#place.next
  }

  /** Where the next mark or record begins in the file. */
  get offset(): number {
    return this.#place.offset
  }

  /**
   * The next records as one block, none above `upTo`; null at the file's end or at that limit. Bytes behind the
   * limit are not looked at, so they may be half written.
   */
  async read(upTo: number): Promise<JournalBlock | Damage | null> {
    for (let want = READ_BYTES; ; ) {
      const first = this.next
      if (first > upTo) return null
      const buffer = new Uint8Array(want)
      const bytes = buffer.subarray(0, await readFully(this.file, buffer, this.offset))
      const walk = walkEntries(bytes, this.#place, this.header.link, upTo)
      if (this.next > first) {
        return { first, last: this.next - 1, bytes: bytes.subarray(0, walk.recordBytes) }
      }
      if (walk.stop === 'bad') return this.#damage(walk.reason)
      if (walk.stop === 'short' && walk.need > want) want = walk.need
      else if (walk.stop === 'short' && bytes.length < want) return this.#damage('it is cut short')
      else if (bytes.length === 0) return null
    }
  }

  close(): Promise<void> {
    return this.file.close()
  }

  #damage(reason: string): Damage {
    return { segment: segmentName(this.first), record: this.next, offset: this.offset, reason }
  }
}

export function isDamage(answer: JournalBlock | Damage | null): answer is Damage {
  return answer !== null && 'reason' in answer
}
