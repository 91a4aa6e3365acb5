import type { LevelText } from '../emission-log.ts'
import { hashOf } from '../instruments.ts'
import type { MarketTrade } from '../market.ts'

/**
 * How the exchange writes its messages. Source: bybit-exchange/docs 2026-07-24, v5/websocket/public; on spot `ts` stands
 * before `type`, on futures behind it, as in live captures of 2026-09-18 and 2026-10-04.
 */

/** The beginning of a message, up to and with `"data":`. */
export function headOf(topic: string, type: 'snapshot' | 'delta', sentMs: number, isSpot: boolean): string {
  return isSpot
    ? `{"topic":"${topic}","ts":${sentMs},"type":"${type}","data":`
    : `{"topic":"${topic}","type":"${type}","ts":${sentMs},"data":`
}

/** The JSON of levels; their texts hold digits and points only. */
export function levelsJson(levels: readonly LevelText[]): string {
  return `[${levels.map(([price, quantity]) => `["${price}","${quantity}"]`).join(',')}]`
}

export interface BookText {
  readonly symbol: string
  readonly bids: readonly LevelText[]
  readonly asks: readonly LevelText[]
  readonly updateId: number
  readonly seq: number
  /** Of the matching engine. */
  readonly timeMs: number
}

/** The rest of a book message; deletes have quantity `0`, whatever the digits of the others. */
export function bookJson({ symbol, bids, asks, updateId, seq, timeMs }: BookText): string {
  return `{"s":"${symbol}","b":${levelsJson(bids)},"a":${levelsJson(asks)},"u":${updateId},"seq":${seq}},"cts":${timeMs}}`
}

/** A whole book as REST answers with it. Source: v5/market/orderbook of 2026-07-24. */
export function answeredBookJson(
  { symbol, bids, asks, updateId, seq, timeMs }: BookText,
  sentMs: number,
): string {
  return (
    `{"s":"${symbol}","b":${levelsJson(bids)},"a":${levelsJson(asks)},` +
    `"ts":${sentMs},"u":${updateId},"seq":${seq},"cts":${timeMs}}`
  )
}

/** A quantity of 0 is written as `0`. */
export function withPlainZeros(levels: readonly LevelText[]): LevelText[] {
  return levels.map(([price, quantity]) => [price, Number(quantity) === 0 ? '0' : quantity])
}

export interface TradeText {
  readonly symbol: string
  readonly trade: MarketTrade
  readonly price: string
  readonly quantity: string
  readonly isSpot: boolean
}

/** One trade of a message. Ids are UUIDs on futures and 19 digits on spot. */
export function tradeJson({ symbol, trade, price, quantity, isSpot }: TradeText): string {
  const side = trade.side === 'buy' ? 'Buy' : 'Sell'
  const tick = isSpot ? '' : `"L":"${trade.id % 2 === 0 ? 'PlusTick' : 'ZeroMinusTick'}",`
  const { isBlock, isRpi } = flagsOf(trade, isSpot)
  return (
    `{"T":${trade.timeMs},"s":"${symbol}","S":"${side}","v":"${quantity}","p":"${price}",${tick}` +
    `"i":"${idOf(symbol, trade.id, isSpot)}","BT":${isBlock},"RPI":${isRpi},"seq":${trade.id}}`
  )
}

/** Some trades are blocks, of futures only; others had an order of the retail price improvement program. */
export function flagsOf(
  trade: MarketTrade,
  isSpot: boolean,
): { readonly isBlock: boolean; readonly isRpi: boolean } {
  return { isBlock: !isSpot && trade.id % 97 === 0, isRpi: trade.id % 13 === 0 }
}

/** The id of a trade, always the same for the same one. */
export function idOf(symbol: string, id: number, isSpot: boolean): string {
  if (isSpot) return `22${String(id).padStart(17, '0')}`
  const part = (salt: string, digits: number): string =>
    hashOf(`${salt} ${symbol} ${id}`).toString(16).padStart(8, '0').slice(0, digits)
  return `${part('a', 8)}-${part('b', 4)}-5${part('c', 3)}-8${part('d', 3)}-${part('e', 8)}${part('f', 4)}`
}
