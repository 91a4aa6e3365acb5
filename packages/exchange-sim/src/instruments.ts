import { CryptoFlowError, seededChance } from '@cryptoflow/runtime'

/** What a simulated market needs to know of what it trades. */
export interface Instrument {
  readonly symbol: string
  readonly base: string
  readonly quote: string
  /** The tick is 10^-priceDigits. */
  readonly priceDigits: number
  /** The lot is 10^-quantityDigits. */
  readonly quantityDigits: number
  /** Mid price at the start, in ticks. */
  readonly startTicks: number
  /** A typical level's quantity, in lots. */
  readonly typicalLots: number
}

type Known = readonly [priceDigits: number, quantityDigits: number, startTicks: number, typicalLots: number]

/** Ticks and lots as the large markets have them, so that a demo looks familiar. */
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

const QUOTES = ['USDT', 'USDC', 'FDUSD', 'BTC', 'ETH', 'BNB', 'EUR', 'TRY']
const SYMBOL_BYTES_MAX = 64

/**
 * The instrument of a symbol: from a short list, or made from its name, always the same for the same name.
 *
 * Throws a usage error for a symbol that is not upper case, cannot stand in a stream name or does not end
 * in a quote asset that the simulator knows.
 */
export function instrumentOf(symbol: string): Instrument {
  const quote = QUOTES.find((asset) => symbol.endsWith(asset) && symbol.length > asset.length)
  const isSpelledWell = symbol === symbol.toUpperCase() && !/[\s@/!"\\\p{Cc}]/u.test(symbol)
  if (quote === undefined || !isSpelledWell || Buffer.byteLength(symbol) > SYMBOL_BYTES_MAX) {
    throw new CryptoFlowError('starting the simulator: cannot trade this symbol', {
      kind: 'usage',
      reaction: 'stop',
      context: { symbol, quotes: QUOTES },
    })
  }
  const [priceDigits, quantityDigits, startTicks, typicalLots] = known.get(symbol) ?? invented(symbol)
  const base = symbol.slice(0, -quote.length)
  return { symbol, base, quote, priceDigits, quantityDigits, startTicks, typicalLots }
}

/** A 32-bit number of a text (FNV-1a), to give each symbol its own part of a seed. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}

function invented(symbol: string): Known {
  const chance = seededChance(hashOf(symbol))
  return [1 + chance.below(6), chance.below(6), 8_000 + chance.below(900_000), 1_000 + chance.below(50_000)]
}
