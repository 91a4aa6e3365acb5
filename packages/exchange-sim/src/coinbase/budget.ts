/** What an address may do: so many at once, and so many a second in the long run. */
export class Budget {
  private readonly burst: number
  private readonly perSecond: number
  private left: number
  private reachedMs: number

  constructor(options: { readonly burst: number; readonly perSecond: number; readonly startMs: number }) {
    this.burst = options.burst
    this.perSecond = options.perSecond
    this.left = options.burst
    this.reachedMs = options.startMs
  }

  /** Takes one; false when there is none left at `nowMs`. */
  take(nowMs: number): boolean {
    this.left = Math.min(this.burst, this.left + ((nowMs - this.reachedMs) * this.perSecond) / 1000)
    this.reachedMs = nowMs
    if (this.left < 1) return false
    this.left -= 1
    return true
  }
}
