import { hashOf } from '../instruments.ts'
import type { Listed } from './symbols.ts'

/** Prices and rates that are told and not traded, in units of 10^-8. */
export interface Marks {
  readonly markPrice: number
  readonly averagePrice: number
  readonly indexPrice: number
  readonly settlePrice: number
  /** Null for contracts that are delivered. */
  readonly fundingRate: number | null
  readonly interestRate: number | null
  /** When the rate is paid; null for contracts that are delivered. */
  readonly fundingMs: number | null
  /** The moment that they are of, exchange milliseconds. */
  readonly timeMs: number
}

const HOUR_MS = 3_600_000
const INTEREST_RATE = 10_000

/**
 * A symbol's marks at a moment: the middle of its book, moved by amounts that its name and the moment give. Pure, so
 * that streams and REST of one moment agree.
 */
export function marksOf(
  listed: Listed,
  best: { readonly bid: number; readonly ask: number },
  timeMs: number,
): Marks {
  const middle = ((best.bid + best.ask) * 10 ** (8 - listed.priceDigits)) / 2
  const step = Math.max(1, Math.floor(middle / 1_000_000))
  const draw = hashOf(`${listed.market} ${listed.symbol} ${timeMs}`)
  const indexPrice = Math.max(1, middle + ((draw % 1_001) - 500) * step)
  const markPrice = Math.max(1, middle + (((draw >>> 10) % 201) - 100) * step + (draw % 97))
  const settlePrice = Math.max(1, indexPrice - ((draw >>> 20) % 101) * step)
  const averagePrice = Math.floor((markPrice + indexPrice) / 2)
  const fundingMs = listed.deliveryMs === null ? nextFundingMs(listed, timeMs) : null
  return {
    markPrice,
    averagePrice,
    indexPrice,
    settlePrice,
    fundingRate: fundingMs === null ? null : rateOf(listed, fundingMs, timeMs),
    interestRate: fundingMs === null ? null : INTEREST_RATE,
    fundingMs,
    timeMs,
  }
}

function nextFundingMs(listed: Listed, timeMs: number): number {
  const everyMs = listed.fundingHours * HOUR_MS
  return (Math.floor(timeMs / everyMs) + 1) * everyMs
}

/** Near its interval's own rate, moving a little every minute; of any sign. */
function rateOf(listed: Listed, fundingMs: number, timeMs: number): number {
  const ofInterval = hashOf(`rate ${listed.market} ${listed.symbol} ${fundingMs}`)
  const ofMinute = hashOf(`rate ${listed.symbol} ${Math.floor(timeMs / 60_000)}`)
  return (ofInterval % 60_001) - 20_000 + (ofMinute % 2_001) - 1_000
}

/** Positions open at a moment, in lots: around a number of the symbol's own, another one every second. */
export function openInterestLots(listed: Listed, timeMs: number): number {
  const usual = listed.typicalLots * (5_000 + (hashOf(listed.symbol) % 5_000))
  const draw = hashOf(`interest ${listed.market} ${listed.symbol} ${Math.floor(timeMs / 1000)}`)
  return usual + (draw % Math.max(1, Math.floor(usual / 100)))
}
