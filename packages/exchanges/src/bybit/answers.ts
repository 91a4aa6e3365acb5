import type { AnswerContext, DecodeOutcome, EventBatch, Market, RecognisedAnswer } from '@cryptoflow/model'
import {
  FieldReader,
  field,
  isArray,
  isObject,
  JsonNumber,
  type JsonObject,
  malformed,
  parseJson,
} from '../json.ts'
import { elementRanges } from '../json-slices.ts'
import {
  EMPTY,
  EVENTS,
  NAMES_FULL,
  NO_JSON,
  OBSOLETE,
  OTHER_MARKET,
  OUT_OF_SCOPE,
  unknown,
} from '../outcomes.ts'
import { readAnsweredBook } from './book.ts'
import { readInstrument } from './instruments.ts'
import { marketStreams, POLLED_BOOK } from './streams.ts'
import { textTime } from './texts.ts'
import { readSettledRate } from './tickers.ts'
import { readTrade, restKeys } from './trades.ts'

/**
 * REST answers by what they answer: `{"retCode":0,"result":{"category":"linear","list":[...]},"time":1}`. Every row
 * names its symbol, so the request's is not needed. A book is the whole of `result`, and names no category.
 * Source: bybit-exchange/docs 2026-07-24, v5/market.
 */

/** Most rows that one answer may have; the exchange sends 1,000 at most, of spot's instruments all. */
export const ROWS_MAX = 100_000

const NO_LIST = malformed('malformed', 'result.list is not a list')
const NO_BOOK = malformed('malformed', 'result is not an object')
const OTHER_SYMBOL = malformed('bad_symbol', 's is not the symbol that was asked for')
const NOT_TOLD_APART = malformed('malformed', 'result.list cannot be told apart')

/** What is the same for all rows of a body. */
interface Answer {
  readonly market: Market
  /** Id of the stream's name. */
  readonly stream: number
  /** When it was sent, microseconds; NaN = absent. */
  readonly sentUs: number
  /** The JSON texts of the rows, where they are kept. */
  readonly raws: readonly string[]
}

type RowReader = (
  answer: Answer,
  fields: FieldReader,
  row: JsonObject,
  index: number,
  out: EventBatch,
) => void

const restTrade = restKeys((fields) => textTime(fields, 'time'))

/** By the endpoint's name, which the stream's begins with. */
const readers: Readonly<Record<Endpoint, RowReader>> = {
  'instruments-info': ({ market, stream, sentUs, raws }, fields, row, index, out) =>
    readInstrument(fields, market, { row, raw: raws[index] as string, sentUs }, stream, out),
  'funding/history': ({ stream, sentUs }, fields, _row, _index, out) =>
    readSettledRate(fields, stream, sentUs, out),
  'recent-trade': (answer, fields, row, _index, out) => readTrade(row, fields, restTrade, answer, out),
}

/**
 * Appends the events of the body that answers the request for `context.stream`. Never throws; on anything but
 * `events` the batch is as before.
 */
export function decodeAnswer(
  market: Market,
  context: AnswerContext,
  body: Uint8Array,
  out: EventBatch,
): DecodeOutcome {
  const isBook = context.stream === POLLED_BOOK
  const endpoint = endpointOf(market, context.stream)
  if (endpoint === null && !isBook) return unknown('no request that this market answers')
  const json = parseJson(body)
  if (!isObject(json)) return NO_JSON
  const error = errorIn(json)
  if (error !== null) return error
  const stream = out.names.idOf(context.stream)
  if (stream < 0) return NAMES_FULL
  return endpoint === null
    ? decodeBook(context.symbol, json, stream, out)
    : decodeList(market, endpoint, { json, body, stream }, out)
}

function decodeBook(symbol: string, json: JsonObject, stream: number, out: EventBatch): DecodeOutcome {
  const result = field(json, 'result')
  if (!isObject(result)) return NO_BOOK
  if (field(result, 's') !== symbol) return OTHER_SYMBOL
  const { count } = out
  const fields = new FieldReader(result)
  readAnsweredBook(fields, stream, out)
  if (fields.refusal === null) return EVENTS
  out.rollback(count)
  return fields.refusal
}

function decodeList(
  market: Market,
  endpoint: Endpoint,
  { json, body, stream }: { readonly json: JsonObject; readonly body: Uint8Array; readonly stream: number },
  out: EventBatch,
): DecodeOutcome {
  const other = strangerIn(market, json)
  if (other !== null) return other
  const result = field(json, 'result')
  const list = isObject(result) ? field(result, 'list') : undefined
  if (!isArray(list)) return NO_LIST
  if (list.length > ROWS_MAX) return malformed('malformed', `more than ${ROWS_MAX} rows`)

  const fields = new FieldReader(json)
  const sentUs = fields.optionalTime('time')
  if (fields.refusal !== null) return fields.refusal
  const raws = endpoint === 'instruments-info' ? rawsIn(body) : []
  // Parser and scanner agree on every text, so tests promise; if not, no instrument may get another's JSON.
  if (endpoint === 'instruments-info' && raws.length !== list.length) return NOT_TOLD_APART
  const { count } = out
  const answer = { market, stream, sentUs, raws }
  for (const [index, row] of list.entries()) {
    const refusal = readRow(readers[endpoint], answer, row, index, out)
    if (refusal === null) continue
    out.rollback(count)
    return refusal
  }
  return list.length === 0 ? EMPTY : EVENTS
}

/** The names of the endpoints that are read: what their paths have behind `/v5/market/`. */
type Endpoint = 'instruments-info' | 'funding/history' | 'recent-trade'
const endpoints: readonly Endpoint[] = ['instruments-info', 'funding/history', 'recent-trade']

/** The endpoint of a stream of this market; null for any other. */
function endpointOf(market: Market, stream: string): Endpoint | null {
  const isOffered = marketStreams[market].some(({ name, route }) => name === stream && route === null)
  return (isOffered ? endpoints.find((endpoint) => stream.startsWith(endpoint)) : undefined) ?? null
}

/** What the body is, if it answers nothing; null when it may. */
function errorIn(json: JsonObject): DecodeOutcome | null {
  if (field(json, 'ret_code') !== undefined) return OBSOLETE
  const code = field(json, 'retCode')
  if (!(code instanceof JsonNumber)) return unknown('an answer without a code')
  if (code.text !== '0') {
    const shown = /^-?\d{1,9}$/.test(code.text) ? code.text : 'that is no number'
    return unknown(`an error instead of an answer, code ${shown}`)
  }
  return null
}

/** What the list is, if it is none of this market's; null when it is. */
function strangerIn(market: Market, json: JsonObject): DecodeOutcome | null {
  const category = categoryIn(json)
  if (category === market) return null
  if (category === 'spot' || category === 'linear' || category === 'inverse') return OTHER_MARKET
  return category === 'option'
    ? OUT_OF_SCOPE
    : malformed('malformed', 'result.category is none that is known')
}

function categoryIn(json: JsonObject): unknown {
  const result = field(json, 'result')
  return isObject(result) ? field(result, 'category') : undefined
}

/** Null when the row is appended. */
function readRow(
  read: RowReader,
  answer: Answer,
  row: unknown,
  index: number,
  out: EventBatch,
): DecodeOutcome | null {
  const json = row as JsonObject
  if (!isObject(json)) return malformed('malformed', `row ${index} is not an object`)
  const fields = new FieldReader(json)
  read(answer, fields, json, index, out)
  const { refusal } = fields
  return refusal?.kind === 'malformed'
    ? malformed(refusal.reason, `row ${index}: ${refusal.detail}`)
    : refusal
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** The texts of the rows of `result.list`, byte for byte. */
function rawsIn(body: Uint8Array): readonly string[] {
  const ranges = elementRanges(body, 'result', 'list') ?? []
  return ranges.map(({ start, end }) => decoder.decode(body.subarray(start, end)))
}

/** Fields that only rows of this endpoint have together. */
const marks: Readonly<Record<Endpoint, readonly string[]>> = {
  'instruments-info': ['symbol', 'baseCoin', 'quoteCoin', 'priceFilter'],
  'funding/history': ['symbol', 'fundingRate', 'fundingRateTimestamp'],
  'recent-trade': ['execId', 'symbol', 'price', 'size', 'side'],
}

const PATH = /^\/v5\/market\/([a-z/-]+)$/

/**
 * What a recorded answer is about: told by its address, else by the fields of its first row. Its category must be
 * this market's; the address says it, and the body does. Never throws.
 */
export function recognise(market: Market, url: string | null, body: Uint8Array): RecognisedAnswer | null {
  const address = url === null ? null : URL.parse(url)
  const path = PATH.exec(address?.pathname ?? '')?.[1]
  const isPath = address !== null && address.pathname !== '' && address.pathname !== '/'
  if (isPath && !endpoints.some((endpoint) => endpoint === path)) return null
  const asked = address?.searchParams.get('category')
  const json = parseJson(body)
  const category = isObject(json) ? categoryIn(json) : undefined
  if ((asked ?? category) !== market || (category !== undefined && category !== market)) return null
  const row = isObject(json) ? firstRow(json) : null
  const endpoint = endpoints.find((name) =>
    isPath ? name === path : row !== null && hasAll(row, marks[name]),
  )
  if (endpoint === undefined || endpointOf(market, endpoint) === null) return null
  if (endpoint === 'instruments-info') return { stream: endpoint, symbol: '' }
  return { stream: endpoint, symbol: address?.searchParams.get('symbol') ?? symbolIn(row) }
}

function firstRow(json: JsonObject): JsonObject | null {
  const result = field(json, 'result')
  const list = isObject(result) ? field(result, 'list') : undefined
  const first = isArray(list) ? list[0] : undefined
  return isObject(first) ? first : null
}

function hasAll(object: JsonObject, keys: readonly string[]): boolean {
  return keys.every((key) => field(object, key) !== undefined)
}

function symbolIn(row: JsonObject | null): string | null {
  const symbol = row === null ? undefined : field(row, 'symbol')
  return typeof symbol === 'string' ? symbol : null
}
