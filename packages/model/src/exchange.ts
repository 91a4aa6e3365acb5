import type { EventBatch } from './events.ts'
import type { Market } from './key.ts'
import type { TableName } from './tables.ts'

/** A number from outside, with where and when it was read. */
export interface Limit {
  readonly value: number
  readonly source: string
  /** ISO date. */
  readonly read: string
}

/**
 * What became of a frame.
 *
 * `events`: appended to the batch. `ack`, `refused`: answers to a subscription. `heartbeat`: alive, no data.
 * `ignored`: known and not stored, `reason` says what it is. `unknown`, `malformed`: dead letters.
 */
export type DecodeOutcome =
  | { readonly kind: 'events' | 'heartbeat' }
  | { readonly kind: 'ack'; readonly id: number }
  | { readonly kind: 'refused'; readonly id: number | null; readonly detail: string }
  | { readonly kind: 'ignored'; readonly reason: string }
  | { readonly kind: 'unknown' | 'malformed'; readonly reason: DeadLetterReason; readonly detail: string }

/** Few values: they label metrics and rows. */
export type DeadLetterReason =
  | 'malformed'
  | 'unknown_message'
  | 'number_out_of_range'
  | 'absurd_time'
  | 'too_many_levels'
  | 'bad_symbol'

/** What a REST answer answers; journaled beside its body. */
export interface AnswerContext {
  readonly exchange: string
  readonly market: Market
  readonly symbol: string
  /** The stream whose book asked for it. */
  readonly stream: string
  /** Which of the key's resyncs asked: dense from 1 per key; a later number makes earlier answers worthless. */
  readonly resync: number
  /** HTTP status; decoders see only 200. */
  readonly status: number
}

/** How a delta stands to a position in its sequence. */
export type Continuity = 'next' | 'stale' | 'gap'

/**
 * When a delta joins a snapshot, and when it follows another delta. Pure, on the exchange's own numbers
 * (NaN = absent).
 */
export interface BookRule {
  joins(snapshotSeq: number, firstSeq: number, lastSeq: number, prevSeq: number): Continuity
  follows(lastSeq: number, firstSeq: number, nextLastSeq: number, prevSeq: number): Continuity
}

/** One stream kind that a market offers. */
export interface StreamSpec {
  /** The channel as the exchange writes it, without its symbol: `trade`, `depth@100ms`. */
  readonly name: string
  /** Where its events are stored; null: decoded for checks, not stored. */
  readonly table: TableName | null
  /**
   * How its sequence goes on from message to message: a BookRule's `follows`, or by ids that grow by one.
   * Null: no continuity rule, gaps are known by connection only.
   */
  readonly follows: BookRule['follows'] | null
  /** Present when the stream is a book that starts from a REST snapshot. */
  readonly book: BookRule | null
}

/** How to hold a conversation with the exchange. Every number has its source. */
export interface SessionSpec {
  /** Address to connect to; streams are subscribed afterwards. */
  readonly wsUrl: string
  readonly restUrl: string
  readonly streamsPerConnectionMax: Limit
  readonly messagesPerSecondMax: Limit
  readonly subscribeFrameBytesMax: Limit
  readonly connectionLifeMs: Limit
  readonly serverPingMs: Limit
  readonly restWeightPerMinute: Limit
  /** Wire name of a stream of a symbol: `btcusdt@depth@100ms`. */
  streamName(stream: string, symbol: string): string
  subscribeFrame(streamNames: readonly string[], id: number): string
  /** Path and weight of the book snapshot request. */
  snapshotRequest(symbol: string): { readonly path: string; readonly weight: number }
}

/** One market of an exchange: pure knowledge, no I/O, no clock, no memory between calls. */
export interface ExchangeMarket {
  readonly exchange: string
  readonly market: Market
  readonly decoderVersion: string
  /** Unit of quantities on this market. */
  readonly quantityUnit: 'base' | 'quote' | 'contracts'
  readonly session: SessionSpec
  readonly streams: readonly StreamSpec[]
  /** Reads one websocket frame. Never throws; on anything but `events` the batch is as before. */
  decodeFrame(bytes: Uint8Array, out: EventBatch): DecodeOutcome
  /** Reads the body of a REST answer. Never throws; on anything but `events` the batch is as before. */
  decodeAnswer(context: AnswerContext, body: Uint8Array, out: EventBatch): DecodeOutcome
}
