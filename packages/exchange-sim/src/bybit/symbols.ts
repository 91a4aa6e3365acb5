import type { Market as MarketName } from '@cryptoflow/model'
import { CryptoFlowError } from '@cryptoflow/runtime'
import { hashOf, type Instrument } from '../instruments.ts'
import { contractOf, instrumentOf } from '../stage/assets.ts'

/** What is listed under a symbol of a market. */
export interface Listed {
  readonly market: MarketName
  readonly instrument: Instrument
  /** Null for what never ends. */
  readonly deliveryMs: number | null
  readonly launchMs: number
}

/** Contracts are delivered at 8:00 UTC. Source: bybit-exchange/docs 2026-07-24, v5/market/instrument. */
const DELIVERY_HOUR = 'T08:00:00Z'
const FIRST_LISTING_MS = Date.parse('2020-03-30T16:00:00Z')
const DAY_MS = 86_400_000
const SYMBOL = /^([A-Z0-9]+?)(USDT|USDC|PERP|USD)?(?:-(\d{1,2}[A-Z]{3}\d{2}))?$/

/**
 * Reads `BTCUSDT` (spot, linear), `BTCPERP`, `BTCUSDT-25DEC26`, `BTC-25DEC26` (linear) and `BTCUSD` (inverse). Throws a
 * usage error for a symbol that the market does not have.
 */
export function listed(market: MarketName, symbol: string): Listed {
  const parts = partsOf(market, symbol)
  if (parts === null) {
    throw new CryptoFlowError('starting the simulator: cannot trade this symbol', {
      kind: 'usage',
      reaction: 'stop',
      context: { market, symbol, known: 'BTCUSDT, BTCPERP, BTCUSDT-25DEC26, BTC-25DEC26, BTCUSD' },
    })
  }
  const { base, quote, deliveryMs } = parts
  const make = market === 'inverse' ? contractOf : instrumentOf
  return {
    market,
    instrument: make(symbol, base, quote),
    deliveryMs,
    launchMs: FIRST_LISTING_MS + (hashOf(symbol) % 1_500) * DAY_MS,
  }
}

function partsOf(
  market: MarketName,
  symbol: string,
): { readonly base: string; readonly quote: string; readonly deliveryMs: number | null } | null {
  const match = SYMBOL.exec(symbol)
  if (match === null) return null
  const [, base = '', coin = '', date] = match
  const deliveryMs =
    date === undefined
      ? null
      : Date.parse(`${date.slice(0, -5)} ${date.slice(-5, -2)} 20${date.slice(-2)} UTC`)
  if (Number.isNaN(deliveryMs)) return null
  const isPlain = date === undefined
  if (market === 'inverse') return coin === 'USD' && isPlain ? { base, quote: 'USD', deliveryMs: null } : null
  if (coin === 'USD') return null
  if (market === 'spot')
    return isPlain && (coin === 'USDT' || coin === 'USDC') ? { base, quote: coin, deliveryMs } : null
  if (isPlain && coin === '') return null
  const quote = coin === '' || coin === 'PERP' ? 'USDC' : coin
  return { base, quote, deliveryMs: deliveryMs === null ? null : deliveryMs + hourMs() }
}

function hourMs(): number {
  return Date.parse(`1970-01-01${DELIVERY_HOUR}`)
}
