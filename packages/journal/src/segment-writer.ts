import type { Probe } from '@cryptoflow/model'
import { type DiskFile, halfwayOf, writeFully, writeWhole } from './disk.ts'
import type { Group } from './group-buffer.ts'
import { decodeHeader, encodeHeader, SEGMENT_HEADER_BYTES, sealGroup } from './segment.ts'
import { type SegmentFiles, segmentPath } from './segment-files.ts'

/** Puts groups at the end of the journal, opening segments as they fill. One write at a time. */
export class SegmentWriter {
  /** First record numbers of all segments, ascending; readers share this list. */
  readonly segments: number[]
  readonly #files: SegmentFiles
  readonly #segmentBytes: number
  readonly #halfway: (() => void) | undefined
  #file: DiskFile | null = null
  #size = 0
  #segmentLink = 0
  #link = 0

  /** `segments`: those that recovery found. The first write opens a new one. */
  constructor(
    files: SegmentFiles,
    options: { segments: readonly number[]; segmentBytes: number; probe: Probe | undefined },
  ) {
    this.#files = files
    this.segments = [...options.segments]
    this.#segmentBytes = options.segmentBytes
    this.#halfway = halfwayOf(options.probe, 'journal-write')
  }

  /**
   * Returns when all groups are durable. `durable` is the last record that is so already. After a throw the
   * writer must not be used again (K4).
   */
  async write(groups: readonly Group[], durable: number): Promise<void> {
    for (const group of groups) {
      const file = await this.#fileFor(group)
      const { first, bytes } = group
      this.#link = sealGroup(bytes, { first, durable, segmentLink: this.#segmentLink, link: this.#link })
      await writeFully(file, bytes, this.#size, this.#halfway)
      this.#size += bytes.length
    }
    await this.#file?.syncData()
  }

  async close(): Promise<void> {
    const file = this.#file
    this.#file = null
    await file?.close()
  }

  async #fileFor({ first, bytes }: Group): Promise<DiskFile> {
    const isFull = this.#size + bytes.length > this.#segmentBytes && this.#size > SEGMENT_HEADER_BYTES
    if (this.#file !== null && !isFull) return this.#file
    // All before it is durable before a segment exists: damage in any but the last is never a torn tail.
    await this.#file?.syncData()
    await this.close()
    return this.#open(first)
  }

  /** A new segment, durable under its name; an empty one that a crash left under the same name is replaced. */
  async #open(first: number): Promise<DiskFile> {
    const { disk, directory, journalId } = this.#files
    const path = segmentPath(directory, first)
    const bytes = encodeHeader(journalId, first)
    await writeWhole(disk, path, bytes)
    const header = decodeHeader(bytes)
    if (typeof header === 'string') throw new Error(`bug: a new segment's header reads as: ${header}`)
    this.#file = await disk.open(path, 'change')
    this.#size = SEGMENT_HEADER_BYTES
    this.#segmentLink = header.link
    this.#link = header.link
    if (this.segments.at(-1) !== first) this.segments.push(first)
    return this.#file
  }
}
