import type { Market } from '@cryptoflow/model'
import { field, isArray, isObject, type Json, type JsonObject, parseJson, wholeNumber } from '../json.ts'

/**
 * Whose frame it is that somebody recorded under no market's name: told by its address, else by the fields that only
 * spot or only futures send, and of futures by `st` or the symbol.
 * Sources: binance-spot-api-docs a5e0bc3 of 2026-07-21, web-socket-streams.md; developers.binance.com/docs/derivatives,
 * read 2026-05-28; the field `st` from the COIN-M / USD-M Architecture Integration notice of 2026-06-10.
 */

/** Hosts of websockets by market, their market-data-only and older spellings included. */
const hosts: Readonly<Record<Market, RegExp>> = {
  spot: /^(stream|data-stream|testnet)\.binance\.(com|vision)$/,
  linear: /^fstream(-auth)?\.binance\.com$/,
  inverse: /^dstream(-auth)?\.binance\.com$/,
}
const marketNames: readonly Market[] = ['spot', 'linear', 'inverse']

/** Types of messages that only futures have. */
const futuresTypes: readonly (string | null)[] = ['markPriceUpdate', 'forceOrder', 'bookTicker']

/** `BTCUSD_PERP`, `BTCUSD_200925`: contracts that are settled in the coin itself. */
const INVERSE_SYMBOL = /USD_(PERP|\d{6})$/

/** Whether a frame is of this market; null where nothing tells. Never throws. */
export function hears(market: Market, url: string | null, frame: Uint8Array): boolean | null {
  const host = url === null ? undefined : URL.parse(url)?.hostname
  const named = marketNames.find((name) => host !== undefined && hosts[name].test(host))
  const told = named ?? marketIn(parseJson(frame))
  return told === null ? null : told === market
}

function marketIn(json: Json | undefined): Market | null {
  const data = isObject(json) && typeof field(json, 'stream') === 'string' ? field(json, 'data') : json
  const message = isArray(data) ? data[0] : data
  if (!isObject(message)) return null
  const isFutures = isOfFutures(message)
  if (isFutures === null) return null
  return isFutures ? contractOf(message) : 'spot'
}

/** Futures chain their diffs by `pu` and give quotes a type; only spot marks its prints with `M`. */
function isOfFutures(message: JsonObject): boolean | null {
  const type = word(message, 'e')
  if (futuresTypes.includes(type)) return true
  if (type === 'trade' || type === 'aggTrade') return !has(message, 'M')
  if (type === 'depthUpdate') return has(message, 'pu')
  const isSpotImage = has(message, 'lastUpdateId') && has(message, 'bids')
  const isSpotQuote = has(message, 'u') && has(message, 'B')
  return type === null && (isSpotImage || isSpotQuote) ? false : null
}

function contractOf(message: JsonObject): Market {
  const order = field(message, 'o')
  const inner = isObject(order) ? order : message
  const kind = wholeNumber(field(message, 'st') ?? field(inner, 'st'))
  if (kind === 1 || kind === 2) return kind === 1 ? 'linear' : 'inverse'
  return INVERSE_SYMBOL.test(word(inner, 's') ?? '') ? 'inverse' : 'linear'
}

function has(message: JsonObject, key: string): boolean {
  return field(message, key) !== undefined
}

function word(message: JsonObject, key: string): string | null {
  const value = field(message, key)
  return typeof value === 'string' ? value : null
}
