import type { SimCounters } from '../counters.ts'
import type { Session } from '../stage/house.ts'
import type { Peer } from '../stage/peer.ts'
import { readRequest, type Wish } from './control.ts'
import { errorText, type Format, type Message, messageText, UP_TEXT } from './dialect.ts'
import { messageBudgets } from './limits.ts'

/** A connection on which neither side says anything for this long is closed; and how often `UP` is said after a `PING`. */
const IDLE_MS = 120_000
const UP_MS = 10_000

/** What a conversation asks of its house. */
export interface Floor {
  readonly nowMs: number
  readonly counters: SimCounters
  /** Sends what a stream's subscription begins with. */
  begin(streamName: string, peer: Peer): void
}

/**
 * One client's connection: nothing is acknowledged, and a request replaces the one before.
 * Source: docs.upbit.com/kr v1.6.4, WebSocket usage, read 2026-10-07; that everything has the binary opcode was seen on
 * 2026-09-02.
 */
export class Conversation implements Session {
  private readonly peer: Peer
  private readonly floor: Floor
  private readonly budgets = messageBudgets()
  private format: Format = 'DEFAULT'
  private heardMs: number
  private nextUpMs: number | null = null

  constructor(peer: Peer, floor: Floor) {
    this.peer = peer
    this.floor = floor
    this.heardMs = floor.nowMs
    peer.isBinary = true
  }

  hear(text: string): void {
    const { nowMs, counters } = this.floor
    if (!this.peer.isOpen) return
    this.heardMs = nowMs
    if (!this.budgets.every((budget) => budget.take(nowMs))) {
      // What a breach leads to is not documented: here it is the harshest that it may be.
      counters.messageFloods += 1
      this.peer.close(1008, 'too many messages', 'outage')
    } else if (text === 'PING') this.sayUp()
    else this.request(text)
  }

  /** The same as a text `PING`, but that no status follows. */
  pinged(): void {
    this.heardMs = this.floor.nowMs
  }

  /** A message in the format of the client, to which it goes now. */
  textOf(message: Message): string {
    this.heardMs = this.floor.nowMs
    return messageText(message, this.format)
  }

  /** Says what is to be said by itself, and ends a connection that has been silent for too long. */
  look(): void {
    const { nowMs, counters } = this.floor
    if (this.nextUpMs !== null && nowMs >= this.nextUpMs) this.sayUp()
    if (nowMs - this.heardMs < IDLE_MS) return
    counters.pongTimeouts += 1
    this.peer.close(1001, 'idle', 'outage')
  }

  private sayUp(): void {
    this.heardMs = this.floor.nowMs
    this.nextUpMs = this.floor.nowMs + UP_MS
    this.peer.send(UP_TEXT)
  }

  private request(text: string): void {
    const request = readRequest(text)
    if ('name' in request) {
      this.peer.reply(errorText(request.name, request.message), false)
      return
    }
    this.floor.counters.controlAccepted += 1
    this.format = request.format
    this.replace(request.wishes)
  }

  /** Everything that the request does not name ends; everything that it names begins anew. */
  private replace(wishes: readonly Wish[]): void {
    const live = wishes.flatMap(({ streamName, wantsRealtime }) =>
      streamName !== null && wantsRealtime ? [streamName] : [],
    )
    const wanted = new Set(live)
    for (const name of this.peer.subscriptions) if (!wanted.has(name)) this.peer.unsubscribe(name)
    for (const name of wanted) this.peer.subscribe(name)
    const begun = wishes.flatMap(({ streamName, wantsSnapshot }) =>
      streamName !== null && wantsSnapshot ? [streamName] : [],
    )
    for (const name of new Set(begun)) this.floor.begin(name, this.peer)
  }
}
