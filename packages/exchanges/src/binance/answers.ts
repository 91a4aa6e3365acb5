import {
  type AnswerContext,
  type DecodeOutcome,
  type EventBatch,
  EventKind,
  type Market,
  SYMBOL_BYTES_MAX,
} from '@cryptoflow/model'
import {
  FieldReader,
  field,
  isArray,
  isObject,
  type Json,
  JsonNumber,
  type JsonObject,
  malformed,
  parseJson,
} from '../json.ts'
import { elementRanges } from '../json-slices.ts'
import { EVENTS, ignored, NAMES_FULL } from '../outcomes.ts'
import { decodeSnapshot } from './book.ts'
import { readFundingInfo, readPremiumIndex } from './funding.ts'
import { readContract, readSpotInstrument } from './instruments.ts'
import { readOpenInterest } from './open-interest.ts'
import { offers } from './recognise.ts'
import { readRestAggregate, readRestTrade } from './rest-trades.ts'
import { POLLED_BOOK } from './streams.ts'

/** REST answers by what they answer: what becomes of each body. */

export { recognise } from './recognise.ts'

/** Most rows that one answer may have; the longest known, the spot list, has about 3,500. */
export const ROWS_MAX = 100_000

const NO_JSON = malformed('malformed', 'not JSON in UTF-8 of bounded depth')
const BAD_SYMBOL = malformed('bad_symbol', `the request's symbol is not 1 to ${SYMBOL_BYTES_MAX} bytes`)
/** Nothing is listed: no event, and nothing is wrong. */
const EMPTY = ignored('empty')

/** A diff stream, whose book asked for its snapshot; streams of limited depth ask for none. */
const BOOK_STREAM = /^depth(@\d{1,4}ms)?$/

/** A parsed body, and the ids in the batch's table of names that it was asked for with; symbol -1 = none. */
interface Answer {
  readonly market: Market
  readonly json: Json
  readonly body: Uint8Array
  readonly stream: number
  readonly symbol: number
}

interface Endpoint {
  /** Only the request knew the symbol. */
  readonly needsSymbol: boolean
  readonly read: (answer: Answer, out: EventBatch) => DecodeOutcome
}

const endpoints: ReadonlyMap<string, Endpoint> = new Map<string, Endpoint>([
  ['exchangeInfo', { needsSymbol: false, read: readExchangeInfo }],
  ['trades', { needsSymbol: true, read: readTrades }],
  ['aggTrades', { needsSymbol: true, read: readAggregates }],
  ['premiumIndex', { needsSymbol: false, read: readPremiumIndexes }],
  ['fundingInfo', { needsSymbol: false, read: readFundingInfos }],
  ['openInterest', { needsSymbol: false, read: readOpenInterests }],
])

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
  const isBook = BOOK_STREAM.test(context.stream)
  const endpoint = offers(market, context.stream) ? endpoints.get(context.stream) : undefined
  const isPolled = context.stream === POLLED_BOOK
  if (!isBook && !isPolled && endpoint === undefined) return unknown('no request that this market answers')
  const stream = out.names.idOf(context.stream)
  if (stream < 0) return NAMES_FULL
  const symbol = symbolId(context.symbol, out)
  if (symbol < 0 && (isBook || isPolled || endpoint?.needsSymbol)) return BAD_SYMBOL
  if (isPolled) return decodePolledBook(body, stream, symbol, out)
  if (endpoint === undefined) return decodeSnapshot(body, stream, symbol, out)

  const json = parseJson(body)
  if (json === undefined) return NO_JSON
  const error = errorIn(json)
  if (error !== null) return error
  const { count } = out
  const outcome = endpoint.read({ market, json, body, stream, symbol }, out)
  if (outcome.kind !== 'events') out.rollback(count)
  return outcome
}

/** The same body, which begins no book: it is an image of its own. */
function decodePolledBook(body: Uint8Array, stream: number, symbol: number, out: EventBatch): DecodeOutcome {
  const event = out.count
  const outcome = decodeSnapshot(body, stream, symbol, out)
  if (outcome.kind === 'events') out.kind[event] = EventKind.bookImage
  return outcome
}

/** The id of the request's symbol; -1 when it is none. */
function symbolId(symbol: string, out: EventBatch): number {
  if (!symbol.isWellFormed() || symbol.length > SYMBOL_BYTES_MAX) return -1
  const bytes = encoder.encode(symbol)
  const isSymbol = bytes.length > 0 && bytes.length <= SYMBOL_BYTES_MAX && bytes.every((byte) => byte >= 32)
  return isSymbol ? out.names.idOfBytes(bytes, 0, bytes.length) : -1
}

const encoder = new TextEncoder()

function unknown(detail: string): DecodeOutcome {
  return { kind: 'unknown', reason: 'unknown_message', detail }
}

/** `{"code":-1121,"msg":"Invalid symbol."}`; null for any other body. */
function errorIn(json: Json): DecodeOutcome | null {
  if (!isObject(json) || typeof field(json, 'msg') !== 'string') return null
  const code = field(json, 'code')
  if (!(code instanceof JsonNumber) || !/^-?\d{1,6}$/.test(code.text)) return null
  return unknown(`an error instead of an answer, code ${code.text}`)
}

function readExchangeInfo({ market, json, body, stream }: Answer, out: EventBatch): DecodeOutcome {
  const symbols = isObject(json) ? field(json, 'symbols') : undefined
  if (!isArray(symbols)) return malformed('malformed', 'symbols is not a list')
  const ranges = elementRanges(body, 'symbols')
  // Parser and scanner agree on every text, so tests promise; if not, no symbol may get another's JSON.
  if (ranges?.length !== symbols.length) return malformed('malformed', 'symbols cannot be told apart')
  const raws = ranges.map(({ start, end }) => decoder.decode(body.subarray(start, end)))
  return readRows(symbols, out, (fields, row, index) => {
    const listed = { row, raw: raws[index] as string }
    if (market === 'spot') readSpotInstrument(fields, listed, stream, out)
    else readContract(fields, listed, market === 'linear' ? 'status' : 'contractStatus', stream, out)
  })
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

function readTrades({ json, stream, symbol }: Answer, out: EventBatch): DecodeOutcome {
  return readRows(json, out, (fields, row) => readRestTrade(fields, row, { stream, symbol }, out))
}

function readAggregates({ json, stream, symbol }: Answer, out: EventBatch): DecodeOutcome {
  return readRows(json, out, (fields, row) => readRestAggregate(fields, row, { stream, symbol }, out))
}

/** One object when asked for one symbol of USD-M, otherwise a list. */
function readPremiumIndexes({ json, stream }: Answer, out: EventBatch): DecodeOutcome {
  return readRows(isObject(json) ? [json] : json, out, (fields) => readPremiumIndex(fields, stream, out))
}

function readFundingInfos({ json, stream }: Answer, out: EventBatch): DecodeOutcome {
  return readRows(json, out, (fields) => readFundingInfo(fields, stream, out))
}

function readOpenInterests({ json, stream }: Answer, out: EventBatch): DecodeOutcome {
  if (!isObject(json)) return malformed('malformed', 'the body is not an object')
  return readRows([json], out, (fields) => readOpenInterest(fields, stream, out))
}

type RowReader = (fields: FieldReader, row: JsonObject, index: number) => void

/** Reads row by row up to the first that cannot be read; whoever asked takes all of them back then. */
function readRows(rows: Json, out: EventBatch, read: RowReader): DecodeOutcome {
  if (!isArray(rows)) return malformed('malformed', 'the body is not a list')
  if (rows.length > ROWS_MAX) return malformed('malformed', `more than ${ROWS_MAX} rows`)
  const { count } = out
  for (const [index, row] of rows.entries()) {
    if (!isObject(row)) return malformed('malformed', `row ${index} is not an object`)
    const fields = new FieldReader(row)
    read(fields, row, index)
    const { refusal } = fields
    if (refusal?.kind === 'malformed') return malformed(refusal.reason, `row ${index}: ${refusal.detail}`)
  }
  return out.count > count ? EVENTS : EMPTY
}
