/** At most so many events within any window of so many milliseconds. */
export class Window {
  private readonly max: number
  private readonly ms: number
  private readonly times: number[] = []

  constructor(max: number, ms: number) {
    this.max = max
    this.ms = ms
  }

  /** Counts an event; false when it is one too many. Times never go back. */
  take(nowMs: number): boolean {
    while (nowMs - (this.times[0] ?? nowMs) >= this.ms) this.times.shift()
    this.times.push(nowMs)
    return this.times.length <= this.max
  }
}

/** Connections of one address within ten minutes; beyond them the address is shut out for as long. */
const CONNECTS_MAX = 150
const CONNECTS_MS = 10 * 60_000

/**
 * Who connects too often. Every client comes from one address here.
 * Source: docs.kraken.com as copied 2026-05-27, guides/spot-ws-intro: about 150 in ten minutes.
 */
export class Doorkeeper {
  private readonly connects = new Window(CONNECTS_MAX, CONNECTS_MS)
  private shutUntilMs = 0

  /** Counts a connection; false when it is not let in. */
  admit(nowMs: number): boolean {
    if (this.isShut(nowMs)) return false
    if (this.connects.take(nowMs)) return true
    this.shutUntilMs = nowMs + CONNECTS_MS
    return false
  }

  /** Whether the address is shut out, from REST as well. */
  isShut(nowMs: number): boolean {
    return nowMs < this.shutUntilMs
  }
}
