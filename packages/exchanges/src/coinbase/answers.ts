import type { AnswerContext, DecodeOutcome, EventBatch, Market } from '@cryptoflow/model'
import {
  FieldReader,
  field,
  isArray,
  isObject,
  type Json,
  type JsonObject,
  malformed,
  parseJson,
} from '../json.ts'
import { type ByteRange, elementRanges } from '../json-slices.ts'
import { EMPTY, EVENTS, NAMES_FULL, unknown } from '../outcomes.ts'
import { readFunding, readOpenInterest } from './funding.ts'
import { readPerpetual, readSpotInstrument } from './instruments.ts'
import { type AskedBook, readAdvancedImage, readExchangeImage } from './polled-books.ts'
import { kindOfProduct } from './products.ts'
import { LINEAR_POLLED_BOOK, marketStreams, SPOT_POLLED_BOOK } from './streams.ts'

/** REST answers: lists of products, each read for the stream that asked, and books. */

/** Most products that one answer may have; the longest known has about 1,000. */
export const ROWS_MAX = 100_000

const NO_JSON = malformed('malformed', 'not JSON in UTF-8 of bounded depth')
const NO_BOOK = malformed('malformed', 'the body is no book')
const NO_LIST = malformed('malformed', 'the body has no list of products')

type RowReader = (
  fields: FieldReader,
  listed: { row: JsonObject; raw: string },
  stream: number,
  out: EventBatch,
) => void

const linearReaders = new Map<string, RowReader>([
  ['products', readPerpetual],
  ['funding:products', (fields, { row }, stream, out) => readFunding(fields, row, stream, out)],
  ['open_interest:products', (fields, { row }, stream, out) => readOpenInterest(fields, row, stream, out)],
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
  const isOffered = marketStreams[market].some(({ name, poll }) => name === context.stream && poll !== null)
  const images = market === 'spot' ? SPOT_POLLED_BOOK : LINEAR_POLLED_BOOK
  const isBook = context.stream === images && market !== 'inverse'
  if (!isOffered && !isBook) return unknown('no request that this market answers')
  const stream = out.names.idOf(context.stream)
  if (stream < 0) return NAMES_FULL
  const json = parseJson(body)
  if (json === undefined) return NO_JSON
  const { count } = out
  const readAs = linearReaders.get(context.stream) as RowReader
  const outcome = isBook
    ? readBook(market, json, { stream, symbol: context.symbol }, out)
    : market === 'spot'
      ? readSpot(json, body, stream, out)
      : readLinear(json, body, readAs, stream, out)
  if (outcome.kind !== 'events') out.rollback(count)
  return outcome
}

function readBook(market: Market, json: Json, asked: AskedBook, out: EventBatch): DecodeOutcome {
  if (isErrorText(json)) return unknown('an error instead of an answer')
  if (!isObject(json)) return NO_BOOK
  return market === 'spot' ? readExchangeImage(json, asked, out) : readAdvancedImage(json, asked, out)
}

/** The Exchange answers with the list itself, and errors with an object. */
function readSpot(json: Json, body: Uint8Array, stream: number, out: EventBatch): DecodeOutcome {
  if (isErrorText(json)) return unknown('an error instead of an answer')
  if (!isArray(json)) return NO_LIST
  const raws = rawsIn(elementRanges(body), body, json.length)
  return readRows(json, raws, stream, out, readSpotInstrument, () => true)
}

/** Advanced Trade answers with an object; the list has contracts of others in it, which no market keeps. */
function readLinear(
  json: Json,
  body: Uint8Array,
  read: RowReader,
  stream: number,
  out: EventBatch,
): DecodeOutcome {
  const products = isObject(json) ? field(json, 'products') : undefined
  if (isErrorText(json)) return unknown('an error instead of an answer')
  if (!isArray(products)) return NO_LIST
  return readRows(
    products,
    rawsIn(elementRanges(body, 'products'), body, products.length),
    stream,
    out,
    read,
    isKept,
  )
}

/** Rows without a name are read and refused. */
function isKept(row: JsonObject): boolean {
  const id = field(row, 'product_id')
  const kind = typeof id === 'string' ? kindOfProduct(id) : null
  return kind === 'linear' || kind === null
}

/** `{"message":"..."}`, of Advanced Trade with `error` beside it. */
function isErrorText(json: Json): boolean {
  return isObject(json) && typeof field(json, 'message') === 'string'
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
/** The products' own texts; null when parser and scanner do not agree on how many there are, as tests promise. */
function rawsIn(
  ranges: readonly ByteRange[] | null,
  body: Uint8Array,
  count: number,
): ((index: number) => string) | null {
  if (ranges?.length !== count) return null
  return (index) => {
    const { start, end } = ranges[index] as ByteRange
    return decoder.decode(body.subarray(start, end))
  }
}

/** Reads row by row up to the first that cannot be read; whoever asked takes all of them back then. */
function readRows(
  rows: readonly Json[],
  rawOf: ((index: number) => string) | null,
  stream: number,
  out: EventBatch,
  read: RowReader,
  isKept: (row: JsonObject) => boolean,
): DecodeOutcome {
  if (rows.length > ROWS_MAX) return malformed('malformed', `more than ${ROWS_MAX} products`)
  if (rawOf === null) return malformed('malformed', 'products cannot be told apart')
  const { count } = out
  for (const [index, row] of rows.entries()) {
    if (!isObject(row)) return malformed('malformed', `product ${index} is not an object`)
    if (!isKept(row)) continue
    const fields = new FieldReader(row)
    read(fields, { row, raw: rawOf(index) }, stream, out)
    const { refusal } = fields
    if (refusal?.kind === 'malformed') return malformed(refusal.reason, `product ${index}: ${refusal.detail}`)
  }
  return out.count > count ? EVENTS : EMPTY
}
