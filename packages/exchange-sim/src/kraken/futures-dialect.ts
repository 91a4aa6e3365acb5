import { hashOf } from '../instruments.ts'

/**
 * How Kraken Futures writes its messages. Source: docs.kraken.com as copied 2026-05-27, futures-api/websocket/book,
 * trade; numbers as in messages of Kraken.Net, 2026-07.
 */

/** Price and quantity as they stand on the wire. */
export type LevelText = readonly [price: string, quantity: string]

export interface SnapshotText {
  readonly symbol: string
  readonly timeMs: number
  readonly seq: number
  readonly bids: readonly LevelText[]
  readonly asks: readonly LevelText[]
}

export function snapshotText({ symbol, timeMs, seq, bids, asks }: SnapshotText): string {
  return (
    `{"feed":"book_snapshot","product_id":"${symbol}","timestamp":${timeMs},"seq":${seq},"tickSize":null,` +
    `"bids":${levelsJson(bids)},"asks":${levelsJson(asks)}}`
  )
}

function levelsJson(levels: readonly LevelText[]): string {
  return `[${levels.map(([price, quantity]) => `{"price":${price},"qty":${quantity}}`).join(',')}]`
}

/** The whole book as REST answers with it. Source: as above, "Get orderbook". */
export function orderbookText({ bids, asks }: Pick<SnapshotText, 'bids' | 'asks'>, nowMs: number): string {
  const side = (levels: readonly LevelText[]): string =>
    levels.map(([price, quantity]) => `[${price},${quantity}]`).join(',')
  const time = new Date(nowMs).toISOString()
  return `{"result":"success","orderBook":{"bids":[${side(bids)}],"asks":[${side(asks)}]},"serverTime":"${time}"}`
}

export interface DeltaText {
  readonly symbol: string
  readonly isBid: boolean
  readonly seq: number
  readonly level: LevelText
  readonly timeMs: number
}

/** One level; quantity 0 removes it. */
export function deltaText({ symbol, isBid, seq, level: [price, quantity], timeMs }: DeltaText): string {
  return (
    `{"feed":"book","product_id":"${symbol}","side":"${isBid ? 'buy' : 'sell'}","seq":${seq},` +
    `"price":${price},"qty":${quantity},"timestamp":${timeMs}}`
  )
}

/** What a trade was: two of the words close positions by force, and a block was agreed outside the book. */
export type TradeType = 'fill' | 'block' | 'liquidation' | 'termination'

export interface TradeText {
  readonly symbol: string
  readonly id: string
  /** The taker's. */
  readonly side: 'buy' | 'sell'
  readonly type: TradeType
  readonly seq: number
  readonly timeMs: number
  readonly price: string
  readonly quantity: string
}

export function tradeText({ symbol, id, side, type, seq, timeMs, price, quantity }: TradeText): string {
  return (
    `{"feed":"trade","product_id":"${symbol}","uid":"${id}","side":"${side}","type":"${type}","seq":${seq},` +
    `"time":${timeMs},"qty":${quantity},"price":${price}}`
  )
}

/** The trades before a subscription, newest first; `rows` are the messages that they were, oldest first. */
export function tradesText(symbol: string, rows: readonly string[]): string {
  return `{"feed":"trade_snapshot","product_id":"${symbol}","trades":[${rows.toReversed().join(',')}]}`
}

/** The id of a product's trade of a number, always the same for the same one. */
export function idOf(symbol: string, seq: number): string {
  const part = (salt: string): string => hashOf(`${salt} ${symbol} ${seq}`).toString(16).padStart(8, '0')
  const [a, b, c, d] = [part('a'), part('b'), part('c'), part('d')]
  return `${a}-${b.slice(0, 4)}-4${b.slice(5)}-8${c.slice(1, 4)}-${c.slice(4)}${d}`
}
