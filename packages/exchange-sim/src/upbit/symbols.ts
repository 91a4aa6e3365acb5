import type { Market as MarketName } from '@cryptoflow/model'
import { CryptoFlowError } from '@cryptoflow/runtime'
import { hashOf, type Instrument } from '../instruments.ts'
import { instrumentOf } from '../stage/assets.ts'

/** The quote comes first. Source: docs.upbit.com/kr v1.6.4, List trading pairs, read 2026-10-07. */
const SYMBOL = /^(KRW|BTC|USDT)-([A-Z0-9]+)$/

/** In bitcoin, prices have eight digits behind the point and are small. */
const BITCOIN_DIGITS = 8
const BITCOIN_TICKS_MIN = 6_000
const BITCOIN_TICKS_MORE = 6_000_000

/** What trades under `KRW-BTC`, `BTC-ETH`, `USDT-XRP`. Throws a usage error for a symbol that the exchange has not. */
export function listed(market: MarketName, symbol: string): Instrument {
  const [, quote, base] = SYMBOL.exec(symbol) ?? []
  if (market !== 'spot' || quote === undefined || base === undefined || base === quote || base === 'KRW') {
    throw new CryptoFlowError('starting the simulator: cannot trade this symbol', {
      kind: 'usage',
      reaction: 'stop',
      context: { market, symbol, known: 'of the market spot: KRW-BTC, BTC-ETH, USDT-XRP' },
    })
  }
  const instrument = instrumentOf(symbol, base, quote)
  if (quote !== 'BTC') return instrument
  const startTicks = BITCOIN_TICKS_MIN + (hashOf(symbol) % BITCOIN_TICKS_MORE)
  return { ...instrument, priceDigits: BITCOIN_DIGITS, startTicks }
}
