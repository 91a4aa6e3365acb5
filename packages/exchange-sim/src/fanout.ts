import type { Chance } from '@cryptoflow/runtime'
import type { SimCounters } from './counters.ts'
import { damaged } from './damage.ts'
import type { Emission, EmissionContent } from './emission-log.ts'
import {
  type FaultKind,
  GAP_MESSAGES_MAX,
  REPLAYED_MESSAGES_MAX,
  type SilentFaultKind,
  silentFaultKinds,
} from './faults.ts'
import type { HeldEmission, HeldLog } from './held-log.ts'
import type { MessageKind, Mischief } from './mischief.ts'
import { Replay } from './replay.ts'

/** A connection as the fan-out sees it. */
export interface Subscriber {
  /** The server's number of the connection, from 1. */
  readonly number: number
  /** False from the moment either side begins to close. */
  readonly isOpen: boolean
  /** Answers whether the text was sent. */
  send(text: string): boolean
  /** Closes gracefully: everything sent before arrives. Leaves the fan-out at once. */
  disconnect(): void
}

/** Why nobody is subscribed to a stream. */
export type Absence = 'disconnect' | 'outage'

/** One message of one stream of one host. */
export interface SimMessage {
  /** What subscribers name. */
  readonly streamName: string
  /** The events that are logged with it. */
  readonly contents: readonly EmissionContent[]
  readonly kind: MessageKind
}

/** Faults that hit the message itself. */
type OwnFault = 'gap' | 'duplicate' | 'malformed' | Spoiling

/** Faults that are in the message from the beginning. */
export type Spoiling = 'wrongChecksum' | SilentFaultKind

type Fate = Pick<Emission, 'copies' | 'connection' | 'fault' | 'wire'>

interface Channel<M, S> {
  /** In order of subscription. */
  readonly subscribers: Set<S>
  absence: Absence
  /** How many more messages an injected gap withholds. */
  withheld: number
  replay: Replay<M, S> | null
}

export interface FanoutOptions<M extends SimMessage, S extends Subscriber> {
  /** Answers whether there is a stream of this name, which is told from now on. */
  readonly open: (streamName: string) => boolean
  /** The same message with this fault in its frame and contents; null where it cannot have it. */
  readonly spoil?: (message: M, fault: Spoiling, chance: Chance) => M | null
  /** The message as this subscriber gets it; asked once for each time that it is, or would have been, sent. */
  readonly textFor: (message: M, subscriber: S) => string
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
export class Fanout<M extends SimMessage, S extends Subscriber> {
  private readonly options: FanoutOptions<M, S>
  private readonly channels = new Map<string, Channel<M, S>>()
  private readonly replays = new Set<Replay<M, S>>()

  constructor(options: FanoutOptions<M, S>) {
    this.options = options
  }

  /** From now on the subscriber gets the stream; a stream that does not exist stays silent. */
  subscribe(streamName: string, subscriber: S): void {
    let channel = this.channels.get(streamName)
    if (channel === undefined) {
      if (!this.options.open(streamName)) return
      channel = { subscribers: new Set(), absence: 'outage', withheld: 0, replay: null }
      this.channels.set(streamName, channel)
    }
    channel.subscribers.add(subscriber)
    channel.absence = 'outage'
    channel.replay?.welcome(subscriber)
  }

  unsubscribe(streamName: string, subscriber: S, absence: Absence): void {
    const channel = this.channels.get(streamName)
    if (channel === undefined || !channel.subscribers.delete(subscriber)) return
    if (channel.subscribers.size > 0) return
    channel.absence = absence
    channel.withheld = 0
  }

  /** Delivers and logs a message of a stream that was opened. */
  deliver(message: M, nowMs: number): void {
    const channel = this.channels.get(message.streamName) as Channel<M, S>
    const { counters, log } = this.options
    if (channel.replay !== null) this.playReplay(channel, channel.replay)
    let fault = this.faultOf(channel, message, nowMs)
    if (isSpoiling(fault)) {
      const spoiled = this.options.spoil?.(message, fault, this.options.mischief.chance) ?? null
      if (spoiled === null) {
        counters.faults[fault] -= 1
        fault = null
      } else message = spoiled
    }
    const fate = this.carry(channel, message, fault)
    const entries = message.contents.map((content) => emissionOf(content, fate))
    for (const entry of entries) log.append(entry)
    counters.generated += entries.length
    if (channel.replay !== null)
      this.keepForReplay(channel, channel.replay, { message, entries, fate, nowMs })
  }

  /** Delivers and logs a message that one subscriber asked for, such as the book that its subscription begins with. */
  deliverTo(subscriber: S, message: M): void {
    const { counters, log, textFor } = this.options
    const isSent = subscriber.send(textFor(message, subscriber))
    const fate: Fate = {
      copies: isSent ? 1 : 0,
      connection: subscriber.number,
      fault: isSent ? null : 'outage',
      wire: null,
    }
    for (const content of message.contents) log.append(emissionOf(content, fate))
    counters.generated += message.contents.length
    if (isSent) counters.framesSent += 1
  }

  /** Gives up replays that nobody came back for; without a time, all of them. */
  giveUpReplays(nowMs?: number): void {
    for (const replay of this.replays) {
      replay.giveUp(nowMs)
      if (replay.isSettled) this.replays.delete(replay)
    }
  }

  /** Sends a message as its fault will have it and answers what became of it. */
  private carry(channel: Channel<M, S>, message: M, fault: OwnFault | null): Fate {
    const first = firstOf(channel)
    if (first === undefined) return { copies: 0, connection: null, fault: channel.absence, wire: null }
    const connection = first.number
    const texts = this.textsOf(channel, message)
    if (fault === 'gap') return { copies: 0, connection, fault, wire: null }
    const { chance } = this.options.mischief
    const wire = fault === 'malformed' ? damaged(texts.get(first) as string, chance) : null
    if (wire !== null) leaveEqual(texts, texts.get(first) as string)
    const sent = this.send(texts, wire)
    if (sent === 0) return { copies: 0, connection, fault: channel.absence, wire: null }
    if (wire !== null) return { copies: 0, connection, fault, wire }
    const copies = fault === 'duplicate' ? sent + this.send(texts, null) : sent
    return { copies, connection, fault, wire }
  }

  /** What hits the next message of a channel itself; what hits its connection or its book has begun then. */
  private faultOf(channel: Channel<M, S>, message: M, nowMs: number): OwnFault | null {
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
    channel: Channel<M, S>,
    { first, message, nowMs }: { readonly first: S; readonly message: M; readonly nowMs: number },
  ): OwnFault | null {
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
      case 'wrongChecksum':
      case 'corruptLevel':
      case 'omitDelete':
        break
    }
    counters.faults[fault] += 1
    return fault
  }

  private playReplay(channel: Channel<M, S>, replay: Replay<M, S>): void {
    const sent = replay.play((subscriber, message) => {
      const isSent = subscriber.isOpen && subscriber.send(this.options.textFor(message, subscriber))
      if (isSent) this.options.counters.framesSent += 1
      return isSent
    })
    if (sent > 0) this.options.counters.faults.duplicateAfterReconnect += 1
    if (!replay.isSettled) return
    this.replays.delete(replay)
    channel.replay = null
  }

  private keepForReplay(
    channel: Channel<M, S>,
    replay: Replay<M, S>,
    delivered: {
      readonly message: M
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

  private cut(subscriber: S): void {
    this.options.counters.cutConnections += 1
    subscriber.disconnect()
  }

  private textsOf(channel: Channel<M, S>, message: M): Map<S, string> {
    const { textFor } = this.options
    return new Map(
      Array.from(channel.subscribers, (subscriber) => [subscriber, textFor(message, subscriber)]),
    )
  }

  /** How many subscribers took their texts, or the damaged one in their place. */
  private send(texts: ReadonlyMap<S, string>, damagedText: string | null): number {
    let taken = 0
    for (const [subscriber, text] of texts) if (subscriber.send(damagedText ?? text)) taken += 1
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
    is_snapshot: content.is_snapshot,
    unit: content.unit,
    depth: content.depth,
    is_answer: content.is_answer,
    checksum: content.checksum,
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

function isSpoiling(fault: OwnFault | null): fault is Spoiling {
  return fault === 'wrongChecksum' || silentFaultKinds.some((kind) => kind === fault)
}

function firstOf<S extends Subscriber>(channel: { readonly subscribers: ReadonlySet<S> }): S | undefined {
  for (const subscriber of channel.subscribers) if (subscriber.isOpen) return subscriber
  return undefined
}

/** Whose frame says something else, such as its place on the connection, cannot get another's damaged text. */
function leaveEqual<S>(texts: Map<S, string>, text: string): void {
  for (const [subscriber, own] of texts) if (own !== text) texts.delete(subscriber)
}
