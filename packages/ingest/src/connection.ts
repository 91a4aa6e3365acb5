import type { Agent } from 'node:http'
import { type Dialer, type ExchangeMarket, encodeNote, RecordKind } from '@cryptoflow/model'
import { type Clock, messageOf } from '@cryptoflow/runtime'
import { WebSocket } from 'ws'
import { pauseUntilCalm } from './congestion.ts'
import { conversation } from './conversation.ts'
import type { IngestCounters, IngestNotice, Intake } from './intake.ts'
import type { IngestLimits } from './limits.ts'
import { type Patience, watchLife } from './liveness.ts'
import type { ConnectionPlan } from './plan.ts'
import type { ResyncPace } from './resync-pace.ts'
import { pacedSender, paceMs } from './sender.ts'
import { closeSocket, openSocket, refusalOf } from './socket.ts'
import { unreadableWatch } from './unreadable.ts'

/** Share of the shortest patience after which frames are looked at again: they may be mere heartbeats. */
const LOOK_SHARE = 1 / 32

export interface ConnectionOptions {
  readonly market: ExchangeMarket
  readonly plan: ConnectionPlan
  readonly intake: Intake
  readonly dialer: Dialer<Agent>
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
  /** Every subscription is confirmed, or refused. */
  subscribed(): void
  /** A book can be had anew on another connection only. */
  replace(): void
  ended(end: ConnectionEnd): void
}

/** What a session remembers from one connection to the next. */
export interface ConnectionMemory {
  readonly patience: Patience
  readonly pace: ResyncPace
}

export interface Connection {
  /** The number of its connect record; 0 until it is open. */
  readonly number: number
  readonly isSubscribed: boolean
  /** Calls back after `ms` unless it has ended before. */
  after(ms: number, callback: () => void): void
  deadLetters(count: number, frames: number): void
  /** Subscribes a book again, if this connection carries it and its first snapshot is not still to come. */
  want(symbol: string, stream: string): void
  /** Closes it, hearing what still comes; resolves when the last frame is with the intake. */
  close(reason: string): Promise<void>
}

/**
 * One socket: connect, subscribe, hear, end. Its opening and its end are records.
 *
 * Each frame, text or binary, is stamped in the message handler before anything else happens to it. What is said about
 * subscriptions is the matter of `conversation.ts`.
 */
export function openConnection(
  options: ConnectionOptions,
  { patience, pace }: ConnectionMemory,
  events: ConnectionEvents,
): Connection {
  const { market, plan, intake, dialer, clock, limits, counters, notice } = options
  const { session } = market
  const url = session.routes[plan.route] as string
  const socket = openSocket(url, dialer, limits)
  const signs = { frameUs: clock.nowUs(), controlUs: clock.nowUs(), frames: 0, pongs: 0 }
  const cancels = new Set<() => void>()
  const unreadable = unreadableWatch()
  let number = 0
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
  const sender = pacedSender(socket, paceMs(market), after)
  const talk = conversation({
    ...options,
    pace,
    sender,
    after,
    number: () => number,
    subscribed: events.subscribed,
    replace: events.replace,
    giveUp,
  })
  after(limits.answerWithinMs, () => {
    if (number === 0) giveUp(`the connection did not open within ${limits.answerWithinMs / 1000} s`)
  })

  const lookAfterUs = Math.min(limits.deadAfterMs, limits.staleAfterMs) * LOOK_SHARE * 1000
  /** Reads what must be read, and about one frame a second to know whether the others are more than heartbeats. */
  const look = (frame: Buffer, receivedUs: number): void => {
    if (reason !== null) return
    const isDue = receivedUs - signs.frameUs >= lookAfterUs
    const kind = talk.isReading || isDue ? talk.read(frame).kind : null
    if (kind === 'heartbeat') {
      signs.controlUs = receivedUs
      return
    }
    signs.frames += 1
    if (kind !== null) signs.frameUs = receivedUs
  }
  const keepAlive = (): void => {
    const { clientPing, serverPingMs } = session
    if (clientPing !== null) {
      cancels.add(clock.every(clientPing.everyMs.value, () => sender.ping(clientPing.frame)))
    }
    // A text of ours that the exchange answers is as good as a ping of its own.
    const answeredMs = clientPing?.frame == null ? null : clientPing.everyMs.value
    const watch = {
      clock,
      limits,
      signs,
      patience,
      beatMs: serverPingMs?.value ?? answeredMs,
      isTalkative: () => talk.isTalkative,
      isPaused: () => socket.isPaused,
      ping: () => {
        if (socket.readyState === WebSocket.OPEN) socket.ping()
      },
      giveUp(why: string) {
        if (reason === null) counters.timeouts += 1
        giveUp(why)
      },
    }
    cancels.add(watchLife(watch))
  }

  socket.on('open', () => {
    const openedUs = clock.nowUs()
    signs.frameUs = openedUs
    signs.controlUs = openedUs
    number = intake.append(RecordKind.connect, 0, openedUs, encodeNote(plan.note))
    counters.connects += 1
    const streams = plan.note.subscriptions.length
    notice({ kind: 'connected', connection: number, route: plan.route, streams })
    talk.begin()
    keepAlive()
  })
  socket.on('message', (data: Buffer) => {
    const receivedUs = clock.nowUs()
    if (intake.append(RecordKind.frame, number, receivedUs, data) === 0) counters.dropped += 1
    counters.frames += 1
    counters.bytes += data.length
    look(data, receivedUs)
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
    const refusal = refusalOf(response, clock.nowUs())
    blockMs = refusal.blockMs
    giveUp(refusal.reason)
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
      return talk.isSubscribed
    },
    after,
    deadLetters(count, read) {
      const found = unreadable(count, read)
      if (found === null || reason !== null) return
      counters.unreadable += 1
      notice({ kind: 'unreadable', connection: number, ...found })
      giveUp(`${found.deadLetters} of ${found.frames} frames could not be read`)
    },
    want(symbol, stream) {
      if (number !== 0 && reason === null) talk.want(symbol, stream)
    },
    async close(why) {
      reason ??= why
      const cancel = closeSocket(socket, clock)
      await ended
      cancel()
    },
  }
}
