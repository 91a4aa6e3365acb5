import {
  type DecodeOutcome,
  type EventBatch,
  FRACTION_DIGITS_MAX,
  type InstrumentDetail,
} from '@cryptoflow/model'
import { appendInstrument, assetOf, optionalStep } from '../details.ts'
import { FieldReader, field, isArray, isObject, type JsonObject, malformed } from '../json.ts'
import { elementRanges } from '../json-slices.ts'
import { EMPTY, EVENTS, NAMES_FULL } from '../outcomes.ts'

/**
 * What can be traded on spot: all pairs on subscribing, later those that changed. Assets, which come with them, are
 * no instruments. `price_precision` and `qty_precision` are the digits that the book's checksum counts with.
 * Source: docs.kraken.com as copied 2026-05-27, websocket-v2/instrument.
 */

/** Most pairs that one message may have; there are about 1,500. */
const PAIRS_MAX = 100_000
const NO_OBJECT = malformed('malformed', 'a pair is not an object')
const NOT_APART = malformed('malformed', 'pairs cannot be told apart')
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Appends an event per pair, or none when one is refused; `bytes` is the frame that the message was read from. */
export function readInstruments(message: JsonObject, bytes: Uint8Array, out: EventBatch): DecodeOutcome {
  const data = field(message, 'data')
  if (!isObject(data)) return malformed('malformed', 'data is not an object')
  const pairs = field(data, 'pairs') ?? []
  if (!isArray(pairs) || pairs.length > PAIRS_MAX) {
    return malformed('malformed', `pairs is not a list of at most ${PAIRS_MAX}`)
  }
  if (pairs.length === 0) return EMPTY
  const raws = rawsIn(bytes)
  // Parser and scanners agree on every text, so tests promise; if not, no pair may get another's JSON.
  if (raws?.length !== pairs.length) return NOT_APART
  const stream = out.names.idOf('instrument')
  if (stream < 0) return NAMES_FULL
  const { count } = out
  for (const [i, pair] of pairs.entries()) {
    const refusal = isObject(pair) ? readPair(pair, raws[i] as string, stream, out) : NO_OBJECT
    if (refusal === null) continue
    out.rollback(count)
    return refusal
  }
  return EVENTS
}

/** The JSON texts of the elements of `data.pairs`. */
function rawsIn(bytes: Uint8Array): readonly string[] | null {
  const ranges = elementRanges(bytes, 'data', 'pairs')
  return ranges === null ? null : ranges.map(({ start, end }) => decoder.decode(bytes.subarray(start, end)))
}

function readPair(pair: JsonObject, raw: string, stream: number, out: EventBatch): DecodeOutcome | null {
  const fields = new FieldReader(pair, true)
  const base = assetOf(fields, 'base')
  const quote = assetOf(fields, 'quote')
  const detail: InstrumentDetail = {
    instrument: `${base}-${quote}`,
    base,
    quote,
    settle: null,
    type: 'spot',
    status: fields.optionalText('status'),
    tickSize: optionalStep(fields, 'price_increment'),
    lotSize: optionalStep(fields, 'qty_increment'),
    contractSize: null,
    contractUnit: null,
    digits: {
      price: precisionOf(fields, 'price_precision'),
      quantity: precisionOf(fields, 'qty_precision'),
    },
    listedUs: Number.NaN,
    expiryUs: Number.NaN,
    raw,
  }
  appendInstrument(detail, fields.symbol('symbol', out.names), stream, out)
  return fields.refusal
}

function precisionOf(fields: FieldReader, key: string): number {
  const digits = fields.integer(key)
  if (digits > FRACTION_DIGITS_MAX) {
    fields.refuse('number_out_of_range', `${key} is above ${FRACTION_DIGITS_MAX} digits`)
  }
  return digits
}
