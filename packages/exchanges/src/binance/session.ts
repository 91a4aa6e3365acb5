import type { Limit, SessionSpec } from '@cryptoflow/model'
import type { MarketOptions } from '../market-options.ts'
import { streamName, subscribeFrame, unsubscribeFrame } from './subscribe.ts'

const spotDocs = { source: 'binance-spot-api-docs a5e0bc3, web-socket-streams.md', read: '2026-07-21' }
const futuresDocs = {
  source: 'developers.binance.com/docs/derivatives, Websocket Market Streams',
  read: '2026-05-28',
}
const observed = (what: string): Pick<Limit, 'source' | 'read'> => ({
  source: `observed: ${what}`,
  read: '2026-07-21',
})

const DAY_MS = 24 * 60 * 60 * 1000

/** True of all three markets. Longer frames than 4096 bytes get no answer at all; the rest is for their header. */
const common = {
  subscribeFrameBytesMax: { value: 4000, ...observed('binance-connector-rust issue 27') },
  subscribesPerHourMax: null,
  streamsPerFrameMax: null,
  clientPing: null,
  openingFrames: {},
  confirms: 'frame' as const,
  usedWeightHeader: 'x-mbx-used-weight-1m',
  restBan: null,
  streamName,
  subscribeGroup: () => '',
  subscribeFrame,
  unsubscribeFrame,
}

/** How to hold a conversation with Binance spot: combined streams, subscribed by frames, times in microseconds. */
export function spotSession(options: MarketOptions): SessionSpec {
  return {
    ...common,
    ...addresses(options, 'wss://stream.binance.com:9443', 'https://api.binance.com', {
      stream: '/stream?timeUnit=MICROSECOND',
    }),
    restPool: 'binance-spot',
    streamsPerConnectionMax: { value: 1024, ...spotDocs },
    messagesPerSecondMax: { value: 5, ...spotDocs },
    connectsPerFiveMinutesMax: { value: 300, ...spotDocs },
    connectionLifeMs: { value: DAY_MS, ...spotDocs },
    serverPingMs: { value: 20_000, ...spotDocs, source: `${spotDocs.source}, CHANGELOG.md 2025-01-28` },
    restWeightPerMinute: {
      value: 6000,
      ...spotDocs,
      source: 'binance-spot-api-docs a5e0bc3, rest-api.md and CHANGELOG.md 2023-08-25',
    },
    // 5000 levels a side is the most there is, as the documented procedure says.
    snapshotRequest: (symbol) => snapshot('/api/v3/depth', symbol, 5000, 250),
  }
}

/**
 * Binance USD-M: streams are split between two paths, and one asked for on the wrong path is acknowledged and never
 * sent. Source of the paths: its change notice of 2026-03-05.
 */
export function linearSession(options: MarketOptions): SessionSpec {
  return futuresSession(options, '/fapi/v1', 'wss://fstream.binance.com', 'https://fapi.binance.com', {
    public: '/public/stream',
    market: '/market/stream',
  })
}

/**
 * Binance COIN-M: both kinds of streams come on the unrouted path, as documented on 2026-07-24. Users report since
 * 2026-04 that it is split as USD-M is (Tucsky/aggr PR 444), so the paths can be given.
 */
export function inverseSession(options: MarketOptions): SessionSpec {
  return futuresSession(options, '/dapi/v1', 'wss://dstream.binance.com', 'https://dapi.binance.com', {
    public: '/stream',
    market: '/stream',
  })
}

function futuresSession(
  options: MarketOptions,
  api: string,
  wsUrl: string,
  restUrl: string,
  paths: Readonly<Record<string, string>>,
): SessionSpec {
  return {
    ...common,
    ...addresses(options, wsUrl, restUrl, paths),
    // USD-M and COIN-M have shared one budget since 2026-06-30.
    restPool: 'binance-futures',
    streamsPerConnectionMax: { value: 1024, ...futuresDocs, source: `${futuresDocs.source}, 2025-07-02` },
    messagesPerSecondMax: { value: 10, ...futuresDocs },
    // Futures documents give no number; spot's is taken.
    connectsPerFiveMinutesMax: { value: 300, ...spotDocs },
    connectionLifeMs: { value: DAY_MS, ...futuresDocs },
    serverPingMs: { value: 3 * 60_000, ...futuresDocs },
    restWeightPerMinute: {
      value: 2400,
      source: 'COIN-M / USD-M Architecture Integration notice of 2026-06-10, A.3',
      read: '2026-07-24',
    },
    snapshotRequest: (symbol) => snapshot(`${api}/depth`, symbol, 1000, 20),
  }
}

function addresses(
  options: MarketOptions,
  wsUrl: string,
  restUrl: string,
  paths: Readonly<Record<string, string>>,
): Pick<SessionSpec, 'routes' | 'restUrl'> {
  const host = options.wsUrl ?? wsUrl
  const routes = Object.entries(paths).map(([route, path]) => [
    route,
    host + (options.paths?.[route] ?? path),
  ])
  return { routes: Object.fromEntries(routes), restUrl: options.restUrl ?? restUrl }
}

function snapshot(
  endpoint: string,
  symbol: string,
  limit: number,
  weight: number,
): { path: string; weight: number } {
  return { path: `${endpoint}?symbol=${encodeURIComponent(symbol)}&limit=${limit}`, weight }
}
