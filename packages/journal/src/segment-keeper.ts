import { type RetentionPolicy, type RetiredSegment, retireSegments } from './retention.ts'
import { type SegmentFiles, segmentPath } from './segment-files.ts'
import { firstTimeOf, type SegmentSummary, summarizeSegment } from './segment-summary.ts'

/** A segment as its journal knows it. */
export interface JournalSegment extends SegmentSummary {
  /** Every record of it is released. */
  readonly released: boolean
}

/** Describes a journal's segments and lets them go, one call after the other: none goes while it is described. */
export class SegmentKeeper {
  readonly #files: SegmentFiles
  /** The journal's own list, which the writer appends to. */
  readonly #segments: number[]
  /** Of segments that are written no more. */
  readonly #summaries = new Map<number, SegmentSummary>()
  #releasedTo = 0
  #tail: Promise<unknown> = Promise.resolve()

  constructor(files: SegmentFiles, segments: number[]) {
    this.#files = files
    this.#segments = segments
  }

  /** All segments, oldest first, without what is not durable. */
  list(durableRecord: number): Promise<readonly JournalSegment[]> {
    return this.#inTurn(async () => {
      const listed: JournalSegment[] = []
      for (const first of [...this.#segments]) {
        const summary = await this.#summaryOf(first, durableRecord)
        const { last } = summary
        listed.push({ ...summary, released: last >= first && last <= this.#releasedTo })
      }
      return listed
    })
  }

  /** Notes what is released, and deletes what the policy lets go of the records up to `upTo`. */
  retire(options: {
    releasedTo: number
    upTo: number
    policy: RetentionPolicy
    nowUs: number
  }): Promise<readonly RetiredSegment[]> {
    const { upTo, policy, nowUs } = options
    this.#releasedTo = Math.max(this.#releasedTo, options.releasedTo)
    return this.#inTurn(async () => {
      const retired = await retireSegments(this.#files, this.#segments, { releasedTo: upTo, policy, nowUs })
      for (const { first } of retired) this.#summaries.delete(first)
      return retired
    })
  }

  /** Bytes of all segments, and when the oldest one ended that can go; null when none is released. */
  measure(): Promise<{ bytes: number; oldestUs: number | null }> {
    return this.#inTurn(async () => {
      const [, following] = this.#segments
      const isReleased = following !== undefined && following - 1 <= this.#releasedTo
      const sizes = await Promise.all(this.#segments.map((first) => this.#bytesOf(first)))
      return {
        bytes: sizes.reduce((sum, bytes) => sum + bytes, 0),
        oldestUs: isReleased ? await firstTimeOf(this.#files, following) : null,
      }
    })
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#tail
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#tail.then(work)
    this.#tail = done.catch(() => {})
    return done
  }

  async #summaryOf(first: number, durableRecord: number): Promise<SegmentSummary> {
    const known = this.#summaries.get(first)
    if (known !== undefined) return known
    const isOpen = first === this.#segments.at(-1)
    const summary = await summarizeSegment(this.#files, first, durableRecord)
    if (!isOpen) this.#summaries.set(first, summary)
    return summary
  }

  async #bytesOf(first: number): Promise<number> {
    return (await this.#files.disk.sizeOf(segmentPath(this.#files.directory, first))) ?? 0
  }
}
