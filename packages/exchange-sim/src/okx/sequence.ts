/** No id is below. Source: okx.com/docs-v5, "WS / Order book channel", as of 2026-07-07. */
const SMALLEST = 0

/**
 * The sequence ids of one instrument, which all its messages share: they grow in steps of any width with the changes
 * of the book, and fall when the exchange is maintained.
 */
export class SequenceIds {
  private base: number

  /** `changeId` is that of the market's last change, which has the id `first`. */
  constructor(changeId: number, first: number) {
    this.base = changeId - first
  }

  /** The id of a change that came at or after the last fall; one before it has the smallest. */
  of(changeId: number): number {
    return Math.max(SMALLEST, changeId - this.base)
  }

  /** From this change on ids begin at `to` again. */
  fall(changeId: number, to: number): void {
    this.base = changeId - to
  }
}
