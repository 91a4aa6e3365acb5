import { once } from 'node:events'
import { type ClientOptions, WebSocket } from 'ws'

/** A websocket client for tests that keeps every text it got. */
export interface TestClient {
  readonly socket: WebSocket
  /** In order of arrival. */
  readonly texts: string[]
  readonly pings: string[]
  /** Code and reason, once closed. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  send(message: unknown): void
  /** Sends a ping of the protocol and resolves with what comes back. */
  ping(text?: string): Promise<string>
  /** Resolves when the texts so far meet a condition. */
  until(condition: (texts: readonly string[]) => boolean): Promise<void>
  /** Sends a request with an id of its own and resolves with its reply: all sent before has arrived. */
  ask(method: string, params?: readonly unknown[]): Promise<unknown>
}

/** How a handshake was refused. */
export interface RefusedHandshake {
  readonly status: number
  /** As it was written. */
  readonly retryAfter: string | undefined
}

/** The refusal of a handshake; null when it was accepted, and the connection is closed again. */
export function refusalOf(url: string, options: ClientOptions = {}): Promise<RefusedHandshake | null> {
  const socket = new WebSocket(url, { perMessageDeflate: false, ...options })
  return new Promise((resolve) => {
    socket.on('unexpected-response', (_, { statusCode = 0, headers }) => {
      resolve({ status: statusCode, retryAfter: headers['retry-after'] })
      socket.terminate()
    })
    // What `terminate` makes of a handshake.
    socket.on('error', () => {})
    socket.on('open', () => {
      resolve(null)
      socket.close()
    })
  })
}

/** Ids of `ask` begin behind it, out of the way of those that tests choose; futures hosts take numbers only. */
const ASK_ID_BASE = 1_000_000

export async function connect(
  url: string,
  options: { readonly autoPong?: boolean } = {},
): Promise<TestClient> {
  const socket = new WebSocket(url, { perMessageDeflate: false, ...options })
  const texts: string[] = []
  const pings: string[] = []
  const waiting = new Set<() => void>()
  let lastId = ASK_ID_BASE
  socket.on('message', (data) => {
    texts.push(data.toString())
    for (const look of waiting) look()
  })
  socket.on('ping', (payload) => {
    pings.push(payload.toString())
    for (const look of waiting) look()
  })
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }))
  })
  const until = (condition: (texts: readonly string[]) => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!condition(texts)) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      look()
    })
  const send = (message: unknown): void => {
    socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  }
  await once(socket, 'open')
  return {
    socket,
    texts,
    pings,
    closed,
    send,
    ping(text = '') {
      const answered = new Promise<string>((resolve) => {
        socket.once('pong', (payload) => resolve(payload.toString()))
      })
      socket.ping(text)
      return answered
    },
    until,
    async ask(method, params) {
      lastId += 1
      const id = lastId
      send({ method, params, id })
      const isReply = (text: string): boolean => text.endsWith(`"id":${id}}`)
      await until((all) => all.some(isReply))
      return JSON.parse(texts.find(isReply) as string)
    },
  }
}
