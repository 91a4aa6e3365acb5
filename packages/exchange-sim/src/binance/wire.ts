import type { Level } from '../book-side.ts'
import type { LevelText } from '../emission-log.ts'
import { fixedText } from '../fixed-text.ts'
import type { Instrument } from '../instruments.ts'
import type { BookSnapshot } from '../market.ts'

/** Prices and quantities have this many fraction digits on the wire, whatever the tick: `61837.63000000`. */
const FRACTION_DIGITS = 8

export function priceText(instrument: Instrument, ticks: number): string {
  return fixedText(ticks, instrument.priceDigits, FRACTION_DIGITS)
}

export function quantityText(instrument: Instrument, lots: number): string {
  return fixedText(lots, instrument.quantityDigits, FRACTION_DIGITS)
}

export function levelTexts(instrument: Instrument, levels: readonly Level[]): LevelText[] {
  return levels.map(([price, quantity]) => [priceText(instrument, price), quantityText(instrument, quantity)])
}

/** One `<symbol>@trade` message. `m` says that the buyer was the maker, so the taker sold. */
export function tradeMessage(trade: {
  readonly symbol: string
  readonly id: number
  readonly eventMs: number
  readonly tradeMs: number
  readonly price: string
  readonly quantity: string
  readonly side: 'buy' | 'sell'
}): string {
  return JSON.stringify({
    e: 'trade',
    E: trade.eventMs,
    s: trade.symbol,
    t: trade.id,
    p: trade.price,
    q: trade.quantity,
    T: trade.tradeMs,
    m: trade.side === 'sell',
    M: true,
  })
}

/** One `<symbol>@depth@100ms` message: update ids `U` to `u`, absolute quantities. */
export function depthMessage(diff: {
  readonly symbol: string
  readonly eventMs: number
  readonly first: number
  readonly last: number
  readonly bids: readonly LevelText[]
  readonly asks: readonly LevelText[]
}): string {
  return JSON.stringify({
    e: 'depthUpdate',
    E: diff.eventMs,
    s: diff.symbol,
    U: diff.first,
    u: diff.last,
    b: diff.bids,
    a: diff.asks,
  })
}

/** One `<symbol>@bookTicker` message of a snapshot that has its best levels. */
export function bookTickerMessage(instrument: Instrument, top: BookSnapshot): string {
  const [bid] = levelTexts(instrument, top.bids)
  const [ask] = levelTexts(instrument, top.asks)
  return JSON.stringify({
    u: top.last,
    s: instrument.symbol,
    b: bid?.[0],
    B: bid?.[1],
    a: ask?.[0],
    A: ask?.[1],
  })
}

/** A message as it goes over a combined connection. */
export function combinedMessage(streamName: string, message: string): string {
  return `{"stream":${JSON.stringify(streamName)},"data":${message}}`
}

/** Wire name of a stream of a symbol: lower case, though payloads spell the symbol in upper case. */
export function wireName(symbol: string, stream: string): string {
  return `${symbol.toLowerCase()}@${stream}`
}
