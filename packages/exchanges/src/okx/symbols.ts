import type { Market, StringTable } from '@cryptoflow/model'
import { half, space, word } from '../bytes.ts'
import { SeenSymbols } from '../seen-symbols.ts'

/**
 * One host and one path carry all markets: which one a message belongs to is told by the form of its symbol.
 *
 * `BTC-USDT` is spot; `BTC-USD-230224-18000-C` an option; of all others `-USD-` makes an inverse contract and any
 * other quote, `USD_UM` included, a linear one. Agrees with the `ctType` of all 270 contracts in the lists of
 * 2022-05-13. A name without a hyphen has no market.
 */

/** What a symbol is, by its form; null when it has none. */
export type SymbolKind = Market | 'option' | null

/** The kind of a symbol. */
export function kindOf(symbol: string): SymbolKind {
  const parts = symbol.split('-')
  if (parts.length < 3) return parts.length === 2 ? 'spot' : null
  if (parts.length === 5 && /^[CP]$/.test(parts[4] as string)) return 'option'
  return symbol.includes('-USD-') ? 'inverse' : 'linear'
}

const { view } = space
const HYPHEN = 45
const USD = word('-USD')
const CALL = half('-C')
const PUT = half('-P')

/** The same of the bytes `at ... end - 1` of the frame that is being read. */
function kindAt(at: number, end: number): SymbolKind {
  let hyphens = 0
  let isUsd = false
  for (let i = at; i < end; i++) {
    if (view.getUint8(i) !== HYPHEN) continue
    hyphens += 1
    isUsd ||= i + 4 < end && view.getInt32(i, true) === USD && view.getUint8(i + 4) === HYPHEN
  }
  if (hyphens < 2) return hyphens === 1 ? 'spot' : null
  const last = view.getUint16(end - 2, true)
  if (hyphens === 4 && (last === CALL || last === PUT)) return 'option'
  return isUsd ? 'inverse' : 'linear'
}

/** Of each market the symbols that are its own. */
const seen: Readonly<Record<Market, SeenSymbols>> = {
  spot: seenOf('spot'),
  linear: seenOf('linear'),
  inverse: seenOf('inverse'),
}

function seenOf(market: Market): SeenSymbols {
  return new SeenSymbols((at, length) => kindAt(at, at + length) === market)
}

/**
 * The id of the symbol in the plain bytes `at ... end - 1`; -1 when it is none of `market`, or the table refuses it.
 */
export function symbolId(at: number, end: number, market: Market, names: StringTable): number {
  return seen[market].id(at, end - at, names)
}
