import type { LevelText } from '../emission-log.ts'
import type { MarketTrade } from '../market.ts'
import type { BookTexts } from './checksum.ts'
import { microTime } from './numbers.ts'

/**
 * How spot writes its messages, websocket version 2. Source: docs.kraken.com as copied 2026-05-27, websocket-v2/book,
 * trade, status.
 */

export interface BookText extends BookTexts {
  readonly symbol: string
  readonly isSnapshot: boolean
  readonly checksum: number
  /** Of the matching engine. */
  readonly timeMs: number
}

export function bookText({ symbol, isSnapshot, bids, asks, checksum, timeMs }: BookText): string {
  const type = isSnapshot ? 'snapshot' : 'update'
  return (
    `{"channel":"book","type":"${type}","data":[{"symbol":"${symbol}","bids":${levelsJson(bids)},` +
    `"asks":${levelsJson(asks)},"checksum":${checksum},"timestamp":"${microTime(timeMs)}"}]}`
  )
}

function levelsJson(levels: readonly LevelText[]): string {
  return `[${levels.map(([price, quantity]) => `{"price":${price},"qty":${quantity}}`).join(',')}]`
}

/** A pair as REST is asked about it, and as it answers. Source: docs.kraken.com as copied 2026-05-27, AssetPairs. */
export function restNamesOf(
  base: string,
  quote: string,
): { readonly asked: string; readonly answered: string } {
  const coin = base === 'BTC' ? 'XBT' : base === 'DOGE' ? 'XDG' : base
  const isOldest = oldestCoins.has(coin) && oldestMoney.has(quote)
  return { asked: coin + quote, answered: isOldest ? `X${coin}Z${quote}` : coin + quote }
}

/** Pairs of these have letters before both names. */
const oldestCoins: ReadonlySet<string> = new Set(['XBT', 'ETH', 'XRP', 'LTC', 'XLM', 'XMR', 'ZEC'])
const oldestMoney: ReadonlySet<string> = new Set(['USD', 'EUR', 'GBP', 'JPY', 'CAD'])

/** The book of a pair as REST answers with it; a level has the second in which it changed last. */
export function depthText(name: string, { bids, asks }: BookTexts, timeMs: number): string {
  const second = Math.floor(timeMs / 1000)
  const side = (levels: readonly LevelText[]): string =>
    levels.map(([price, quantity]) => `["${price}","${quantity}",${second}]`).join(',')
  return `{"error":[],"result":{"${name}":{"asks":[${side(asks)}],"bids":[${side(bids)}]}}}`
}

export interface TradeText {
  readonly symbol: string
  readonly trade: MarketTrade
  readonly price: string
  readonly quantity: string
}

/** One trade of a message; `ord_type` is the taker's kind of order. */
export function tradeJson({ symbol, trade, price, quantity }: TradeText): string {
  return (
    `{"symbol":"${symbol}","side":"${trade.side}","price":${price},"qty":${quantity},` +
    `"ord_type":"${orderTypeOf(trade)}","trade_id":${trade.id},"timestamp":"${microTime(trade.timeMs)}"}`
  )
}

/** The same for all trades of one taker. */
export function orderTypeOf({ order }: MarketTrade): 'limit' | 'market' {
  return order % 3 === 0 ? 'limit' : 'market'
}

export function tradesText(rows: readonly string[], type: 'snapshot' | 'update'): string {
  return `{"channel":"trade","type":"${type}","data":[${rows.join(',')}]}`
}

/** What the exchange says of itself; names of connections are beyond 2^53. */
export function statusText(system: 'online' | 'post_only', connection: number): string {
  const id = 12_345_678_901_234_000_000n + BigInt(connection)
  return (
    `{"channel":"status","type":"update","data":[{"system":"${system}","api_version":"v2",` +
    `"connection_id":${id},"version":"2.0.0"}]}`
  )
}

export const HEARTBEAT = '{"channel":"heartbeat"}'
