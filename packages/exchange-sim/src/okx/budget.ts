/** So many of something within so long a time, wherever it begins. */
export class Budget {
  private readonly most: number
  private readonly withinMs: number
  /** Times of what was let through, oldest first. */
  private readonly times: number[] = []

  constructor(most: number, withinMs: number) {
    this.most = most
    this.withinMs = withinMs
  }

  /** Whether one more is let through; what is not does not count. */
  take(nowMs: number): boolean {
    while (this.times.length > 0 && nowMs - (this.times[0] as number) >= this.withinMs) this.times.shift()
    if (this.times.length >= this.most) return false
    this.times.push(nowMs)
    return true
  }
}
