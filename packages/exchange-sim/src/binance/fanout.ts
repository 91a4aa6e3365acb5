import type { Market as MarketName } from '@cryptoflow/model'
import { damaged } from '../damage.ts'
import type { Emission } from '../emission-log.ts'
import { type FaultKind, GAP_MESSAGES_MAX, REPLAYED_MESSAGES_MAX } from '../faults.ts'
import type { HeldEmission, HeldLog } from '../held-log.ts'
import type { EmissionContent } from './contents.ts'
import type { SimCounters } from './counters.ts'
import type { FlowMessage } from './listing.ts'
import type { Mischief } from './mischief.ts'
import { Replay } from './replay.ts'
import type { TimeScale } from './text.ts'

/** A connection as the fan-out sees it. */
export interface Subscriber {
  /** The server's number of the connection, from 1. */
  readonly number: number
  readonly isCombined: boolean
  readonly timeScale: TimeScale
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
  /** The beginning of a message on a combined connection. */
  readonly prefix: string
  absence: Absence
  /** How many more messages an injected gap withholds. */
  withheld: number
  replay: Replay | null
}

export interface FanoutOptions {
  readonly market: MarketName
  /** Answers whether there is a stream of this name, which is told from now on. */
  readonly open: (streamName: string) => boolean
  /** Keeps the present book of a symbol, to be answered later. */
  readonly rememberBook: (symbol: string) => void
  readonly mischief: Mischief
  readonly log: HeldLog
  readonly counters: SimCounters
}

/**
 * One host: carries each message to everybody subscribed to its stream, lets the planned faults happen to it, and
 * writes down what became of it.
 *
 * A fault hits the message, so all its subscribers alike, except that a disconnect closes only the connection that
 * subscribed first.
 */
export class Fanout {
  private readonly options: FanoutOptions
  private readonly channels = new Map<string, Channel>()
  private readonly replays = new Set<Replay>()

  constructor(options: FanoutOptions) {
    this.options = options
  }

  /** From now on the subscriber gets the stream; a stream that does not exist stays silent. */
  subscribe(streamName: string, subscriber: Subscriber): void {
    let channel = this.channels.get(streamName)
    if (channel === undefined) {
      if (!this.options.open(streamName)) return
      channel = createChannel(streamName)
      this.channels.set(streamName, channel)
    }
    channel.subscribers.add(subscriber)
    channel.absence = 'outage'
    channel.replay?.welcome(subscriber)
  }

  unsubscribe(streamName: string, subscriber: Subscriber, absence: Absence): void {
    const channel = this.channels.get(streamName)
    if (channel === undefined || !channel.subscribers.delete(subscriber)) return
    if (channel.subscribers.size > 0) return
    channel.absence = absence
    channel.withheld = 0
  }

  /** Delivers and logs a message of a stream that was opened. */
  deliver(message: FlowMessage, nowMs: number): void {
    const channel = this.channels.get(message.streamName) as Channel
    const { counters, log } = this.options
    if (channel.replay !== null) this.playReplay(channel, channel.replay)
    const fate = this.carry(channel, message, nowMs)
    const entries = message.contents.map((content) => emissionOf(content, fate))
    for (const entry of entries) log.append(entry)
    counters.generated += entries.length
    if (channel.replay !== null)
      this.keepForReplay(channel, channel.replay, { message, entries, fate, nowMs })
  }

  /** Gives up replays that nobody came back for; without a time, all of them. */
  giveUpReplays(nowMs?: number): void {
    for (const replay of this.replays) {
      replay.giveUp(nowMs)
      if (replay.isSettled) this.replays.delete(replay)
    }
  }

  /** Sends a message as its fault will have it and answers what became of it. */
  private carry(channel: Channel, message: FlowMessage, nowMs: number): Fate {
    const fault = this.faultOf(channel, message, nowMs)
    const first = firstOf(channel)
    if (first === undefined) return { copies: 0, connection: null, fault: channel.absence, wire: null }
    const connection = first.number
    if (fault === 'gap') return { copies: 0, connection, fault, wire: null }
    const { chance } = this.options.mischief
    const wire = fault === 'malformed' ? damaged(textFor(channel, first, message), chance) : null
    const sent = this.send(channel, message, wire)
    if (sent === 0) return { copies: 0, connection, fault: channel.absence, wire: null }
    if (wire !== null) return { copies: 0, connection, fault, wire }
    const copies = fault === 'duplicate' ? sent + this.send(channel, message, null) : sent
    return { copies, connection, fault, wire }
  }

  /** What hits the next message of a channel itself; what hits its connection or its book has begun then. */
  private faultOf(
    channel: Channel,
    message: FlowMessage,
    nowMs: number,
  ): 'gap' | 'duplicate' | 'malformed' | null {
    const first = firstOf(channel)
    if (first === undefined) return null
    if (channel.withheld > 0) {
      channel.withheld -= 1
      return 'gap'
    }
    const fault = this.options.mischief.next(message)
    return fault === null ? null : this.begin(fault, channel, { first, message, nowMs })
  }

  private begin(
    fault: FaultKind,
    channel: Channel,
    {
      first,
      message,
      nowMs,
    }: { readonly first: Subscriber; readonly message: FlowMessage; readonly nowMs: number },
  ): 'gap' | 'duplicate' | 'malformed' | null {
    const { mischief, counters, log, rememberBook } = this.options
    const { chance } = mischief
    switch (fault) {
      case 'staleSnapshot':
        for (const { symbol } of message.contents) rememberBook(symbol)
        channel.withheld = 1
        return null
      case 'duplicateAfterReconnect':
        if (channel.replay !== null) return null
        channel.replay = new Replay(log, 1 + chance.below(REPLAYED_MESSAGES_MAX), nowMs)
        this.replays.add(channel.replay)
        return null
      case 'disconnect':
        counters.faults.disconnect += 1
        this.cut(first)
        return null
      case 'gap':
        channel.withheld = chance.below(GAP_MESSAGES_MAX)
        break
      case 'duplicate':
      case 'malformed':
        break
    }
    counters.faults[fault] += 1
    return fault
  }

  private playReplay(channel: Channel, replay: Replay): void {
    const sent = replay.play((subscriber, message) => {
      const isSent = subscriber.isOpen && subscriber.send(textFor(channel, subscriber, message))
      if (isSent) this.options.counters.framesSent += 1
      return isSent
    })
    if (sent > 0) this.options.counters.faults.duplicateAfterReconnect += 1
    if (!replay.isSettled) return
    this.replays.delete(replay)
    channel.replay = null
  }

  private keepForReplay(
    channel: Channel,
    replay: Replay,
    delivered: {
      readonly message: FlowMessage
      readonly entries: readonly HeldEmission[]
      readonly fate: Fate
      readonly nowMs: number
    },
  ): void {
    const { message, entries, fate, nowMs } = delivered
    if (fate.copies === 0 || !replay.keep(message, entries, nowMs)) return
    const first = firstOf(channel)
    if (first !== undefined) this.cut(first)
  }

  private cut(subscriber: Subscriber): void {
    this.options.counters.cutConnections += 1
    subscriber.disconnect()
  }

  /** How many subscribers took the message, or the damaged text in its place. */
  private send(channel: Channel, message: FlowMessage, damagedText: string | null): number {
    let taken = 0
    for (const subscriber of channel.subscribers) {
      if (subscriber.send(damagedText ?? textFor(channel, subscriber, message))) taken += 1
    }
    this.options.counters.framesSent += taken
    return taken
  }
}

/** A log entry with its fields in the order of the log's lines. */
export function emissionOf(content: EmissionContent, fate: Fate): HeldEmission {
  return {
    exchange: content.exchange,
    market: content.market,
    symbol: content.symbol,
    stream: content.stream,
    table: content.table,
    first: content.first,
    last: content.last,
    prev: content.prev,
    at_ms: content.at_ms,
    sent_ms: content.sent_ms,
    engine_ms: content.engine_ms,
    copies: fate.copies,
    connection: fate.connection,
    fault: fate.fault,
    bids: content.bids,
    asks: content.asks,
    values: content.values,
    wire: fate.wire,
  }
}

function createChannel(streamName: string): Channel {
  const prefix = `{"stream":${JSON.stringify(streamName)},"data":`
  return { subscribers: new Set(), prefix, absence: 'outage', withheld: 0, replay: null }
}

function firstOf(channel: Channel): Subscriber | undefined {
  for (const subscriber of channel.subscribers) if (subscriber.isOpen) return subscriber
  return undefined
}

function textFor(channel: Channel, subscriber: Subscriber, message: FlowMessage): string {
  const payload = message.text.of(subscriber.timeScale)
  return subscriber.isCombined ? `${channel.prefix}${payload}}` : payload
}
