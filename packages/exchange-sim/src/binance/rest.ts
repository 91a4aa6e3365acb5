import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '@cryptoflow/runtime'
import type { EmissionLog } from '../emission-log.ts'
import type { Instrument } from '../instruments.ts'
import type { SimCounters } from './counters.ts'
import { emissionOf } from './fanout.ts'
import { bookContentOf, type EmissionContent, type Flow } from './flow.ts'
import { type BinanceSpotLimits, WindowedUse } from './limits.ts'
import { levelTexts, priceText, quantityText } from './wire.ts'

const DEPTH_LIMIT_DEFAULT = 100
const DEPTH_LIMIT_MAX = 5000
const MINUTE_MS = 60_000
/** Highest price and quantity that filters let through, in ticks and lots. */
const FILTER_UNITS_MAX = 100_000_000_000

/** An answer before it is sent; `content` is what the log says of a book that it carries. */
interface RestAnswer {
  readonly status: number
  readonly body: unknown
  readonly weight: number
  readonly content: EmissionContent | null
}

export interface RestOptions {
  readonly clock: Clock
  readonly flow: Flow
  readonly log: EmissionLog
  readonly limits: BinanceSpotLimits
  readonly counters: SimCounters
  /** An answer shows the moment of its request and arrives this much later. */
  readonly delayMs: number
}

/** The REST side: answers one request at a time, in the weights and words of the exchange. */
export function createRestHandler(
  options: RestOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  const { clock, flow, log, limits, counters, delayMs } = options
  const use = new WindowedUse(MINUTE_MS)

  return (request, response) => {
    const nowUs = clock.nowUs()
    const answer = answerOf(request, flow, limits, nowUs)
    const used = use.add(request.socket.remoteAddress ?? '', answer.weight, nowUs)
    response.setHeader('X-MBX-USED-WEIGHT', used)
    response.setHeader('X-MBX-USED-WEIGHT-1M', used)
    if (used > limits.restWeightPerMinute) {
      counters.restThrottled += 1
      response.setHeader('Retry-After', use.secondsLeft(nowUs))
      write(response, 429, throttled(limits))
      return
    }
    counters[answer.status === 200 ? 'restAnswered' : 'restRefused'] += 1
    const { content } = answer
    if (content !== null) response.once('close', () => log.append(snapshotOf(content, response)))
    if (delayMs <= 0) write(response, answer.status, answer.body)
    else
      response.once(
        'close',
        clock.after(delayMs, () => write(response, answer.status, answer.body)),
      )
  }
}

function snapshotOf(content: EmissionContent, response: ServerResponse) {
  const isWhole = response.writableFinished
  return emissionOf(content, {
    copies: isWhole ? 1 : 0,
    connection: null,
    fault: isWhole ? null : 'outage',
    wire: null,
  })
}

/** What a request is answered with, the limits of the address apart. */
function answerOf(
  request: IncomingMessage,
  flow: Flow,
  limits: BinanceSpotLimits,
  nowUs: number,
): RestAnswer {
  const url = URL.parse(request.url ?? '', 'http://localhost')
  if (request.method !== 'GET' || url === null) return plain(404, 1, {})
  switch (url.pathname) {
    case '/api/v3/ping':
      return plain(200, 1, {})
    case '/api/v3/time':
      return plain(200, 1, { serverTime: Math.floor(nowUs / 1000) })
    case '/api/v3/exchangeInfo':
      return exchangeInfo(url.searchParams, flow, limits, nowUs)
    case '/api/v3/depth':
      return depth(url.searchParams, flow)
    default:
      return plain(404, 1, {})
  }
}

function depth(query: URLSearchParams, flow: Flow): RestAnswer {
  const symbol = query.get('symbol')
  const limitText = query.get('limit') ?? String(DEPTH_LIMIT_DEFAULT)
  if (symbol === null || symbol === '') {
    return refused(-1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.")
  }
  if (!/^[0-9]{1,20}$/.test(limitText)) {
    return refused(-1100, "Illegal characters found in parameter 'limit'; legal range is '^[0-9]{1,20}$'.")
  }
  const limit = Math.max(1, Math.min(Number(limitText), DEPTH_LIMIT_MAX))
  const found = flow.snapshot(symbol, limit)
  if (found === null) return refused(-1121, 'Invalid symbol.')
  const { last } = found.book
  const bids = levelTexts(found.instrument, found.book.bids)
  const asks = levelTexts(found.instrument, found.book.asks)
  return {
    status: 200,
    body: { lastUpdateId: last, bids, asks },
    weight: depthWeight(limit),
    content: bookContentOf(symbol, 'snapshot', { first: last, last, eventMs: flow.nowMs, bids, asks }),
  }
}

/** Source: the exchange's rest-api.md, order book, as of 2026-07-21. */
export function depthWeight(limit: number): number {
  if (limit <= 100) return 5
  if (limit <= 500) return 25
  return limit <= 1000 ? 50 : 250
}

function exchangeInfo(
  query: URLSearchParams,
  flow: Flow,
  limits: BinanceSpotLimits,
  nowUs: number,
): RestAnswer {
  const wanted = query.get('symbol')
  const instruments = flow.instruments.filter(({ symbol }) => wanted === null || symbol === wanted)
  if (instruments.length === 0) return refused(-1121, 'Invalid symbol.')
  return plain(200, 20, {
    timezone: 'UTC',
    serverTime: Math.floor(nowUs / 1000),
    rateLimits: [
      {
        rateLimitType: 'REQUEST_WEIGHT',
        interval: 'MINUTE',
        intervalNum: 1,
        limit: limits.restWeightPerMinute,
      },
      { rateLimitType: 'RAW_REQUESTS', interval: 'MINUTE', intervalNum: 5, limit: 300_000 },
    ],
    exchangeFilters: [],
    symbols: instruments.map(symbolInfo),
  })
}

function symbolInfo(instrument: Instrument) {
  const tick = priceText(instrument, 1)
  const step = quantityText(instrument, 1)
  const maxPrice = priceText(instrument, FILTER_UNITS_MAX)
  const maxQty = quantityText(instrument, FILTER_UNITS_MAX)
  return {
    symbol: instrument.symbol,
    status: 'TRADING',
    baseAsset: instrument.base,
    baseAssetPrecision: 8,
    quoteAsset: instrument.quote,
    quotePrecision: 8,
    quoteAssetPrecision: 8,
    orderTypes: ['LIMIT', 'LIMIT_MAKER', 'MARKET'],
    isSpotTradingAllowed: true,
    isMarginTradingAllowed: false,
    filters: [
      { filterType: 'PRICE_FILTER', minPrice: tick, maxPrice, tickSize: tick },
      { filterType: 'LOT_SIZE', minQty: step, maxQty, stepSize: step },
    ],
    permissions: [],
    permissionSets: [['SPOT']],
  }
}

function throttled(limits: BinanceSpotLimits) {
  const msg =
    `Too much request weight used; current limit is ${limits.restWeightPerMinute} request weight per ` +
    '1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.'
  return { code: -1003, msg }
}

function plain(status: number, weight: number, body: unknown): RestAnswer {
  return { status, weight, body, content: null }
}

function refused(code: number, msg: string): RestAnswer {
  return plain(400, 1, { code, msg })
}

function write(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json;charset=UTF-8' })
  response.end(JSON.stringify(body))
}
