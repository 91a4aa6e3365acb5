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
  if (pair === null) return symbol
  const { base, quote } = pair
  if (QUOTES.includes(quote) && base !== 'KRW') return `${quote}-${base}`
  return QUOTES.includes(base) ? `${base}-${quote}` : symbol
}
