import type { AnswerContext, DecodeOutcome, EventBatch } from '@cryptoflow/model'
import { FieldReader, field, isArray, isObject, type Json, malformed, parseJson } from '../json.ts'
import { type ByteRange, elementRanges } from '../json-slices.ts'
import { EMPTY, EVENTS, NAMES_FULL, unknown } from '../outcomes.ts'
import { readInstrument } from './instruments.ts'
import { MARKETS_STREAM } from './streams.ts'

/** REST answers: the list of markets, and nothing else. */

/** Most markets that one answer may have; the longest known has about 600. */
export const ROWS_MAX = 100_000

const NO_JSON = malformed('malformed', 'not JSON in UTF-8 of bounded depth')
const NO_LIST = malformed('malformed', 'the body is no list of markets')

/**
 * Appends the events of the body that answers the request for `context.stream`. Never throws; on anything but
 * `events` the batch is as before.
 */
export function decodeAnswer(context: AnswerContext, body: Uint8Array, out: EventBatch): DecodeOutcome {
  if (context.stream !== MARKETS_STREAM) return unknown('no request that this market answers')
  const stream = out.names.idOf(MARKETS_STREAM)
  if (stream < 0) return NAMES_FULL
  const json = parseJson(body)
  if (json === undefined) return NO_JSON
  if (isObject(json) && field(json, 'error') !== undefined) return unknown('an error instead of an answer')
  if (!isArray(json)) return NO_LIST
  const { count } = out
  const outcome = readRows(json, rawsIn(body, json.length), stream, out)
  if (outcome.kind !== 'events') out.rollback(count)
  return outcome
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
