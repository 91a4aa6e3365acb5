import { fixedText } from '../fixed-text.ts'
import type { MarketTrade } from '../market.ts'
import type { Listing } from './listing.ts'
import type { Aggregate } from './prints.ts'
import {
  isRefusal,
  numberOf,
  plain,
  type RestAnswer,
  type RestWorld,
  refused,
  symbolOf,
} from './rest-answer.ts'
import type { Listed } from './symbols.ts'
import { priceText, quantityText } from './text.ts'

const LIMIT_DEFAULT = 500
const LIMIT_MAX = 1000
const HOUR_MS = 3_600_000
const TRADES_WEIGHT = { spot: 25, linear: 5, inverse: 5 }
const AGGREGATES_WEIGHT = { spot: 4, linear: 20, inverse: 20 }
/** Fraction digits of amounts that are computed from price and quantity. */
const AMOUNT_DIGITS = 8

/** The last trades of a symbol, oldest first, as they were streamed; futures leave out what was off the book. */
export function tradesAnswer(world: RestWorld, query: URLSearchParams): RestAnswer {
  const listing = symbolOf(query, world)
  if (isRefusal(listing)) return listing
  const limit = limitOf(query)
  if (isRefusal(limit)) return limit
  const trades = listing.trades.all().filter(({ isOffBook }) => !isOffBook)
  const objects = trades.slice(-limit).map((trade) => tradeObject(listing.listed, trade))
  return plain(TRADES_WEIGHT[world.market], JSON.stringify(objects))
}

/** Aggregates of a symbol, the last ones, or those from an id or a time on; only what is still remembered. */
export function aggregatesAnswer(world: RestWorld, query: URLSearchParams): RestAnswer {
  const listing = symbolOf(query, world)
  if (isRefusal(listing)) return listing
  const limit = limitOf(query)
  const fromId = numberOf(query, 'fromId')
  const startTime = numberOf(query, 'startTime')
  const endTime = numberOf(query, 'endTime')
  if (isRefusal(limit)) return limit
  if (isRefusal(fromId)) return fromId
  if (isRefusal(startTime)) return startTime
  if (isRefusal(endTime)) return endTime
  const refusal = world.market === 'spot' ? null : combinationProblem({ fromId, startTime, endTime })
  if (refusal !== null) return refusal
  const isLast = fromId === null && startTime === null
  const all = aggregatesOf(listing).filter(
    ({ id, timeMs }) => id >= (fromId ?? 0) && timeMs >= (startTime ?? 0) && timeMs <= (endTime ?? Infinity),
  )
  const chosen = isLast ? all.slice(-limit) : all.slice(0, limit)
  const objects = chosen.map((aggregate) => aggregateObject(listing.listed, aggregate))
  return plain(AGGREGATES_WEIGHT[world.market], JSON.stringify(objects))
}

function aggregatesOf(listing: Listing): readonly Aggregate[] {
  return listing.aggregates.all()
}

function limitOf(query: URLSearchParams): number | RestAnswer {
  const limit = numberOf(query, 'limit') ?? LIMIT_DEFAULT
  return typeof limit === 'number' ? Math.max(1, Math.min(limit, LIMIT_MAX)) : limit
}

function combinationProblem(asked: {
  readonly fromId: number | null
  readonly startTime: number | null
  readonly endTime: number | null
}): RestAnswer | null {
  const { fromId, startTime, endTime } = asked
  if (fromId !== null && (startTime !== null || endTime !== null)) {
    return refused(-1128, 'Combination of optional parameters invalid.')
  }
  const isTooLong = startTime !== null && endTime !== null && endTime - startTime >= HOUR_MS
  return isTooLong ? refused(-1127, 'More than 1 hours between startTime and endTime.') : null
}

function tradeObject(listed: Listed, trade: MarketTrade): object {
  const amount = { [listed.market === 'inverse' ? 'baseQty' : 'quoteQty']: amountText(listed, trade) }
  const head = {
    id: trade.id,
    price: priceText(listed, trade.price),
    qty: quantityText(listed, trade.quantity),
    ...amount,
    time: trade.timeMs,
    isBuyerMaker: trade.side === 'sell',
  }
  if (listed.market === 'spot') return { ...head, isBestMatch: true }
  return listed.market === 'linear' ? { ...head, isRPITrade: false } : head
}

function aggregateObject(listed: Listed, aggregate: Aggregate): object {
  const normal = { nq: quantityText(listed, aggregate.normalQuantity) }
  return {
    a: aggregate.id,
    p: priceText(listed, aggregate.price),
    q: quantityText(listed, aggregate.quantity),
    ...(listed.market === 'linear' ? normal : {}),
    f: aggregate.first,
    l: aggregate.last,
    T: aggregate.timeMs,
    m: aggregate.side === 'sell',
    ...(listed.market === 'spot' ? { M: true } : {}),
  }
}

/** Price times quantity; of contracts their size over the price, cut after eight digits. */
function amountText(listed: Listed, { price, quantity }: MarketTrade): string {
  const digits = listed.priceDigits + listed.quantityDigits
  if (listed.contractSize === null) return bigText(BigInt(price) * BigInt(quantity), digits)
  const units =
    BigInt(quantity) * BigInt(listed.contractSize) * 10n ** BigInt(AMOUNT_DIGITS + listed.priceDigits)
  return fixedText(Number(units / BigInt(price)), AMOUNT_DIGITS, AMOUNT_DIGITS)
}

function bigText(units: bigint, digits: number): string {
  const text = String(units).padStart(digits + 1, '0')
  const whole = text.slice(0, text.length - digits)
  return digits === 0 ? whole : `${whole}.${text.slice(text.length - digits)}`
}
