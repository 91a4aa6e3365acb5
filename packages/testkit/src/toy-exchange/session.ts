import type { Limit, SessionSpec } from '@cryptoflow/model'
import type { PondOptions } from './index.ts'
import { streamName, subscribeFrame, unsubscribeFrame } from './subscribe.ts'

/** A real adapter names the document of the exchange, its version, and the day on which somebody read it. */
const documented = (value: number): Limit => ({ value, source: 'Pond README, limits', read: '2026-11-21' })

const MINUTE_MS = 60_000

/** How to hold a conversation with Pond: one route, frames with ids, a word every half minute. */
export function pondSession({
  wsUrl = 'wss://pond.invalid',
  restUrl = 'https://pond.invalid',
}: PondOptions): SessionSpec {
  return {
    routes: { shore: `${wsUrl}/shore` },
    restUrl,
    restPool: 'pond',
    streamsPerConnectionMax: documented(200),
    messagesPerSecondMax: documented(5),
    subscribesPerHourMax: documented(600),
    subscribeFrameBytesMax: documented(2_000),
    streamsPerFrameMax: documented(50),
    connectsPerFiveMinutesMax: documented(100),
    connectionLifeMs: documented(24 * 60 * MINUTE_MS),
    serverPingMs: null,
    clientPing: { everyMs: documented(MINUTE_MS / 2), frame: '{"do":"splash"}' },
    openingFrames: {},
    confirms: 'frame',
    restWeightPerMinute: documented(600),
    usedWeightHeader: null,
    restBan: { statuses: [403], ms: documented(10 * MINUTE_MS) },
    streamName,
    subscribeGroup: () => '',
    subscribeFrame,
    unsubscribeFrame,
    // The book begins in its stream.
    snapshotRequest: null,
  }
}
