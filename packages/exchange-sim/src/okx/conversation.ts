import type { SimCounters } from '../counters.ts'
import { Budget } from '../stage/budget.ts'
import type { Session } from '../stage/house.ts'
import type { Peer } from '../stage/peer.ts'
import {
  type Arg,
  ackText,
  errorText,
  noSuchThing,
  type Problem,
  type Request,
  readRequest,
  streamNameOf,
  upgradeText,
} from './control.ts'

/**
 * One client's connection and its limits. Source: okx.com/docs-v5, "WebSocket / Connect" and "WebSocket / Subscribe",
 * as of 2026-02-23; codes and texts as of 2026-07-20.
 */

/** Requests to subscribe or unsubscribe in an hour. */
const REQUESTS_MAX = 480
const HOUR_MS = 3_600_000
/** A connection ends without a subscription, or without anything pushed, for this long. */
const IDLE_MS = 30_000
const IDLE_CODE = 4004
/** Between the notice of an upgrade and the end. */
const UPGRADE_MS = 60_000

/** Paths that connections are made to. */
export type Route = 'public' | 'business'

const BUSINESS_CHANNELS: ReadonlySet<string> = new Set(['trades-all'])
/** For who has logged in and pays the lowest fees. */
const CLOSED_CHANNELS: ReadonlySet<string> = new Set(['books-l2-tbt', 'books50-l2-tbt'])
const MORE =
  'More details can refer to: https://www.okx.com/help-center/changes-to-v5-api-websocket-subscription-parameter-and-url'
const WANTS_LOGIN: Problem = { code: '60011', msg: 'Please log in' }
const IS_ON_BUSINESS: Problem = {
  code: '64001',
  msg: `This channel has been migrated to the '/business' URL. Please subscribe using the new URL. ${MORE}`,
}
const IS_NOT_ON_BUSINESS: Problem = {
  code: '64002',
  msg: `This channel is not supported by "/business" URL. Please use "/private" URL(for private channels), or "/public" URL(for public channels). ${MORE}`,
}
const TOO_FREQUENT: Problem = { code: '60014', msg: 'Requests too frequent' }

/** What a conversation asks of its house. */
export interface Floor {
  readonly nowMs: number
  readonly counters: SimCounters
  has(streamName: string): boolean
  /** Sends what a new subscriber begins with. */
  begin(streamName: string, peer: Peer): void
}

export class Conversation implements Session {
  readonly peer: Peer
  private readonly route: Route
  private readonly floor: Floor
  private readonly name: string
  private readonly sinceMs: number
  private pushedMs: number
  private hasSubscribed = false
  private readonly requests = new Budget(REQUESTS_MAX, HOUR_MS)

  constructor(peer: Peer, route: Route, floor: Floor) {
    this.peer = peer
    this.route = route
    this.floor = floor
    this.name = peer.number.toString(16).padStart(8, '0')
    this.sinceMs = floor.nowMs
    this.pushedMs = floor.nowMs
  }

  /** Something goes to the client. */
  pushed(): void {
    this.pushedMs = this.floor.nowMs
  }

  hear(text: string): void {
    if (!this.peer.isOpen) return
    if (text === 'ping') {
      this.pushed()
      this.peer.send('pong')
      return
    }
    const request = readRequest(text)
    if ('code' in request) this.refuse(request.id, request)
    else if (!this.requests.take(this.floor.nowMs)) this.refuse(request.id, TOO_FREQUENT)
    else for (const arg of request.args) this.settle(request, arg)
  }

  /** Ends a connection that nothing was said on for too long. */
  look(): void {
    const { nowMs, counters } = this.floor
    const isUnused = !this.hasSubscribed && nowMs - this.sinceMs >= IDLE_MS
    if (!isUnused && nowMs - this.pushedMs < IDLE_MS) return
    counters.pongTimeouts += 1
    this.peer.close(IDLE_CODE, 'No data received in 30s', 'outage')
  }

  /** Announces the end of the connection, which follows a minute later. */
  announceUpgrade(): void {
    const { counters } = this.floor
    counters.shutdownNotices += 1
    this.pushed()
    this.peer.send(upgradeText(this.name))
    this.peer.after(UPGRADE_MS, () => {
      counters.expiredConnections += 1
      this.peer.close(1001, 'service upgrade', 'outage')
    })
  }

  /** Each subscription is answered for itself, and what it begins with stands behind the answer. */
  private settle(request: Request, arg: Arg): void {
    const problem = this.objection(arg)
    if (problem !== null) {
      this.refuse(request.id, problem)
      return
    }
    const streamName = streamNameOf(arg)
    const isNew = request.op === 'subscribe' && !this.peer.subscriptions.has(streamName)
    if (request.op === 'unsubscribe') this.peer.unsubscribe(streamName)
    this.pushed()
    this.peer.reply(ackText(request, arg, this.name), true)
    if (!isNew) return
    this.hasSubscribed = true
    this.peer.subscribe(streamName)
    this.floor.begin(streamName, this.peer)
  }

  private objection(arg: Arg): Problem | null {
    const { channel } = arg
    if (channel === '') return { code: '60027', msg: 'Parameter channel can not be empty.' }
    if (CLOSED_CHANNELS.has(channel)) return WANTS_LOGIN
    if (!this.floor.has(streamNameOf(arg))) return noSuchThing(arg)
    const isOnBusiness = BUSINESS_CHANNELS.has(channel)
    if (isOnBusiness === (this.route === 'business')) return null
    return isOnBusiness ? IS_ON_BUSINESS : IS_NOT_ON_BUSINESS
  }

  private refuse(id: string | null, problem: Problem): void {
    this.pushed()
    this.peer.reply(errorText(id, problem, this.name), false)
  }
}
