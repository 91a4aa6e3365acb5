import type { Market as MarketName } from '@cryptoflow/model'
import { CryptoFlowError } from '@cryptoflow/runtime'
import type { Instrument } from '../instruments.ts'
import { instrumentOf } from '../stage/assets.ts'

/** What is listed under a symbol of a market. */
export interface Listed {
  readonly market: MarketName
  readonly instrument: Instrument
}

const PAIR = /^([A-Z0-9]+)-([A-Z0-9]+)$/
const PERPETUAL = /^([A-Z0-9]+)-PERP-INTX$/

/**
 * Pairs with USDC that have a book of their own; all others are other names of the pair with USD. Source:
 * docs.cdp.coinbase.com, Advanced Trade WebSocket overview, read 2026-09-27.
 */
const OWN_USDC_BOOKS: ReadonlySet<string> = new Set(['USDT-USDC', 'EURC-USDC'])

/**
 * Reads `BTC-USD` (spot) and `BTC-PERP-INTX` (linear). Throws a usage error for a symbol that the market does not have,
 * and for a mere other name.
 */
export function listed(market: MarketName, symbol: string): Listed {
  const [base, quote] = partsOf(market, symbol) ?? []
  if (base !== undefined && quote !== undefined)
    return { market, instrument: instrumentOf(symbol, base, quote) }
  throw new CryptoFlowError('starting the simulator: cannot trade this symbol', {
    kind: 'usage',
    reaction: 'stop',
    context: { market, symbol, known: 'BTC-USD, BTC-PERP-INTX' },
  })
}

function partsOf(market: MarketName, symbol: string): readonly [base: string, quote: string] | null {
  if (market === 'linear') {
    const [, base] = PERPETUAL.exec(symbol) ?? []
    return base === undefined ? null : [base, 'USDC']
  }
  const [, base, quote] = PAIR.exec(symbol) ?? []
  const isListed = market === 'spot' && bookNameOf(symbol) === symbol
  return isListed && base !== undefined && quote !== undefined ? [base, quote] : null
}

/** The product whose data a subscription on the Advanced socket brings, under that name: of `BTC-USDC` it is `BTC-USD`. */
export function bookNameOf(product: string): string {
  const isAlias = product.endsWith('-USDC') && !OWN_USDC_BOOKS.has(product)
  return isAlias ? product.slice(0, -1) : product
}
