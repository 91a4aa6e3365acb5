import type { Market as MarketName } from '@cryptoflow/model'
import type { Clock } from '@cryptoflow/runtime'
import { type RawData, WebSocket } from 'ws'
import type { SimCounters } from '../counters.ts'
import type { Absence } from '../fanout.ts'
import { type ControlRequest, errorReply, readControl, resultReply } from './control.ts'
import type { Handshake } from './handshake.ts'
import { type BinanceLimits, familyOf } from './limits.ts'
import { routeOf } from './streams.ts'
import type { TimeScale } from './text.ts'
import type { HostFanout, HostSubscriber } from './wrapping.ts'

/** What all connections of a host have in common. */
export interface ConnectionRules {
  readonly market: MarketName
  readonly limits: BinanceLimits
  readonly pingEveryMs: number
  readonly pongWithinMs: number
  /** Age at which it is closed. */
  readonly lifeMs: number
  /** How long before that it is told so; null: it is not. */
  readonly noticeMs: number | null
}

export interface ConnectionOptions {
  readonly number: number
  readonly socket: WebSocket
  readonly handshake: Handshake
  readonly rules: ConnectionRules
  readonly clock: Clock
  readonly fanout: HostFanout
  readonly counters: SimCounters
}

/** Mask and extended length of a client's text frame longer than 125 bytes. */
const FRAME_HEADER_BYTES = 8
const SECOND_US = 1_000_000

/** One client's websocket: its subscriptions, its heartbeat and the limits it is held to. */
export class Connection implements HostSubscriber {
  readonly number: number
  readonly timeScale: TimeScale
  isCombined: boolean
  private readonly options: ConnectionOptions
  private readonly streams = new Set<string>()
  /** When the last messages came, oldest first; as many as one second allows. */
  private readonly messageTimesUs: number[] = []
  /** Payloads of pings since the last answered one. */
  private readonly pings = new Set<string>()
  private readonly stopTimers: readonly (() => void)[]
  private cancelDeadline: (() => void) | null = null
  private hasLeft = false

  constructor(options: ConnectionOptions) {
    this.options = options
    this.number = options.number
    this.isCombined = options.handshake.isCombined
    this.timeScale = options.handshake.timeScale
    const { socket, clock, rules } = options
    socket.on('message', (data, isBinary) => this.receive(data, isBinary))
    socket.on('ping', () => this.countMessage())
    socket.on('pong', (payload) => this.receivePong(payload.toString()))
    socket.on('close', () => this.leave('outage'))
    socket.on('error', () => this.leave('outage'))
    this.stopTimers = [
      clock.every(rules.pingEveryMs, () => this.ping()),
      clock.after(rules.lifeMs, () => this.expire()),
      ...(rules.noticeMs === null
        ? []
        : [clock.after(Math.max(0, rules.lifeMs - rules.noticeMs), () => this.notice())]),
    ]
    this.subscribe(options.handshake.streamNames)
  }

  private get limits(): BinanceLimits {
    return this.options.rules.limits
  }

  get isOpen(): boolean {
    return !this.hasLeft && this.options.socket.readyState === WebSocket.OPEN
  }

  send(text: string): boolean {
    const { socket, counters } = this.options
    if (!this.isOpen) return false
    if (socket.bufferedAmount > this.limits.unsentBytesPerConnection) {
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
    for (const stop of this.stopTimers) stop()
    this.cancelDeadline?.()
    for (const name of this.streams) this.options.fanout.unsubscribe(name, this, absence)
  }

  private receive(data: RawData, isBinary: boolean): void {
    if (!this.countMessage()) return
    const text = data.toString()
    if (isBinary || Buffer.byteLength(text) + FRAME_HEADER_BYTES > this.limits.clientFrameBytes) {
      this.options.counters.controlIgnored += 1
      return
    }
    const request = readControl(text, familyOf(this.options.rules.market))
    const { reply, isAccepted } = this.answer(request)
    this.options.counters[isAccepted ? 'controlAccepted' : 'controlRefused'] += 1
    this.options.socket.send(reply)
    if (request.kind === 'error' && request.isFatal) this.close(1008, 'Invalid JSON', 'outage')
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
    if (this.streams.size + fresh.size > this.limits.streamsPerConnection) return false
    for (const name of fresh) {
      this.streams.add(name)
      if (this.isCarried(name)) this.options.fanout.subscribe(name, this)
    }
    return true
  }

  /** A stream of another route is acknowledged like one that does not exist, and like that one stays silent. */
  private isCarried(streamName: string): boolean {
    const { rules, handshake } = this.options
    const route = routeOf(rules.market, streamName)
    return route !== null && (handshake.route === 'all' || handshake.route === route)
  }

  /** Every text, ping and pong counts; false when the message is not to be read any more. */
  private countMessage(): boolean {
    if (!this.isOpen) return false
    const { clock, counters } = this.options
    const times = this.messageTimesUs
    const nowUs = clock.nowUs()
    while (times[0] !== undefined && nowUs - times[0] >= SECOND_US) times.shift()
    times.push(nowUs)
    if (times.length <= this.limits.clientMessagesPerSecond) return true
    counters.messageFloods += 1
    this.close(1008, 'Too many requests', 'outage')
    return false
  }

  private ping(): void {
    const { clock, socket, counters, rules } = this.options
    if (!this.isOpen) return
    const payload = String(Math.floor(clock.nowUs() / 1000))
    this.pings.add(payload)
    counters.pingsSent += 1
    socket.ping(payload)
    this.cancelDeadline ??= clock.after(rules.pongWithinMs, () => {
      counters.pongTimeouts += 1
      this.close(1008, 'Pong timeout', 'outage')
    })
  }

  private expire(): void {
    if (!this.isOpen) return
    this.options.counters.expiredConnections += 1
    this.close(1001, 'Connection too old', 'outage')
  }

  /** Says that the end is near, in the form of the connection's other messages. */
  private notice(): void {
    if (!this.isOpen) return
    const sent = Math.floor(this.options.clock.nowUs() / 1000) * this.timeScale
    const event = `{"e":"serverShutdown","E":${sent}}`
    this.options.counters.shutdownNotices += 1
    this.send(this.isCombined ? `{"stream":"!serverShutdown","data":${event}}` : event)
  }

  /** Only a pong that copies a ping's payload keeps the connection alive; others are allowed. */
  private receivePong(payload: string): void {
    if (!this.countMessage() || !this.pings.has(payload)) return
    this.pings.clear()
    this.cancelDeadline?.()
    this.cancelDeadline = null
  }
}
