import type { Market } from '@cryptoflow/model'
import { pairIn } from '../pairs.ts'

/** How symbols are spelled: `BTCUSDT`; contracts of a date `BTCUSDT_260925`; inverse ones `BTCUSD_PERP`. */
const spellings: Readonly<Record<Market, RegExp>> = {
  spot: /^[^-_/: a-z]+$/,
  linear: /^[^-_/: a-z]+(?:_\d{6})?$/,
  inverse: /^[^-_/: a-z]+_(?:PERP|\d{6})$/,
}

/** See ExchangeMarket.symbolMeant. */
export function symbolMeant(market: Market, symbol: string): string | null {
  if (spellings[market].test(symbol)) return null
  const pair = pairIn(symbol)
  const name = pair === null ? symbol.toUpperCase() : pair.base + pair.quote
  const meant = market === 'inverse' && pair !== null ? `${name}_PERP` : name
  return spellings[market].test(meant) ? meant : symbol
}
