import { type DecodeOutcome, type EventBatch, EventKind, Side } from '@cryptoflow/model'
import { FieldReader, field, isArray, isObject, type Json, type JsonObject, malformed } from '../json.ts'
import { readLevels } from '../levels.ts'
import { EVENTS, NAMES_FULL, unknown } from '../outcomes.ts'
import { readRfcTime } from '../rfc-time.ts'

/**
 * Books that are asked for by REST, images without a sequence. Spot answers
 * `{"error":[],"result":{"XXBTZUSD":{"asks":[["1.0","2.0",1616663113]],"bids":[]}}}`, with the second in which a level
 * changed last; futures answer `{"result":"success","orderBook":{"asks":[[1.5,2]],"bids":[]},"serverTime":"..."}`.
 * Source: docs.kraken.com as copied 2026-05-27, rest-api/get-order-book and futures-api, "Get orderbook".
 */

const NOT_ONE = malformed('malformed', 'result is not one book')
const NO_BOOK = malformed('malformed', 'orderBook is not an object')
const ERROR = unknown('an error instead of an answer')

/** Of what was asked: the stream's id, and the symbol, which no answer spells as streams do. */
export interface AskedBook {
  readonly stream: number
  readonly symbol: string
}

/** Appends the book of an answer of spot. Errors come with HTTP 200 too; the only book is the one asked about. */
export function readSpotImage(json: JsonObject, asked: AskedBook, out: EventBatch): DecodeOutcome {
  const errors = field(json, 'error')
  if (!isArray(errors) || errors.length > 0) return ERROR
  const result = field(json, 'result')
  const [book, ...others] = isObject(result) ? Object.values(result).filter(isBook) : []
  if (book === undefined || others.length > 0) return NOT_ONE
  return readImage(new FieldReader(book), Number.NaN, asked, out)
}

/** The same of futures, whose numbers are bare. */
export function readFuturesImage(json: JsonObject, asked: AskedBook, out: EventBatch): DecodeOutcome {
  if (field(json, 'result') !== 'success') return ERROR
  const book: Json | undefined = field(json, 'orderBook')
  if (!isObject(book)) return NO_BOOK
  const fields = new FieldReader(book, true)
  for (const key of ['bids', 'asks']) requirePairs(fields, key)
  const sentUs = readRfcTime(fields, field(json, 'serverTime'), 'serverTime')
  return readImage(fields, sentUs, asked, out)
}

/** Whether it has two sides. */
export function isBook(json: Json | undefined): json is JsonObject {
  return isObject(json) && isArray(field(json, 'asks')) && isArray(field(json, 'bids'))
}

/** Bare numbers are told apart by commas alone: one more is a number that was not understood. */
function requirePairs(fields: FieldReader, key: string): void {
  const arePairs = fields.list(key).every((level) => isArray(level) && level.length === 2)
  if (!arePairs) fields.refuse('malformed', `a level in ${key} is not price and quantity`)
}

function readImage(
  fields: FieldReader,
  sentUs: number,
  { stream, symbol }: AskedBook,
  out: EventBatch,
): DecodeOutcome {
  if (stream < 0) return NAMES_FULL
  const { count } = out
  out.reserveEvent()
  readLevels(fields, 'bids', Side.bid, out)
  readLevels(fields, 'asks', Side.ask, out)
  out.kind[count] = EventKind.bookImage
  out.symbol[count] = fields.nameOf(symbol, 'symbol', out.names)
  out.stream[count] = stream
  out.sentUs[count] = sentUs
  for (const absent of [out.engineUs, out.firstSeq, out.lastSeq, out.prevSeq, out.checksum]) {
    absent[count] = Number.NaN
  }
  out.endEvent()
  if (fields.refusal === null) return EVENTS
  out.rollback(count)
  return fields.refusal
}
