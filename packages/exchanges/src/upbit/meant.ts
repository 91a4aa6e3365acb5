import { pairIn } from '../pairs.ts'

/** What is traded against what stands first. Source: docs.upbit.com, "Listing all markets", read 2026-10-07. */
const QUOTES: readonly string[] = ['KRW', 'BTC', 'USDT']

/** See ExchangeMarket.symbolMeant. The quote stands before the base: `KRW-BTC`. */
export function symbolMeant(symbol: string): string | null {
  const upper = symbol.toUpperCase()
  const [first = '', second = ''] = upper.split('-')
  const isOrdered = QUOTES.includes(first) && second !== '' && second !== 'KRW'
  if (isOrdered && upper === symbol) return null
  if (isOrdered) return upper
  const pair = pairIn(symbol)
  return pair !== null && QUOTES.includes(pair.quote) ? `${pair.quote}-${pair.base}` : symbol
}
