import type { Market } from '@cryptoflow/model'
import { pairIn } from '../pairs.ts'
import { kindOf } from './symbols.ts'

/** See ExchangeMarket.symbolMeant. `BTC-USDT` is spot; contracts have a third part, `BTC-USDT-SWAP`. */
export function symbolMeant(market: Market, symbol: string): string | null {
  if (isSpelled(market, symbol)) return null
  const pair = pairIn(symbol)
  if (pair === null) return isSpelled(market, symbol.toUpperCase()) ? symbol.toUpperCase() : symbol
  const meant = `${pair.base}-${pair.quote}${market === 'spot' ? '' : '-SWAP'}`
  return isSpelled(market, meant) ? meant : symbol
}

function isSpelled(market: Market, symbol: string): boolean {
  return kindOf(symbol) === market && !/[/: a-z]/.test(symbol)
}
