import { seededChance } from '@cryptoflow/runtime'
import { hashOf, type Instrument } from '../instruments.ts'

/** What trades at what: price digits, quantity digits, middle price in ticks, a typical level in lots. */
type Known = readonly [priceDigits: number, quantityDigits: number, startTicks: number, typicalLots: number]

/** By base asset, against a dollar. */
const known: ReadonlyMap<string, Known> = new Map([
  ['BTC', [2, 5, 6_183_763, 12_000]],
  ['ETH', [2, 4, 342_118, 15_000]],
  ['SOL', [2, 3, 16_872, 9_000]],
  ['XRP', [4, 1, 23_418, 8_000]],
  ['DOGE', [5, 0, 18_342, 9_000]],
  ['ADA', [4, 1, 8_127, 30_000]],
  ['LINK', [3, 2, 14_921, 12_000]],
])

/** Quote assets in which a coin costs thousands of times as much, so that prices are whole numbers. */
const LARGE_QUOTES: ReadonlySet<string> = new Set(['KRW'])
const WON_PER_DOLLAR = 1_400

/**
 * What a symbol of two assets trades like: from a short list, or made from its name, always the same for the same
 * name. Quantities are in the base asset.
 */
export function instrumentOf(symbol: string, base: string, quote: string): Instrument {
  const [priceDigits, quantityDigits, startTicks, typicalLots] = known.get(base) ?? invented(base + quote)
  if (LARGE_QUOTES.has(quote)) {
    const wons = Math.max(10_000, Math.floor((startTicks / 10 ** priceDigits) * WON_PER_DOLLAR))
    return {
      symbol,
      base,
      quote,
      priceDigits: 0,
      quantityDigits: 8,
      startTicks: wons,
      typicalLots: 5_000_000,
    }
  }
  return { symbol, base, quote, priceDigits, quantityDigits, startTicks, typicalLots }
}

/** The same in contracts: whole lots. */
export function contractOf(symbol: string, base: string, quote: string): Instrument {
  return { ...instrumentOf(symbol, base, quote), quantityDigits: 0, typicalLots: 1_200 }
}

function invented(pair: string): Known {
  const chance = seededChance(hashOf(pair))
  return [1 + chance.below(6), chance.below(6), 8_000 + chance.below(900_000), 1_000 + chance.below(50_000)]
}
