import type { Market as MarketName } from '@cryptoflow/model'
import { hashOf } from '../instruments.ts'
import type { BinanceLimits } from './limits.ts'
import type { Listed } from './symbols.ts'
import { priceText, quantityText } from './text.ts'

/** A symbol of an instrument list, with its object as it stands there. */
export interface InstrumentEntry {
  readonly listed: Listed
  readonly status: string
  readonly json: string
}

export interface InstrumentListOptions {
  readonly market: MarketName
  readonly symbols: readonly Listed[]
  readonly seed: number
  readonly startMs: number
  /** Distance of two changes of a status. */
  readonly statusEveryMs: number
  readonly limits: BinanceLimits
}

const SPOT_STATUSES = ['CANCEL_ONLY', 'HALT', 'BREAK', 'END_OF_DAY'] as const
const FUTURES_STATUSES = ['SETTLING', 'PRE_SETTLE', 'PENDING_TRADING', 'CLOSE'] as const
/** Highest price and quantity that filters let through, in ticks and lots. */
const FILTER_UNITS_MAX = 100_000_000_000
/** What perpetual contracts have as their delivery date. Source: the exchange's derivatives docs, 2026-05-28. */
const NEVER_MS = 4_133_404_800_000

/**
 * What a market lists at a moment, and in which status. Statuses are announcements only: a symbol goes on trading
 * whatever it says. Pure in time: in every other stretch of `statusEveryMs` one symbol is not `TRADING`.
 */
export function instrumentsAt(options: InstrumentListOptions, nowMs: number): InstrumentEntry[] {
  const stretch = Math.floor((nowMs - options.startMs) / options.statusEveryMs)
  const draw = hashOf(`status ${options.market} ${options.seed} ${stretch}`)
  const chosen = stretch % 2 === 1 ? draw % options.symbols.length : -1
  const statuses = options.market === 'spot' ? SPOT_STATUSES : FUTURES_STATUSES
  return options.symbols.map((listed, index) => {
    const other = statuses[(stretch >>> 1) % statuses.length] as string
    const status = index === chosen ? other : 'TRADING'
    const object = listed.market === 'spot' ? spotObject(listed, status) : futuresObject(listed, status)
    return { listed, status, json: JSON.stringify(object) }
  })
}

/** The whole answer. Source of its keys: the exchange's docs and captures of 2021; the example symbols of 2026-05-28. */
export function exchangeInfoJson(
  options: InstrumentListOptions,
  entries: readonly InstrumentEntry[],
  nowMs: number,
): string {
  const head = {
    timezone: 'UTC',
    serverTime: nowMs,
    ...(options.market === 'linear' ? { futuresType: 'U_MARGINED' } : {}),
    rateLimits: rateLimits(options),
    exchangeFilters: [],
  }
  return `${JSON.stringify(head).slice(0, -1)},"symbols":[${entries.map(({ json }) => json).join(',')}]}`
}

function rateLimits({ market, limits }: InstrumentListOptions): object[] {
  const weight = { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1 }
  const requests = { rateLimitType: 'RAW_REQUESTS', interval: 'MINUTE', intervalNum: 5, limit: 300_000 }
  return [{ ...weight, limit: limits.restWeightPerMinute }, ...(market === 'spot' ? [requests] : [])]
}

function priceFilter(listed: Listed): Record<string, string> {
  const tick = priceText(listed, 1)
  const maxPrice = priceText(listed, FILTER_UNITS_MAX)
  return { filterType: 'PRICE_FILTER', minPrice: tick, maxPrice, tickSize: tick }
}

function lotFilter(listed: Listed, filterType: string): Record<string, string> {
  const step = quantityText(listed, 1)
  return { filterType, minQty: step, maxQty: quantityText(listed, FILTER_UNITS_MAX), stepSize: step }
}

function spotObject(listed: Listed, status: string): object {
  return {
    symbol: listed.symbol,
    status,
    baseAsset: listed.base,
    baseAssetPrecision: 8,
    quoteAsset: listed.quote,
    quotePrecision: 8,
    quoteAssetPrecision: 8,
    orderTypes: ['LIMIT', 'LIMIT_MAKER', 'MARKET'],
    isSpotTradingAllowed: true,
    isMarginTradingAllowed: false,
    filters: [
      priceFilter(listed),
      lotFilter(listed, 'LOT_SIZE'),
      { ...lotFilter(listed, 'MARKET_LOT_SIZE'), minQty: '0.00000000', stepSize: '0.00000000' },
      {
        filterType: 'NOTIONAL',
        minNotional: '5.00000000',
        applyMinToMarket: true,
        maxNotional: '9000000.00000000',
        applyMaxToMarket: false,
        avgPriceMins: 5,
      },
    ],
    permissions: [],
    permissionSets: [['SPOT']],
  }
}

function futuresObject(listed: Listed, status: string): object {
  const isLinear = listed.market === 'linear'
  const isTradFi = listed.contractType === 'TRADIFI_PERPETUAL'
  return {
    symbol: listed.symbol,
    pair: listed.pair,
    contractType: listed.contractType,
    deliveryDate: listed.deliveryMs ?? NEVER_MS,
    onboardDate: listed.onboardMs,
    [isLinear ? 'status' : 'contractStatus']: status,
    ...(isLinear ? {} : { contractSize: listed.contractSize }),
    baseAsset: listed.base,
    quoteAsset: listed.quote,
    marginAsset: listed.settle,
    pricePrecision: listed.priceDigits,
    quantityPrecision: listed.quantityDigits,
    baseAssetPrecision: 8,
    quotePrecision: 8,
    ...(isLinear ? {} : { equalQtyPrecision: 4 }),
    underlyingType: isTradFi ? 'EQUITY' : 'COIN',
    underlyingSubType: [],
    filters: [
      priceFilter(listed),
      lotFilter(listed, 'LOT_SIZE'),
      lotFilter(listed, 'MARKET_LOT_SIZE'),
      ...(isLinear ? [{ filterType: 'MIN_NOTIONAL', notional: '5' }] : []),
    ],
    orderTypes: ['LIMIT', 'MARKET', 'STOP', 'STOP_MARKET', 'TAKE_PROFIT', 'TAKE_PROFIT_MARKET'],
    timeInForce: ['GTC', 'IOC', 'FOK', 'GTX'],
  }
}
