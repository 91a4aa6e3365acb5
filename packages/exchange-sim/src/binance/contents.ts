import type { TableName } from '@cryptoflow/model'
import type { EmissionContent } from '../emission-log.ts'
import type { MarketTrade } from '../market.ts'
import type { BookMessage, QuoteMessage } from './dialect.ts'
import type { ForcedOrder } from './forced-orders.ts'
import { orderStatusOf, tradeTypeOf } from './futures-dialect.ts'
import type { Marks } from './marks.ts'
import type { Aggregate } from './prints.ts'
import type { Listed } from './symbols.ts'
import { eighthsText, microsText, priceText, quantityText } from './text.ts'

/** Where an event appears: the stream and table of the log, and the exchange time of its generation. */
export interface Place {
  readonly listed: Listed
  readonly stream: string
  readonly table: TableName
  readonly atMs: number
}

type Facts = Partial<Pick<EmissionContent, 'first' | 'last' | 'prev' | 'sent_ms' | 'engine_ms'>> & {
  readonly bids?: EmissionContent['bids']
  readonly asks?: EmissionContent['asks']
  readonly values?: EmissionContent['values']
}

const NO_LEVELS: EmissionContent['bids'] = []

function contentOf({ listed, stream, table, atMs }: Place, facts: Facts): EmissionContent {
  return {
    exchange: 'binance',
    market: listed.market,
    symbol: listed.symbol,
    stream,
    table,
    first: facts.first ?? null,
    last: facts.last ?? null,
    prev: facts.prev ?? null,
    is_snapshot: false,
    unit: listed.market === 'inverse' ? 'contracts' : 'base',
    depth: null,
    is_answer: false,
    checksum: null,
    at_ms: atMs,
    sent_ms: facts.sent_ms ?? null,
    engine_ms: facts.engine_ms ?? null,
    bids: facts.bids ?? NO_LEVELS,
    asks: facts.asks ?? NO_LEVELS,
    values: facts.values ?? null,
  }
}

const isSpot = (place: Place): boolean => place.listed.market === 'spot'

export function tradeContent(place: Place, trade: MarketTrade): EmissionContent {
  return contentOf(place, {
    first: trade.id,
    last: trade.id,
    sent_ms: place.atMs,
    engine_ms: trade.timeMs,
    values: {
      trade_id: String(trade.id),
      kind: 'trade',
      side: trade.side,
      price: priceText(place.listed, trade.price),
      quantity: quantityText(place.listed, trade.quantity),
      trade_count: null,
      first_trade_id: null,
      last_trade_id: null,
      trade_type: isSpot(place) ? null : tradeTypeOf(trade),
    },
  })
}

export function aggregateContent(place: Place, aggregate: Aggregate): EmissionContent {
  return contentOf(place, {
    first: aggregate.id,
    last: aggregate.id,
    sent_ms: place.atMs,
    engine_ms: aggregate.timeMs,
    values: {
      trade_id: String(aggregate.id),
      kind: 'aggregate',
      side: aggregate.side,
      price: priceText(place.listed, aggregate.price),
      quantity: quantityText(place.listed, aggregate.quantity),
      trade_count: String(aggregate.last - aggregate.first + 1),
      first_trade_id: String(aggregate.first),
      last_trade_id: String(aggregate.last),
      trade_type: null,
    },
  })
}

/** Spot diffs do not name their predecessor, and say when they were sent but not when they came about. */
export function diffContent(place: Place, book: BookMessage): EmissionContent {
  return contentOf(place, {
    first: book.first,
    last: book.last,
    prev: isSpot(place) ? null : book.prev,
    sent_ms: book.sentMs,
    engine_ms: isSpot(place) ? null : book.timeMs,
    bids: book.bids,
    asks: book.asks,
  })
}

/** An image of limited depth, or a book answered by REST: spot ones say nothing of time. */
export function bookContent(
  place: Place,
  book: Pick<BookMessage, 'last' | 'timeMs' | 'sentMs' | 'bids' | 'asks'>,
): EmissionContent {
  return contentOf(place, {
    last: book.last,
    sent_ms: isSpot(place) ? null : book.sentMs,
    engine_ms: isSpot(place) ? null : book.timeMs,
    bids: book.bids,
    asks: book.asks,
  })
}

export function quoteContent(place: Place, quote: QuoteMessage): EmissionContent {
  return contentOf(place, {
    last: quote.last,
    sent_ms: isSpot(place) ? null : quote.sentMs,
    engine_ms: isSpot(place) ? null : quote.timeMs,
    values: {
      bid_price: quote.bid[0],
      bid_quantity: quote.bid[1],
      ask_price: quote.ask[0],
      ask_quantity: quote.ask[1],
    },
  })
}

/** Marks of a stream, which says when it was sent, or of an answer, which says of when they are. */
export function marksContent(place: Place, marks: Marks, source: 'stream' | 'answer'): EmissionContent {
  return contentOf(place, {
    sent_ms: source === 'stream' ? place.atMs : null,
    engine_ms: source === 'answer' ? marks.timeMs : null,
    values: fundingValues({
      mark_price: eighthsText(marks.markPrice),
      index_price: eighthsText(marks.indexPrice),
      estimated_settle_price: eighthsText(marks.settlePrice),
      funding_rate: marks.fundingRate === null ? null : eighthsText(marks.fundingRate),
      funding_ts: marks.fundingMs === null ? null : microsText(marks.fundingMs),
    }),
  })
}

/** How often funding is paid, from the list of symbols whose interval is not the usual one. */
export function intervalContent(place: Place): EmissionContent {
  return contentOf(place, { values: fundingValues({ interval_hours: String(place.listed.fundingHours) }) })
}

export function forcedOrderContent(place: Place, order: ForcedOrder): EmissionContent {
  const { listed } = place
  return contentOf(place, {
    sent_ms: place.atMs,
    engine_ms: order.timeMs,
    values: {
      side: order.side,
      position_side: order.side === 'sell' ? 'long' : 'short',
      price: priceText(listed, order.price),
      price_kind: 'order',
      average_price: priceText(listed, order.averagePrice),
      quantity: quantityText(listed, order.quantity),
      filled_quantity: quantityText(listed, order.filled),
      status: orderStatusOf(order),
      sampled: 'true',
    },
  })
}

export function openInterestContent(place: Place, openInterest: string, timeMs: number): EmissionContent {
  return contentOf(place, { engine_ms: timeMs, values: { open_interest: openInterest } })
}

/** A symbol of the instrument list; `raw` is its object as it stands in the answer. */
export function instrumentContent(place: Place, status: string, raw: string): EmissionContent {
  const { listed } = place
  return contentOf(place, {
    values: {
      base: listed.base,
      quote: listed.quote,
      settle: listed.settle,
      type: typeOf(listed),
      status,
      tick_size: priceText(listed, 1),
      lot_size: quantityText(listed, 1),
      contract_size: listed.contractSize === null ? null : String(listed.contractSize),
      contract_unit: listed.contractSize === null ? null : listed.quote,
      listed_ts: listed.contractType === null ? null : microsText(listed.onboardMs),
      expiry_ts: listed.deliveryMs === null ? null : microsText(listed.deliveryMs),
      raw,
    },
  })
}

function fundingValues(known: Readonly<Record<string, string>> | Readonly<Record<string, string | null>>) {
  return {
    mark_price: null,
    index_price: null,
    estimated_settle_price: null,
    funding_rate: null,
    funding_ts: null,
    interval_hours: null,
    kind: 'current',
    ...known,
  }
}

function typeOf(listed: Listed): 'spot' | 'perpetual' | 'future' {
  if (listed.contractType === null) return 'spot'
  return listed.deliveryMs === null ? 'perpetual' : 'future'
}
