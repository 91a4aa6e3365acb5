import type { ImageOptions, JournalRecord } from '@cryptoflow/model'
import { imageRows } from './book-rows.ts'
import { closeImageGap, openImageGap } from './image-gaps.ts'
import type { KeyState } from './key-state.ts'
import type { Span } from './normalizer-options.ts'
import type { RowSink } from './row-sink.ts'

export const imageDefaults: ImageOptions = {
  derivedEveryUs: 100_000,
  derivedLevels: 20,
  checkpointEveryUs: 60_000_000,
  depthCap: 2_000,
}

/**
 * When book images are due: cells of two absolute grids over the received time.
 *
 *     cell n           | cell n + 1
 *     u1   u2   u3     | first record here: image of the book after u3, with the times and frame of u3
 *
 * A cell closes on the first record at or beyond the next one, before that record is applied, so an image never
 * depends on what the other keys of the lane hear.
 *
 * While the disk is nearly full no images are made: a row of `gaps` per book says so, and the first image behind it is
 * the whole book.
 */
export class ImageGrid {
  derivedCell = Number.NEGATIVE_INFINITY
  checkpointCell = Number.NEGATIVE_INFINITY
  /** Where the next cell of either grid begins, microseconds: nothing is due before. */
  private dueUs = Number.NEGATIVE_INFINITY
  /** No images are made for now. */
  isWithheld = false
  options: ImageOptions
  private readonly writer: string
  private readonly sink: RowSink
  private readonly keys: readonly KeyState[]
  private readonly span: Span

  constructor(
    options: ImageOptions,
    writer: string,
    sink: RowSink,
    keys: readonly KeyState[],
    span: Span = () => {},
  ) {
    this.options = options
    this.writer = writer
    this.sink = sink
    this.keys = keys
    this.span = span
  }

  /** Goes on from the cells of an earlier record. */
  resume(derivedCell: number, checkpointCell: number, isWithheld: boolean): void {
    this.derivedCell = derivedCell
    this.checkpointCell = checkpointCell
    this.isWithheld = isWithheld
    this.dueUs = this.nextBorder()
  }

  /**
   * From here on images are made so; those of before must be written. The cell at hand of another width is entered by the
   * next record.
   */
  replan(options: ImageOptions): void {
    const before = this.options
    this.options = options
    if (options.derivedEveryUs !== before.derivedEveryUs) this.derivedCell = Number.NEGATIVE_INFINITY
    if (options.checkpointEveryUs !== before.checkpointEveryUs) this.checkpointCell = Number.NEGATIVE_INFINITY
    this.dueUs = this.nextBorder()
  }

  /** A record at `receivedUs` is about to be applied. */
  advance(receivedUs: number): void {
    if (receivedUs < this.dueUs) return
    this.span('images', true)
    this.turn(receivedUs)
    this.span('images', false)
  }

  private turn(receivedUs: number): void {
    const derived = Math.floor(receivedUs / this.options.derivedEveryUs)
    if (derived > this.derivedCell) {
      this.closeDerived()
      this.derivedCell = derived
    }
    const checkpoint = Math.floor(receivedUs / this.options.checkpointEveryUs)
    if (checkpoint > this.checkpointCell) {
      for (const state of this.keys) if (state.keeper?.unsaved) this.checkpoint(state)
      this.checkpointCell = checkpoint
    }
    this.dueUs = this.nextBorder()
  }

  private nextBorder(): number {
    const { derivedEveryUs, checkpointEveryUs } = this.options
    return Math.min((this.derivedCell + 1) * derivedEveryUs, (this.checkpointCell + 1) * checkpointEveryUs)
  }

  /** No images are made from this record on. */
  withhold(record: JournalRecord): void {
    if (this.isWithheld) return
    this.closeDerived()
    this.isWithheld = true
    const now = { receivedUs: record.receivedUs, frame: record.number }
    for (const state of this.keys) {
      const { keeper } = state
      if (keeper === null) continue
      const { live, seq, stamp } = keeper
      const last = live && stamp !== null ? { seq, receivedUs: stamp.receivedUs } : null
      openImageGap(this.sink, this.writer, state, now, last)
    }
  }

  /** Images are made again: of every live book, whole, at once. */
  make(): void {
    if (!this.isWithheld) return
    this.isWithheld = false
    for (const state of this.keys) this.checkpoint(state)
  }

  /** Derived images of all books that are live and were updated since their last one. */
  closeDerived(): void {
    const { derivedLevels } = this.options
    for (const state of this.keys) {
      const { keeper } = state
      if (!keeper?.changed) continue
      keeper.changed = false
      this.write(state, 'derived', derivedLevels)
    }
  }

  /** The whole book, as a place to start reading from. */
  checkpoint(state: KeyState): void {
    if (state.keeper?.live) state.keeper.unsaved = false
    this.write(state, 'checkpoint', this.options.depthCap)
  }

  private write(state: KeyState, kind: 'derived' | 'checkpoint', levels: number): void {
    const { key, keeper, counters } = state
    if (!keeper?.live || keeper.book === null || keeper.stamp === null) return
    const { book, stamp, seq } = keeper
    if (this.isWithheld) {
      openImageGap(this.sink, this.writer, state, stamp, null)
      return
    }
    imageRows(this.sink, key, stamp, book, { kind, levels, lastSeq: seq })
    if (kind === 'derived') counters.derivedImages += 1
    else counters.checkpoints += 1
    closeImageGap(this.sink, state, seq, stamp)
  }
}
