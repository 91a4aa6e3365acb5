import type { DoorRules } from '../stage/door.ts'

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

const SPOT = { source: 'docs.kraken.com as copied 2026-05-27, guides/spot-ws-intro', read: '2026-05-27' }
const FUTURES = {
  source: 'docs.kraken.com as copied 2026-05-27, guides/futures-rate-limits',
  read: '2026-05-27',
}
const TEN_MINUTES_MS = 10 * 60_000

/** About 150 in ten minutes. That 429 and `Retry-After` say so is assumed: it is what the network in front of it does. */
export const spotDoor: DoorRules = {
  connects: { most: { value: 150, ...SPOT }, withinMs: TEN_MINUTES_MS },
  withOrigin: null,
  openMax: null,
  shutMs: { value: TEN_MINUTES_MS, ...SPOT },
  status: 429,
  tellsWhen: true,
}

/** How the hundred and first is met is not documented. */
export const futuresDoor: DoorRules = {
  connects: null,
  withOrigin: null,
  openMax: { value: 100, ...FUTURES },
  shutMs: null,
  status: 429,
  tellsWhen: false,
}
