import type { Market } from '@cryptoflow/model'
import { pairIn } from '../pairs.ts'
import { kindOfProduct } from './products.ts'

/**
 * Pairs with USDC that have a book of their own; all others are other names of the pair with USD: whoever subscribes
 * one is sent data under the name of the other. Source: docs.cdp.coinbase.com, Advanced Trade WebSocket, read
 * 2026-09-27.
 */
const OWN_USDC_BOOKS: ReadonlySet<string> = new Set(['USDT-USDC', 'EURC-USDC'])

/** See ExchangeMarket.symbolMeant. `BTC-USD` is spot, `BTC-PERP-INTX` linear. */
export function symbolMeant(market: Market, symbol: string): string | null {
  const isSpelled = kindOfProduct(symbol) === market && !/[/: a-z]/.test(symbol)
  const meant = isSpelled ? symbol : market === 'spot' ? pairMeant(symbol) : perpetualMeant(symbol)
  const name = market === 'spot' ? ownName(meant) : meant
  return isSpelled && name === symbol ? null : name
}

function pairMeant(symbol: string): string {
  const pair = pairIn(symbol)
  return pair === null ? symbol : `${pair.base}-${pair.quote}`
}

/** All of them are settled in USDC, and have no quote in their name. */
function perpetualMeant(symbol: string): string {
  const name = symbol.toUpperCase().replace(/-INTX$/, '')
  const base = pairIn(name)?.base ?? /^([^-/_: ]+)[-/_: ]?PERP$/.exec(name)?.[1]
  return base === undefined ? symbol : `${base}-PERP-INTX`
}

function ownName(product: string): string {
  return OWN_USDC_BOOKS.has(product) ? product : product.replace(/-USDC$/, '-USD')
}
