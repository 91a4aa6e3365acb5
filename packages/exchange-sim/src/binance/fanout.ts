import type { Chance } from '@cryptoflow/runtime'
import { damaged } from '../damage.ts'
import type { Emission, EmissionLog } from '../emission-log.ts'
import { type FaultKind, type FaultPlan, FaultSchedule, GAP_MESSAGES_MAX } from '../faults.ts'
import type { SimCounters } from './counters.ts'
import type { EmissionContent, FlowMessage } from './flow.ts'
import { combinedMessage } from './wire.ts'

/** A connection as the fan-out sees it. */
export interface Subscriber {
  /** The server's number of the connection, from 1. */
  readonly number: number
  readonly isCombined: boolean
  /** False from the moment either side begins to close. */
  readonly isOpen: boolean
  /** Answers whether the text was sent. */
  send(text: string): boolean
  /** Closes gracefully: everything sent before arrives. Leaves the fan-out at once. */
  disconnect(): void
}

/** Why nobody is subscribed to a stream. */
export type Absence = 'disconnect' | 'outage'

type Fate = Pick<Emission, 'copies' | 'connection' | 'fault' | 'wire'>

interface Channel {
  /** In order of subscription. */
  readonly subscribers: Set<Subscriber>
  absence: Absence
  /** How many more messages an injected gap withholds. */
  withheld: number
}

/**
 * Carries each message to everybody subscribed to its stream, lets the planned faults happen to it, and
 * writes down what became of it.
 *
 * A fault hits the message, so all its subscribers alike, except that a disconnect closes only the
 * connection that subscribed first. Only trades and diffs, which have sequences, are hit and counted.
 */
export class Fanout {
  private readonly channels: ReadonlyMap<string, Channel>
  private readonly schedule: FaultSchedule | null
  private readonly chance: Chance
  private readonly log: EmissionLog
  private readonly counters: SimCounters

  constructor(options: {
    readonly streamNames: readonly string[]
    readonly faults: FaultPlan | null
    readonly chance: Chance
    readonly log: EmissionLog
    readonly counters: SimCounters
  }) {
    this.channels = new Map(options.streamNames.map((name) => [name, createChannel()]))
    this.schedule = options.faults === null ? null : new FaultSchedule(options.faults, options.chance)
    this.chance = options.chance
    this.log = options.log
    this.counters = options.counters
  }

  /** From now on the subscriber gets the stream; a stream that does not exist stays silent. */
  subscribe(streamName: string, subscriber: Subscriber): void {
    const channel = this.channels.get(streamName)
    if (channel === undefined) return
    channel.subscribers.add(subscriber)
    channel.absence = 'outage'
  }

  unsubscribe(streamName: string, subscriber: Subscriber, absence: Absence): void {
    const channel = this.channels.get(streamName)
    if (channel === undefined || !channel.subscribers.delete(subscriber)) return
    if (channel.subscribers.size > 0) return
    channel.absence = absence
    channel.withheld = 0
  }

  deliver(message: FlowMessage): void {
    const channel = this.channels.get(message.streamName) as Channel
    if (message.content === null) {
      this.send(channel, message, null)
      return
    }
    this.counters.generated += 1
    this.log.append(emissionOf(message.content, this.carry(channel, message)))
  }

  /** Sends a message as its fault will have it and answers what became of it. */
  private carry(channel: Channel, message: FlowMessage): Fate {
    const fault = this.faultOf(channel)
    const first = firstOf(channel)
    if (first === undefined) return { copies: 0, connection: null, fault: channel.absence, wire: null }
    const connection = first.number
    if (fault === 'gap') return { copies: 0, connection, fault, wire: null }
    const wire = fault === 'malformed' ? damaged(textFor(first, message), this.chance) : null
    const sent = this.send(channel, message, wire)
    if (sent === 0) return { copies: 0, connection, fault: channel.absence, wire: null }
    if (wire !== null) return { copies: 0, connection, fault, wire }
    const copies = fault === 'duplicate' ? sent + this.send(channel, message, null) : sent
    return { copies, connection, fault, wire }
  }

  /** The fault that hits the next message of a channel. A disconnect has happened when this returns. */
  private faultOf(channel: Channel): Exclude<FaultKind, 'disconnect'> | null {
    const first = firstOf(channel)
    if (first === undefined) return null
    if (channel.withheld > 0) {
      channel.withheld -= 1
      return 'gap'
    }
    const fault = this.schedule?.next() ?? null
    if (fault === null) return null
    this.counters.faults[fault] += 1
    if (fault === 'gap') channel.withheld = this.chance.below(GAP_MESSAGES_MAX)
    if (fault !== 'disconnect') return fault
    first.disconnect()
    return null
  }

  /** How many subscribers took the message, or the damaged text in its place. */
  private send(channel: Channel, message: FlowMessage, damagedText: string | null): number {
    let taken = 0
    for (const subscriber of channel.subscribers) {
      if (subscriber.send(damagedText ?? textFor(subscriber, message))) taken += 1
    }
    this.counters.framesSent += taken
    return taken
  }
}

/** A log entry with its fields in the order of the log's lines. */
export function emissionOf(content: EmissionContent, fate: Fate): Emission {
  const { bids, asks, price, quantity, side, ...head } = content
  const { copies, connection, fault, wire } = fate
  return { ...head, copies, connection, fault, bids, asks, price, quantity, side, wire }
}

function createChannel(): Channel {
  return { subscribers: new Set(), absence: 'outage', withheld: 0 }
}

function firstOf(channel: Channel): Subscriber | undefined {
  for (const subscriber of channel.subscribers) if (subscriber.isOpen) return subscriber
  return undefined
}

function textFor(subscriber: Subscriber, message: FlowMessage): string {
  return subscriber.isCombined ? combinedMessage(message.streamName, message.payload) : message.payload
}
