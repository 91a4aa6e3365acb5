import type { BookMessage, Dialect } from './dialect.ts'
import type { ForcedOrder } from './forced-orders.ts'
import type { Marks } from './marks.ts'
import type { Listed } from './symbols.ts'
import { eighthsText, levelsJson, priceText, quantityText, WireText } from './text.ts'

/** Which later fields the wire has already. Source: the exchange's change logs, as of 2026-07-24. */
export interface FuturesFields {
  /** Quantity without retail price improvement orders, linear aggregates, since 2025-12-31. */
  readonly hasNormalQuantity: boolean
  /** Moving average of linear mark prices, since 2026-03-16. */
  readonly hasAveragePrice: boolean
  /** Which of the two futures markets, and the pair on linear messages, since 2026-06-30. */
  readonly hasMarketType: boolean
}

/** The fields of a wire format by its ISO date. */
export function futuresFieldsOf(since: string): FuturesFields {
  return {
    hasNormalQuantity: since >= '2025-12-31',
    hasAveragePrice: since >= '2026-03-16',
    hasMarketType: since >= '2026-06-30',
  }
}

export interface FuturesDialect extends Dialect {
  /** One object; of a message of all symbols one of its elements. */
  markPrice(marks: Marks, sentMs: number): string
  forceOrder(order: ForcedOrder, sentMs: number): WireText
}

/**
 * Messages of a linear or inverse symbol.
 *
 * Source of keys and their order: the exchange's derivatives docs as of 2026-05-28 with the fields of 2026-06-30;
 * inverse messages name their pair since ever, linear ones since then.
 */
export function futuresDialect(listed: Listed, fields: FuturesFields): FuturesDialect {
  const symbol = JSON.stringify(listed.symbol)
  const isLinear = listed.market === 'linear'
  const type = fields.hasMarketType ? `,"st":${isLinear ? 1 : 2}` : ''
  const pair = !isLinear || fields.hasMarketType ? `"ps":${JSON.stringify(listed.pair)}` : ''
  const pairNext = pair === '' ? '' : `${pair},`
  const price = (ticks: number): string => `"${priceText(listed, ticks)}"`
  const quantity = (lots: number): string => `"${quantityText(listed, lots)}"`
  const book = (message: BookMessage): WireText =>
    new WireText(
      () =>
        `{"e":"depthUpdate","E":${message.sentMs},"T":${message.timeMs},"s":${symbol},${pairNext}` +
        `"U":${message.first},"u":${message.last},"pu":${message.prev},` +
        `"b":${levelsJson(message.bids)},"a":${levelsJson(message.asks)}${type}}`,
    )
  return {
    trade: (trade, sentMs) =>
      new WireText(
        () =>
          `{"e":"trade","E":${sentMs},"T":${trade.timeMs},"s":${symbol},"t":${trade.id},` +
          `"p":${price(trade.price)},"q":${quantity(trade.quantity)},"X":"${tradeTypeOf(trade)}",` +
          `"m":${trade.side === 'sell'}}`,
      ),
    aggregate: (aggregate, sentMs) =>
      new WireText(
        () =>
          // The documents' sample has the symbol before the id; every captured message has it behind.
          `{"e":"aggTrade","E":${sentMs},"a":${aggregate.id},"s":${symbol},"p":${price(aggregate.price)},` +
          `"q":${quantity(aggregate.quantity)},` +
          `${isLinear && fields.hasNormalQuantity ? `"nq":${quantity(aggregate.normalQuantity)},` : ''}` +
          `"f":${aggregate.first},"l":${aggregate.last},"T":${aggregate.timeMs},` +
          `"m":${aggregate.side === 'sell'}${type}}`,
      ),
    diff: book,
    image: book,
    quote: ({ last, timeMs, sentMs, bid, ask }) =>
      new WireText(
        () =>
          `{"e":"bookTicker","u":${last},"s":${symbol},${pairNext}"b":"${bid[0]}","B":"${bid[1]}",` +
          `"a":"${ask[0]}","A":"${ask[1]}","T":${timeMs},"E":${sentMs}${type}}`,
      ),
    markPrice: (marks, sentMs) =>
      `{"e":"markPriceUpdate","E":${sentMs},"s":${symbol},"p":"${eighthsText(marks.markPrice)}",` +
      `${isLinear && fields.hasAveragePrice ? `"ap":"${eighthsText(marks.averagePrice)}",` : ''}` +
      `"i":"${eighthsText(marks.indexPrice)}","P":"${eighthsText(marks.settlePrice)}",` +
      `"r":"${marks.fundingRate === null ? '' : eighthsText(marks.fundingRate)}",` +
      `"T":${marks.fundingMs ?? 0}${type}}`,
    forceOrder: (order, sentMs) =>
      new WireText(() => {
        const inside = isLinear ? '' : pairNext
        const after = isLinear && pair !== '' ? `,${pair}` : ''
        return (
          `{"e":"forceOrder","E":${sentMs},"o":{"s":${symbol},${inside}"S":"${order.side.toUpperCase()}",` +
          `"o":"LIMIT","f":"IOC","q":${quantity(order.quantity)},"p":${price(order.price)},` +
          `"ap":${price(order.averagePrice)},"X":"${orderStatusOf(order)}","l":${quantity(order.lastFilled)},` +
          `"z":${quantity(order.filled)},"T":${order.timeMs}}${after}${type}}`
        )
      }),
  }
}

const OFF_BOOK_TYPES = ['INSURANCE_FUND', 'ADL', 'NA'] as const

/** The exchange's word for how a trade came about. */
export function tradeTypeOf(trade: { readonly id: number; readonly isOffBook: boolean }): string {
  return trade.isOffBook ? (OFF_BOOK_TYPES[trade.id % OFF_BOOK_TYPES.length] as string) : 'MARKET'
}

/** The exchange's word for how far an order got. */
export function orderStatusOf(order: ForcedOrder): string {
  return order.filled === order.quantity ? 'FILLED' : 'PARTIALLY_FILLED'
}
