import type { EmissionContent } from '../emission-log.ts'
import { fixedText } from '../fixed-text.ts'
import { hashOf } from '../instruments.ts'
import { toldContent } from '../stage/contents.ts'
import { shortest } from './numbers.ts'
import type { Listed } from './symbols.ts'

/** Spot's list of pairs, which comes in a channel: all of them on subscribing, later those that changed. */

/** Digits behind the point of every quantity. */
export const QUANTITY_DIGITS = 8
/** Every so often a pair's status may be another one; each pair has a moment of its own. */
const STATUS_MS = 6_000
/** In turn. Announcements only: trading goes on. */
const statuses = ['online', 'online', 'post_only', 'online', 'cancel_only', 'online', 'limit_only'] as const
/** Once in its life a pair gets finer prices, so long after the beginning at the earliest, and at the latest. */
const FINER_MS = 4_000
const FINER_SPREAD_MS = 40_000

/** When a pair's prices get another digit, exchange milliseconds. */
export function finerMs(symbol: string, startMs: number): number {
  return startMs + FINER_MS + (hashOf(`finer ${symbol}`) % FINER_SPREAD_MS)
}

/** What the list says of a pair at a moment. */
export interface Pair {
  readonly listed: Listed
  readonly status: string
  readonly tickSize: string
  readonly lotSize: string
  /** Its JSON object. */
  readonly raw: string
}

/** Digits behind the point of every price at a moment. */
export function priceDigitsOf({ instrument }: Listed, startMs: number, nowMs: number): number {
  return instrument.priceDigits + (nowMs >= finerMs(instrument.symbol, startMs) ? 1 : 0)
}

export function pairOf(listed: Listed, startMs: number, nowMs: number): Pair {
  const { symbol, base, quote } = listed.instrument
  const digits = priceDigitsOf(listed, startMs, nowMs)
  const turn = Math.floor((nowMs + (hashOf(symbol) % STATUS_MS)) / STATUS_MS)
  const status = statuses[turn % statuses.length] as string
  const tickSize = shortest(fixedText(1, digits, digits))
  const lotSize = shortest(fixedText(1, QUANTITY_DIGITS, QUANTITY_DIGITS))
  const raw =
    `{"symbol":"${symbol}","base":"${base}","quote":"${quote}","status":"${status}","qty_precision":${QUANTITY_DIGITS},` +
    `"qty_increment":${lotSize},"price_precision":${digits},"price_increment":${tickSize},"cost_precision":5,` +
    `"cost_min":"0.5","qty_min":0.0001,"marginable":true,"has_index":true}`
  return { listed, status, tickSize, lotSize, raw }
}

/** The message; assets, which are no instruments, come with the whole list. */
export function pairsText(pairs: readonly Pair[], type: 'snapshot' | 'update'): string {
  const asset = '{"id":"USD","status":"enabled","precision":4,"precision_display":2,"borrowable":true}'
  const assets = type === 'snapshot' ? asset : ''
  const rows = pairs.map(({ raw }) => raw).join(',')
  return `{"channel":"instrument","type":"${type}","data":{"assets":[${assets}],"pairs":[${rows}]}}`
}

/** The row of a pair. */
export function pairContent({ listed, status, tickSize, lotSize, raw }: Pair, atMs: number): EmissionContent {
  const { symbol, base, quote } = listed.instrument
  return toldContent(
    { exchange: 'kraken', market: 'spot', symbol, stream: 'instrument', table: 'instruments', atMs },
    {},
    {
      base,
      quote,
      settle: null,
      type: 'spot',
      status,
      tick_size: tickSize,
      lot_size: lotSize,
      contract_size: null,
      contract_unit: null,
      listed_ts: null,
      expiry_ts: null,
      raw,
    },
  )
}
