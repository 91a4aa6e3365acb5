import type { Market } from '@cryptoflow/model'
import { pairIn } from '../pairs.ts'

/** How symbols are spelled: `BTCUSDT`; linear contracts also `BTC-26DEC25`, inverse ones `BTCUSDH26`. */
const spellings: Readonly<Record<Market, RegExp>> = {
  spot: /^[^-_/: a-z]+$/,
  linear: /^[^-_/: a-z]+(?:-\d{1,2}[A-Z]{3}\d{2})?$/,
  inverse: /^[^-_/: a-z]+$/,
}

/** See ExchangeMarket.symbolMeant. */
export function symbolMeant(market: Market, symbol: string): string | null {
  if (spellings[market].test(symbol)) return null
  const pair = pairIn(symbol)
  const meant = pair === null ? symbol.toUpperCase() : pair.base + pair.quote
  return spellings[market].test(meant) ? meant : symbol
}
