import type { Market as MarketName } from '@cryptoflow/model'
import { type Chance, type Clock, seededChance } from '@cryptoflow/runtime'
import type { WebSocket } from 'ws'
import { binanceHouse } from '../binance/house.ts'
import { createCounters } from '../counters.ts'
import { type Emission, type EmissionRecord, memoryEmissionLog } from '../emission-log.ts'
import { emissionOf, Fanout } from '../fanout.ts'
import type { SilentFaultKind } from '../faults.ts'
import { HeldLog } from '../held-log.ts'
import { type MessageKind, Mischief } from '../mischief.ts'
import type { House, HouseFactory, HouseFanout, HouseMessage } from '../stage/house.ts'
import { houseFactory } from '../stage/houses.ts'
import { Peer } from '../stage/peer.ts'
import { MemorySocket } from './socket.ts'

export interface HallOptions {
  readonly exchange: string
  readonly market: MarketName
  readonly symbols: readonly string[]
  readonly seed: number
  /** Means per symbol. */
  readonly tradesPerSecond: number
  readonly levelChangesPerSecond: number
  readonly liquidationsPerMinute: number
  /** Levels a side that books are opened with and tend to, at least 50. */
  readonly bookLevels: number
  readonly clock: Clock
  /** Asked before each message that may have one: the fault that is in it, which nothing in its stream tells. */
  readonly silentFault?: (message: Pick<Told, 'kind' | 'streamName'>) => SilentFault | null
}

export interface SilentFault {
  readonly kind: SilentFaultKind
  readonly chance: Chance
  /** Told once it took place: a message without a level that goes cannot leave one out. */
  done(): void
}

/** A message that was told, with the events of the log that it carries. */
export interface Told {
  /** Which faults a listener could notice in it; null: it came as the answer to a request. */
  readonly kind: MessageKind | null
  readonly streamName: string
  /** It begins a book anew, however often it comes. */
  readonly isSnapshot: boolean
  /** Complete when the message was carried, which is after its frames were sent. */
  readonly events: readonly EmissionRecord[]
}

/** A frame on its way to a client. */
export interface Delivery {
  readonly bytes: Uint8Array
  /** Null for replies, heartbeats and all else that carries no event. */
  readonly told: Told | null
}

export interface HallClient {
  heard(delivery: Delivery): void
  /** The exchange closed the connection, behind everything sent before. */
  closed(code: number, reason: string): void
}

export interface HallConnection {
  say(text: string): void
  /** Ends it from the client's side; nothing more is heard. */
  leave(): void
}

/** One market of an exchange in memory, without sockets and faults: whoever connects decides what becomes of frames. */
export interface Hall {
  /** Everything emitted, sent or not, in order; `copies` counts what was sent, whatever became of it on its way. */
  readonly records: readonly EmissionRecord[]
  /** Lets the market go on to a time of its grid, milliseconds. */
  step(nowMs: number): void
  /** Null: there is nothing at this address. */
  connect(url: string, client: HallClient): HallConnection | null
  /** Null: no such endpoint. */
  ask(url: string): { readonly status: number; readonly body: Uint8Array; readonly told: Told } | null
}

const encoder = new TextEncoder()

/** Times are those of the clock at the beginning; what is told hangs on the options and the steps alone. */
export function openHall(options: HallOptions): Hall {
  const { clock, exchange } = options
  const counters = createCounters()
  const log = memoryEmissionLog()
  let telling: (Told & { readonly events: EmissionRecord[] }) | null = null
  const held = new HeldLog({
    ...log,
    append(emission: Emission) {
      log.append(emission)
      telling?.events.push(log.records.at(-1) as EmissionRecord)
    },
  })
  const seats: { house: House | null } = { house: null }
  const fanout: HouseFanout = new Fanout<HouseMessage, Peer>({
    open: (streamName) => seats.house?.open(streamName) ?? false,
    textFor: (message, peer) => message.textFor(peer),
    rememberBook: () => {},
    mischief: new Mischief(null, seededChance(0)),
    log: held,
    counters,
  })
  /** While a message is carried, whatever is sent and logged belongs to it. */
  const carrying = ({ kind, streamName, contents }: HouseMessage, carry: () => void): void => {
    const isSnapshot = contents.some((content) => content.is_snapshot)
    telling = { kind, streamName, isSnapshot, events: [] }
    carry()
    telling = null
  }
  const spoiled = (message: HouseMessage): HouseMessage => {
    const fault = message.spoiled === undefined ? null : (options.silentFault?.(message) ?? null)
    const other = fault === null ? null : (message.spoiled?.(fault.kind, fault.chance) ?? null)
    if (other !== null) fault?.done()
    return other ?? message
  }
  const carrier = {
    deliver(told: HouseMessage, nowMs: number) {
      const message = spoiled(told)
      carrying(message, () => fanout.deliver(message, nowMs))
    },
    deliverTo: (peer: Peer, message: HouseMessage) =>
      carrying(message, () => fanout.deliverTo(peer, message)),
  }
  const house = factoryOf(exchange)({
    ...options,
    startMs: Math.floor(clock.nowUs() / 1000),
    counters,
    fanout: carrier as HouseFanout,
  })
  seats.house = house
  let connections = 0
  return {
    records: log.records,
    step: (nowMs) => house.step(nowMs),
    connect(url, client) {
      connections += 1
      const socket = new MemorySocket({
        sent: (bytes) => client.heard({ bytes, told: telling }),
        closed: (code, reason) => client.closed(code, reason),
      })
      const asSocket = socket as unknown as WebSocket
      const peer = new Peer({ number: connections, socket: asSocket, clock, fanout, counters })
      const session = house.welcome(peer, new URL(url))
      if (session === null) return null
      return {
        say: (text) => session.hear(text, false),
        leave: () => socket.leave(),
      }
    },
    ask(url) {
      const answer = house.answer(new URL(url))
      if (answer === null) return null
      const before = log.records.length
      const fate = { copies: 1, connection: null, fault: null, wire: null }
      for (const content of answer.contents) held.append(emissionOf({ ...content, is_answer: true }, fate))
      const events = log.records.slice(before)
      return {
        status: answer.status,
        body: encoder.encode(answer.body),
        told: { kind: null, streamName: '', isSnapshot: true, events },
      }
    },
  }
}

/** The houses of the stage, and the exchange that has servers of its own. */
function factoryOf(exchange: string): HouseFactory {
  return exchange === 'binance' ? binanceHouse : houseFactory(exchange)
}
