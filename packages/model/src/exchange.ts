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
 * `closing`: the exchange says that it will end this connection. `ignored`: known and not stored, `reason` says what
 * it is. `unknown`, `malformed`: dead letters.
 */
export type DecodeOutcome =
  | { readonly kind: 'events' | 'heartbeat' | 'closing' }
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
  /** Empty when the answer is about the whole market. */
  readonly symbol: string
  /** The stream whose book asked for it, or the polled stream that it is a message of. */
  readonly stream: string
  /**
   * Which of the key's resyncs asked: dense from 1 per key; a later number makes earlier answers worthless.
   * 0 where no book asked.
   */
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

/** A REST request by its path, with what it costs. */
export interface RestRequest {
  /** Path and query, to be put behind the market's REST address. */
  readonly path: string
  readonly weight: number
}

/** How a stream without a websocket is asked for again and again. */
export interface PollSpec {
  /** Default distance of two questions for one symbol (or for the market), milliseconds. */
  readonly everyMs: number
  /** `symbol` is empty for a stream of the whole market. */
  request(symbol: string): RestRequest
}

/** One stream kind that a market offers. */
export interface StreamSpec {
  /** The channel as the exchange writes it, without its symbol: `trade`, `depth@100ms`; polled: the endpoint's name. */
  readonly name: string
  /** Where its events are stored. */
  readonly table: TableName
  /** `symbol`: subscribed or asked for symbol by symbol; `market`: one subscription or question brings all symbols. */
  readonly scope: 'symbol' | 'market'
  /** Which of the session's routes carries it; null for a polled stream. */
  readonly route: string | null
  /**
   * How its sequence goes on from message to message: a BookRule's `follows`, or by ids that grow by one.
   * Null: no continuity rule, gaps are known by connection only.
   */
  readonly follows: BookRule['follows'] | null
  /** Present when the stream is a book that starts from a REST snapshot. */
  readonly book: BookRule | null
  /** Present when the stream is polled by REST. */
  readonly poll: PollSpec | null
}

/** How to hold a conversation with the exchange. Every number has its source. */
export interface SessionSpec {
  /** Addresses to connect to, by the name of the route; streams are subscribed afterwards. One connection, one route. */
  readonly routes: Readonly<Record<string, string>>
  readonly restUrl: string
  /** Markets whose requests count against one budget have the same pool. */
  readonly restPool: string
  readonly streamsPerConnectionMax: Limit
  readonly messagesPerSecondMax: Limit
  readonly subscribeFrameBytesMax: Limit
  readonly connectsPerFiveMinutesMax: Limit
  readonly connectionLifeMs: Limit
  readonly serverPingMs: Limit
  readonly restWeightPerMinute: Limit
  /** Header of REST answers that says how much of the minute's weight is used; null where there is none. */
  readonly usedWeightHeader: string | null
  /** Wire name of a stream: `btcusdt@depth@100ms`; `symbol` is empty for a stream of the whole market. */
  streamName(stream: string, symbol: string): string
  subscribeFrame(streamNames: readonly string[], id: number): string
  /** The book snapshot request. */
  snapshotRequest(symbol: string): RestRequest
}

/** What a REST answer that somebody else recorded is about. */
export interface RecognisedAnswer {
  /** `book`: a snapshot of the symbol's book. */
  readonly stream: string | 'book'
  /** Null where neither address nor body names it; empty for the whole market. */
  readonly symbol: string | null
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
  /** Streams to take for a table when nothing else is said, and only for tables that the market can fill. */
  readonly collectors: Readonly<Partial<Record<TableName, readonly string[]>>>
  /** Reads one websocket frame. Never throws; on anything but `events` the batch is as before. */
  decodeFrame(bytes: Uint8Array, out: EventBatch): DecodeOutcome
  /** Reads the body of a REST answer. Never throws; on anything but `events` the batch is as before. */
  decodeAnswer(context: AnswerContext, body: Uint8Array, out: EventBatch): DecodeOutcome
  /**
   * What a REST answer recorded by somebody else is about, by its address (null: unknown) and body. Null: no answer
   * that this market reads. For imports. Never throws.
   */
  recognise(url: string | null, body: Uint8Array): RecognisedAnswer | null
}
