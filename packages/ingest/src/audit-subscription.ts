import type { Agent } from 'node:http'
import { type Dialer, EventKind, type ExchangeMarket } from '@cryptoflow/model'
import { type Clock, messageOf } from '@cryptoflow/runtime'
import type { ConnectPool } from './connect-pool.ts'
import type { IngestLimits } from './limits.ts'
import { frameReader } from './reader.ts'
import { closeSocket, openSocket, refusalOf } from './socket.ts'
import { subscribeFrames } from './wire.ts'

export interface AuditSubscriptionOptions {
  readonly market: ExchangeMarket
  readonly route: string
  readonly symbol: string
  readonly stream: string
  readonly pool: ConnectPool
  readonly dialer: Dialer<Agent>
  readonly clock: Clock
  readonly limits: IngestLimits
  /** It is its turn to connect; false: it shall not be. */
  readonly begin: () => boolean
  /** The frame that the subscription began with, at the moment when it came. */
  readonly heard: (frame: Uint8Array, receivedUs: number) => void
  readonly signal: AbortSignal
}

/**
 * How it ended: with its snapshot, without one for this reason, or because it was not begun or not wanted any more.
 */
export type AuditSubscriptionEnd =
  | { readonly kind: 'heard' | 'dropped' }
  | { readonly kind: 'failed'; readonly reason: string }

/**
 * Subscribes one book on a connection of its own, hears the snapshot that it begins with, and leaves. What else comes
 * over this connection is nobody's: the book's own connection brings it. Waiting for a turn, opening and hearing have the
 * time of an answer each. After a host was shut for long, those who lost their streams must not wait behind many audits:
 * one that gets no turn is left out.
 */
export async function subscribeForAudit(options: AuditSubscriptionOptions): Promise<AuditSubscriptionEnd> {
  const { pool, signal, begin } = options
  if (signal.aborted || !(await turnToConnect(options))) return { kind: 'dropped' }
  if (signal.aborted || !begin()) {
    pool.abandoned()
    return { kind: 'dropped' }
  }
  return await converse(options)
}

/** Waits for a turn; false: none came in time, or it is not wanted any more, and none was taken. */
function turnToConnect({ pool, clock, limits, signal }: AuditSubscriptionOptions): Promise<boolean> {
  return new Promise((resolve) => {
    let cancel = (): void => {}
    const settle = (isTurn: boolean): void => {
      stopWaiting()
      signal.removeEventListener('abort', giveUp)
      if (!isTurn) cancel()
      resolve(isTurn)
    }
    const giveUp = (): void => settle(false)
    const stopWaiting = clock.after(limits.answerWithinMs, giveUp)
    signal.addEventListener('abort', giveUp, { once: true })
    cancel = pool.request(() => settle(true))
  })
}

function converse(options: AuditSubscriptionOptions): Promise<AuditSubscriptionEnd> {
  const { market, route, symbol, stream, pool, dialer, clock, limits, heard, signal } = options
  const { session } = market
  const socket = openSocket(session.routes[route] as string, dialer, limits)
  const reader = frameReader(market)
  let end: AuditSubscriptionEnd | null = null
  let isOpen = false
  let cancel = (): void => {}
  /** The first reason is the one; what follows is its consequence. */
  const giveUp = (reason: string): void => {
    end ??= signal.aborted ? { kind: 'dropped' } : { kind: 'failed', reason }
    socket.terminate()
  }
  const within = (what: string): void => {
    cancel()
    cancel = clock.after(limits.answerWithinMs, () => giveUp(`${what} within ${limits.answerWithinMs} ms`))
  }
  const stop = (): void => giveUp('stopped')
  const isOurs = (event: {
    readonly stream: string
    readonly symbol: string
    readonly kind: number
  }): boolean => event.kind === EventKind.bookSnapshot && event.stream === stream && event.symbol === symbol

  within('the connection did not open')
  signal.addEventListener('abort', stop, { once: true })
  socket.on('open', () => {
    isOpen = true
    pool.succeeded()
    within('no snapshot came')
    for (const text of session.openingFrames[route] ?? []) socket.send(text)
    for (const text of subscribeFrames(market, [{ symbol, stream }])) socket.send(text)
  })
  socket.on('message', (data: Buffer) => {
    if (end !== null) return
    const receivedUs = clock.nowUs()
    const outcome = reader.read(data)
    if (outcome.kind === 'refused') giveUp(`the subscription was refused: ${outcome.detail}`)
    else if (outcome.kind === 'events' && [...reader.events()].some(isOurs)) {
      end = { kind: 'heard' }
      heard(data, receivedUs)
      cancel()
      cancel = closeSocket(socket, clock)
    }
  })
  socket.on('unexpected-response', (_, response) => {
    const { reason, blockMs } = refusalOf(response, clock.nowUs())
    if (blockMs > 0) pool.block(blockMs)
    giveUp(reason)
  })
  socket.on('error', (error) => giveUp(messageOf(error)))
  return new Promise((resolve) => {
    socket.on('close', () => {
      cancel()
      signal.removeEventListener('abort', stop)
      const ended = end ?? { kind: 'failed', reason: 'closed by the exchange' }
      if (!isOpen) {
        if (ended.kind === 'failed') pool.failed(ended.reason)
        else pool.abandoned()
      }
      resolve(ended)
    })
  })
}
