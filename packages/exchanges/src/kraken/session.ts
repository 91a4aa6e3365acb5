import type { Limit, SessionSpec } from '@cryptoflow/model'
import type { MarketOptions } from '../market-options.ts'
import { SPOT_DEPTHS } from './rules.ts'
import { ROUTE } from './streams.ts'
import { channelOf, futuresFrame, spotFrame, streamName } from './subscribe.ts'

const READ = '2026-05-27'
const documented = (page: string): Pick<Limit, 'source' | 'read'> => ({
  source: `docs.kraken.com, ${page}`,
  read: READ,
})
const undocumented = (why: string): Pick<Limit, 'source' | 'read'> => ({
  source: `no document names a maximum: ${why}`,
  read: READ,
})

/** True of all markets: one host and one way of counting for each of the two protocols. */
const common = {
  subscribesPerHourMax: null,
  streamsPerFrameMax: null,
  subscribeFrameBytesMax: { value: 4000, ...undocumented('kept short') },
  // Level 3, which needs a key, has 200 symbols a connection; a book and a trade stream count as two here.
  streamsPerConnectionMax: { value: 200, ...undocumented('as the 200 symbols of level 3, websocket-v2') },
  // Beyond it the address is shut out for ten minutes, from the REST hosts too.
  connectsPerFiveMinutesMax: { value: 75, ...documented('guides/spot-ws-intro: 150 in ten minutes') },
  connectionLifeMs: null,
  serverPingMs: null,
  openingFrames: {},
  confirms: 'stream' as const,
  usedWeightHeader: null,
  restBan: null,
  streamName,
  subscribeGroup: channelOf,
  snapshotRequest: null,
}

const REST_SOURCE = 'support.kraken.com article 206548367: one request a second is always safe'

/** How to hold a conversation with Kraken spot, websocket version 2; books are subscribed with `depth` levels. */
export function spotSession(options: MarketOptions, depth: number): SessionSpec {
  return {
    ...common,
    ...addresses(options, 'wss://ws.kraken.com', '/v2', 'https://api.kraken.com'),
    restPool: 'kraken-spot',
    messagesPerSecondMax: { value: 20, ...undocumented('nautilus_trader 2026-07-02 keeps to 20') },
    clientPing: {
      // The connection is closed after about a minute without a word from us.
      everyMs: { value: 30_000, ...documented('websocket-v2/ping and guides/spot-ws-intro: one minute') },
      frame: '{"method":"ping"}',
    },
    restWeightPerMinute: { value: 60, source: REST_SOURCE, read: READ },
    subscribeFrame: (names, id) => spotFrame('subscribe', names, { id, depth }),
    unsubscribeFrame: (names, id) => spotFrame('unsubscribe', names, { id, depth }),
  }
}

/** How to hold a conversation with Kraken Futures; linear and inverse share its addresses and its budget. */
export function futuresSession(options: MarketOptions): SessionSpec {
  return {
    ...common,
    ...addresses(options, 'wss://futures.kraken.com', '/ws/v1', 'https://futures.kraken.com'),
    restPool: 'kraken-futures',
    messagesPerSecondMax: { value: 100, ...documented('guides/futures-rate-limits: per connection') },
    clientPing: {
      everyMs: { value: 30_000, ...documented('futures-api/websocket: a ping at least every 60 s') },
      frame: null,
    },
    // Public requests cost nothing by guides/futures-rate-limits; the rate that spot calls safe is kept.
    restWeightPerMinute: { value: 60, source: REST_SOURCE, read: READ },
    subscribeFrame: (names) => futuresFrame('subscribe', names),
    unsubscribeFrame: (names) => futuresFrame('unsubscribe', names),
  }
}

function addresses(
  options: MarketOptions,
  wsUrl: string,
  path: string,
  restUrl: string,
): Pick<SessionSpec, 'routes' | 'restUrl'> {
  const address = (options.wsUrl ?? wsUrl) + (options.paths?.[ROUTE] ?? path)
  return { routes: { [ROUTE]: address }, restUrl: options.restUrl ?? restUrl }
}

/** Levels a side to subscribe books with: the least offered depth that holds as many as are asked for. */
export function depthOf({ bookDepth }: MarketOptions): number {
  const asked = bookDepth ?? 0
  return SPOT_DEPTHS.find((depth) => depth >= asked) ?? (SPOT_DEPTHS.at(-1) as number)
}
