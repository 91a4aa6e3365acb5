import type { Clock } from '@cryptoflow/runtime'
import { type RawData, WebSocket } from 'ws'
import { type ControlRequest, errorReply, readControl, resultReply } from './control.ts'
import type { SimCounters } from './counters.ts'
import type { Absence, Fanout, Subscriber } from './fanout.ts'
import type { BinanceSpotLimits } from './limits.ts'

export interface ConnectionOptions {
  readonly number: number
  readonly socket: WebSocket
  readonly isCombined: boolean
  /** Streams named by the URL. */
  readonly streamNames: readonly string[]
  readonly clock: Clock
  readonly fanout: Fanout
  readonly limits: BinanceSpotLimits
  readonly counters: SimCounters
  readonly pingEveryMs: number
  readonly pongWithinMs: number
}

/** Mask and extended length of a client's text frame longer than 125 bytes. */
const FRAME_HEADER_BYTES = 8
const SECOND_US = 1_000_000

/** One client's websocket: its subscriptions, its heartbeat and the limits it is held to. */
export class Connection implements Subscriber {
  readonly number: number
  isCombined: boolean
  private readonly options: ConnectionOptions
  private readonly streams = new Set<string>()
  /** When the last messages came, oldest first; as many as one second allows. */
  private readonly messageTimesUs: number[] = []
  /** Payloads of pings since the last answered one. */
  private readonly pings = new Set<string>()
  private readonly stopPinging: () => void
  private cancelDeadline: (() => void) | null = null
  private hasLeft = false

  constructor(options: ConnectionOptions) {
    this.options = options
    this.number = options.number
    this.isCombined = options.isCombined
    const { socket, clock } = options
    socket.on('message', (data, isBinary) => this.receive(data, isBinary))
    socket.on('ping', () => this.countMessage())
    socket.on('pong', (payload) => this.receivePong(payload.toString()))
    socket.on('close', () => this.leave('outage'))
    socket.on('error', () => this.leave('outage'))
    this.stopPinging = clock.every(options.pingEveryMs, () => this.ping())
    this.subscribe(options.streamNames)
  }

  get isOpen(): boolean {
    return !this.hasLeft && this.options.socket.readyState === WebSocket.OPEN
  }

  send(text: string): boolean {
    const { socket, counters, limits } = this.options
    if (!this.isOpen) return false
    if (socket.bufferedAmount > limits.unsentBytesPerConnection) {
      counters.slowConsumers += 1
      this.close(1008, 'Too slow', 'outage')
      return false
    }
    socket.send(text)
    return true
  }

  disconnect(): void {
    this.close(1001, 'Going away', 'disconnect')
  }

  /** Closes with a close frame behind everything sent before; nothing is sent or answered afterwards. */
  close(code: number, reason: string, absence: Absence): void {
    if (this.hasLeft) return
    this.leave(absence)
    this.options.socket.close(code, reason)
  }

  private leave(absence: Absence): void {
    if (this.hasLeft) return
    this.hasLeft = true
    this.stopPinging()
    this.cancelDeadline?.()
    for (const name of this.streams) this.options.fanout.unsubscribe(name, this, absence)
  }

  private receive(data: RawData, isBinary: boolean): void {
    if (!this.countMessage()) return
    const text = data.toString()
    if (isBinary || Buffer.byteLength(text) + FRAME_HEADER_BYTES > this.options.limits.clientFrameBytes) {
      this.options.counters.controlIgnored += 1
      return
    }
    const { reply, isAccepted } = this.answer(readControl(text))
    this.options.counters[isAccepted ? 'controlAccepted' : 'controlRefused'] += 1
    this.options.socket.send(reply)
  }

  private answer(request: ControlRequest): { reply: string; isAccepted: boolean } {
    switch (request.kind) {
      case 'error':
        return { reply: request.reply, isAccepted: false }
      case 'subscribe':
        if (!this.subscribe(request.streams)) {
          const reply = errorReply(2, 'Invalid request: too many streams for one connection', request.id)
          return { reply, isAccepted: false }
        }
        return { reply: resultReply(null, request.id), isAccepted: true }
      case 'unsubscribe':
        for (const name of request.streams) {
          this.streams.delete(name)
          this.options.fanout.unsubscribe(name, this, 'outage')
        }
        return { reply: resultReply(null, request.id), isAccepted: true }
      case 'list':
        return { reply: resultReply([...this.streams], request.id), isAccepted: true }
      case 'isCombined':
        return { reply: resultReply(this.isCombined, request.id), isAccepted: true }
      case 'setCombined':
        this.isCombined = request.combined
        return { reply: resultReply(null, request.id), isAccepted: true }
    }
  }

  /** All of them or none. */
  private subscribe(names: readonly string[]): boolean {
    const fresh = new Set(names.filter((name) => !this.streams.has(name)))
    if (this.streams.size + fresh.size > this.options.limits.streamsPerConnection) return false
    for (const name of fresh) {
      this.streams.add(name)
      this.options.fanout.subscribe(name, this)
    }
    return true
  }

  /** Every text, ping and pong counts; false when the message is not to be read any more. */
  private countMessage(): boolean {
    if (!this.isOpen) return false
    const { clock, limits, counters } = this.options
    const times = this.messageTimesUs
    const nowUs = clock.nowUs()
    while (times[0] !== undefined && nowUs - times[0] >= SECOND_US) times.shift()
    times.push(nowUs)
    if (times.length <= limits.clientMessagesPerSecond) return true
    counters.messageFloods += 1
    this.close(1008, 'Too many requests', 'outage')
    return false
  }

  private ping(): void {
    const { clock, socket, counters, pongWithinMs } = this.options
    if (!this.isOpen) return
    const payload = String(Math.floor(clock.nowUs() / 1000))
    this.pings.add(payload)
    counters.pingsSent += 1
    socket.ping(payload)
    this.cancelDeadline ??= clock.after(pongWithinMs, () => {
      counters.pongTimeouts += 1
      this.close(1008, 'Pong timeout', 'outage')
    })
  }

  /** Only a pong that copies a ping's payload keeps the connection alive; others are allowed. */
  private receivePong(payload: string): void {
    if (!this.countMessage() || !this.pings.has(payload)) return
    this.pings.clear()
    this.cancelDeadline?.()
    this.cancelDeadline = null
  }
}
