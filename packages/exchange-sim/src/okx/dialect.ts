import { crc32 } from 'node:zlib'
import type { LevelText } from '../emission-log.ts'
import type { MarketTrade } from '../market.ts'

/**
 * How the exchange writes its messages of one symbol. Source: okx.com/docs-v5, "WS / Order book channel", as of
 * 2026-07-07, "WS / Trades channel" and "WS / All trades channel", as of 2026-02-23.
 */

/** A decimal as the exchange writes it: without zeros that say nothing, so that a removed level has quantity `0`. */
export function plain(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

/** Each price and quantity as the exchange writes it. */
export function plainLevels(levels: readonly LevelText[]): LevelText[] {
  return levels.map(([price, quantity]) => [plain(price), plain(quantity)])
}

/** A message of one symbol; `elements` are JSON objects. `action` is of incremental books alone. */
export function messageText(
  { channel, symbol }: { readonly channel: string; readonly symbol: string },
  elements: readonly string[],
  action?: 'snapshot' | 'update',
): string {
  const done = action === undefined ? '' : `"action":"${action}",`
  return `{"arg":{"channel":"${channel}","instId":"${symbol}"},${done}"data":[${elements.join(',')}]}`
}

/** A message of all symbols of a type. */
export function wideText(channel: string, type: string, elements: readonly string[]): string {
  return `{"arg":{"channel":"${channel}","instType":"${type}"},"data":[${elements.join(',')}]}`
}

/** Both sides of a book, as they are written. */
export interface Sides {
  readonly bids: readonly LevelText[]
  readonly asks: readonly LevelText[]
}

export interface BookText extends Sides {
  readonly timeMs: number
  readonly checksum: number
  /** -1 in a snapshot. */
  readonly prevSeq: number
  readonly seq: number
}

/** The element of an incremental book. */
export function bookJson({ bids, asks, timeMs, checksum, prevSeq, seq }: BookText): string {
  return `{${sidesJson({ bids, asks })},"ts":"${timeMs}","checksum":${checksum},"prevSeqId":${prevSeq},"seqId":${seq}}`
}

/** The element of `books5`, where `symbol` is given, or of `bbo-tbt`. */
export function imageJson(
  sides: Sides,
  { timeMs, seq, symbol }: { readonly timeMs: number; readonly seq: number; readonly symbol?: string },
): string {
  const name = symbol === undefined ? '' : `"instId":"${symbol}",`
  return `{${sidesJson(sides)},${name}"ts":"${timeMs}","seqId":${seq}}`
}

function sidesJson({ bids, asks }: Sides): string {
  return `"asks":${levelsJson(asks)},"bids":${levelsJson(bids)}`
}

/** Behind price and quantity stand a zero that is deprecated, and the number of orders. */
function levelsJson(levels: readonly LevelText[]): string {
  return `[${levels.map(([price, quantity]) => `["${price}","${quantity}","0","${ordersOf(quantity)}"]`).join(',')}]`
}

function ordersOf(quantity: string): number {
  return quantity === '0' ? 0 : 1 + (Number(quantity.replace('.', '').slice(-3)) % 17)
}

const CHECKSUM_DEPTH = 25

/**
 * CRC-32, signed, of the best 25 levels of both sides, alternating, bid first. Source: okx.com/docs-v5, "Checksum", as
 * of 2026-02-23.
 */
export function checksumOf({ bids, asks }: Sides): number {
  const parts: string[] = []
  for (let level = 0; level < CHECKSUM_DEPTH; level++) {
    for (const side of [bids, asks]) {
      const [price, quantity] = side[level] ?? []
      if (price !== undefined) parts.push(`${price}:${quantity}`)
    }
  }
  return crc32(parts.join(':')) | 0
}

/** A trade, or several of one taker order at one price, as both channels of trades tell it. */
export interface TradeText {
  /** Of the last of them. */
  readonly last: MarketTrade
  readonly price: string
  /** Of all of them. */
  readonly quantity: string
  /** `0`, or `1` where the other side came from the program for enhanced liquidity. */
  readonly source: string
}

/** The element of a trades channel; only `trades` counts and has a sequence. */
export function tradeJson(
  symbol: string,
  { last, price, quantity, source }: TradeText,
  counted: { readonly count: number; readonly seq: number } | null,
): string {
  const head =
    `{"instId":"${symbol}","tradeId":"${last.id}","px":"${price}","sz":"${quantity}",` +
    `"side":"${last.side}","ts":"${last.timeMs}"`
  return counted === null
    ? `${head},"source":"${source}"}`
    : `${head},"count":"${counted.count}","source":"${source}","seqId":${counted.seq}}`
}

/** One taker order in so many meets the program for enhanced liquidity. */
const PROGRAM_EVERY = 11

/** The source of a trade, the same for all of one order. */
export function sourceOf({ order }: MarketTrade): string {
  return order % PROGRAM_EVERY === 0 ? '1' : '0'
}

/** Trades of one taker order at one price, together; in order of id. */
export function aggregatesOf(trades: readonly MarketTrade[]): MarketTrade[][] {
  const groups: MarketTrade[][] = []
  for (const trade of trades) {
    const group = groups.at(-1)
    const before = group?.at(-1)
    if (before?.order === trade.order && before.price === trade.price) group?.push(trade)
    else groups.push([trade])
  }
  return groups
}
