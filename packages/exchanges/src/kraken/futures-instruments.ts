import {
  type Decimal,
  type DecodeOutcome,
  type EventBatch,
  FRACTION_DIGITS_MAX,
  INTEGER_DIGITS_MAX,
  type InstrumentDetail,
} from '@cryptoflow/model'
import { appendInstrument, optionalStep } from '../details.ts'
import { FieldReader, field, isArray, isObject, JsonNumber, type JsonObject, malformed } from '../json.ts'
import { elementRanges } from '../json-slices.ts'
import { EMPTY, EVENTS, OTHER_MARKET } from '../outcomes.ts'
import { readRfcTime } from '../rfc-time.ts'
import { dayText } from '../time.ts'
import { asInFrames, assetsOf, dayOf, type FuturesMarket } from './symbols.ts'

/**
 * What can be traded on Kraken Futures: one list of linear and inverse instruments, of which each market takes its
 * own by their `type`. Indices and kinds that are not known give none.
 * Source: docs.kraken.com as copied 2026-05-27, futures-api, "Get instruments"; lists of 2021 lack base, quote, pair,
 * openingDate and contractValueTradePrecision, and spell symbols in lower case.
 */

/** Most instruments that one answer may have; there are some hundreds. */
const ROWS_MAX = 100_000
const NO_OBJECT = malformed('malformed', 'an instrument is not an object')
const NOT_APART = malformed('malformed', 'instruments cannot be told apart')
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

const marketOfType: ReadonlyMap<unknown, FuturesMarket> = new Map<unknown, FuturesMarket>([
  ['futures_inverse', 'inverse'],
  ['flexible_futures', 'linear'],
  ['futures_vanilla', 'linear'],
])

/** Appends an event per instrument of `market`, or none when one is refused; `body` is what `answer` was read from. */
export function readFuturesInstruments(
  market: FuturesMarket,
  answer: JsonObject,
  body: Uint8Array,
  stream: number,
  out: EventBatch,
): DecodeOutcome {
  const rows = field(answer, 'instruments')
  if (!isArray(rows) || rows.length > ROWS_MAX) {
    return malformed('malformed', `instruments is not a list of at most ${ROWS_MAX}`)
  }
  const ranges = elementRanges(body, 'instruments')
  // Parser and scanner agree on every text, so tests promise; if not, no symbol may get another's JSON.
  if (ranges?.length !== rows.length) return NOT_APART
  const { count } = out
  for (const [i, row] of rows.entries()) {
    const { start, end } = ranges[i] as { start: number; end: number }
    if (isObject(row) && marketOfType.get(field(row, 'type')) !== market) continue
    const raw = decoder.decode(body.subarray(start, end))
    const refusal = isObject(row) ? readInstrument(row, raw, stream, out) : NO_OBJECT
    if (refusal === null) continue
    out.rollback(count)
    return refusal
  }
  if (out.count > count) return EVENTS
  return rows.length === 0 ? EMPTY : OTHER_MARKET
}

function readInstrument(row: JsonObject, raw: string, stream: number, out: EventBatch): DecodeOutcome | null {
  const fields = new FieldReader(row, true)
  const symbol = asInFrames(fields.text('symbol'))
  const { base, quote } = assetsOf(fields, row, symbol)
  const expiryUs = timeOf(fields, row, 'lastTradingTime')
  const day = dayOf(symbol) ?? dayText(expiryUs)
  const contractSize = optionalStep(fields, 'contractSize')
  // An inverse contract is worth an amount of its quote, a linear one of its base.
  const unit = field(row, 'type') === 'futures_inverse' ? quote : base
  const detail: InstrumentDetail = {
    instrument: `${base}-${quote}-${day ?? 'PERP'}`,
    base,
    quote,
    settle: null,
    type: day === null ? 'perpetual' : 'future',
    status: null,
    tickSize: optionalStep(fields, 'tickSize'),
    lotSize: lotOf(fields, row),
    contractSize,
    contractUnit: contractSize === null ? null : unit,
    listedUs: timeOf(fields, row, 'openingDate'),
    expiryUs,
    raw,
  }
  appendInstrument(detail, fields.nameOf(symbol, 'symbol', out.names), stream, out)
  return fields.refusal
}

/** NaN when there is no such field. */
function timeOf(fields: FieldReader, row: JsonObject, key: string): number {
  const time = field(row, key)
  return time === undefined ? Number.NaN : readRfcTime(fields, time, key)
}

/** Ten to the power of minus `contractValueTradePrecision`, which is below zero where lots are thousands. */
function lotOf(fields: FieldReader, row: JsonObject): Decimal | null {
  const json = field(row, 'contractValueTradePrecision')
  if (json === undefined) return null
  const precision =
    json instanceof JsonNumber && /^-?\d{1,2}$/.test(json.text) ? Number(json.text) : Number.NaN
  if (!(precision <= FRACTION_DIGITS_MAX && precision > -INTEGER_DIGITS_MAX)) {
    fields.refuse('malformed', 'contractValueTradePrecision is no number of digits')
    return null
  }
  return precision >= 0
    ? { mantissa: 1n, scale: precision }
    : { mantissa: 10n ** BigInt(-precision), scale: 0 }
}
