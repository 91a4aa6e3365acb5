import type { Clock } from '@cryptoflow/runtime'
import { WebSocket } from 'ws'
import type { SimCounters } from '../counters.ts'
import type { Absence, Subscriber } from '../fanout.ts'
import type { HouseFanout } from './house.ts'

/** What may wait for a client that does not read, before it is closed; keeps memory bounded. */
const UNSENT_BYTES_MAX = 64 * 1024 * 1024

export interface PeerOptions {
  readonly number: number
  readonly socket: WebSocket
  readonly clock: Clock
  readonly fanout: HouseFanout
  readonly counters: SimCounters
}

/** One client's websocket, as a house sees it. */
export class Peer implements Subscriber {
  readonly number: number
  /** Frames are sent with the binary opcode. */
  isBinary = false
  /** How many frames were counted on this connection; for houses that number them. */
  frames = 0
  private readonly options: PeerOptions
  private readonly streams = new Set<string>()
  private readonly cancels = new Set<() => void>()
  private cancelSilence: (() => void) | null = null
  private hasLeft = false

  constructor(options: PeerOptions) {
    this.options = options
    this.number = options.number
    options.socket.on('close', () => this.leave('outage'))
    options.socket.on('error', () => this.leave('outage'))
  }

  get isOpen(): boolean {
    return !this.hasLeft && this.options.socket.readyState === WebSocket.OPEN
  }

  /** Names of the streams that it is subscribed to. */
  get subscriptions(): ReadonlySet<string> {
    return this.streams
  }

  send(text: string): boolean {
    const { socket, counters } = this.options
    if (!this.isOpen) return false
    if (socket.bufferedAmount > UNSENT_BYTES_MAX) {
      counters.slowConsumers += 1
      this.close(1008, 'Too slow', 'outage')
      return false
    }
    socket.send(this.isBinary ? Buffer.from(text) : text)
    return true
  }

  /** Answers a request: counted as accepted or refused. */
  reply(text: string, isAccepted: boolean): void {
    this.options.counters[isAccepted ? 'controlAccepted' : 'controlRefused'] += 1
    this.send(text)
  }

  /** Answers whether there is such a stream. */
  subscribe(streamName: string): void {
    if (!this.isOpen || this.streams.has(streamName)) return
    this.streams.add(streamName)
    this.options.fanout.subscribe(streamName, this)
  }

  unsubscribe(streamName: string): void {
    if (this.streams.delete(streamName)) this.options.fanout.unsubscribe(streamName, this, 'outage')
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

  /** Calls back after `ms` unless the connection has ended before. */
  after(ms: number, callback: () => void): void {
    const cancel = this.options.clock.after(ms, () => {
      this.cancels.delete(cancel)
      callback()
    })
    this.cancels.add(cancel)
  }

  /** Closes the connection when nobody calls this again within `ms`. */
  closeUnlessHeard(ms: number, reason: string): void {
    this.cancelSilence?.()
    this.cancelSilence = this.options.clock.after(ms, () => {
      this.options.counters.pongTimeouts += 1
      this.close(1008, reason, 'outage')
    })
  }

  private leave(absence: Absence): void {
    if (this.hasLeft) return
    this.hasLeft = true
    this.cancelSilence?.()
    for (const cancel of this.cancels) cancel()
    for (const name of this.streams) this.options.fanout.unsubscribe(name, this, absence)
  }
}
