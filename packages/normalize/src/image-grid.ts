import { imageRows } from './book-rows.ts'
import type { KeyState } from './key-state.ts'
import type { RowSink } from './row-sink.ts'

/** How often and how deep books are written. */
export interface ImageOptions {
  /** Width of a cell of the derived images, microseconds. */
  readonly derivedEveryUs: number
  /** Levels a side of a derived image; 0: none are made. */
  readonly derivedLevels: number
  readonly checkpointEveryUs: number
  /** Levels a side that a book keeps. */
  readonly depthCap: number
}

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
 */
export class ImageGrid {
  derivedCell = Number.NEGATIVE_INFINITY
  checkpointCell = Number.NEGATIVE_INFINITY
  /** Where the next cell of either grid begins, microseconds: nothing is due before. */
  private dueUs = Number.NEGATIVE_INFINITY
  private readonly options: ImageOptions
  private readonly sink: RowSink
  private readonly keys: readonly KeyState[]

  constructor(options: ImageOptions, sink: RowSink, keys: readonly KeyState[]) {
    this.options = options
    this.sink = sink
    this.keys = keys
  }

  /** Goes on from the cells of an earlier record. */
  resume(derivedCell: number, checkpointCell: number): void {
    this.derivedCell = derivedCell
    this.checkpointCell = checkpointCell
    this.dueUs = this.nextBorder()
  }

  /** A record at `receivedUs` is about to be applied. */
  advance(receivedUs: number): void {
    if (receivedUs >= this.dueUs) this.turn(receivedUs)
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

  /** Derived images of all books that are live and were updated since their last one. */
  closeDerived(): void {
    const { derivedLevels } = this.options
    for (const { key, keeper } of this.keys) {
      if (!keeper?.changed) continue
      keeper.changed = false
      if (!keeper.live || keeper.book === null || keeper.stamp === null) continue
      imageRows(this.sink, key, keeper.stamp, keeper.book, {
        kind: 'derived',
        levels: derivedLevels,
        lastSeq: keeper.seq,
      })
    }
  }

  /** The whole book, as a place to start reading from. */
  checkpoint({ key, keeper }: KeyState): void {
    if (!keeper?.live || keeper.book === null || keeper.stamp === null) return
    keeper.unsaved = false
    const levels = this.options.depthCap
    imageRows(this.sink, key, keeper.stamp, keeper.book, { kind: 'checkpoint', levels, lastSeq: keeper.seq })
  }
}
