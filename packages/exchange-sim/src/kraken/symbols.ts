import type { Market as MarketName } from '@cryptoflow/model'
import { CryptoFlowError } from '@cryptoflow/runtime'
import { hashOf, type Instrument } from '../instruments.ts'
import { contractOf, instrumentOf } from '../stage/assets.ts'

/** What is listed under a symbol of a market. */
export interface Listed {
  readonly market: MarketName
  readonly instrument: Instrument
  /** Zeros behind every quantity: coins that cost next to nothing are traded by the thousand; 0 elsewhere. */
  readonly lotZeros: number
  /** Null for what never ends. */
  readonly expiryMs: number | null
  readonly openedMs: number
}

const PAIR = /^([A-Za-z0-9]+)\/([A-Z]{3,5})$/
const PRODUCT = /^([PF])([FI])_([A-Z0-9]+)(USD|EUR)(?:_(\d\d)(\d\d)(\d\d))?$/

/** The older names of two coins, which futures products still have and pairs refuse. */
const renamed: ReadonlyMap<string, string> = new Map([
  ['XBT', 'BTC'],
  ['XDG', 'DOGE'],
])

/** Coins of which a thousand cost a cent. Source of the negative precisions: nautilus_trader 2026-07-02. */
const tiny: ReadonlySet<string> = new Set(['PEPE', 'SHIB', 'BONK'])
const TINY_LOT_ZEROS = 3

const FIRST_LISTING_MS = Date.parse('2018-08-31T00:00:00Z')
const DAY_MS = 86_400_000

/**
 * Reads `BTC/USD` (spot), `PF_XBTUSD`, `FF_XBTUSD_260925` (linear), `PI_XBTUSD` and `FI_XBTUSD_260925` (inverse).
 * Throws a usage error for a symbol that the market does not have.
 */
export function listed(market: MarketName, symbol: string): Listed {
  const found = market === 'spot' ? pairOf(symbol) : productOf(market, symbol)
  if (found !== null) return found
  throw new CryptoFlowError('starting the simulator: cannot trade this symbol', {
    kind: 'usage',
    reaction: 'stop',
    context: { market, symbol, known: 'BTC/USD, PF_XBTUSD, FF_XBTUSD_260925, PI_XBTUSD, FI_XBTUSD_260925' },
  })
}

function pairOf(symbol: string): Listed | null {
  const [, base = '', quote = ''] = PAIR.exec(symbol) ?? []
  if (base === '' || renamed.has(base)) return null
  const instrument = tiny.has(base) ? tinyOf(symbol, base, quote) : instrumentOf(symbol, base, quote)
  return { market: 'spot', instrument, lotZeros: 0, expiryMs: null, openedMs: openedOf(symbol) }
}

function productOf(market: MarketName, symbol: string): Listed | null {
  const match = PRODUCT.exec(symbol)
  if (match === null) return null
  const [, term, margin, coin = '', quote = '', year, month, day] = match
  const expiryMs = year === undefined ? null : Date.parse(`20${year}-${month}-${day}T15:00:00Z`)
  const isOurs = (margin === 'I') === (market === 'inverse') && (term === 'P') === (expiryMs === null)
  if (!isOurs || Number.isNaN(expiryMs)) return null
  const base = renamed.get(coin) ?? coin
  const isTiny = market === 'linear' && tiny.has(base)
  const make = isTiny ? tinyOf : market === 'inverse' ? contractOf : instrumentOf
  const instrument = make(symbol, base, quote)
  return { market, instrument, lotZeros: isTiny ? TINY_LOT_ZEROS : 0, expiryMs, openedMs: openedOf(symbol) }
}

function tinyOf(symbol: string, base: string, quote: string): Instrument {
  const numbers = { priceDigits: 10, quantityDigits: 0, startTicks: 98_765, typicalLots: 900 }
  return { symbol, base, quote, ...numbers }
}

function openedOf(symbol: string): number {
  return FIRST_LISTING_MS + (hashOf(symbol) % 1_500) * DAY_MS
}
