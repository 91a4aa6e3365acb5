import type { AnswerContext, DecodeOutcome, EventBatch } from '@cryptoflow/model'
import { FieldReader, field, isArray, isObject, type Json, malformed, parseJson } from '../json.ts'
import { type ByteRange, elementRanges } from '../json-slices.ts'
import { EMPTY, EVENTS, NAMES_FULL, unknown } from '../outcomes.ts'
import { restNames } from './fields.ts'
import { readInstrument } from './instruments.ts'
import { readImage } from './orderbook.ts'
import { MARKETS_STREAM, POLLED_BOOK } from './streams.ts'

/** REST answers: the list of markets, and books. */

/** Most markets that one answer may have; the longest known has about 600. */
export const ROWS_MAX = 100_000

const NO_JSON = malformed('malformed', 'not JSON in UTF-8 of bounded depth')
const NO_LIST = malformed('malformed', 'the body is no list of markets')
const NOT_ONE = malformed('malformed', 'the body is not one book')
const OTHER_SYMBOL = malformed('bad_symbol', 'market is not the one that was asked about')

/**
 * Appends the events of the body that answers the request for `context.stream`. Never throws; on anything but
 * `events` the batch is as before.
 */
export function decodeAnswer(context: AnswerContext, body: Uint8Array, out: EventBatch): DecodeOutcome {
  const isBook = context.stream === POLLED_BOOK
  if (!isBook && context.stream !== MARKETS_STREAM) return unknown('no request that this market answers')
  const stream = out.names.idOf(context.stream)
  if (stream < 0) return NAMES_FULL
  const json = parseJson(body)
  if (json === undefined) return NO_JSON
  if (isObject(json) && field(json, 'error') !== undefined) return unknown('an error instead of an answer')
  if (!isArray(json)) return NO_LIST
  const { count } = out
  const outcome = isBook
    ? readBooks(json, context.symbol, stream, out)
    : readRows(json, rawsIn(body, json.length), stream, out)
  if (outcome.kind !== 'events') out.rollback(count)
  return outcome
}

/** One market is asked about, and one book is the answer. */
function readBooks(books: readonly Json[], symbol: string, stream: number, out: EventBatch): DecodeOutcome {
  const [book, ...others] = books
  if (!isObject(book) || others.length > 0) return NOT_ONE
  if (field(book, restNames.code) !== symbol) return OTHER_SYMBOL
  const fields = new FieldReader(book, true)
  const outcome = readImage(fields, book, restNames, stream, out)
  return fields.refusal ?? outcome ?? EVENTS
}

/** Reads row by row up to the first that cannot be read; the caller takes all of them back then. */
function readRows(
  rows: readonly Json[],
  rawOf: ((index: number) => string) | null,
  stream: number,
  out: EventBatch,
): DecodeOutcome {
  if (rows.length > ROWS_MAX) return malformed('malformed', `more than ${ROWS_MAX} markets`)
  if (rawOf === null) return malformed('malformed', 'markets cannot be told apart')
  const { count } = out
  for (const [index, row] of rows.entries()) {
    if (!isObject(row)) return malformed('malformed', `market ${index} is not an object`)
    const fields = new FieldReader(row)
    readInstrument(fields, rawOf(index), stream, out)
    const { refusal } = fields
    if (refusal?.kind === 'malformed') return malformed(refusal.reason, `market ${index}: ${refusal.detail}`)
  }
  return out.count > count ? EVENTS : EMPTY
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** The markets' own texts; null when parser and scanner do not agree on how many there are, as tests promise. */
function rawsIn(body: Uint8Array, count: number): ((index: number) => string) | null {
  const ranges = elementRanges(body)
  if (ranges?.length !== count) return null
  return (index) => {
    const { start, end } = ranges[index] as ByteRange
    return decoder.decode(body.subarray(start, end))
  }
}
