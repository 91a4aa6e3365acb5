import { intervalContent, marksContent, openInterestContent } from './contents.ts'
import type { Listing } from './listing.ts'
import { type Marks, marksOf, openInterestLots } from './marks.ts'
import { isRefusal, plain, type RestAnswer, type RestWorld, symbolOf } from './rest-answer.ts'
import type { Listed } from './symbols.ts'
import { eighthsText, quantityText } from './text.ts'

const PREMIUM_WEIGHT_ONE = 1
const PREMIUM_WEIGHT_ALL = 10
const INTERVAL_HOURS_USUAL = 8

/** Marks of one symbol or of all; the inverse market answers an array and weighs the same in both cases. */
export function premiumIndexAnswer(world: RestWorld, query: URLSearchParams): RestAnswer {
  const { flow, market } = world
  const isOne = query.get('symbol') !== null
  const found = isOne ? symbolOf(query, world) : null
  if (isRefusal(found)) return found
  const listings = found === null ? flow.listingsOf(market) : [found]
  const parts = listings.map((listing) => premiumOf(listing, flow.nowMs))
  const isArray = !isOne || market === 'inverse'
  const body = parts.map(({ json }) => json).join(',')
  const weight = isOne && market === 'linear' ? PREMIUM_WEIGHT_ONE : PREMIUM_WEIGHT_ALL
  const contents = parts.map(({ content }) => content)
  return plain(weight, isArray ? `[${body}]` : body, contents)
}

function premiumOf(listing: Listing, nowMs: number) {
  const { listed } = listing
  const marks = marksOf(listed, listing.best(), nowMs)
  const place = { listed, stream: 'premiumIndex', table: 'funding', atMs: nowMs } as const
  return { json: JSON.stringify(premiumObject(listed, marks)), content: marksContent(place, marks, 'answer') }
}

function premiumObject(listed: Listed, marks: Marks): object {
  return {
    symbol: listed.symbol,
    ...(listed.market === 'inverse' ? { pair: listed.pair } : {}),
    markPrice: eighthsText(marks.markPrice),
    indexPrice: eighthsText(marks.indexPrice),
    estimatedSettlePrice: eighthsText(marks.settlePrice),
    lastFundingRate: marks.fundingRate === null ? '' : eighthsText(marks.fundingRate),
    interestRate: marks.interestRate === null ? '' : eighthsText(marks.interestRate),
    nextFundingTime: marks.fundingMs ?? 0,
    time: marks.timeMs,
  }
}

/** Perpetuals whose interval is not the usual one; the others are not listed, as there. */
export function fundingInfoAnswer({ flow, market }: RestWorld): RestAnswer {
  const unusual = flow
    .listingsOf(market)
    .map(({ listed }) => listed)
    .filter(({ deliveryMs, fundingHours }) => deliveryMs === null && fundingHours !== INTERVAL_HOURS_USUAL)
  const objects = unusual.map((listed) => ({
    symbol: listed.symbol,
    adjustedFundingRateCap: '0.02000000',
    adjustedFundingRateFloor: '-0.02000000',
    fundingIntervalHours: listed.fundingHours,
    disclaimer: false,
  }))
  const contents = unusual.map((listed) =>
    intervalContent({ listed, stream: 'fundingInfo', table: 'funding', atMs: flow.nowMs }),
  )
  return plain(0, JSON.stringify(objects), contents)
}

/** Positions open in one symbol; of inverse symbols in contracts. */
export function openInterestAnswer(world: RestWorld, query: URLSearchParams): RestAnswer {
  const listing = symbolOf(query, world)
  if (isRefusal(listing)) return listing
  const { listed } = listing
  const time = world.flow.nowMs
  const openInterest = quantityText(listed, openInterestLots(listed, time))
  const place = { listed, stream: 'openInterest', table: 'open_interest', atMs: time } as const
  return plain(1, JSON.stringify(interestObject(listed, openInterest, time)), [
    openInterestContent(place, openInterest, time),
  ])
}

function interestObject(listed: Listed, openInterest: string, time: number): object {
  const { symbol, pair, contractType } = listed
  if (listed.market === 'linear') return { openInterest, symbol, time }
  return { symbol, pair, openInterest, contractType, time }
}
