import type { Market, RecognisedAnswer } from '@cryptoflow/model'
import { field, isArray, isObject, type Json, type JsonObject, parseJson } from '../json.ts'

/** What a REST answer is about that somebody else recorded: told by its address, else by the fields of its body. */

/** Paths that this market has had; `/api/v1` was retired on 2026-03-25 and stands in older recordings. */
const paths: Readonly<Record<Market, RegExp>> = {
  spot: /^\/api\/v[13]\/(\w+)$/,
  linear: /^\/fapi\/v1\/(\w+)$/,
  inverse: /^\/dapi\/v1\/(\w+)$/,
}

const common = ['exchangeInfo', 'trades', 'aggTrades']
const told = ['premiumIndex', 'fundingInfo', 'openInterest']

/** What each market answers, books apart: the endpoint's name is the stream's. */
const offered: Readonly<Record<Market, readonly string[]>> = {
  spot: common,
  linear: [...common, ...told],
  inverse: [...common, ...told],
}

/** Answers about the whole market when no symbol was asked for. */
const marketWide: readonly string[] = ['exchangeInfo', 'premiumIndex', 'fundingInfo']

/** Whether the market has an endpoint of this name whose answers are read, books apart. */
export function offers(market: Market, endpoint: string): boolean {
  return offered[market].includes(endpoint)
}

/**
 * What the answer from `url` is about; null when it is none that this market reads. Without an address, or with one
 * that is only a host, the body's fields decide. Never throws.
 */
export function recognise(market: Market, url: string | null, body: Uint8Array): RecognisedAnswer | null {
  const address = url === null ? null : URL.parse(url)
  const isPath = address !== null && address.pathname !== '' && address.pathname !== '/'
  return isPath ? byPath(market, address, body) : byBody(market, body)
}

function byPath(market: Market, address: URL, body: Uint8Array): RecognisedAnswer | null {
  const endpoint = paths[market].exec(address.pathname)?.[1]
  const isBook = endpoint === 'depth'
  if (endpoint === undefined || !(isBook || offers(market, endpoint))) return null
  const asked = address.searchParams.get('symbol')
  if (asked !== null) return { stream: isBook ? 'book' : endpoint, symbol: asked }
  if (marketWide.includes(endpoint)) return { stream: endpoint, symbol: '' }
  const json = parseJson(body)
  return { stream: isBook ? 'book' : endpoint, symbol: isObject(json) ? symbolIn(json) : null }
}

/** Fields that only this endpoint's objects, or the rows of its lists, have together. */
const marks: readonly (readonly [endpoint: string, isList: boolean, fields: readonly string[]])[] = [
  ['exchangeInfo', false, ['symbols', 'rateLimits']],
  ['openInterest', false, ['openInterest', 'symbol', 'time']],
  ['premiumIndex', false, ['markPrice', 'lastFundingRate', 'nextFundingTime']],
  ['premiumIndex', true, ['markPrice', 'lastFundingRate', 'nextFundingTime']],
  ['fundingInfo', true, ['symbol', 'fundingIntervalHours']],
  ['trades', true, ['id', 'price', 'qty', 'isBuyerMaker']],
  ['aggTrades', true, ['a', 'p', 'q', 'T', 'm']],
]

function byBody(market: Market, body: Uint8Array): RecognisedAnswer | null {
  const json = parseJson(body)
  const first = isArray(json) ? json[0] : json
  if (!isObject(first)) return null
  if (!isArray(json) && hasAll(first, ['lastUpdateId', 'bids', 'asks'])) {
    return { stream: 'book', symbol: symbolIn(first) }
  }
  const mark = marks.find(([, isList, fields]) => isList === isArray(json) && hasAll(first, fields))
  if (mark === undefined || !offers(market, mark[0])) return null
  return { stream: mark[0], symbol: symbolOf(mark[0], json) }
}

function hasAll(object: JsonObject, fields: readonly string[]): boolean {
  return fields.every((name) => field(object, name) !== undefined)
}

/** A row names its own symbol, so a list is about the whole market, unless only the request knew what it is about. */
function symbolOf(endpoint: string, json: Json | undefined): string | null {
  const own = isObject(json) ? symbolIn(json) : null
  return own ?? (marketWide.includes(endpoint) ? '' : null)
}

function symbolIn(object: JsonObject): string | null {
  const symbol = field(object, 'symbol')
  return typeof symbol === 'string' ? symbol : null
}
