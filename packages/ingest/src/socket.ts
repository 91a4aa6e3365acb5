import type { Agent, IncomingMessage } from 'node:http'
import type { Dialer } from '@cryptoflow/model'
import type { Clock } from '@cryptoflow/runtime'
import { WebSocket } from 'ws'
import type { IngestLimits } from './limits.ts'
import { retryAfterMs } from './retry-after.ts'

/** How long a closing handshake may take before the socket is destroyed. */
const CLOSE_WITHIN_MS = 2_000
/** Silence after a refused handshake that does not say how long. */
const REFUSED_MS = 120_000
/** Answers to a handshake that speak of our address, not of this one try. */
const refusals: ReadonlySet<number> = new Set([403, 418, 429])

/** Begins to connect. */
export function openSocket(
  url: string,
  dialer: Dialer<Agent>,
  { frameBytesMax }: Pick<IngestLimits, 'frameBytesMax'>,
): WebSocket {
  return new WebSocket(url, {
    agent: dialer.agentOf(url),
    perMessageDeflate: false,
    maxPayload: frameBytesMax,
    skipUTF8Validation: true,
    followRedirects: false,
  })
}

/** Closes a socket in peace, and destroys it when the other side takes too long, unless that is cancelled. */
export function closeSocket(socket: WebSocket, clock: Clock): () => void {
  socket.close(1000)
  return clock.after(CLOSE_WITHIN_MS, () => socket.terminate())
}

/** What an answer to a handshake means that is none: `blockMs`, how long nobody may connect; 0: it does not say. */
export function refusalOf(
  response: IncomingMessage,
  nowUs: number,
): { readonly reason: string; readonly blockMs: number } {
  const status = response.statusCode ?? 0
  const askedMs = retryAfterMs(response.headers['retry-after'], nowUs)
  return {
    reason: `the handshake was answered ${status}, expected 101`,
    blockMs: askedMs ?? (refusals.has(status) ? REFUSED_MS : 0),
  }
}
