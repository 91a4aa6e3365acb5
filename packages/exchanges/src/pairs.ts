/** Reads what somebody may mean by a symbol, to suggest the exchange's own spelling. Nothing is subscribed by it. */

/** The two halves of a symbol, in upper case. */
export interface Pair {
  readonly base: string
  readonly quote: string
}

/** Quotes of symbols without a separator, the longer before those that they end with. */
const QUOTES = ['FDUSD', 'USDT', 'USDC', 'USD', 'EUR', 'GBP', 'JPY', 'KRW', 'TRY', 'BTC', 'ETH', 'BNB']
const SEPARATOR = /[-/_: ]/
const PERPETUAL = /[-/_: ]?(?:PERP|SWAP)$/

/** `BTC-USDT`, `btc/usdt`, `BTCUSDT`, with or without `-PERP`; null where the halves cannot be told. */
export function pairIn(symbol: string): Pair | null {
  const name = symbol.toUpperCase().replace(PERPETUAL, '')
  const parts = name.split(SEPARATOR)
  if (parts.length === 1) return unseparated(name)
  const [base = '', quote = ''] = parts
  return parts.length === 2 && base !== '' && quote !== '' ? { base, quote } : null
}

function unseparated(name: string): Pair | null {
  const quote = QUOTES.find((known) => name.endsWith(known) && name.length > known.length)
  return quote === undefined ? null : { base: name.slice(0, -quote.length), quote }
}
