import type { LevelText } from '../emission-log.ts'
import { hashOf } from '../instruments.ts'
import type { Print } from './tape.ts'
import { microTime } from './times.ts'

/**
 * How the Exchange socket writes. Sources: docs.cdp.coinbase.com, Exchange WebSocket channels and overview, read
 * 2026-09-27; the order of fields from frames of 2019 to 2021.
 */

/** One trade; `side` is the maker's, `sequence` counts all that happens to the product. */
export function matchText(
  type: 'match' | 'last_match',
  product: string,
  { trade, price, quantity }: Print,
  sequence: number,
): string {
  const maker = trade.side === 'buy' ? 'sell' : 'buy'
  return (
    `{"type":"${type}","trade_id":${trade.id},"maker_order_id":"${orderId(`maker ${trade.id}`)}",` +
    `"taker_order_id":"${orderId(`taker ${trade.order}`)}","side":"${maker}","size":"${quantity}","price":"${price}",` +
    `"product_id":"${product}","sequence":${sequence},"time":"${microTime(trade.timeMs)}"}`
  )
}

/** The whole book, asks first, without a time. */
export function bookText(product: string, bids: readonly LevelText[], asks: readonly LevelText[]): string {
  return `{"type":"snapshot","product_id":"${product}","asks":${levelsJson(asks)},"bids":${levelsJson(bids)}}`
}

/** Changes of the book, bids first. */
export function changesText(
  product: string,
  bids: readonly LevelText[],
  asks: readonly LevelText[],
  time: string,
): string {
  const changes = [
    ...bids.map(([price, quantity]) => `["buy","${price}","${quantity}"]`),
    ...asks.map(([price, quantity]) => `["sell","${price}","${quantity}"]`),
  ]
  return `{"type":"l2update","product_id":"${product}","changes":[${changes.join(',')}],"time":"${time}"}`
}

/** `lastTradeId`: a listener that has not heard this trade has lost it. */
export function heartbeatText(
  product: string,
  {
    nowMs,
    sequence,
    lastTradeId,
  }: { readonly nowMs: number; readonly sequence: number; readonly lastTradeId: number },
): string {
  return `{"type":"heartbeat","last_trade_id":${lastTradeId},"product_id":"${product}","sequence":${sequence},"time":"${microTime(nowMs)}"}`
}

/** All that is subscribed on the connection; `level2_batch` goes by the name of its depth. */
export function subscriptionsText(channels: ReadonlyMap<string, ReadonlySet<string>>): string {
  const lists = [...channels].filter(([, products]) => products.size > 0)
  return JSON.stringify({
    type: 'subscriptions',
    channels: lists.map(([channel, products]) => ({
      name: channel === 'level2_batch' ? 'level2_50' : channel,
      product_ids: [...products],
      account_ids: null,
    })),
  })
}

/** Says that a request is refused. */
export function failureText(reason: string): string {
  return JSON.stringify({ type: 'error', message: 'Failed to subscribe', reason })
}

function levelsJson(levels: readonly LevelText[]): string {
  return `[${levels.map(([price, quantity]) => `["${price}","${quantity}"]`).join(',')}]`
}

/** A UUID of a name, always the same. */
function orderId(name: string): string {
  const part = (salt: string): string => hashOf(`${salt} ${name}`).toString(16).padStart(8, '0')
  const [a, b, c, d] = [part('a'), part('b'), part('c'), part('d')]
  return `${a}-${b.slice(0, 4)}-4${b.slice(5)}-8${c.slice(1, 4)}-${c.slice(4)}${d}`
}

/** The levels of a book by REST. */
export interface RestSides {
  readonly bids: readonly LevelText[]
  readonly asks: readonly LevelText[]
}

/** A book of level 1 or 2. Source: docs.cdp.coinbase.com, Exchange REST, "Get product book", read 2026-09-27. */
export function restBookText(
  { bids, asks }: RestSides,
  { timeMs, sequence }: { readonly timeMs: number; readonly sequence: number },
): string {
  const side = (levels: readonly LevelText[]): string =>
    levels.map(([price, quantity], index) => `["${price}","${quantity}",${1 + (index % 5)}]`).join(',')
  return (
    `{"bids":[${side(bids)}],"asks":[${side(asks)}],"sequence":${sequence},"auction_mode":false,"auction":null,` +
    `"time":"${microTime(timeMs)}"}`
  )
}

/** The same of Advanced Trade. Source: its REST, "Get public product book", read 2026-09-27. */
export function restPriceBookText(product: string, { bids, asks }: RestSides, timeMs: number): string {
  const side = (levels: readonly LevelText[]): string =>
    levels.map(([price, quantity]) => `{"price":"${price}","size":"${quantity}"}`).join(',')
  return (
    `{"pricebook":{"product_id":"${product}","bids":[${side(bids)}],"asks":[${side(asks)}],` +
    `"time":"${microTime(timeMs)}"},"last":"${bids[0]?.[0] ?? ''}"}`
  )
}
