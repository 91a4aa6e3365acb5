import type { DecodeOutcome, Market } from '@cryptoflow/model'
import type { Json } from '../json.ts'
import { OTHER_MARKET, OUT_OF_SCOPE } from '../outcomes.ts'

/**
 * Which market a product is of, told by its name: the same sockets carry all of them.
 *
 * `BTC-USD` is spot, `BTC-PERP-INTX` linear; `BIP-20DEC30-CDE`, a future of another clearing house in contracts of its
 * own, is kept by no market. Sources: docs.cdp.coinbase.com, Advanced Trade, products, read 2026-09-27; a level2 frame
 * of 2026-09-07.
 */

/** `null`: the name tells nothing, and whoever asked for it keeps it. */
export type ProductKind = Market | 'out_of_scope' | null

const PERPETUAL = /^.+-PERP-INTX$/s
const OTHER_DERIVATIVE = /-(?:CDE|INTX)$/
const SPOT = /^[^-]+-[^-]+$/s

/** What the product's name tells. */
export function kindOfProduct(id: string): ProductKind {
  if (PERPETUAL.test(id)) return 'linear'
  if (OTHER_DERIVATIVE.test(id)) return 'out_of_scope'
  return SPOT.test(id) ? 'spot' : null
}

/** The outcome for a product that the market does not keep; null for one that it keeps, and for what is no name. */
export function outsideOf(market: Market, product: Json | undefined): DecodeOutcome | null {
  const kind = typeof product === 'string' ? kindOfProduct(product) : null
  if (kind === null || kind === market) return null
  return kind === 'out_of_scope' ? OUT_OF_SCOPE : OTHER_MARKET
}
