import type { Limit, SessionSpec } from '@cryptoflow/model'
import type { MarketOptions } from '../market-options.ts'
import { channelOf, streamName, subscribeFrame, unsubscribeFrame } from './subscribe.ts'

type Source = Pick<Limit, 'source' | 'read'>

const advancedDocs: Source = {
  source: 'docs.cdp.coinbase.com, Advanced Trade WebSocket, rate limits and overview',
  read: '2026-09-27',
}
const exchangeDocs: Source = {
  source: 'docs.cdp.coinbase.com, Exchange REST and WebSocket, rate limits',
  read: '2026-09-27',
}
const reasoned = (why: string): Source => ({ source: `reasoned: ${why}`, read: '2026-09-27' })

/**
 * True of both markets. The limits of messages and of connections, eight a second each, are those of our address and
 * not of a connection: what is here leaves room for several connections that begin together.
 */
const common = {
  streamsPerConnectionMax: {
    value: 40,
    ...reasoned(
      'no cap is documented; a lost frame makes all products of a connection doubtful: 20 of two channels',
    ),
  },
  messagesPerSecondMax: {
    value: 2,
    ...advancedDocs,
    source: `${advancedDocs.source}: 8 a second for one address, a quarter of it for one connection`,
  },
  subscribesPerHourMax: null,
  subscribeFrameBytesMax: {
    value: 8000,
    ...reasoned('no limit is documented; room for all products of a connection'),
  },
  streamsPerFrameMax: null,
  connectsPerFiveMinutesMax: {
    value: 600,
    ...advancedDocs,
    source: `${advancedDocs.source}: 8 a second for one address, of which each connection sends three messages too`,
  },
  connectionLifeMs: null,
  serverPingMs: null,
  // Heartbeats come each second; protocol pings are answered by the socket itself.
  clientPing: null,
  confirms: 'stream' as const,
  usedWeightHeader: null,
  restBan: null,
  streamName,
  subscribeGroup: channelOf,
  subscribeFrame,
  unsubscribeFrame,
  snapshotRequest: null,
}

const ADVANCED = 'wss://advanced-trade-ws.coinbase.com'
const EXCHANGE = 'wss://ws-feed.exchange.coinbase.com'
/**
 * Channels without updates are closed after 60 to 90 seconds, and a connection without a subscription after five:
 * heartbeats prevent both. Those of the Exchange socket are subscribed product by product, and are not needed.
 */
const heartbeats = JSON.stringify({ type: 'subscribe', channel: 'heartbeats' })

/** How to hold a conversation with Coinbase spot: two sockets with the same trades, lists from the Exchange. */
export function spotSession(options: MarketOptions): SessionSpec {
  return {
    ...common,
    routes: {
      advanced: addressOf('advanced', ADVANCED, options),
      exchange: addressOf('exchange', EXCHANGE, options),
    },
    restUrl: options.restUrl ?? 'https://api.exchange.coinbase.com',
    restPool: 'coinbase-exchange',
    restWeightPerMinute: { value: 600, ...exchangeDocs },
    openingFrames: { advanced: [heartbeats], exchange: [] },
  }
}

/** How to hold one with the perpetual contracts, which only Advanced Trade shows. */
export function linearSession(options: MarketOptions): SessionSpec {
  return {
    ...common,
    routes: { advanced: addressOf('advanced', ADVANCED, options) },
    restUrl: options.restUrl ?? 'https://api.coinbase.com',
    restPool: 'coinbase-advanced',
    restWeightPerMinute: {
      value: 600,
      source:
        'Advanced Trade REST rate limits: 10 a second for public requests, as kept by api-evangelist/coinbase',
      read: '2026-05-28',
    },
    openingFrames: { advanced: [heartbeats] },
  }
}

/** Routes have hosts of their own, so a path that is given may be a whole address. */
function addressOf(route: string, address: string, { wsUrl, paths }: MarketOptions): string {
  const path = paths?.[route] ?? ''
  return URL.canParse(path) ? path : (wsUrl ?? address) + path
}
