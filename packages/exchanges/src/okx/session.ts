import type { Limit, SessionSpec } from '@cryptoflow/model'
import type { MarketOptions } from '../market-options.ts'
import { streamName, subscribeFrame, unsubscribeFrame } from './subscribe.ts'

/** How to hold a conversation with OKX: one host and one path for all markets, subscriptions by frames. */

const docs = (page: string): Pick<Limit, 'source' | 'read'> => ({
  source: `okx.com/docs-v5, ${page}, as copied to rektibus/exchange-docs 2026-02-23`,
  read: '2026-07-24',
})
const connect = docs('"WebSocket / Connect"')

/** The same for spot, linear and inverse, whose requests count together. */
export function session(options: MarketOptions): SessionSpec {
  const host = options.wsUrl ?? 'wss://ws.okx.com:8443'
  const routeOf = (route: string): string => {
    const path = options.paths?.[route] ?? `/ws/v5/${route}`
    return /^wss?:/.test(path) ? path : host + path
  }
  return {
    // A channel asked for on the wrong path is refused (60018, 64001, 64002).
    routes: { public: routeOf('public'), business: routeOf('business') },
    restUrl: options.restUrl ?? 'https://www.okx.com',
    restPool: 'okx',
    // A recommendation for books: with more of them the exchange sends late. No number is a limit.
    streamsPerConnectionMax: { value: 30, ...docs('"Order book channel"') },
    // No document limits messages by the second; new connections are limited to this.
    messagesPerSecondMax: { value: 3, ...connect },
    subscribesPerHourMax: { value: 480, ...connect },
    // Since 2025 64 KB, which 30 streams never need; clients that keep to the older number are never refused.
    subscribeFrameBytesMax: { value: 4096, ...docs('"WebSocket / Subscribe"') },
    streamsPerFrameMax: null,
    // 3 in a second.
    connectsPerFiveMinutesMax: { value: 900, ...connect },
    connectionLifeMs: null,
    serverPingMs: null,
    // A connection without a frame for 30 s is closed; the answer is the text `pong`.
    clientPing: {
      everyMs: {
        value: 20_000,
        source: `${connect.source}: below 30 s; 20 s as nautilus_trader does, crates/adapters/okx of 2026-07-02`,
        read: connect.read,
      },
      frame: 'ping',
    },
    openingFrames: {},
    confirms: 'stream',
    // 20 requests in 2 s, of each endpoint by itself: counting all together stays below. Those allowed half weigh 2.
    restWeightPerMinute: { value: 600, ...docs('"REST API / Get instruments"') },
    usedWeightHeader: null,
    restBan: null,
    streamName,
    // One stream that is refused leaves the others of its request as they are.
    subscribeGroup: () => '',
    subscribeFrame,
    unsubscribeFrame,
    snapshotRequest: null,
  }
}
