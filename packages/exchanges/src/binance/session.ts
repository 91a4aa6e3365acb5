import type { SessionSpec } from '@cryptoflow/model'
import type { MarketUrls } from '../urls.ts'
import { streamName, subscribeFrame } from './subscribe.ts'

const streams = 'binance-spot-api-docs a5e0bc3, web-socket-streams.md'
const rest = 'binance-spot-api-docs a5e0bc3, rest-api.md and CHANGELOG.md 2023-08-25'
const read = '2026-07-21'

/** Levels a side asked of the REST book: the most there is, as the documented procedure says. */
const SNAPSHOT_LEVELS = 5000
const SNAPSHOT_WEIGHT = 250

/** How to hold a conversation with Binance spot: combined streams, subscribed by frames. */
export function binanceSession(urls: MarketUrls): SessionSpec {
  return {
    wsUrl: urls.wsUrl ?? 'wss://stream.binance.com:9443/stream',
    restUrl: urls.restUrl ?? 'https://api.binance.com',
    streamsPerConnectionMax: { value: 1024, source: streams, read },
    messagesPerSecondMax: { value: 5, source: streams, read },
    // Longer frames than 4096 bytes on the wire get no answer at all; the rest is for the frame's header.
    subscribeFrameBytesMax: { value: 4000, source: 'observed: binance-connector-rust issue 27', read },
    connectionLifeMs: { value: 24 * 60 * 60 * 1000, source: streams, read },
    serverPingMs: { value: 20_000, source: `${streams}, CHANGELOG.md 2025-01-28`, read },
    restWeightPerMinute: { value: 6000, source: rest, read },
    streamName,
    subscribeFrame,
    snapshotRequest: (symbol) => ({
      path: `/api/v3/depth?symbol=${encodeURIComponent(symbol)}&limit=${SNAPSHOT_LEVELS}`,
      weight: SNAPSHOT_WEIGHT,
    }),
  }
}
