import type { Market as MarketName } from '@cryptoflow/model'
import { CryptoFlowError, seededChance } from '@cryptoflow/runtime'
import { hashOf, type Instrument } from '../instruments.ts'

export type ContractType = 'PERPETUAL' | 'TRADIFI_PERPETUAL' | 'CURRENT_QUARTER'

/** What is listed under a symbol of a market. */
export interface Listed extends Instrument {
  readonly market: MarketName
  /** Symbol without a contract's suffix; of a spot symbol the symbol. */
  readonly pair: string
  /** Null for spot. */
  readonly contractType: ContractType | null
  /** Null for what never ends. */
  readonly deliveryMs: number | null
  readonly onboardMs: number
  /** What a contract's profit is paid in; null for spot. */
  readonly settle: string | null
  /** Quote units per contract; null where quantities are in the base asset. */
  readonly contractSize: number | null
  /** Hours between two payments of funding. */
  readonly fundingHours: number
  /** Fraction digits on the wire. */
  readonly priceFraction: number
  readonly quantityFraction: number
}

type Known = readonly [priceDigits: number, quantityDigits: number, startTicks: number, typicalLots: number]

/** Ticks and lots as the large spot markets have them, so that a demo looks familiar. */
const known: ReadonlyMap<string, Known> = new Map([
  ['BTCUSDT', [2, 5, 6_183_763, 12_000]],
  ['ETHUSDT', [2, 4, 342_118, 15_000]],
  ['BNBUSDT', [2, 3, 61_244, 2_500]],
  ['SOLUSDT', [2, 3, 16_872, 9_000]],
  ['XRPUSDT', [4, 1, 23_418, 8_000]],
  ['ADAUSDT', [4, 1, 8_127, 30_000]],
  ['DOGEUSDT', [5, 0, 18_342, 9_000]],
  ['ETHBTC', [5, 4, 5_532, 40_000]],
  ['LINKUSDT', [3, 2, 14_921, 12_000]],
  ['AVAXUSDT', [3, 2, 28_733, 9_000]],
  ['LTCUSDT', [2, 3, 10_364, 8_000]],
])

/** The same of contracts, by what they are on. */
const knownContracts: ReadonlyMap<string, Known> = new Map([
  ['BTCUSDT', [1, 3, 618_376, 900]],
  ['ETHUSDT', [2, 3, 342_118, 9_000]],
  ['BTCUSD', [1, 0, 618_376, 1_200]],
  ['ETHUSD', [2, 0, 342_118, 2_400]],
])

/** Underlyings that are no crypto assets: their perpetuals are a class of their own. */
const TRADFI: ReadonlySet<string> = new Set(['TSLA', 'NVDA', 'AAPL', 'MSTR', 'COIN', 'XAU', 'XAG'])

const QUOTES = ['USDT', 'USDC', 'FDUSD', 'BTC', 'ETH', 'BNB', 'EUR', 'TRY']
const SYMBOL_BYTES_MAX = 64
/** Spot prices and quantities have this many fraction digits on the wire, whatever the tick: `61837.63000000`. */
const SPOT_FRACTION = 8
/** Contracts are delivered at this time of their day. Source: the exchange's contract pages, as of 2026-05-28. */
const DELIVERY_HOUR_MS = 8 * 3_600_000
const FIRST_LISTING_MS = 1_569_398_400_000
const DAY_MS = 86_400_000

/**
 * What a symbol of a market is: from short lists, or made from its name, always the same for the same name.
 *
 * Throws a usage error for a symbol that is not upper case, cannot stand in a stream name or does not end as the
 * market's symbols end.
 */
export function listed(market: MarketName, symbol: string): Listed {
  const parts = isSpelledWell(symbol) ? partsOf(market, symbol) : null
  if (parts === null) {
    throw new CryptoFlowError('starting the simulator: cannot trade this symbol', {
      kind: 'usage',
      reaction: 'stop',
      context: { market, symbol, quotes: QUOTES },
    })
  }
  const { base, quote, deliveryMs } = parts
  const pair = base + quote
  const [priceDigits, quantityDigits, startTicks, typicalLots] = numbersOf(market, pair)
  const isContract = market !== 'spot'
  const hash = hashOf(pair)
  return {
    market,
    symbol,
    base,
    quote,
    pair,
    contractType: isContract ? contractTypeOf(market, base, deliveryMs) : null,
    deliveryMs,
    onboardMs: FIRST_LISTING_MS + (hash % 2_000) * DAY_MS,
    settle: isContract ? (market === 'linear' ? quote : base) : null,
    contractSize: market === 'inverse' ? (base === 'BTC' ? 100 : 10) : null,
    fundingHours: hash % 2 === 0 ? 4 : 8,
    priceDigits,
    quantityDigits,
    startTicks,
    typicalLots,
    priceFraction: isContract ? priceDigits : SPOT_FRACTION,
    quantityFraction: isContract ? quantityDigits : SPOT_FRACTION,
  }
}

interface Parts {
  readonly base: string
  readonly quote: string
  readonly deliveryMs: number | null
}

function isSpelledWell(symbol: string): boolean {
  const isPlain = symbol === symbol.toUpperCase() && !/[\s@/!"\\\p{Cc}]/u.test(symbol)
  return isPlain && Buffer.byteLength(symbol) <= SYMBOL_BYTES_MAX
}

function partsOf(market: MarketName, symbol: string): Parts | null {
  if (market === 'spot') return assetsOf(symbol, QUOTES, null)
  const match = /^(.+?)(?:_(PERP|\d{6}))?$/.exec(symbol)
  const pair = match?.[1] ?? ''
  const suffix = match?.[2] ?? null
  const isDated = suffix !== null && suffix !== 'PERP'
  const deliveryMs = isDated ? deliveryOf(suffix) : null
  if (isDated && deliveryMs === null) return null
  if (market === 'inverse') return suffix === null ? null : assetsOf(pair, ['USD'], deliveryMs)
  return suffix === 'PERP' ? null : assetsOf(pair, QUOTES, deliveryMs)
}

function assetsOf(pair: string, quotes: readonly string[], deliveryMs: number | null): Parts | null {
  const quote = quotes.find((asset) => pair.endsWith(asset) && pair.length > asset.length)
  return quote === undefined ? null : { base: pair.slice(0, -quote.length), quote, deliveryMs }
}

/** `261225` is 25 December 2026; null for a day that is none. */
function deliveryOf(date: string): number | null {
  const iso = `20${date.slice(0, 2)}-${date.slice(2, 4)}-${date.slice(4)}`
  const ms = Date.parse(`${iso}T00:00:00Z`)
  const isDay = Number.isFinite(ms) && new Date(ms).toISOString().startsWith(iso)
  return isDay ? ms + DELIVERY_HOUR_MS : null
}

function contractTypeOf(market: MarketName, base: string, deliveryMs: number | null): ContractType {
  if (deliveryMs !== null) return 'CURRENT_QUARTER'
  return market === 'linear' && TRADFI.has(base) ? 'TRADIFI_PERPETUAL' : 'PERPETUAL'
}

function numbersOf(market: MarketName, pair: string): Known {
  const contract = market === 'spot' ? undefined : knownContracts.get(pair)
  const numbers = contract ?? known.get(pair) ?? invented(pair)
  return market === 'inverse' ? [numbers[0], 0, numbers[2], numbers[3]] : numbers
}

function invented(pair: string): Known {
  const chance = seededChance(hashOf(pair))
  return [1 + chance.below(6), chance.below(6), 8_000 + chance.below(900_000), 1_000 + chance.below(50_000)]
}
