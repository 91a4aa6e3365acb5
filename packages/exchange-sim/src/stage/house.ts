import type { Market as MarketName } from '@cryptoflow/model'
import type { Chance, Clock } from '@cryptoflow/runtime'
import type { SimCounters } from '../counters.ts'
import type { EmissionContent } from '../emission-log.ts'
import type { Fanout, SimMessage, Spoiling } from '../fanout.ts'
import type { DoorRules } from './door.ts'
import type { Peer } from './peer.ts'

/** A message of a house. */
export interface HouseMessage extends SimMessage {
  /**
   * The frame as this peer gets it. It is asked once for each frame that is, or would have been, sent: a house that
   * numbers its frames by connection counts here, so that a withheld frame leaves a hole in the count.
   */
  textFor(peer: Peer): string
  /** The same with this fault, in the frame and in its contents; null where it cannot have it. */
  readonly spoiled?: (fault: Spoiling, chance: Chance) => HouseMessage | null
}

export type HouseFanout = Fanout<HouseMessage, Peer>

export interface HouseOptions {
  readonly market: MarketName
  /** As the exchange's streams spell them. A factory throws a usage error for one that it cannot list. */
  readonly symbols: readonly string[]
  readonly seed: number
  /** Exchange time of the beginning, milliseconds. */
  readonly startMs: number
  /** Means per symbol. */
  readonly tradesPerSecond: number
  readonly levelChangesPerSecond: number
  readonly liquidationsPerMinute: number
  /** Levels a side that books are opened with and tend to; null: by symbol. */
  readonly bookLevels: number | null
  readonly clock: Clock
  readonly counters: SimCounters
  /** Where messages go: `deliver` to all subscribers of their stream; the house answers what exists by `open`. */
  readonly fanout: HouseFanout
}

/** An answer to a REST request. */
export interface HouseAnswer {
  readonly status: number
  /** JSON. */
  readonly body: string
  /** Events that it carries, logged when it has ended: as stored by nobody when it was cut off. */
  readonly contents: readonly EmissionContent[]
  readonly headers?: Readonly<Record<string, string>>
}

/** One client's conversation. */
export interface Session {
  /** The client sent this. */
  hear(text: string, isBinary: boolean): void
  /** The client sent a ping of the protocol; it is answered already. Absent: that means nothing here. */
  pinged?(): void
}

/**
 * One market of an exchange on the stage: what it tells, in its own words, and what it understands.
 *
 * What it tells is a pure function of the options and of the times that `step` was called with.
 */
export interface House {
  /** Who is let in at all; everybody else is refused before `welcome`, and before `answer`. */
  readonly door: DoorRules
  /** Whether there is a stream of this name; from now on it is told. */
  open(streamName: string): boolean
  /** Lets the market go on to `nowMs`, a time of the stage's grid, and delivers what is told. */
  step(nowMs: number): void
  /** Jumps to `toMs` without anything happening in between. */
  halt(toMs: number): void
  /** A client came to this address; null: there is nothing. The peer is open; what is sent to it now comes first. */
  welcome(peer: Peer, url: URL): Session | null
  /** Null: no such endpoint. */
  answer(url: URL): HouseAnswer | null
}

export type HouseFactory = (options: HouseOptions) => House
