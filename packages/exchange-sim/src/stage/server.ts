import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Clock } from '@cryptoflow/runtime'
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws'
import type { SimCounters } from '../counters.ts'
import { emissionOf } from '../fanout.ts'
import type { HeldLog } from '../held-log.ts'
import { refuseUpgrade } from '../refuse-upgrade.ts'
import { Door, type Refusal } from './door.ts'
import type { House, HouseAnswer, HouseFanout } from './house.ts'
import { Peer } from './peer.ts'

/** Longer messages of a client end the connection. */
const CLIENT_BYTES_MAX = 1024 * 1024
/** A client that does not answer a close frame within this is cut off; long, to let it read all it was sent. */
const CLOSE_TIMEOUT_MS = 120_000
/** The same when the simulator itself stops. */
const STOP_TIMEOUT_MS = 2_000

export interface HouseServerOptions {
  readonly house: House
  readonly fanout: HouseFanout
  readonly clock: Clock
  readonly log: HeldLog
  readonly counters: SimCounters
  readonly port: number
}

export interface HouseServer {
  readonly port: number
  /** Closes every connection gracefully and returns when the last one is gone. */
  stop(): Promise<void>
}

/** Serves a house on 127.0.0.1: its websocket and its REST side at one address. */
export async function serveHouse(options: HouseServerOptions): Promise<HouseServer> {
  const door = new Door(options.house.door)
  const server = createServer((request, response) => answer(options, door, request, response))
  const peers = acceptPeers(server, options, door)
  await listen(server, options.port)
  return {
    port: (server.address() as AddressInfo).port,
    stop: () => close(server, peers, options.clock),
  }
}

function acceptPeers(server: Server, options: HouseServerOptions, door: Door): Map<WebSocket, Peer> {
  const { house, clock, counters } = options
  const peers = new Map<WebSocket, Peer>()
  const socketOptions: ServerOptions & { readonly closeTimeout: number } = {
    noServer: true,
    perMessageDeflate: false,
    maxPayload: CLIENT_BYTES_MAX,
    closeTimeout: CLOSE_TIMEOUT_MS,
  }
  const sockets = new WebSocketServer(socketOptions)
  const openCount = (): number => [...peers.values()].filter(({ isOpen }) => isOpen).length
  server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    const refusal = door.connect(request.headers.origin, openCount(), msOf(clock))
    if (refusal !== null) {
      counters.handshakesRefused += 1
      const lines = Object.entries(headersOf(refusal)).map(([name, value]) => `${name}: ${value}\r\n`)
      const status = `${refusal.status} ${STATUS_CODES[refusal.status]}`
      refuseUpgrade(request, stream, status, lines.join(''))
      return
    }
    sockets.handleUpgrade(request, stream, head, (socket) => {
      counters.connections += 1
      const peer = new Peer({ ...options, number: counters.connections, socket })
      peers.set(socket, peer)
      socket.once('close', () => peers.delete(socket))
      const session = house.welcome(peer, new URL(request.url ?? '/', 'ws://localhost'))
      if (session === null) {
        peer.close(1008, 'no such path', 'outage')
        return
      }
      socket.on('message', (data, isBinary) => session.hear(data.toString(), isBinary))
      socket.on('ping', () => {
        counters.pingsHeard += 1
        session.pinged?.()
      })
    })
  })
  return peers
}

function answer(
  { house, log, counters, clock }: HouseServerOptions,
  door: Door,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const refusal = door.request(request.headers.origin, msOf(clock))
  if (refusal !== null) {
    counters[refusal.status === 429 ? 'restThrottled' : 'restRefused'] += 1
    response.writeHead(refusal.status, headersOf(refusal)).end()
    return
  }
  const url = URL.parse(request.url ?? '', 'http://localhost')
  const found = request.method === 'GET' && url !== null ? house.answer(url) : null
  counters[found?.status === 200 ? 'restAnswered' : 'restRefused'] += 1
  if (found === null) {
    response.writeHead(404, { 'content-type': 'application/json' }).end('{}')
    return
  }
  response.once('close', () => record(log, found, response.writableFinished))
  response.writeHead(found.status, { 'content-type': 'application/json', ...found.headers }).end(found.body)
}

function headersOf({ retryAfterS }: Refusal): OutgoingHttpHeaders {
  return retryAfterS === null ? {} : { 'Retry-After': retryAfterS }
}

function msOf(clock: Clock): number {
  return Math.floor(clock.nowUs() / 1000)
}

/** What an answer carried is an emission of the time when it ended; one that was cut off reached nobody. */
function record(log: HeldLog, { contents }: HouseAnswer, isWhole: boolean): void {
  const fate = { copies: isWhole ? 1 : 0, connection: null, fault: null, wire: null }
  for (const content of contents) log.append(emissionOf({ ...content, is_answer: true }, fate))
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

async function close(server: Server, peers: ReadonlyMap<WebSocket, Peer>, clock: Clock): Promise<void> {
  if (!server.listening) return
  const isClosed = new Promise<void>((resolve) => {
    server.close(() => resolve())
  })
  for (const peer of peers.values()) peer.close(1001, 'Going away', 'outage')
  const cancel = clock.after(STOP_TIMEOUT_MS, () => {
    for (const socket of peers.keys()) socket.terminate()
  })
  server.closeAllConnections()
  await isClosed
  cancel()
}
