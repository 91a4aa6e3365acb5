import { type Agent, createServer, globalAgent, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import {
  type BookRule,
  type Dialer,
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

const rule: BookRule = { origin: 'rest', joins: () => 'next', follows: () => 'next' }
const stream = {
  scope: 'symbol',
  route: 'a',
  within: null,
  follows: null,
  idWindow: 0,
  book: null,
  poll: null,
} as const

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

const streamRule: BookRule = { origin: 'stream', follows: () => 'next', depths: null, checksum: null }

/**
 * Books that begin in their stream `o` on route `a`, with trades `t`: within the book come its best prices `oq`, which
 * have a sequence, and prices `om`, which have none; `ids` are trades with ids that are texts, and `ids2` comes within
 * them; `all` is a stream of the whole market, within which `one` comes for each symbol.
 */
export const bookStreams: readonly StreamSpec[] = [
  { ...stream, name: 'o', table: 'spot_delta', follows: rule.follows, book: streamRule },
  { ...stream, name: 'oq', table: 'bbo', within: 'o', follows: rule.follows },
  { ...stream, name: 'om', table: 'funding', within: 'o' },
  { ...stream, name: 't', table: 'ticks', follows: rule.follows },
  { ...stream, name: 'ids', table: 'ticks', idWindow: 100 },
  { ...stream, name: 'ids2', table: 'liquidations', within: 'ids', idWindow: 100 },
  { ...stream, name: 'all', table: 'bbo', scope: 'market', follows: rule.follows },
  { ...stream, name: 'one', table: 'funding', within: 'all', follows: rule.follows },
  polled('list', 'instruments', 'market', 60_000, 5),
  { ...stream, name: 'listed', table: 'open_interest', scope: 'market', route: null, within: 'list' },
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
 * A market of no exchange: `{"ok":1}` acknowledges, `{"no":1}` refuses, both with `streams` where they name them;
 * `{"s":"d","y":"A"}` is a trade of stream d and symbol A, with `"k":1` a snapshot of its book; everything else is a
 * heartbeat.
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
    aliases: [],
    decoderVersion: '1',
    quantityUnit: 'base',
    session: {
      routes: { a: `${wsUrl}/a`, b: `${wsUrl}/b` },
      restUrl,
      restPool: 'nowhere',
      streamsPerConnectionMax: limit(4),
      messagesPerSecondMax: limit(10_000),
      subscribesPerHourMax: null,
      subscribeFrameBytesMax: limit(60),
      streamsPerFrameMax: null,
      connectsPerFiveMinutesMax: limit(1e6),
      connectionLifeMs: limit(1e9),
      serverPingMs: limit(1e9),
      clientPing: null,
      openingFrames: {},
      confirms: 'frame',
      restWeightPerMinute: limit(600),
      usedWeightHeader: 'x-used',
      restBan: null,
      streamName: (name, symbol) => `${symbol}@${name}`,
      subscribeGroup: () => '',
      subscribeFrame: (names, id) => JSON.stringify({ names, id }),
      unsubscribeFrame: (names, id) => JSON.stringify({ end: names, id }),
      snapshotRequest: (symbol) => ({ path: `/book?symbol=${symbol}`, weight: 100 }),
      ...session,
    },
    streams,
    collectors: {},
    decodeFrame(bytes, out) {
      const text = Buffer.from(bytes).toString()
      if (text.startsWith('{"ok"')) {
        const { ok: id, streams } = JSON.parse(text)
        return { kind: 'ack', id, ...(streams && { streams }) }
      }
      if (text.startsWith('{"no"')) {
        const { no: id, streams } = JSON.parse(text)
        return { kind: 'refused', id, detail: text, ...(streams && { streams }) }
      }
      if (!text.startsWith('{"s"')) return { kind: 'heartbeat' }
      const { s, y, k } = JSON.parse(text)
      writeEvent(out, s, y, k === 1 ? EventKind.bookSnapshot : EventKind.trade)
      return { kind: 'events' }
    },
    decodeAnswer: () => ({ kind: 'heartbeat' }),
    recognise: () => null,
    hears: () => null,
    symbolMeant: () => null,
  }
}

function writeEvent(out: EventBatch, name: string, symbol: string, kind: number): void {
  out.reserveEvent()
  out.kind[out.count] = kind
  out.stream[out.count] = out.names.idOf(name)
  out.symbol[out.count] = out.names.idOf(symbol)
  out.endEvent()
}

/** A frame that is an event. */
export function eventFrame(name: string, symbol: string): string {
  return JSON.stringify({ s: name, y: symbol })
}

/** A frame that is a snapshot of a book. */
export function snapshotFrame(name: string, symbol: string): string {
  return JSON.stringify({ s: name, y: symbol, k: 1 })
}

export interface TestExchange {
  readonly wsUrl: string
  readonly restUrl: string
  /** Paths of the sockets that came, in order. */
  readonly paths: readonly string[]
  /** Headers of their handshakes. */
  readonly headers: readonly IncomingHttpHeaders[]
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
  const headers: IncomingHttpHeaders[] = []
  http.on('upgrade', (request, socket: Socket, head) => {
    raw.add(socket)
    socket.on('error', () => {})
    paths.push(request.url ?? '')
    headers.push(request.headers)
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
    headers,
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

/** Connections as the system makes them. */
export const testDialer: Dialer<Agent> = { localAddress: null, agentOf: () => globalAgent, close() {} }

/** A journal in memory that others can wait for. */
export class MemoryIntake implements Intake {
  readonly records: JournalRecord[] = []
  readonly notices: IngestNotice[] = []
  isCongested = false
  /** Frames are not taken. */
  isFull = false
  private waiting: (() => void)[] = []

  append(kind: RecordKind, connection: number, receivedUs: number, payload: Uint8Array): number {
    if (this.isFull && kind === RecordKind.frame) {
      this.wake()
      return 0
    }
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
  /** What the market offers, where it is not `testStreams`. */
  readonly offered?: readonly StreamSpec[]
  readonly limits?: Partial<IngestLimits>
  readonly options?: Partial<IngestOptions>
}

/** Runs an ingest against a server until the work is done; everything it said is in the intake. */
export async function hearing(
  { server, symbols, streams, session, offered, limits, options }: Hearing,
  work: (intake: MemoryIntake, ingest: Ingest, exchange: TestExchange) => Promise<void>,
): Promise<MemoryIntake> {
  const exchange = await testExchange(server)
  const intake = new MemoryIntake()
  const ingest = startIngest({
    market: testMarket(exchange.wsUrl, exchange.restUrl, session, offered),
    symbols,
    streams,
    intake,
    dialer: testDialer,
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

/** What the toy exchange was asked: `names` to subscribe, or `end` of a subscription; other texts as they came. */
export interface ToyRequest {
  readonly names?: readonly string[]
  readonly end?: readonly string[]
  readonly id?: number
  readonly text?: string
}

/**
 * A toy exchange that confirms in a session's way and sends, for every name, a snapshot where it is a book (`o`) and a
 * trade where not. `instead` may do something else with a request, and says so by answering true.
 */
export function confirming(
  confirms: SessionSpec['confirms'],
  asked: ToyRequest[] = [],
  instead: (socket: WebSocket, request: ToyRequest) => boolean = () => false,
): (socket: WebSocket) => void {
  return (socket) => {
    socket.on('message', (data) => {
      const text = String(data)
      const request: ToyRequest = text.startsWith('{') ? JSON.parse(text) : { text }
      asked.push(request)
      if (instead(socket, request)) return
      for (const frame of confirmationOf(confirms, request)) socket.send(frame)
      for (const name of request.names ?? []) socket.send(firstFrame(name))
    })
  }
}

/** The frames that confirm a request: of subscriptions and of their ends. */
export function confirmationOf(confirms: SessionSpec['confirms'], { names, end, id }: ToyRequest): string[] {
  if (id === undefined || confirms === 'data') return []
  if (confirms === 'frame') return [JSON.stringify({ ok: id })]
  return (names ?? end ?? []).map((name) => JSON.stringify({ ok: id, streams: [name] }))
}

/** The first message of a wire name. */
export function firstFrame(name: string): string {
  const [symbol, stream] = name.split('@') as [string, string]
  return stream === 'o' ? snapshotFrame(stream, symbol) : eventFrame(stream, symbol)
}
