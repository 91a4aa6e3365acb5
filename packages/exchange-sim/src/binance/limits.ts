import type { Market as MarketName } from '@cryptoflow/model'

/** Markets with the same rules and, for REST, the same budget. */
export type MarketFamily = 'spot' | 'futures'

export function familyOf(market: MarketName): MarketFamily {
  return market === 'spot' ? 'spot' : 'futures'
}

/** What the simulated exchange allows a client. */
export interface BinanceLimits {
  readonly clientMessagesPerSecond: number
  readonly streamsPerConnection: number
  /** Wire bytes of a client's text frame, header and mask included; longer ones get no answer. */
  readonly clientFrameBytes: number
  readonly connectsPerFiveMinutes: number
  /** Characters of a handshake's path and query. */
  readonly urlCharacters: number
  readonly restWeightPerMinute: number
  /** How many requests beyond the weight are only refused, before the address is banned. */
  readonly refusalsBeforeBan: number
  /** The first ban; each later one is twice as long, up to the second number. */
  readonly banMs: number
  readonly banMsMax: number
  /** Requests for funding intervals, futures only; they have a budget of their own. */
  readonly fundingRequestsPerFiveMinutes: number
  /** Levels a side that a REST book shows at most, whatever is asked for. */
  readonly depthLevels: number
  /** What may wait for a client that does not read, before it is closed; keeps memory bounded. */
  readonly unsentBytesPerConnection: number
}

const common = {
  streamsPerConnection: 1024,
  clientFrameBytes: 4096,
  connectsPerFiveMinutes: 300,
  urlCharacters: 8004,
  refusalsBeforeBan: 20,
  banMs: 120_000,
  banMsMax: 3 * 86_400_000,
  fundingRequestsPerFiveMinutes: 500,
  unsentBytesPerConnection: 64 * 1024 * 1024,
}

/**
 * The documented limits; frame size and URL length as observed; refusals before a ban and unsent bytes our own. For
 * futures no number of connects is documented: the same is assumed.
 *
 * Sources: the exchange's spot API docs, web-socket-streams.md and rest-api.md, as of 2026-07-21; its derivatives
 * docs as of 2026-05-28 and the notice of 2026-06-10 (one weight for both futures markets); frame size: issue 27 of
 * binance-connector-rust, 2024-12; URL length: issue 19 of unicorn-binance-websocket-api, 2019. Addresses are
 * counted separately, as there.
 */
export const limitsOf: Readonly<Record<MarketFamily, BinanceLimits>> = {
  spot: { ...common, clientMessagesPerSecond: 5, restWeightPerMinute: 6000, depthLevels: 5000 },
  futures: { ...common, clientMessagesPerSecond: 10, restWeightPerMinute: 2400, depthLevels: 1000 },
}

/** Heartbeat of a family: how often the server pings, and how long it waits for the pong. Source as above. */
export const heartbeatOf: Readonly<Record<MarketFamily, { pingEveryMs: number; pongWithinMs: number }>> = {
  spot: { pingEveryMs: 20_000, pongWithinMs: 60_000 },
  futures: { pingEveryMs: 180_000, pongWithinMs: 600_000 },
}

/** Age at which every connection is closed. Source as above. */
export const CONNECTION_LIFE_MS = 86_400_000

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
