import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { type Clock, CryptoFlowError, seededChance } from '@cryptoflow/runtime'
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws'
import type { EmissionLog } from '../emission-log.ts'
import type { FaultPlan } from '../faults.ts'
import { Connection } from './connection.ts'
import { createCounters, type SimCounters } from './counters.ts'
import { Fanout } from './fanout.ts'
import { Flow } from './flow.ts'
import { type Handshake, readHandshake, refuseUpgrade } from './handshake.ts'
import { type BinanceSpotLimits, binanceSpotLimits, WindowedUse } from './limits.ts'
import { createRestHandler } from './rest.ts'

/** What a simulation depends on, apart from its clock and its log. Plain data: it may cross threads. */
export interface BinanceSpotSimSettings {
  readonly seed: number
  readonly symbols: readonly string[]
  /** 0, the default, takes any free port. */
  readonly port?: number
  /** Default 100; the stream is called `depth@100ms` all the same. */
  readonly depthEveryMs?: number
  /** Mean per symbol. */
  readonly tradesPerSecond: number
  /** Mean of level changes per symbol and diff, those by trades apart. */
  readonly levelsPerDiff: number
  readonly faults?: FaultPlan
  /** How long a REST answer takes; default 0. */
  readonly restDelayMs?: number
  /** Default 20 s, as documented. */
  readonly pingEveryMs?: number
  /** Default 60 s, as documented. */
  readonly pongWithinMs?: number
  readonly limits?: Partial<BinanceSpotLimits>
}

export interface BinanceSpotSimOptions extends BinanceSpotSimSettings {
  readonly clock: Clock
  /** Belongs to the caller, who closes it after `stop`. */
  readonly log: EmissionLog
}

export interface BinanceSpotSim {
  /** Without a path: `ws://127.0.0.1:<port>`. */
  readonly wsUrl: string
  readonly restUrl: string
  /** Live numbers. */
  readonly counters: Readonly<SimCounters>
  /** The markets stand still from now on; connections stay and books can still be asked for. */
  stopEmitting(): void
  /** Stops emitting, closes every connection gracefully, and returns when the last one is gone. */
  stop(): Promise<void>
}

/** A client's text frames are read up to here and ignored above the limit; longer ones end the connection. */
const CLIENT_PAYLOAD_BYTES_MAX = 1024 * 1024
/** A client that does not answer a close frame within this is cut off; long, to let it read all it was sent. */
const CLOSE_TIMEOUT_MS = 120_000
/** The same when the simulator itself stops. */
const STOP_TIMEOUT_MS = 2_000
const FIVE_MINUTES_MS = 300_000
/** The faults' chance is not the markets': the same flow with and without faults. */
const FAULT_SEED = 0x5f_a0_17

/**
 * Starts a simulated spot exchange on 127.0.0.1: websocket streams and REST over real sockets, books and
 * trades from a seeded order flow, faults from a plan, and a log of every message it generated.
 *
 * What is generated depends only on the settings and the clock's time at the start; which fault hits which
 * message only on the seed and the order of messages delivered.
 */
export async function startBinanceSpotSim(options: BinanceSpotSimOptions): Promise<BinanceSpotSim> {
  checkSettings(options)
  const { clock, log } = options
  const nowMs = (): number => Math.floor(clock.nowUs() / 1000)
  const counters = createCounters()
  const limits = { ...binanceSpotLimits, ...options.limits }
  const flow = new Flow({ depthEveryMs: 100, ...options, startMs: nowMs() })
  const fanout = new Fanout({
    streamNames: flow.streamNames,
    faults: options.faults ?? null,
    chance: seededChance(options.seed ^ FAULT_SEED),
    log,
    counters,
  })
  const delayMs = options.restDelayMs ?? 0
  const server = createServer(createRestHandler({ clock, flow, log, limits, counters, delayMs }))
  const connections = acceptConnections(server, options, { limits, counters, fanout })
  await listen(server, options.port ?? 0)
  const stopEmitting = clock.every(flow.stepMs, () => {
    flow.advance(nowMs(), (message) => fanout.deliver(message))
  })
  const { port } = server.address() as AddressInfo
  return {
    wsUrl: `ws://127.0.0.1:${port}`,
    restUrl: `http://127.0.0.1:${port}`,
    counters,
    stopEmitting,
    async stop() {
      stopEmitting()
      await close(server, connections, clock)
    },
  }
}

function checkSettings(settings: BinanceSpotSimSettings): void {
  const { symbols, depthEveryMs = 100, tradesPerSecond, levelsPerDiff } = settings
  const isGood =
    symbols.length > 0 &&
    new Set(symbols).size === symbols.length &&
    Number.isSafeInteger(depthEveryMs) &&
    depthEveryMs >= 1 &&
    tradesPerSecond >= 0 &&
    levelsPerDiff >= 0
  if (isGood) return
  throw new CryptoFlowError('starting the simulator: found settings that cannot be met, expected good ones', {
    kind: 'usage',
    reaction: 'stop',
    context: { symbols, depthEveryMs, tradesPerSecond, levelsPerDiff },
  })
}

/** Answers upgrades with connections, and the set of those that are open or closing. */
function acceptConnections(
  server: Server,
  options: BinanceSpotSimOptions,
  parts: {
    readonly limits: BinanceSpotLimits
    readonly counters: SimCounters
    readonly fanout: Fanout
  },
): Map<WebSocket, Connection> {
  const { clock, pingEveryMs = 20_000, pongWithinMs = 60_000 } = options
  const { limits, counters } = parts
  const connections = new Map<WebSocket, Connection>()
  const attempts = new WindowedUse(FIVE_MINUTES_MS)
  const socketOptions: ServerOptions & { readonly closeTimeout: number } = {
    noServer: true,
    perMessageDeflate: false,
    maxPayload: CLIENT_PAYLOAD_BYTES_MAX,
    closeTimeout: CLOSE_TIMEOUT_MS,
  }
  const sockets = new WebSocketServer(socketOptions)
  const accept = (socket: WebSocket, handshake: Handshake): void => {
    counters.connections += 1
    const number = counters.connections
    const connection = new Connection({
      ...parts,
      ...handshake,
      number,
      socket,
      clock,
      pingEveryMs,
      pongWithinMs,
    })
    connections.set(socket, connection)
    socket.once('close', () => connections.delete(socket))
  }
  server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    const nowUs = clock.nowUs()
    const made = attempts.add(request.socket.remoteAddress ?? '', 1, nowUs)
    const handshake = readHandshake(request.url ?? '')
    const isTooMuch = made > limits.connectsPerFiveMinutes
    if (!isTooMuch && handshake !== null && handshake.streamNames.length <= limits.streamsPerConnection) {
      sockets.handleUpgrade(request, stream, head, (socket) => accept(socket, handshake))
      return
    }
    counters.handshakesRefused += 1
    if (isTooMuch) {
      refuseUpgrade(
        request,
        stream,
        '429 Too Many Requests',
        `Retry-After: ${attempts.secondsLeft(nowUs)}\r\n`,
      )
    } else {
      refuseUpgrade(request, stream, '400 Bad Request')
    }
  })
  return connections
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
}

async function close(server: Server, connections: Map<WebSocket, Connection>, clock: Clock): Promise<void> {
  if (!server.listening) return
  const isClosed = new Promise<void>((resolve) => {
    server.close(() => resolve())
  })
  for (const connection of connections.values()) connection.close(1001, 'Going away', 'outage')
  const cancel = clock.after(STOP_TIMEOUT_MS, () => {
    for (const socket of connections.keys()) socket.terminate()
  })
  server.closeAllConnections()
  await isClosed
  cancel()
}
