import type { JournalBlock } from '@cryptoflow/model'
import { type DiskFile, readFully } from './disk.ts'
import {
  type ChainPlace,
  findMarkAfter,
  MARK_BYTES,
  SEGMENT_HEADER_BYTES,
  SegmentFormat,
  type SegmentHeader,
  walkEntries,
} from './segment.ts'
import { type Damage, readHeader, type SegmentFiles, segmentName, segmentPath } from './segment-files.ts'
import { BLOCK_HEADER_BYTES, findBlockAfter, walkBlocks } from './zstd-block.ts'

/** Bytes asked of the disk at once, and so about the largest block; a larger record is read alone. */
const READ_BYTES = 1024 * 1024

/** What a walk through bytes of either format answers. */
interface Step {
  readonly stop: 'end' | 'limit' | 'short' | 'bad'
  readonly need: number
  readonly reason: string
  readonly records: () => Uint8Array
}

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
    this.#place = { offset: SEGMENT_HEADER_BYTES, link: header.link, next: header.first, proven: 0 }
  }

  /** Throws a CryptoFlowError when the header is not that segment of this journal, or a newer version's. */
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

  /** Where the next mark, record or block begins in the file. */
  get offset(): number {
    return this.#place.offset
  }

  /** Last record that what was read so far names as durable, 0 when nothing did. */
  get proven(): number {
    return this.#place.proven
  }

  /**
   * The next records as one block, none above `upTo`; null at the file's end or at that limit. Bytes behind the
   * limit are not looked at, so they may be half written. After damage it stays where it is: asked again, it reads
   * the place again.
   */
  async read(upTo: number): Promise<JournalBlock | Damage | null> {
    for (let want = READ_BYTES; ; ) {
      const first = this.next
      if (first > upTo) return null
      const buffer = roomFor(want)
      const bytes = buffer.subarray(0, await readFully(this.file, buffer, this.offset))
      const { stop, need, reason, records } = this.#walk(bytes, upTo)
      if (this.next > first) return { first, last: this.next - 1, bytes: records() }
      if (stop === 'bad') return this.#damage(reason)
      if (stop === 'short' && need > want) want = need
      else if (stop === 'short' && bytes.length < want) return this.#damage('it is cut short')
      else if (bytes.length === 0) return null
    }
  }

  /** Offset behind the present place of what says that `record` was durable, -1 when nothing does. */
  async findProof(record: number): Promise<number> {
    const isPlain = this.header.format === SegmentFormat.plain
    const overlap = isPlain ? MARK_BYTES : BLOCK_HEADER_BYTES
    const find = isPlain ? findMarkAfter : findBlockAfter
    const buffer = roomFor(READ_BYTES)
    for (let offset = this.offset; ; offset += READ_BYTES - overlap + 1) {
      const bytes = buffer.subarray(0, await readFully(this.file, buffer, offset))
      const at = find(bytes, record, this.header.link)
      if (at !== -1) return offset + at
      if (bytes.length < READ_BYTES) return -1
    }
  }

  close(): Promise<void> {
    return this.file.close()
  }

  #walk(bytes: Uint8Array, upTo: number): Step {
    if (this.header.format === SegmentFormat.plain) {
      const walk = walkEntries(bytes, this.#place, this.header.link, upTo)
      return { ...walk, records: () => bytes.subarray(0, walk.recordBytes) }
    }
    const options = { segmentLink: this.header.link, upTo, plainBytes: READ_BYTES }
    const walk = walkBlocks(bytes, this.#place, options)
    return { ...walk, records: () => joined(walk.parts) }
  }

  #damage(reason: string): Damage {
    return { segment: segmentName(this.first), record: this.next, offset: this.offset, reason }
  }
}

/** Not zeroed, for what is read is all that is looked at; not from a pool, for blocks go on pointing into it. */
function roomFor(bytes: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer)
}

/** A single part stays the view that it is. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts
  if (parts.length === 1 && only !== undefined) return only
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

export function isDamage(answer: JournalBlock | Damage | null): answer is Damage {
  return answer !== null && 'reason' in answer
}
