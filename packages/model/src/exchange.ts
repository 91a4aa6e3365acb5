import type { DecimalColumn } from './columns.ts'
import type { Continuity, Follows } from './continuity.ts'
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
 * it is. `outside`: no message that this market keeps. `unknown`, `malformed`: dead letters.
 */
export type DecodeOutcome =
  | { readonly kind: 'events' | 'heartbeat' | 'closing' }
  | Ack
  | Refusal
  | { readonly kind: 'ignored'; readonly reason: string }
  | { readonly kind: 'outside'; readonly reason: OutsideReason }
  | { readonly kind: 'unknown' | 'malformed'; readonly reason: DeadLetterReason; readonly detail: string }

/** A subscription is confirmed: the request of that id, or (`streams`, wire names) those streams, or both. */
export interface Ack {
  readonly kind: 'ack'
  /** Null where the answer does not say which request it answers. */
  readonly id: number | null
  readonly streams?: readonly string[]
}

/**
 * A subscription is refused. `streams`, wire names: those that the answer names. Some exchanges let the rest of the
 * request stand, others void the whole of it: then the others are asked for again.
 */
export interface Refusal {
  readonly kind: 'refused'
  readonly id: number | null
  readonly detail: string
  readonly streams?: readonly string[]
}

/**
 * Why a message is none of ours. `obsolete_protocol`: the exchange speaks so no more, and neither does anything else
 * on that connection count. `out_of_scope`: of a kind of instrument that we do not keep. `generated`: made by a
 * recorder. `other_market`: another market of the same exchange reads it.
 */
export type OutsideReason = 'obsolete_protocol' | 'out_of_scope' | 'generated' | 'other_market'

/** Few values: they label metrics and rows. */
export type DeadLetterReason =
  | 'malformed'
  | 'unknown_message'
  | 'number_out_of_range'
  | 'absurd_time'
  | 'too_many_levels'
  | 'bad_symbol'
  | 'invalid_book'

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
  /**
   * Of a polled book image: the largest spread that is believed, percent of the middle between the best prices.
   * Absent: any.
   */
  readonly spreadMaxPercent?: number
  /** Of a book that is compared with ours: the record that asked. Absent: it is no audit. */
  readonly audit?: number
  /** The body is the frame that a subscription of the audit's own began with. Absent: it is that of a REST answer. */
  readonly isFrame?: true
}

/** How a book begins, how it goes on, and how one knows that it is right. */
export type BookRule = RestBookRule | StreamBookRule

/** A book that begins with a snapshot asked for by REST, which the deltas of the stream join. */
export interface RestBookRule {
  readonly origin: 'rest'
  joins(snapshotSeq: number, firstSeq: number, lastSeq: number, prevSeq: number): Continuity
  readonly follows: Follows
}

/**
 * A book whose snapshots come in its stream: the first message is one, and any later one replaces the book. To get
 * another, the stream is subscribed again.
 */
export interface StreamBookRule {
  readonly origin: 'stream'
  /** Null: deltas have no sequence; then only the connection and the checksum tell that one is missing. */
  readonly follows: Follows | null
  /**
   * Levels a side that the exchange keeps, ascending where the subscriber chooses: after each message the book is cut
   * to what was subscribed, and where no record says what that was, to the least that holds the snapshot. Null: the
   * exchange removes every level itself.
   */
  readonly depths: readonly number[] | null
  /**
   * Which of `depths` is subscribed, where the stream's name does not say it: it becomes part of the connect record,
   * and what stands there counts for the books of that connection. Absent: the name says it, or there is no choice.
   */
  readonly subscribed?: number
  readonly checksum: BookChecksum | null
  /**
   * How a delta stands to a snapshot that another connection brought, where both count the same updates: such a book is
   * audited by a subscription of its own. Absent: the exchange does not say that they do, or numbers nothing.
   */
  readonly joins?: RestBookRule['joins']
}

/** What the exchange sends to prove a book, recomputed from ours. */
export interface BookChecksum {
  /** Levels a side that it covers. */
  readonly depth: number
  /**
   * Of the book after the message that brought the checksum; the number that `EventBatch.checksum` must equal. NaN: it
   * cannot be computed, because what it needs was not heard.
   */
  of(top: BookTop): number
}

/** The best levels of a book as they were written on the wire: mantissa and number of fraction digits. */
export interface BookTop {
  readonly bids: TopSide
  readonly asks: TopSide
  /** Fraction digits that the instrument list promises for prices and quantities; -1 while no list was heard. */
  readonly priceScale: number
  readonly quantityScale: number
}

/** Levels 0 (best) ... count - 1. */
export interface TopSide {
  readonly count: number
  readonly price: DecimalColumn
  readonly quantity: DecimalColumn
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
  /** Of book images: most levels a side that can be asked for. Absent where there is no depth to choose. */
  readonly levelsMax?: number
  /** `symbol` is empty for a stream of the whole market. Streams whose request is the same share its answer. */
  request(symbol: string): RestRequest
  /**
   * What to ask for next when this body answered `request` or a page after it; null: it was the last page. Absent: an
   * answer is never one of several. Never throws.
   */
  nextPage?(symbol: string, body: Uint8Array): RestRequest | null
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
   * The stream whose messages bring this one too, for another table: it has no subscription of its own, its route is
   * the same. Null: it is subscribed (or polled) itself.
   */
  readonly within: string | null
  /**
   * How its sequence goes on from message to message: a BookRule's `follows`, or by ids that grow by one.
   * Null: no continuity rule, gaps are known by connection only.
   */
  readonly follows: Follows | null
  /** How many of a key's last `EventBatch.textIds` are remembered to know repeats; 0: its events carry none. */
  readonly idWindow: number
  /** Present when the stream is a book. */
  readonly book: BookRule | null
  /**
   * Of a stream of whole book images, where what changes from one image of a key to the next is stored, derived by us.
   * Absent: nowhere.
   */
  readonly changes?: 'spot_delta' | 'futures_delta'
  /** Present when the stream is polled by REST. */
  readonly poll: PollSpec | null
}

/** How to hold a conversation with the exchange. Every number has its source; null: the exchange sets none. */
export interface SessionSpec {
  /** Addresses to connect to, by the name of the route; streams are subscribed afterwards. One connection, one route. */
  readonly routes: Readonly<Record<string, string>>
  readonly restUrl: string
  /** Markets whose requests count against one budget have the same pool. */
  readonly restPool: string
  readonly streamsPerConnectionMax: Limit
  readonly messagesPerSecondMax: Limit
  /** Subscribe and unsubscribe requests on one connection; when they are used up, it is replaced. */
  readonly subscribesPerHourMax: Limit | null
  readonly subscribeFrameBytesMax: Limit
  /** Streams in one subscribe frame. */
  readonly streamsPerFrameMax: Limit | null
  readonly connectsPerFiveMinutesMax: Limit
  readonly connectionLifeMs: Limit | null
  /** How often the exchange pings (protocol pings); null: it does not. */
  readonly serverPingMs: Limit | null
  /** What we must say so that the exchange keeps the connection: `frame`, or a protocol ping where it is null. */
  readonly clientPing: { readonly everyMs: Limit; readonly frame: string | null } | null
  /** Sent on every new connection of a route before any subscription; their answers are not waited for. */
  readonly openingFrames: Readonly<Record<string, readonly string[]>>
  /**
   * What confirms a subscription: one answer per frame (`Ack.id`), one per stream or a list of streams
   * (`Ack.streams`), or nothing but its first data.
   */
  readonly confirms: 'frame' | 'stream' | 'data'
  readonly restWeightPerMinute: Limit
  /** Header of REST answers that says how much of the minute's weight is used; null where there is none. */
  readonly usedWeightHeader: string | null
  /** HTTP statuses, beside 418 and 429, that mean: our address is shut out, for this long. */
  readonly restBan: { readonly statuses: readonly number[]; readonly ms: Limit } | null
  /** Wire name of a stream: `btcusdt@depth@100ms`; `symbol` is empty for a stream of the whole market. */
  streamName(stream: string, symbol: string): string
  /** Streams of one frame must have the same group; '' where all may go together. */
  subscribeGroup(streamName: string): string
  /** `streamNames`, at least one, are of one group. The first frame of a connection has id 1, then 2, ... */
  subscribeFrame(streamNames: readonly string[], id: number): string
  /** The opposite; null where there is no such thing, and a new connection is the only way. */
  unsubscribeFrame(streamNames: readonly string[], id: number): string | null
  /** The book snapshot request; null where books begin in their streams. */
  snapshotRequest: ((symbol: string) => RestRequest) | null
}

/** What a REST answer that somebody else recorded is about. */
export interface RecognisedAnswer {
  /** `book`: a snapshot of the symbol's book. `unread`: an answer of this exchange that is not read from recordings. */
  readonly stream: string | 'book' | 'unread'
  /** Null where neither address nor body names it; empty for the whole market. */
  readonly symbol: string | null
}

/** One market of an exchange: pure knowledge, no I/O, no clock, no memory between calls. */
export interface ExchangeMarket {
  readonly exchange: string
  readonly market: Market
  /** Other names that recorders give this exchange, where they mean (also) this market. */
  readonly aliases: readonly string[]
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
  /**
   * Whether a websocket frame recorded by somebody else belongs to this market, where frames alone do not say it: by
   * its address (null: unknown), else by what it says. Null: nothing tells. For imports. Never throws.
   */
  hears(url: string | null, frame: Uint8Array): boolean | null
  /**
   * The symbol that is meant by one which the exchange does not spell so, or whose data it sends under another name:
   * `BTC-USDT` for `BTCUSDT`. The same text: it is none of this market's, and what is meant cannot be told. Null: it
   * may be one. For configuration.
   */
  symbolMeant(symbol: string): string | null
}
