import { assetOf } from '../details.ts'
import { type FieldReader, field, type Json, type JsonObject } from '../json.ts'

/**
 * Whose a futures product is, and what we call it: `PF_XBTUSD`, `FI_XBTUSD_260925`. The first letter says whether it
 * ends (`F`) or not (`P`), the second how it is margined: `I` inverse, `F` linear, `V` linear too (vanilla, long gone).
 *
 * Source: docs.kraken.com as copied 2026-05-27, futures-api; the letter V from lists of instruments before 2022.
 */

/** The two markets of Kraken Futures. */
export type FuturesMarket = 'linear' | 'inverse'

const LETTERS = /^[PF]([FIV])_/

/** The market that a product's name tells; null when it tells none. */
export function marketOf(product: Json | undefined): FuturesMarket | null {
  const letter = typeof product === 'string' ? LETTERS.exec(product)?.[1] : undefined
  if (letter === undefined) return null
  return letter === 'I' ? 'inverse' : 'linear'
}

const LOWER_CASE = /^[pf][ifv]_[^A-Z]+$/

/** New names of coins whose pairs have the old ones by REST. */
const oldNames: ReadonlyMap<string, string> = new Map([
  ['BTC', 'XBT'],
  ['DOGE', 'XDG'],
])

/**
 * A pair of spot's channels as REST calls it, by its `altname`: `XBTUSD` for `BTC/USD`.
 * Source: docs.kraken.com as copied 2026-05-27, rest-api/get-tradable-asset-pairs.
 */
export function restPairOf(symbol: string): string {
  return symbol
    .split('/')
    .map((coin) => oldNames.get(coin) ?? coin)
    .join('')
}

/** A listed product as frames spell it: in upper case, which lists of before 2022 did not. */
export function asInFrames(listed: string): string {
  return LOWER_CASE.test(listed) ? listed.replace(/[a-z]/g, (letter) => letter.toUpperCase()) : listed
}

/** Base and quote of a product, in everybody's names of coins. */
export interface Assets {
  readonly base: string
  readonly quote: string
}

/** The exchange's older names of coins, which `pair` and the products still have. */
const renamed: ReadonlyMap<string, string> = new Map([
  ['XBT', 'BTC'],
  ['XDG', 'DOGE'],
])

/**
 * The assets of one object of the list: `base` and `quote`, which older lists lack; else the two halves of `pair`
 * (`XBT:USD`); else the product's name (`PI_XBTUSD`), whose last three letters are the quote in all lists so far.
 */
export function assetsOf(fields: FieldReader, row: JsonObject, product: string): Assets {
  if (field(row, 'base') !== undefined) {
    return { base: assetOf(fields, 'base'), quote: assetOf(fields, 'quote') }
  }
  const pair = fields.optionalText('pair')
  const halves =
    pair === null ? /^[A-Z]{2}_(.+?)([A-Z]{3})(?:_\d{6})?$/.exec(product) : /^(\w+):(\w+)$/.exec(pair)
  const [, base, quote] = halves ?? []
  if (base === undefined || quote === undefined) {
    fields.refuse('malformed', 'neither base and quote nor pair nor symbol names the assets')
    return { base: '', quote: '' }
  }
  return { base: renamed.get(base) ?? base, quote: renamed.get(quote) ?? quote }
}

/** The day in a product's name, `20260925`; null where it has none. Two digits are years of this century. */
export function dayOf(product: string): string | null {
  const day = /_(\d{6})$/.exec(product)?.[1]
  return day === undefined ? null : `20${day}`
}
