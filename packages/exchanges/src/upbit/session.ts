import type { Limit, SessionSpec } from '@cryptoflow/model'
import type { MarketOptions } from '../market-options.ts'
import { ROUTE } from './streams.ts'
import { depthSuffix, streamName, subscribeFrame } from './subscribe.ts'

const READ = '2026-10-07'
const documented = (page: string): Pick<Limit, 'source' | 'read'> => ({
  source: `docs.upbit.com/kr v1.6.4, ${page}`,
  read: READ,
})
const reasoned = (why: string): Pick<Limit, 'source' | 'read'> => ({
  source: `no document names a maximum: ${why}`,
  read: READ,
})

/** Where the exchange in Korea is; those of other countries are other exchanges with books of their own. */
const WS_URL = 'wss://api.upbit.com'
const WS_PATH = '/websocket/v1'
const REST_URL = 'https://api.upbit.com'

/**
 * How to hold a conversation with Upbit spot. Requests must carry no `Origin` header: with one, a single request in ten
 * seconds is allowed.
 */
export function spotSession(options: MarketOptions): SessionSpec {
  const bookSuffix = depthSuffix(options.bookDepth)
  return {
    routes: { [ROUTE]: (options.wsUrl ?? WS_URL) + (options.paths?.[ROUTE] ?? WS_PATH) },
    restUrl: options.restUrl ?? REST_URL,
    restPool: 'upbit',
    // A request replaces the one before, so all streams of a connection must fit into one frame: these always do.
    streamsPerConnectionMax: {
      value: 400,
      ...reasoned('hundreds of codes are in use; books and trades of 200 symbols, in one frame'),
    },
    subscribeFrameBytesMax: {
      value: 65_536,
      ...reasoned('room for the longest codes of all streams of a connection'),
    },
    messagesPerSecondMax: {
      value: 1.6,
      ...documented('Rate limits: 5 a second and 100 a minute, the lesser of the two'),
    },
    subscribesPerHourMax: null,
    streamsPerFrameMax: null,
    connectsPerFiveMinutesMax: {
      value: 1500,
      ...documented('Rate limits: websocket-connect, 5 a second for one address'),
    },
    connectionLifeMs: null,
    serverPingMs: null,
    clientPing: {
      everyMs: {
        value: 30_000,
        ...documented('WebSocket usage: closed after 120 s of silence; clients use 30 s'),
      },
      frame: 'PING',
    },
    openingFrames: {},
    // Nothing acknowledges a subscription; the SNAPSHOT of every code does so in effect.
    confirms: 'data',
    restWeightPerMinute: {
      value: 600,
      ...documented(
        'Rate limits: 10 a second for each group of requests; two groups are asked, and counted together',
      ),
    },
    usedWeightHeader: null,
    restBan: null,
    streamName,
    subscribeGroup: () => '',
    subscribeFrame: (streamNames, id) => subscribeFrame(streamNames, id, bookSuffix),
    unsubscribeFrame: () => null,
    snapshotRequest: null,
  }
}
