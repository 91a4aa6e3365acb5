import type { Dialect } from './dialect.ts'
import type { Listed } from './symbols.ts'
import { levelsJson, priceText, quantityText, WireText } from './text.ts'

/**
 * Messages of a spot symbol. `m` says that the buyer was the maker, so the taker sold.
 *
 * Source of keys and their order: the exchange's web-socket-streams.md, as of 2026-07-21.
 */
export function spotDialect(listed: Listed): Dialect {
  const symbol = JSON.stringify(listed.symbol)
  const print = (trade: { price: number; quantity: number }): string =>
    `"p":"${priceText(listed, trade.price)}","q":"${quantityText(listed, trade.quantity)}"`
  return {
    trade: (trade, sentMs) =>
      new WireText(
        (scale) =>
          `{"e":"trade","E":${sentMs * scale},"s":${symbol},"t":${trade.id},${print(trade)},` +
          `"T":${trade.timeMs * scale},"m":${trade.side === 'sell'},"M":true}`,
      ),
    aggregate: (aggregate, sentMs) =>
      new WireText(
        (scale) =>
          `{"e":"aggTrade","E":${sentMs * scale},"s":${symbol},"a":${aggregate.id},${print(aggregate)},` +
          `"f":${aggregate.first},"l":${aggregate.last},"T":${aggregate.timeMs * scale},` +
          `"m":${aggregate.side === 'sell'},"M":true}`,
      ),
    diff: (book) =>
      new WireText(
        (scale) =>
          `{"e":"depthUpdate","E":${book.sentMs * scale},"s":${symbol},"U":${book.first},"u":${book.last},` +
          `"b":${levelsJson(book.bids)},"a":${levelsJson(book.asks)}}`,
      ),
    image: (book) =>
      new WireText(
        () => `{"lastUpdateId":${book.last},"bids":${levelsJson(book.bids)},"asks":${levelsJson(book.asks)}}`,
      ),
    quote: ({ last, bid, ask }) =>
      new WireText(
        () => `{"u":${last},"s":${symbol},"b":"${bid[0]}","B":"${bid[1]}","a":"${ask[0]}","A":"${ask[1]}"}`,
      ),
  }
}
