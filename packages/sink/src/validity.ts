/** Which rows are valid; the bitmap is made when the first null shows up. */
export class Validity {
  nulls = 0
  bitmap: Uint8Array | null = null
  private readonly count: number

  constructor(count: number) {
    this.count = count
  }

  setNull(row: number): void {
    this.bitmap ??= new Uint8Array((this.count + 7) >> 3).fill(0xff)
    this.bitmap[row >> 3] = (this.bitmap[row >> 3] as number) & ~(1 << (row & 7))
    this.nulls += 1
  }

  /** What `makeData` needs of it. */
  props(): { length: number; nullCount: number; nullBitmap: Uint8Array | null } {
    return { length: this.count, nullCount: this.nulls, nullBitmap: this.bitmap }
  }
}
