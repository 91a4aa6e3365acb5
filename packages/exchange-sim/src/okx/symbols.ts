import type { Market as MarketName } from '@cryptoflow/model'
import { CryptoFlowError } from '@cryptoflow/runtime'
import { hashOf, type Instrument } from '../instruments.ts'
import { contractOf, instrumentOf } from '../stage/assets.ts'

/** Types of instruments, as subscriptions and lists name them. */
export type InstrumentType = 'SPOT' | 'SWAP' | 'FUTURES'

/** What one contract is worth, as the list of instruments says it: `value` times `factor` are `worth`, in `unit`. */
export interface Contract {
  readonly value: string
  readonly factor: string
  readonly worth: string
  readonly unit: string
}

/** What is listed under a symbol of a market. */
export interface Listed {
  readonly market: MarketName
  readonly type: InstrumentType
  readonly instrument: Instrument
  /** `BTC-USDT`; may be finer than base and quote (`BTC-USD_UM`). Empty for spot. */
  readonly family: string
  /** The coin that contracts are settled in; empty for spot. */
  readonly settle: string
  /** Null for spot. */
  readonly contract: Contract | null
  readonly listedMs: number
  /** Null for what never ends. */
  readonly expiryMs: number | null
}

const FIRST_LISTING_MS = Date.parse('2019-11-12T08:00:00Z')
const DAY_MS = 86_400_000
/** Dated contracts end at 8:00 UTC, as the times in lists of instruments show. */
const EXPIRY_HOUR = 8
const SPOT = /^([A-Z0-9]+)-([A-Z0-9]+)$/
const CONTRACT = /^([A-Z0-9]+)-([A-Z0-9]+)(_[A-Z]+)?-(SWAP|\d{6})$/

/**
 * Reads `BTC-USDT` (spot), `BTC-USDT-SWAP`, `BTC-USDT-261225`, `BTC-USD_UM-SWAP` (linear), `BTC-USD-SWAP` and
 * `BTC-USD-261225` (inverse). Throws a usage error for a symbol that the market does not have.
 */
export function listed(market: MarketName, symbol: string): Listed {
  const found = market === 'spot' ? spotOf(symbol) : futureOf(market, symbol)
  if (found !== null) return found
  throw new CryptoFlowError('starting the simulator: cannot trade this symbol', {
    kind: 'usage',
    reaction: 'stop',
    context: {
      market,
      symbol,
      known: 'BTC-USDT, BTC-USDT-SWAP, BTC-USDT-261225, BTC-USD_UM-SWAP, BTC-USD-SWAP',
    },
  })
}

function spotOf(symbol: string): Listed | null {
  const [, base, quote] = SPOT.exec(symbol) ?? []
  if (base === undefined || quote === undefined) return null
  return {
    market: 'spot',
    type: 'SPOT',
    instrument: instrumentOf(symbol, base, quote),
    family: '',
    settle: '',
    contract: null,
    listedMs: listedMsOf(symbol),
    expiryMs: null,
  }
}

function futureOf(market: MarketName, symbol: string): Listed | null {
  const [, base, quote, suffix = '', end] = CONTRACT.exec(symbol) ?? []
  if (base === undefined || quote === undefined || end === undefined) return null
  const isInverse = quote === 'USD' && suffix === ''
  if (isInverse !== (market === 'inverse')) return null
  const expiryMs = end === 'SWAP' ? null : expiryOf(end)
  if (Number.isNaN(expiryMs)) return null
  const settle = suffix === '' ? quote : 'USDC'
  return {
    market,
    type: end === 'SWAP' ? 'SWAP' : 'FUTURES',
    instrument: isInverse ? contractOf(symbol, base, quote) : linearOf(symbol, base, quote),
    family: `${base}-${quote}${suffix}`,
    settle: isInverse ? base : settle,
    contract: isInverse ? inverseContract(base) : linearContract(base),
    listedMs: listedMsOf(symbol),
    expiryMs,
  }
}

/** Linear contracts are traded in hundredths. Source: okx.com/docs-v5, "GET / Instruments", as of 2026-07-03. */
function linearOf(symbol: string, base: string, quote: string): Instrument {
  const contract = contractOf(symbol, base, quote)
  return { ...contract, quantityDigits: 2, typicalLots: contract.typicalLots * 100 }
}

/** NaN for a day that is in no calendar. */
function expiryOf(yymmdd: string): number {
  const [year, month, day] = [0, 2, 4].map((at) => yymmdd.slice(at, at + 2))
  const ms = Date.parse(`20${year}-${month}-${day}T00:00:00Z`)
  return ms + EXPIRY_HOUR * 3_600_000
}

function listedMsOf(symbol: string): number {
  return FIRST_LISTING_MS + (hashOf(symbol) % 1_500) * DAY_MS
}

/** Value, factor and their product. */
const linearValues: readonly (readonly [value: string, factor: string, worth: string])[] = [
  ['0.1', '1', '0.1'],
  ['1', '1', '1'],
  ['10', '1', '10'],
  ['0.001', '10', '0.01'],
]

/** What contracts are worth changes and stands in the list; of bitcoin it has been a hundredth for long. */
function linearContract(base: string): Contract {
  const drawn = linearValues[hashOf(base) % linearValues.length]
  const [value, factor, worth] = base === 'BTC' || drawn === undefined ? ['0.01', '1', '0.01'] : drawn
  return { value, factor, worth, unit: base }
}

function inverseContract(base: string): Contract {
  const value = base === 'BTC' ? '100' : '10'
  return { value, factor: '1', worth: value, unit: 'USD' }
}
