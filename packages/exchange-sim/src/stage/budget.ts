/** So many of something within so long a time, wherever it begins. Times never go back. */
export class Budget {
  private readonly most: number
  private readonly withinMs: number
  /** Times of what was let through, oldest first. */
  private readonly times: number[] = []

  constructor(most: number, withinMs: number) {
    this.most = most
    this.withinMs = withinMs
  }

  /** How many more are let through. */
  left(nowMs: number): number {
    while (this.times.length > 0 && nowMs - (this.times[0] as number) >= this.withinMs) this.times.shift()
    return this.most - this.times.length
  }

  /** Milliseconds until one more is let through; 0: now. */
  waitMs(nowMs: number): number {
    return this.left(nowMs) > 0 ? 0 : (this.times[0] as number) + this.withinMs - nowMs
  }

  /** Whether one more is let through; what is not does not count. */
  take(nowMs: number): boolean {
    if (this.left(nowMs) <= 0) return false
    this.times.push(nowMs)
    return true
  }
}
