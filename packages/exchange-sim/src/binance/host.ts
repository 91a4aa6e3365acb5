import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Clock } from '@cryptoflow/runtime'
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws'
import type { SimCounters } from '../counters.ts'
import { refuseUpgrade } from '../refuse-upgrade.ts'
import { Connection, type ConnectionRules } from './connection.ts'
import { type Handshake, readHandshake } from './handshake.ts'
import { WindowedUse } from './limits.ts'
import { createRestHandler, type RestOptions } from './rest.ts'
import type { SimAddress } from './settings.ts'
import type { HostFanout } from './wrapping.ts'

/** A client's text frames are read up to here and ignored above the limit; longer ones end the connection. */
const CLIENT_PAYLOAD_BYTES_MAX = 1024 * 1024
/** A client that does not answer a close frame within this is cut off; long, to let it read all it was sent. */
const CLOSE_TIMEOUT_MS = 120_000
/** The same when the simulator itself stops. */
const STOP_TIMEOUT_MS = 2_000
const FIVE_MINUTES_MS = 300_000

export interface HostOptions {
  readonly rules: ConnectionRules
  readonly isRouted: boolean
  readonly fanout: HostFanout
  readonly rest: RestOptions
  readonly clock: Clock
  readonly counters: SimCounters
  /** 0 takes any free port. */
  readonly port: number
}

/** One market's server: its websocket and its REST side at one address. */
export interface Host {
  readonly address: SimAddress
  /** Closes every connection gracefully and returns when the last one is gone. */
  stop(): Promise<void>
}

/** Starts a market's server on 127.0.0.1. */
export async function startHost(options: HostOptions): Promise<Host> {
  const server = createServer(createRestHandler(options.rest))
  const connections = acceptConnections(server, options)
  await listen(server, options.port)
  const { port } = server.address() as AddressInfo
  return {
    address: { wsUrl: `ws://127.0.0.1:${port}`, restUrl: `http://127.0.0.1:${port}` },
    stop: () => close(server, connections, options.clock),
  }
}

/** Answers upgrades with connections, and the set of those that are open or closing. */
function acceptConnections(server: Server, options: HostOptions): Map<WebSocket, Connection> {
  const { clock, counters, fanout, rules } = options
  const connections = new Map<WebSocket, Connection>()
  const socketOptions: ServerOptions & { readonly closeTimeout: number } = {
    noServer: true,
    perMessageDeflate: false,
    maxPayload: CLIENT_PAYLOAD_BYTES_MAX,
    closeTimeout: CLOSE_TIMEOUT_MS,
  }
  const sockets = new WebSocketServer(socketOptions)
  const judge = createDoorkeeper(options)
  server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    const judgement = judge(request)
    if ('status' in judgement) {
      counters.handshakesRefused += 1
      refuseUpgrade(request, stream, judgement.status, judgement.headers)
      return
    }
    sockets.handleUpgrade(request, stream, head, (socket) => {
      counters.connections += 1
      const number = counters.connections
      const handshake = judgement
      connections.set(socket, new Connection({ number, socket, handshake, rules, clock, fanout, counters }))
      socket.once('close', () => connections.delete(socket))
    })
  })
  return connections
}

interface Refusal {
  readonly status: string
  readonly headers: string
}

/** Who may come in: not too many attempts, an address that can be read, not too many streams. */
function createDoorkeeper({
  clock,
  rules,
  isRouted,
}: HostOptions): (request: IncomingMessage) => Handshake | Refusal {
  const attempts = new WindowedUse(FIVE_MINUTES_MS)
  const { limits, market } = rules
  return (request) => {
    const nowUs = clock.nowUs()
    const made = attempts.add(request.socket.remoteAddress ?? '', 1, nowUs)
    if (made > limits.connectsPerFiveMinutes) {
      const headers = `Retry-After: ${attempts.secondsLeft(nowUs)}\r\n`
      return { status: '429 Too Many Requests', headers }
    }
    const url = request.url ?? ''
    if (url.length > limits.urlCharacters) return { status: '414 URI Too Long', headers: '' }
    const handshake = readHandshake(url, { market, isRouted })
    const isGood = handshake !== null && handshake.streamNames.length <= limits.streamsPerConnection
    return isGood ? handshake : { status: '400 Bad Request', headers: '' }
  }
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
