/** What the simulated exchange allows a client. */
export interface BinanceSpotLimits {
  readonly clientMessagesPerSecond: number
  readonly streamsPerConnection: number
  /** Wire bytes of a client's text frame, header and mask included; longer ones get no answer. */
  readonly clientFrameBytes: number
  readonly connectsPerFiveMinutes: number
  readonly restWeightPerMinute: number
  /** What may wait for a client that does not read, before it is closed; keeps memory bounded. */
  readonly unsentBytesPerConnection: number
}

/**
 * The documented limits, for frames the observed one, and for unsent bytes our own.
 *
 * Source: the exchange's spot API docs, web-socket-streams.md and rest-api.md, as of 2026-07-21; frame size:
 * issue 27 of binance-connector-rust, 2024-12. Addresses are counted separately, as there.
 */
export const binanceSpotLimits: BinanceSpotLimits = {
  clientMessagesPerSecond: 5,
  streamsPerConnection: 1024,
  clientFrameBytes: 4096,
  connectsPerFiveMinutes: 300,
  restWeightPerMinute: 6000,
  unsentBytesPerConnection: 64 * 1024 * 1024,
}

/** How many remote addresses are counted at once; loopback offers more than a test ever uses. */
const ADDRESSES_MAX = 4096

/** Use per address in windows on the clock's own grid, as the exchange counts its minutes. */
export class WindowedUse {
  private readonly windowUs: number
  private readonly used = new Map<string, number>()
  private window = -1

  constructor(windowMs: number) {
    this.windowUs = windowMs * 1000
  }

  /** Adds to an address and answers what it has used in this window, the addition included. */
  add(address: string, amount: number, nowUs: number): number {
    const window = Math.floor(nowUs / this.windowUs)
    if (window !== this.window || this.used.size > ADDRESSES_MAX) this.used.clear()
    this.window = window
    const used = (this.used.get(address) ?? 0) + amount
    this.used.set(address, used)
    return used
  }

  /** Whole seconds until the window ends, at least 1. */
  secondsLeft(nowUs: number): number {
    return Math.max(1, Math.ceil((this.windowUs - (nowUs % this.windowUs)) / 1_000_000))
  }
}
