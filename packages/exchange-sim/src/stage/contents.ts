import type { Market as MarketName, TableName } from '@cryptoflow/model'
import type { EmissionContent, LevelText } from '../emission-log.ts'
import { unitOf } from './units.ts'

/** Where an event appears: its key, its stream and table, and the exchange time of its generation. */
export interface Place {
  readonly exchange: string
  readonly market: MarketName
  readonly symbol: string
  /** Name of the stream as the adapter lists it, without its symbol. */
  readonly stream: string
  readonly table: TableName
  readonly atMs: number
}

/** What the wire says of times, milliseconds; absent: nothing. */
export interface Times {
  readonly sentMs?: number
  readonly engineMs?: number
}

const NO_LEVELS: readonly LevelText[] = []

function contentOf(
  place: Place,
  { sentMs, engineMs }: Times,
  facts: Partial<EmissionContent>,
): EmissionContent {
  const { exchange, market, symbol, stream, table, atMs } = place
  return {
    exchange,
    market,
    symbol,
    stream,
    table,
    first: null,
    last: null,
    prev: null,
    is_snapshot: false,
    unit: unitOf(exchange, market),
    depth: null,
    is_answer: false,
    checksum: null,
    at_ms: atMs,
    sent_ms: sentMs ?? null,
    engine_ms: engineMs ?? null,
    bids: NO_LEVELS,
    asks: NO_LEVELS,
    values: null,
    ...facts,
  }
}

export interface TradeFacts {
  /** As stored. */
  readonly id: string
  readonly kind?: 'trade' | 'aggregate' | 'block'
  /** The taker's. */
  readonly side: 'buy' | 'sell'
  readonly price: string
  readonly quantity: string
  /** First and last number of a sequence in which trades have no holes; absent: there is none. */
  readonly first?: number
  readonly last?: number
  /** Of an aggregate. */
  readonly firstTradeId?: string
  readonly lastTradeId?: string
  readonly count?: number
  /** The exchange's own word. */
  readonly type?: string
}

export function tradeContent(place: Place, times: Times, trade: TradeFacts): EmissionContent {
  return contentOf(place, times, {
    first: trade.first ?? null,
    last: trade.last ?? null,
    values: {
      trade_id: trade.id,
      kind: trade.kind ?? 'trade',
      side: trade.side,
      price: trade.price,
      quantity: trade.quantity,
      trade_count: trade.count === undefined ? null : String(trade.count),
      first_trade_id: trade.firstTradeId ?? null,
      last_trade_id: trade.lastTradeId ?? null,
      trade_type: trade.type ?? null,
    },
  })
}

export interface BookFacts {
  /** Sequences as the wire names them; absent: it does not. Of a whole book only `last`. */
  readonly first?: number
  readonly last?: number
  readonly prev?: number
  /** Levels in the order of the wire; quantity 0 removes. */
  readonly bids: readonly LevelText[]
  readonly asks: readonly LevelText[]
  readonly isSnapshot: boolean
  readonly checksum?: number
  /** Levels a side that a listener must cut the book to; absent: every removal is told. */
  readonly depth?: number
}

/** An update of a book, a whole book inside its stream, or (in an image table) the exchange's own limited book. */
export function bookContent(place: Place, times: Times, book: BookFacts): EmissionContent {
  return contentOf(place, times, {
    first: book.first ?? null,
    last: book.last ?? null,
    prev: book.prev ?? null,
    is_snapshot: book.isSnapshot,
    depth: book.depth ?? null,
    checksum: book.checksum === undefined ? null : String(book.checksum),
    bids: book.bids,
    asks: book.asks,
  })
}

/** A best bid and offer; `null` for a side that the message does not carry. */
export function quoteContent(
  place: Place,
  times: Times,
  {
    last,
    bid,
    ask,
  }: { readonly last?: number; readonly bid: LevelText | null; readonly ask: LevelText | null },
): EmissionContent {
  return contentOf(place, times, {
    last: last ?? null,
    values: {
      bid_price: bid?.[0] ?? null,
      bid_quantity: bid?.[1] ?? null,
      ask_price: ask?.[0] ?? null,
      ask_quantity: ask?.[1] ?? null,
    },
  })
}

/** One row of a table that is neither trades nor a book; `values` are its own columns by name. */
export function toldContent(place: Place, times: Times, values: EmissionContent['values']): EmissionContent {
  return contentOf(place, times, { values })
}

/** Values of the table `funding`, absent ones filled up. */
export function fundingValues(known: Readonly<Record<string, string | null>>): EmissionContent['values'] {
  return {
    mark_price: null,
    index_price: null,
    estimated_settle_price: null,
    funding_rate: null,
    predicted_rate: null,
    funding_ts: null,
    interval_hours: null,
    kind: 'current',
    ...known,
  }
}
