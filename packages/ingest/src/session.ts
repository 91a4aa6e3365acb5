import { EventBatch, type ExchangeMarket, encodeNote, RecordKind, StringTable } from '@cryptoflow/model'
import { type Backoff, backoffMs, type Chance, type Clock, messageOf } from '@cryptoflow/runtime'
import { WebSocket } from 'ws'
import type { ConnectionPlan, IngestCounters, IngestNotice, Intake } from './intake.ts'
import { subscribeFrames } from './plan.ts'

/** A connection with no frame at all for this long is taken for dead. */
const STALE_MS = 30_000
/** A connection that does not open, or a subscription that is not acknowledged, within this is given up. */
const ANSWER_WITHIN_MS = 10_000
/** Share of the exchange's message rate that we use: pings and pongs count there, too. */
const MESSAGE_RATE_SHARE = 0.4
const FRAME_BYTES_MAX = 32 * 1024 * 1024
/** How long a closing handshake may take before the socket is destroyed. */
const CLOSE_WITHIN_MS = 2_000
const CONGESTION_CHECK_MS = 20

export interface SessionOptions {
  readonly market: ExchangeMarket
  readonly plan: ConnectionPlan
  readonly intake: Intake
  readonly clock: Clock
  readonly chance: Chance
  readonly backoff: Backoff
  readonly counters: IngestCounters
  readonly notice: (notice: IngestNotice) => void
}

/** Subscriptions that survive reconnects. */
export interface Session {
  /** Closes the connection and does not come back; resolves when the last frame is with the intake. */
  stop(): Promise<void>
}

/**
 * Holds one connection: connect, subscribe, watch for silence, reconnect with backoff.
 *
 * Each frame is stamped in the message handler before anything else happens to it.
 */
export function startSession(options: SessionOptions): Session {
  const { clock, chance, backoff, notice } = options
  let stopping = false
  let attempt = 0
  let cancelWait = (): void => {}
  let close = (): Promise<void> => Promise.resolve()

  const connect = (): void => {
    const connection = openConnection(options, {
      subscribed: () => {
        attempt = 0
      },
      ended: (reason) => {
        if (stopping) return
        attempt += 1
        const delayMs = backoffMs(backoff, attempt, chance)
        notice({ kind: 'waiting', reason, delayMs })
        cancelWait = clock.after(delayMs, connect)
      },
    })
    close = connection.close
  }
  connect()
  return {
    async stop() {
      stopping = true
      cancelWait()
      await close()
    },
  }
}

interface ConnectionEvents {
  subscribed(): void
  ended(reason: string): void
}

function openConnection(options: SessionOptions, events: ConnectionEvents): { close(): Promise<void> } {
  const { market, plan, intake, clock, counters, notice } = options
  const socket = new WebSocket(market.session.wsUrl, {
    perMessageDeflate: false,
    maxPayload: FRAME_BYTES_MAX,
    skipUTF8Validation: true,
    handshakeTimeout: ANSWER_WITHIN_MS,
  })
  const acks = ackWatch(market, subscribeFrames(market, plan.subscriptions).length)
  let connection = 0
  let lastFrameUs = clock.nowUs()
  let reason = 'closed by the exchange'
  const cancels: (() => void)[] = []
  const giveUp = (why: string): void => {
    reason = why
    socket.terminate()
  }

  socket.on('open', () => {
    const openedUs = clock.nowUs()
    lastFrameUs = openedUs
    connection = intake.append(RecordKind.connect, 0, openedUs, encodeNote(plan))
    counters.connects += 1
    notice({ kind: 'connected', connection, streams: plan.subscriptions.length })
    cancels.push(sendPaced(options, socket))
    cancels.push(
      clock.after(ANSWER_WITHIN_MS + paceMs(market) * acks.expected, () => {
        if (!acks.isComplete()) giveUp('a subscription was not acknowledged in time')
      }),
    )
    cancels.push(
      clock.every(STALE_MS / 4, () => {
        if (clock.nowUs() - lastFrameUs > STALE_MS * 1000) giveUp('no frame for 30 s')
      }),
    )
  })
  socket.on('message', (data: Buffer) => {
    const receivedUs = clock.nowUs()
    lastFrameUs = receivedUs
    intake.append(RecordKind.frame, connection, receivedUs, data)
    counters.frames += 1
    counters.bytes += data.length
    if (!acks.isComplete()) {
      const refusal = acks.read(data)
      if (refusal !== null) {
        notice({ kind: 'refused', detail: refusal })
        giveUp(`a subscription was refused: ${refusal}`)
      } else if (acks.isComplete()) events.subscribed()
    }
    if (intake.isCongested) pauseUntilCalm(options, socket, cancels)
  })
  socket.on('error', (error) => {
    reason = messageOf(error)
  })
  const ended = new Promise<void>((resolve) => {
    socket.on('close', (code, text) => {
      for (const cancel of cancels) cancel()
      if (connection !== 0) {
        const note = { code, reason: text.toString() || reason }
        intake.append(RecordKind.disconnect, connection, clock.nowUs(), encodeNote(note))
        counters.disconnects += 1
        notice({ kind: 'disconnected', connection, ...note })
      }
      resolve()
      events.ended(reason)
    })
  })
  return {
    async close() {
      reason = 'closed by us'
      socket.close(1000)
      const cancel = clock.after(CLOSE_WITHIN_MS, () => socket.terminate())
      await ended
      cancel()
    },
  }
}

/** Reads answers until every subscribe frame has one; afterwards frames pass unread. */
function ackWatch(
  market: ExchangeMarket,
  expected: number,
): { expected: number; isComplete(): boolean; read(frame: Uint8Array): string | null } {
  const waiting = new Set(Array.from({ length: expected }, (_, index) => index + 1))
  const scratch = new EventBatch(new StringTable())
  return {
    expected,
    isComplete: () => waiting.size === 0,
    read(frame) {
      scratch.clear()
      const outcome = market.decodeFrame(frame, scratch)
      if (outcome.kind === 'ack') waiting.delete(outcome.id)
      return outcome.kind === 'refused' ? outcome.detail : null
    },
  }
}

function paceMs(market: ExchangeMarket): number {
  return 1000 / (market.session.messagesPerSecondMax.value * MESSAGE_RATE_SHARE)
}

/** Sends the subscribe frames one by one at our share of the exchange's message rate. */
function sendPaced(options: SessionOptions, socket: WebSocket): () => void {
  const frames = subscribeFrames(options.market, options.plan.subscriptions)
  let cancel = (): void => {}
  const sendNext = (): void => {
    const frame = frames.shift()
    if (frame === undefined || socket.readyState !== WebSocket.OPEN) return
    socket.send(frame)
    cancel = options.clock.after(paceMs(options.market), sendNext)
  }
  sendNext()
  return () => cancel()
}

/** The last resort when the disk cannot keep up: stop reading; what the exchange then drops shows as a gap. */
function pauseUntilCalm(options: SessionOptions, socket: WebSocket, cancels: (() => void)[]): void {
  if (socket.isPaused) return
  options.counters.pauses += 1
  socket.pause()
  const cancel = options.clock.every(CONGESTION_CHECK_MS, () => {
    if (options.intake.isCongested) return
    cancel()
    socket.resume()
  })
  cancels.push(cancel)
}
