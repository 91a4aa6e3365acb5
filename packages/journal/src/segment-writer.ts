import type { Probe } from '@cryptoflow/model'
import { type DiskFile, halfwayOf, writeFully, writeWhole } from './disk.ts'
import type { Group } from './group-buffer.ts'
import { decodeHeader, encodeHeader, SEGMENT_HEADER_BYTES, SegmentFormat, sealGroup } from './segment.ts'
import { type SegmentFiles, segmentPath } from './segment-files.ts'
import { compressRecords, recordsOfGroup, sealBlock } from './zstd-block.ts'

/** How new segments are written; old ones are read as they are. */
export type JournalCompression = 'none' | 'zstd'

export interface SegmentWriterOptions {
  /** First record numbers of the segments that recovery found, ascending. */
  readonly segments: readonly number[]
  readonly lastRecord: number
  readonly segmentBytes: number
  readonly compression: JournalCompression
  readonly probe: Probe | undefined
}

/** An end of the open segment: where the next group goes, and which record lies before it. */
interface End {
  readonly size: number
  readonly link: number
  readonly record: number
}

/** Puts groups at the end of the journal, opening segments as they fill. One write at a time. */
export class SegmentWriter {
  /** First record numbers of all segments, ascending; readers share this list. */
  readonly segments: number[]
  /** Bytes of groups that are durable on the disk, in all. */
  durableBytes = 0
  readonly #files: SegmentFiles
  readonly #options: SegmentWriterOptions
  readonly #halfway: (() => void) | undefined
  #file: DiskFile | null = null
  #segmentLink = 0
  #end: End
  /** The end at the last sync: where a write that found no room is taken back to. */
  #durableEnd: End

  /** The first write opens a new segment. */
  constructor(files: SegmentFiles, options: SegmentWriterOptions) {
    this.#files = files
    this.#options = options
    this.segments = [...options.segments]
    this.#halfway = halfwayOf(options.probe, 'journal-write')
    this.#end = { size: 0, link: 0, record: options.lastRecord }
    this.#durableEnd = this.#end
  }

  /** Bytes of the open segment, 0 when there is none. */
  get size(): number {
    return this.#end.size
  }

  /**
   * Returns when all groups are durable. `durable` is the last record that is so already. After a throw the
   * writer must not be used again (K4), except that a disk without room may be met with rewind().
   */
  async write(groups: readonly Group[], durable: number): Promise<void> {
    for (const group of groups) {
      const frame = await this.#compress(group)
      const file = await this.#fileFor(group.first, frame?.length ?? group.bytes.length)
      const { bytes, link } = this.#seal(group, frame, durable)
      await writeFully(file, bytes, this.#end.size, this.#halfway)
      this.#end = { size: this.#end.size + bytes.length, link, record: group.last }
    }
    await this.#sync()
  }

  /**
   * After a write that found no room: takes back what is not durable, so that the chain goes on from there.
   * Answers the last record that stays. The cut is not synced: whatever a power cut leaves behind the end is what
   * it may leave of any write, and the next write lies over it.
   */
  async rewind(): Promise<number> {
    await this.#file?.truncate(this.#durableEnd.size)
    this.#end = this.#durableEnd
    return this.#end.record
  }

  async close(): Promise<void> {
    const file = this.#file
    this.#file = null
    await file?.close()
  }

  async #sync(): Promise<void> {
    await this.#file?.syncData()
    this.durableBytes += this.#end.size - this.#durableEnd.size
    this.#durableEnd = this.#end
  }

  async #compress(group: Group): Promise<Uint8Array | null> {
    return this.#options.compression === 'none' ? null : compressRecords(recordsOfGroup(group.bytes))
  }

  #seal(group: Group, frame: Uint8Array | null, durable: number): { bytes: Uint8Array; link: number } {
    const { first, last, bytes } = group
    const place = { first, last, durable, segmentLink: this.#segmentLink, link: this.#end.link }
    if (frame !== null) return sealBlock(recordsOfGroup(bytes), frame, place)
    return { bytes, link: sealGroup(bytes, place) }
  }

  async #fileFor(first: number, bytes: number): Promise<DiskFile> {
    const { size } = this.#end
    const isFull = size + bytes > this.#options.segmentBytes && size > SEGMENT_HEADER_BYTES
    if (this.#file !== null && !isFull) return this.#file
    // All before it is durable before a segment exists: damage in any but the last is never a torn tail.
    await this.#sync()
    await this.close()
    return this.#open(first)
  }

  /** A new segment, durable under its name; an empty one that a crash left under the same name is replaced. */
  async #open(first: number): Promise<DiskFile> {
    const { disk, directory, journalId } = this.#files
    const format = this.#options.compression === 'none' ? SegmentFormat.plain : SegmentFormat.zstd
    const path = segmentPath(directory, first)
    const bytes = encodeHeader(journalId, first, format)
    await writeWhole(disk, path, bytes)
    const header = decodeHeader(bytes)
    if (typeof header === 'string') throw new Error(`bug: a new segment's header reads as: ${header}`)
    this.#file = await disk.open(path, 'change')
    this.#segmentLink = header.link
    this.#end = { size: SEGMENT_HEADER_BYTES, link: header.link, record: first - 1 }
    this.#durableEnd = this.#end
    if (this.segments.at(-1) !== first) this.segments.push(first)
    return this.#file
  }
}
