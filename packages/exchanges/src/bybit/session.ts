import type { Limit, Market, SessionSpec } from '@cryptoflow/model'
import type { MarketOptions } from '../market-options.ts'
import { ROUTE } from './streams.ts'
import { streamName, subscribeFrame, unsubscribeFrame } from './subscribe.ts'

type Reading = Pick<Limit, 'source' | 'read'>

const connecting: Reading = { source: 'bybit-exchange/docs 2026-07-24, v5/ws/connect', read: '2026-07-24' }
const rates: Reading = {
  source: 'bybit-exchange/docs 2026-07-24, v5/rate-limit/rate-limit',
  read: '2026-07-24',
}

/** Characters of all `args` of one connection; the frame around ten topics has fewer than a hundred more. */
const ARGS_CHARACTERS_MAX = 21_000
/** A topic of the longest channel and a symbol of 64 bytes has 82 characters with its quotes and comma. */
const STREAMS_MAX = 200
const REQUESTS_PER_FIVE_SECONDS = 600

/**
 * How to hold a conversation with one market: a socket of its own, which is all that tells its messages from those of
 * the others, since topics and symbols are the same.
 */
export function sessionOf(market: Market, options: MarketOptions): SessionSpec {
  const path = options.paths?.[ROUTE] ?? `/v5/public/${market}`
  return {
    routes: { [ROUTE]: (options.wsUrl ?? 'wss://stream.bybit.com') + path },
    restUrl: options.restUrl ?? 'https://api.bybit.com',
    // All endpoints and categories count against one limit of the address.
    restPool: 'bybit',
    streamsPerConnectionMax: {
      value: STREAMS_MAX,
      ...connecting,
      source: `${connecting.source}: ${ARGS_CHARACTERS_MAX} characters of args a connection hold as many of any length`,
    },
    messagesPerSecondMax: {
      value: 10,
      ...connecting,
      source: `${connecting.source} names no limit; ours is far below what clients send`,
    },
    subscribesPerHourMax: null,
    subscribeFrameBytesMax: { value: ARGS_CHARACTERS_MAX, ...connecting },
    // Documented for spot only; tardis-node 2026-08-22 and we keep to it everywhere.
    streamsPerFrameMax: { value: 10, ...connecting },
    connectsPerFiveMinutesMax: { value: 500, ...rates },
    connectionLifeMs: null,
    serverPingMs: null,
    clientPing: { everyMs: { value: 20_000, ...connecting }, frame: '{"op":"ping"}' },
    openingFrames: {},
    confirms: 'frame',
    restWeightPerMinute: { value: REQUESTS_PER_FIVE_SECONDS * 12, ...rates },
    usedWeightHeader: null,
    restBan: { statuses: [403], ms: { value: 10 * 60_000, ...rates } },
    streamName,
    subscribeGroup: () => '',
    subscribeFrame,
    unsubscribeFrame,
    snapshotRequest: null,
  }
}
