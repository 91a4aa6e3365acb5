import { type ExchangeMarket, encodeNote, RecordKind } from '@cryptoflow/model'
import { type Clock, messageOf } from '@cryptoflow/runtime'
import { WebSocket } from 'ws'
import { pauseUntilCalm } from './congestion.ts'
import { expectationMs } from './expectation.ts'
import type { IngestCounters, IngestNotice, Intake } from './intake.ts'
import type { IngestLimits } from './limits.ts'
import { type Patience, watchLife } from './liveness.ts'
import { openingOf } from './opening.ts'
import { type ConnectionPlan, subscribeFrames } from './plan.ts'
import { retryAfterMs } from './retry-after.ts'
import { paceMs, sendPaced } from './subscribing.ts'
import { unreadableWatch } from './unreadable.ts'

/** How long a closing handshake may take before the socket is destroyed. */
const CLOSE_WITHIN_MS = 2_000
/** Silence after a refused handshake that does not say how long. */
const REFUSED_MS = 120_000
/** Answers to a handshake that speak of our address, not of this one try. */
const refusals: ReadonlySet<number> = new Set([403, 418, 429])

export interface ConnectionOptions {
  readonly market: ExchangeMarket
  readonly plan: ConnectionPlan
  readonly intake: Intake
  readonly clock: Clock
  readonly limits: IngestLimits
  readonly expectWithinMs: Readonly<Record<string, number | null>>
  readonly counters: IngestCounters
  readonly notice: (notice: IngestNotice) => void
}

/** How a connection, or the attempt at one, ended. */
export interface ConnectionEnd {
  readonly reason: string
  /** The exchange refused our address: nobody may connect for this long. 0: it did not. */
  readonly blockMs: number
}

/** Called back later, never while `openConnection` runs. */
export interface ConnectionEvents {
  /** Every subscription is acknowledged. */
  subscribed(): void
  ended(end: ConnectionEnd): void
}

export interface Connection {
  /** The number of its connect record; 0 until it is open. */
  readonly number: number
  readonly isSubscribed: boolean
  /** Calls back after `ms` unless it has ended before. */
  after(ms: number, callback: () => void): void
  deadLetters(count: number, frames: number): void
  /** Closes it, hearing what still comes; resolves when the last frame is with the intake. */
  close(reason: string): Promise<void>
}

/**
 * One socket: connect, subscribe, hear, end. Its opening and its end are records.
 *
 * Each frame is stamped in the message handler before anything else happens to it.
 */
export function openConnection(
  options: ConnectionOptions,
  patience: Patience,
  events: ConnectionEvents,
): Connection {
  const { market, plan, intake, clock, limits, counters, notice } = options
  const { subscriptions } = plan.note
  const socket = new WebSocket(market.session.routes[plan.route] as string, {
    perMessageDeflate: false,
    maxPayload: limits.frameBytesMax,
    skipUTF8Validation: true,
    followRedirects: false,
  })
  const frames = subscribeFrames(market, subscriptions)
  const signs = { frameUs: clock.nowUs(), controlUs: clock.nowUs(), frames: 0, pongs: 0 }
  const cancels = new Set<() => void>()
  const unreadable = unreadableWatch()
  let number = 0
  let isSubscribed = false
  let reason: string | null = null
  let blockMs = 0

  const after = (ms: number, callback: () => void): void => {
    const cancel = clock.after(ms, () => {
      cancels.delete(cancel)
      callback()
    })
    cancels.add(cancel)
  }
  /** The first reason is the one; what follows is its consequence. */
  const giveUp = (why: string): void => {
    reason ??= why
    socket.terminate()
  }
  const opening = openingOf({
    market,
    subscriptions,
    clock,
    frames: frames.length,
    expectWithinMs: expectation(options),
    subscribed() {
      isSubscribed = true
      events.subscribed()
    },
    mute({ symbol, stream }, afterMs) {
      counters.mute += 1
      notice({ kind: 'mute', connection: number, symbol, stream, afterMs })
    },
  })
  cancels.add(opening.cancel)
  after(limits.answerWithinMs, () => {
    if (number === 0) giveUp(`the connection did not open within ${limits.answerWithinMs / 1000} s`)
  })

  socket.on('open', () => {
    const openedUs = clock.nowUs()
    signs.frameUs = openedUs
    signs.controlUs = openedUs
    number = intake.append(RecordKind.connect, 0, openedUs, encodeNote(plan.note))
    counters.connects += 1
    notice({ kind: 'connected', connection: number, route: plan.route, streams: subscriptions.length })
    sendPaced(socket, frames, paceMs(market), after, opening.sent)
    after(limits.answerWithinMs + paceMs(market) * frames.length, () => {
      if (!isSubscribed) giveUp('a subscription was not acknowledged in time')
    })
    cancels.add(
      watchLife({
        clock,
        limits,
        signs,
        patience,
        serverPingMs: market.session.serverPingMs.value,
        isTalkative: subscriptions.some(({ stream }) => expectation(options)(stream) !== null),
        isPaused: () => socket.isPaused,
        ping: () => {
          if (socket.readyState === WebSocket.OPEN) socket.ping()
        },
        giveUp,
      }),
    )
  })
  socket.on('message', (data: Buffer) => {
    const receivedUs = clock.nowUs()
    signs.frameUs = receivedUs
    signs.frames += 1
    intake.append(RecordKind.frame, number, receivedUs, data)
    counters.frames += 1
    counters.bytes += data.length
    if (!opening.isDone) {
      const refusal = opening.read(data)
      if (refusal !== null && reason === null) {
        notice({ kind: 'refused', detail: refusal })
        giveUp(`a subscription was refused: ${refusal}`)
      }
    }
    if (intake.isCongested) pauseUntilCalm(options, socket, cancels)
  })
  socket.on('ping', () => {
    signs.controlUs = clock.nowUs()
  })
  socket.on('pong', () => {
    signs.controlUs = clock.nowUs()
    signs.pongs += 1
  })
  socket.on('unexpected-response', (_, response) => {
    const status = response.statusCode ?? 0
    const askedMs = retryAfterMs(response.headers['retry-after'], clock.nowUs())
    blockMs = askedMs ?? (refusals.has(status) ? REFUSED_MS : 0)
    giveUp(`the handshake was answered ${status}, expected 101`)
  })
  // After a broken frame nothing more is read; a peer that does not close would be waited for in vain.
  socket.on('error', (error) => giveUp(messageOf(error)))
  const ended = new Promise<void>((resolve) => {
    socket.on('close', (code, text) => {
      for (const cancel of cancels) cancel()
      reason ??= 'closed by the exchange'
      if (number !== 0) {
        const note = { code, reason: text.toString() || reason }
        intake.append(RecordKind.disconnect, number, clock.nowUs(), encodeNote(note))
        counters.disconnects += 1
        notice({ kind: 'disconnected', connection: number, ...note })
      }
      resolve()
      events.ended({ reason, blockMs })
    })
  })
  return {
    get number() {
      return number
    },
    get isSubscribed() {
      return isSubscribed
    },
    after,
    deadLetters(count, read) {
      const found = unreadable(count, read)
      if (found === null || reason !== null) return
      counters.unreadable += 1
      notice({ kind: 'unreadable', connection: number, ...found })
      giveUp(`${found.deadLetters} of ${found.frames} frames could not be read`)
    },
    async close(why) {
      reason ??= why
      socket.close(1000)
      const cancel = clock.after(CLOSE_WITHIN_MS, () => socket.terminate())
      await ended
      cancel()
    },
  }
}

function expectation({
  market,
  limits,
  expectWithinMs,
}: ConnectionOptions): (stream: string) => number | null {
  return (name) => {
    const spec = market.streams.find((known) => known.name === name)
    return spec === undefined ? null : expectationMs(spec, limits.muteAfterMs, expectWithinMs)
  }
}
