import type { EmissionContent } from '../emission-log.ts'
import { fixedText } from '../fixed-text.ts'
import { hashOf } from '../instruments.ts'
import type { MarketTrade } from '../market.ts'
import { tradeContent } from '../stage/contents.ts'
import type { Listing } from '../stage/listing.ts'
import type { TradeText } from './dialect.ts'
import { numberText, spellingsOfTrade } from './numbers.ts'

/** A trade as it is told and logged. */
export interface Print {
  readonly text: TradeText
  readonly content: EmissionContent
}

/** Ids of one millisecond end in so many digits. */
const ID_DIGITS = 4
const DAY_MS = 86_400_000
/** The closing price of yesterday is within this share of the price that trading began with. */
const CLOSING_SPREAD = 0.02

/** Numbers trades as the exchange does: by time and by place within the millisecond, not always in their order. */
export class Numbering {
  private readonly name: string
  private timeMs = -1
  private used = 0

  constructor(name: string) {
    this.name = name
  }

  /** The ids of trades, oldest first. */
  idsOf(trades: readonly MarketTrade[]): string[] {
    const byTime = Map.groupBy(trades, ({ timeMs }) => timeMs)
    return [...byTime].flatMap(([timeMs, { length }]) => this.idsAt(timeMs, length))
  }

  /** Of some milliseconds the last trade has the smallest number. */
  private idsAt(timeMs: number, count: number): string[] {
    const first = timeMs === this.timeMs ? this.used : 0
    this.timeMs = timeMs
    this.used = first + count
    const ids = Array.from({ length: count }, (_, i) => idText(timeMs, first + i))
    return hashOf(`${this.name} ${timeMs}`) % 2 === 0 ? ids : ids.reverse()
  }
}

function idText(timeMs: number, place: number): string {
  return String(BigInt(timeMs) * 10n ** BigInt(ID_DIGITS) + BigInt(place))
}

/** A trade as it is told at `nowMs`. */
export function printOf(listing: Listing, trade: MarketTrade, id: string, nowMs: number): Print {
  const { symbol, priceDigits, quantityDigits } = listing.instrument
  const spellings = spellingsOfTrade(symbol, id)
  const price = numberText(trade.price, priceDigits, spellings.price)
  const quantity = numberText(trade.quantity, quantityDigits, spellings.quantity)
  const { timeMs, side } = trade
  const place = { exchange: 'upbit', market: 'spot', symbol, stream: 'trade', table: 'ticks' } as const
  return {
    text: {
      symbol,
      sentMs: nowMs,
      timeMs,
      price,
      quantity,
      side,
      id,
      ...changeOf(listing, trade),
      ...bestOf(listing),
    },
    content: tradeContent(
      { ...place, atMs: nowMs },
      { sentMs: nowMs, engineMs: timeMs },
      { id, side, price, quantity },
    ),
  }
}

/** How the price stands to yesterday's, which ended at midnight UTC. */
function changeOf(
  { instrument }: Listing,
  { price, timeMs }: MarketTrade,
): Pick<TradeText, 'closing' | 'change' | 'changePrice'> {
  const { symbol, startTicks, priceDigits } = instrument
  const draw = (hashOf(`closing ${symbol} ${Math.floor(timeMs / DAY_MS)}`) % 2_001) / 1_000 - 1
  const closing = Math.max(1, Math.round(startTicks * (1 + draw * CLOSING_SPREAD)))
  const change = price > closing ? 'RISE' : price < closing ? 'FALL' : 'EVEN'
  return {
    closing: fixedText(closing, priceDigits, 8),
    change,
    changePrice: fixedText(Math.abs(price - closing), priceDigits, 8),
  }
}

function bestOf(listing: Listing): Pick<TradeText, 'ask' | 'bid'> {
  const { priceDigits, quantityDigits } = listing.instrument
  const { bids, asks } = listing.market.snapshot(1)
  const [bid, ask] = [bids, asks].map(([level]) => {
    const [price, lots] = level ?? [1, 1]
    return [numberText(price, priceDigits, 'short'), numberText(lots, quantityDigits, 'short')] as const
  })
  return { bid: bid ?? ['0', '0'], ask: ask ?? ['0', '0'] }
}
