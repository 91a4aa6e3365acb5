import { fixedText } from '../fixed-text.ts'
import { hashOf } from '../instruments.ts'
import type { Listing } from './listing.ts'

/** Prices and rates that are told and not traded, at one moment. Decimal texts. */
export interface Marks {
  readonly mark: string
  readonly index: string
  /** Fraction of notional per interval, of any sign. */
  readonly rate: string
  /** When the rate is paid next, exchange milliseconds. */
  readonly fundingMs: number
  /** Positions open, in lots. */
  readonly openLots: number
}

/** Marks have this many fraction digits more than prices. */
const DIGITS_MORE = 2
const RATE_DIGITS = 8

/**
 * A listing's marks at a moment: the middle of its book, moved by amounts that its name and the moment give. Pure, so
 * that streams and REST of one moment agree.
 */
export function marksOf(name: string, listing: Listing, nowMs: number, everyHours: number): Marks {
  const { bids, asks } = listing.market.snapshot(1)
  const { priceDigits, typicalLots } = listing.instrument
  const middle = (((bids[0]?.[0] ?? 1) + (asks[0]?.[0] ?? 1)) * 10 ** DIGITS_MORE) / 2
  const draw = hashOf(`${name} ${nowMs}`)
  const step = Math.max(1, Math.floor(middle / 1_000_000))
  const everyMs = everyHours * 3_600_000
  const fundingMs = (Math.floor(nowMs / everyMs) + 1) * everyMs
  const ofMinute = hashOf(`rate ${name} ${Math.floor(nowMs / 60_000)}`)
  return {
    mark: priceText(middle + (((draw >>> 10) % 201) - 100) * step, priceDigits),
    index: priceText(middle + ((draw % 1_001) - 500) * step, priceDigits),
    rate: signedText((ofMinute % 60_001) - 20_000),
    fundingMs,
    openLots:
      typicalLots * 5_000 + (hashOf(`interest ${name} ${Math.floor(nowMs / 1000)}`) % (typicalLots * 50)),
  }
}

function priceText(units: number, priceDigits: number): string {
  const digits = priceDigits + DIGITS_MORE
  return fixedText(Math.max(1, Math.floor(units)), digits, digits)
}

function signedText(units: number): string {
  const text = fixedText(Math.abs(units), RATE_DIGITS, RATE_DIGITS)
  return units < 0 ? `-${text}` : text
}
