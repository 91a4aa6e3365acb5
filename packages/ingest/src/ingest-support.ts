import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import {
  type BookRule,
  type EventBatch,
  EventKind,
  type ExchangeMarket,
  type JournalRecord,
  type Limit,
  RecordKind,
  type SessionSpec,
  type StreamSpec,
} from '@cryptoflow/model'
import { seededChance, systemClock } from '@cryptoflow/runtime'
import { type WebSocket, WebSocketServer } from 'ws'
import { type Ingest, type IngestOptions, startIngest } from './ingest.ts'
import type { IngestNotice, Intake } from './intake.ts'
import type { IngestLimits } from './limits.ts'

export const limit = (value: number): Limit => ({
  value,
  source: 'invented for a test',
  read: '2026-11-21',
})

const rule: BookRule = { joins: () => 'next', follows: () => 'next' }
const stream = { scope: 'symbol', route: 'a', follows: null, book: null, poll: null } as const

/**
 * Trades `t` and a book `d` on route `a`; quotes `q`, prices `m`, liquidations `f` and those of the market `!f` on
 * route `b`; polled by REST `oi` for a symbol, `prices` and `info` for the market; `list`, which nobody collects.
 */
export const testStreams: readonly StreamSpec[] = [
  { ...stream, name: 't', table: 'ticks', follows: rule.follows },
  { ...stream, name: 'd', table: 'spot_delta', follows: rule.follows, book: rule },
  { ...stream, name: 'q', table: 'bbo', route: 'b', follows: rule.follows },
  { ...stream, name: 'm', table: 'funding', route: 'b' },
  { ...stream, name: 'f', table: 'liquidations', route: 'b' },
  { ...stream, name: '!f', table: 'liquidations', route: 'b', scope: 'market' },
  polled('oi', 'open_interest', 'symbol', 60_000, 1),
  polled('prices', 'funding', 'market', 60_000, 10),
  polled('info', 'instruments', 'market', 3_600_000, 20),
  { ...stream, name: 'list', table: 'ticks', route: null },
]

function polled(
  name: string,
  table: StreamSpec['table'],
  scope: StreamSpec['scope'],
  everyMs: number,
  weight: number,
): StreamSpec {
  const request = (symbol: string) => ({ path: `/${name}?symbol=${symbol}`, weight })
  return { ...stream, name, table, scope, route: null, poll: { everyMs, request } }
}

/**
 * A market of no exchange: `{"ok":1}` acknowledges, `{"no":1}` refuses, `{"s":"d","y":"A"}` is an event of stream d
 * and symbol A, everything else is a heartbeat.
 */
export function testMarket(
  wsUrl: string,
  restUrl: string,
  session: Partial<SessionSpec> = {},
  streams: readonly StreamSpec[] = testStreams,
): ExchangeMarket {
  return {
    exchange: 'nowhere',
    market: 'spot',
    decoderVersion: '1',
    quantityUnit: 'base',
    session: {
      routes: { a: `${wsUrl}/a`, b: `${wsUrl}/b` },
      restUrl,
      restPool: 'nowhere',
      streamsPerConnectionMax: limit(4),
      messagesPerSecondMax: limit(10_000),
      subscribeFrameBytesMax: limit(60),
      connectsPerFiveMinutesMax: limit(1e6),
      connectionLifeMs: limit(1e9),
      serverPingMs: limit(1e9),
      restWeightPerMinute: limit(600),
      usedWeightHeader: 'x-used',
      streamName: (name, symbol) => `${symbol}@${name}`,
      subscribeFrame: (names, id) => JSON.stringify({ names, id }),
      snapshotRequest: (symbol) => ({ path: `/book?symbol=${symbol}`, weight: 100 }),
      ...session,
    },
    streams,
    collectors: {},
    decodeFrame(bytes, out) {
      const text = Buffer.from(bytes).toString()
      if (text.startsWith('{"ok"')) return { kind: 'ack', id: JSON.parse(text).ok }
      if (text.startsWith('{"no"')) return { kind: 'refused', id: JSON.parse(text).no, detail: text }
      if (!text.startsWith('{"s"')) return { kind: 'heartbeat' }
      const { s, y } = JSON.parse(text)
      writeEvent(out, s, y)
      return { kind: 'events' }
    },
    decodeAnswer: () => ({ kind: 'heartbeat' }),
    recognise: () => null,
  }
}

function writeEvent(out: EventBatch, name: string, symbol: string): void {
  out.reserveEvent()
  out.kind[out.count] = EventKind.trade
  out.stream[out.count] = out.names.idOf(name)
  out.symbol[out.count] = out.names.idOf(symbol)
  out.endEvent()
}

/** A frame that is an event. */
export function eventFrame(name: string, symbol: string): string {
  return JSON.stringify({ s: name, y: symbol })
}

export interface TestExchange {
  readonly wsUrl: string
  readonly restUrl: string
  /** Paths of the sockets that came, in order. */
  readonly paths: readonly string[]
  close(): Promise<void>
}

export interface TestServer {
  readonly onSocket?: (socket: WebSocket, path: string) => void
  readonly onRequest?: Parameters<typeof createServer>[1]
  /** Answers a handshake itself, instead of accepting it. */
  readonly onUpgrade?: (socket: Socket, key: string) => void
}

/** A server on loopback that does with sockets and requests what the test says. */
export async function testExchange(server: TestServer): Promise<TestExchange> {
  const http: Server = createServer((server.onRequest ?? (() => {})) as never)
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: true })
  const raw = new Set<Socket>()
  const paths: string[] = []
  http.on('upgrade', (request, socket: Socket, head) => {
    raw.add(socket)
    socket.on('error', () => {})
    paths.push(request.url ?? '')
    if (server.onUpgrade !== undefined) {
      server.onUpgrade(socket, String(request.headers['sec-websocket-key']))
      return
    }
    sockets.handleUpgrade(request, socket, head, (client) => {
      client.on('error', () => {})
      server.onSocket?.(client, request.url ?? '')
    })
  })
  await new Promise<void>((resolve) => {
    http.listen(0, '127.0.0.1', resolve)
  })
  const { port } = http.address() as AddressInfo
  return {
    wsUrl: `ws://127.0.0.1:${port}`,
    restUrl: `http://127.0.0.1:${port}`,
    paths,
    async close() {
      for (const socket of sockets.clients) socket.terminate()
      for (const socket of raw) socket.destroy()
      http.closeAllConnections()
      await new Promise((resolve) => {
        http.close(resolve)
      })
    },
  }
}

/** Acknowledges every subscription, then does what the test says. */
export function acking(
  then: (socket: WebSocket, subscriptions: number, path: string) => void = () => {},
): (socket: WebSocket, path: string) => void {
  return (socket, path) => {
    let count = 0
    socket.on('message', (data) => {
      socket.send(JSON.stringify({ ok: JSON.parse(String(data)).id }))
      count += 1
      then(socket, count, path)
    })
  }
}

/** A journal in memory that others can wait for. */
export class MemoryIntake implements Intake {
  readonly records: JournalRecord[] = []
  readonly notices: IngestNotice[] = []
  isCongested = false
  private waiting: (() => void)[] = []

  append(kind: RecordKind, connection: number, receivedUs: number, payload: Uint8Array): number {
    const number = this.records.length + 1
    this.records.push({ number, kind, connection, receivedUs, payload: payload.slice() })
    this.wake()
    return number
  }

  readonly notice = (notice: IngestNotice): void => {
    this.notices.push(notice)
    this.wake()
  }

  /** Resolves as soon as the condition holds; it is looked at after every record and notice. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.waiting.push(resolve)
      })
    }
  }

  of(kind: RecordKind): JournalRecord[] {
    return this.records.filter((record) => record.kind === kind)
  }

  /** The notices of one kind. */
  told<K extends IngestNotice['kind']>(kind: K): Extract<IngestNotice, { kind: K }>[] {
    return this.notices.filter((notice) => notice.kind === kind) as Extract<IngestNotice, { kind: K }>[]
  }

  /** The number of a connection in the order of opening, -1 the last; clock records may come before it. */
  opened(index: number): number {
    return this.of(RecordKind.connect).at(index)?.number ?? -1
  }

  texts(): string[] {
    return this.of(RecordKind.frame).map((record) => Buffer.from(record.payload).toString())
  }

  private wake(): void {
    for (const resolve of this.waiting.splice(0)) resolve()
  }
}

/** Short waits, and nothing that happens only because a test is slow. */
export const quickLimits: Partial<IngestLimits> = { connectEveryMs: 0, overlapMs: 20, steadyAfterMs: 10_000 }

export interface Hearing {
  readonly server: TestServer
  readonly symbols: string[]
  readonly streams: string[]
  readonly session?: Partial<SessionSpec>
  readonly limits?: Partial<IngestLimits>
  readonly options?: Partial<IngestOptions>
}

/** Runs an ingest against a server until the work is done; everything it said is in the intake. */
export async function hearing(
  { server, symbols, streams, session, limits, options }: Hearing,
  work: (intake: MemoryIntake, ingest: Ingest, exchange: TestExchange) => Promise<void>,
): Promise<MemoryIntake> {
  const exchange = await testExchange(server)
  const intake = new MemoryIntake()
  const ingest = startIngest({
    market: testMarket(exchange.wsUrl, exchange.restUrl, session),
    symbols,
    streams,
    intake,
    clock: systemClock(),
    chance: seededChance(1),
    backoff: { firstMs: 1, maxMs: 20, jitter: 0.25 },
    limits: { ...quickLimits, ...limits },
    notice: intake.notice,
    ...options,
  })
  try {
    await work(intake, ingest, exchange)
  } finally {
    await ingest.stop()
    await exchange.close()
  }
  return intake
}
