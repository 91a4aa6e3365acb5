import type { LevelText } from '../emission-log.ts'

/**
 * How the exchange writes its messages. Source: docs.upbit.com/kr v1.6.4, WebSocket, Trade and Orderbook, read
 * 2026-10-07; the order of keys as in live messages of 2026-09-02 and 2026-09-23.
 */

/** Formats that a request may ask for; a list has one message in it. Lists exist since 2025-07-07. */
export const formats = ['DEFAULT', 'SIMPLE', 'JSON_LIST', 'SIMPLE_LIST'] as const
export type Format = (typeof formats)[number]

/** `SNAPSHOT` is what a subscription begins with. */
export type StreamType = 'SNAPSHOT' | 'REALTIME'

/** A field: its name, its name in the simple formats, and its value as JSON; of a list of objects, their fields. */
type Field = readonly [name: string, simple: string, value: string | readonly (readonly Field[])[]]
export type Message = readonly Field[]

/** A message's text in a format. */
export function messageText(message: Message, format: Format): string {
  const text = objectText(message, format === 'SIMPLE' || format === 'SIMPLE_LIST')
  return format.endsWith('LIST') ? `[${text}]` : text
}

function objectText(fields: readonly Field[], isSimple: boolean): string {
  const members = fields.map(([name, simple, value]) => {
    const json =
      typeof value === 'string' ? value : `[${value.map((item) => objectText(item, isSimple)).join(',')}]`
    return `"${isSimple ? simple : name}":${json}`
  })
  return `{${members.join(',')}}`
}

/** What a trade's message says; numbers as they are written. */
export interface TradeText {
  readonly symbol: string
  /** Of the message, and of the trade in it, milliseconds. */
  readonly sentMs: number
  readonly timeMs: number
  readonly price: string
  readonly quantity: string
  /** The taker's. */
  readonly side: 'buy' | 'sell'
  /** 17 digits, beyond what a float64 holds. */
  readonly id: string
  readonly closing: string
  readonly change: 'RISE' | 'EVEN' | 'FALL'
  readonly changePrice: string
  readonly ask: LevelText
  readonly bid: LevelText
}

export function tradeMessage(trade: TradeText, type: StreamType): Message {
  const time = new Date(trade.timeMs).toISOString()
  return [
    ['type', 'ty', '"trade"'],
    ['code', 'cd', `"${trade.symbol}"`],
    ['timestamp', 'tms', String(trade.sentMs)],
    ['trade_date', 'td', `"${time.slice(0, 10)}"`],
    ['trade_time', 'ttm', `"${time.slice(11, 19)}"`],
    ['trade_timestamp', 'ttms', String(trade.timeMs)],
    ['trade_price', 'tp', trade.price],
    ['trade_volume', 'tv', trade.quantity],
    ['ask_bid', 'ab', trade.side === 'buy' ? '"BID"' : '"ASK"'],
    ['prev_closing_price', 'pcp', trade.closing],
    ['change', 'c', `"${trade.change}"`],
    ['change_price', 'cp', trade.changePrice],
    ['sequential_id', 'sid', trade.id],
    ['best_ask_price', 'bap', trade.ask[0]],
    ['best_ask_size', 'bas', trade.ask[1]],
    ['best_bid_price', 'bbp', trade.bid[0]],
    ['best_bid_size', 'bbs', trade.bid[1]],
    ['stream_type', 'st', `"${type}"`],
  ]
}

/** What a book's message says; the best levels first, numbers as they are written. */
export interface BookText {
  readonly symbol: string
  readonly sentMs: number
  readonly bids: readonly LevelText[]
  readonly asks: readonly LevelText[]
  readonly bidTotal: string
  readonly askTotal: string
  /** What stands in a unit where its side has no level. */
  readonly padding: LevelText
}

export function bookMessage(book: BookText, type: StreamType): Message {
  const { bids, asks, padding } = book
  const units = Array.from({ length: Math.max(bids.length, asks.length) }, (_, i): Message => {
    const [ask, bid] = [asks[i] ?? padding, bids[i] ?? padding]
    return [
      ['ask_price', 'ap', ask[0]],
      ['bid_price', 'bp', bid[0]],
      ['ask_size', 'as', ask[1]],
      ['bid_size', 'bs', bid[1]],
    ]
  })
  return [
    ['type', 'ty', '"orderbook"'],
    ['code', 'cd', `"${book.symbol}"`],
    ['timestamp', 'tms', String(book.sentMs)],
    ['total_ask_size', 'tas', book.askTotal],
    ['total_bid_size', 'tbs', book.bidTotal],
    ['orderbook_units', 'obu', units],
    ['stream_type', 'st', `"${type}"`],
    ['level', 'lv', '0'],
  ]
}

/** A book as REST tells it: the same without the type of the message. Source: as above, List orderbooks. */
export function restBookText(book: BookText): string {
  const message = bookMessage(book, 'SNAPSHOT').filter(([name]) => name !== 'type' && name !== 'stream_type')
  const renamed = message.map(([name, ...rest]): Field => [name === 'code' ? 'market' : name, ...rest])
  return messageText(renamed, 'DEFAULT')
}

/** What a text `PING` is answered with. Source: docs.upbit.com/kr v1.6.4, WebSocket usage, read 2026-10-07. */
export const UP_TEXT = '{"status":"UP"}'

/** An error of either side of the exchange. */
export function errorText(name: string | number, message: string): string {
  return JSON.stringify({ error: { name, message } })
}
