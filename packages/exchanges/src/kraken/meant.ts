import type { Market } from '@cryptoflow/model'
import { type Pair, pairIn } from '../pairs.ts'
import { marketOf } from './symbols.ts'

/** The exchange's own names of coins: the old ones are for products and for REST, the new ones for spot's channels. */
const renamed: ReadonlyMap<string, string> = new Map([
  ['XBT', 'BTC'],
  ['XDG', 'DOGE'],
])
/** Pairs by their oldest names: `XXBTZUSD`. */
const OLD_PAIR = /^X([A-Z]{3})Z([A-Z]{3})$/
const PRODUCT = /^[PF][FIV]_[^a-z]+$/

/** See ExchangeMarket.symbolMeant. `BTC/USD` is spot, `PF_XBTUSD` linear, `PI_XBTUSD` inverse. */
export function symbolMeant(market: Market, symbol: string): string | null {
  const meant = market === 'spot' ? pairMeant(symbol) : productMeant(market, symbol)
  return meant === symbol && isSpelled(market, symbol) ? null : meant
}

/** Stocks have small letters: `AAPLx/USD`. */
function isSpelled(market: Market, symbol: string): boolean {
  return market === 'spot' ? /^[^/]*[^/a-z][^/]*\/[^/a-z]+$/.test(symbol) : marketOf(symbol) === market
}

function pairMeant(symbol: string): string {
  const [, oldBase, oldQuote] = OLD_PAIR.exec(symbol) ?? []
  if (oldBase !== undefined) return `${newName(oldBase)}/${oldQuote}`
  if (isSpelled('spot', symbol)) return symbol.split('/').map(newName).join('/')
  const pair = pairIn(symbol)
  return pair === null ? symbol : `${newName(pair.base)}/${newName(pair.quote)}`
}

function productMeant(market: Market, symbol: string): string {
  if (PRODUCT.test(symbol)) return symbol.replace(/^(.._)BTC(USD)/, '$1XBT$2')
  if (PRODUCT.test(symbol.toUpperCase())) return productMeant(market, symbol.toUpperCase())
  const pair = pairIn(symbol)
  return pair === null ? symbol : productOf(market, pair)
}

function productOf(market: Market, { base, quote }: Pair): string {
  const coin = base === 'BTC' ? 'XBT' : base
  return `${market === 'inverse' ? 'PI' : 'PF'}_${coin}${quote}`
}

function newName(coin: string): string {
  return renamed.get(coin) ?? coin
}
