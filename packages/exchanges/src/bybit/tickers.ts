import {
  type DecodeOutcome,
  type EventBatch,
  EventKind,
  type FundingDetail,
  type OpenInterestDetail,
} from '@cryptoflow/model'
import { appendDetail, optionalUnsigned, unsignedDecimal } from '../details.ts'
import { FieldReader, field, isObject, type JsonObject, malformed } from '../json.ts'
import { EVENTS, ignored, NAMES_FULL } from '../outcomes.ts'
import type { Message } from './channels.ts'
import { OPEN_INTEREST } from './streams.ts'
import { textInteger, textTime } from './texts.ts'

/**
 * Told prices, funding and open interest of a contract: a snapshot, then only the fields that changed. A message
 * becomes what it says itself, and nothing is carried over; a text that is empty means: not applicable. There is no
 * engine's time.
 * Source: bybit-exchange/docs 2026-07-24, v5/websocket/public/ticker and v5/market/history-fund-rate.
 */

/** No rate is for longer; the column holds 32 bits. */
const HOURS_MAX = 366 * 24
/** Nothing in it is stored: last and best prices, volumes, fields of the time before trading. */
const TICKER = ignored('ticker')
const NO_DATA = malformed('malformed', 'data is not an object')

const fundingKeys = [
  'fundingRate',
  'markPrice',
  'indexPrice',
  'nextFundingTime',
  'fundingIntervalHour',
  'predictedDeliveryPrice',
]

/** Appends a funding event, an open interest event, or both. */
export function readTickers(message: Message, out: EventBatch): DecodeOutcome {
  const { data, fields, stream } = message
  if (!isObject(data)) return NO_DATA
  const hasFunding = fundingKeys.some((key) => isTold(data, key))
  const hasInterest = isTold(data, 'openInterest')
  if (!hasFunding && !hasInterest) return TICKER
  const inData = new FieldReader(data)
  if (field(data, 'symbol') !== message.symbol) {
    inData.refuse('bad_symbol', 'symbol is not the symbol of the topic')
  }
  const common = { engineUs: Number.NaN, sentUs: fields.time('ts') }
  const symbol = inData.symbol('symbol', out.names)
  if (hasFunding) {
    const detail = fundingOf(inData)
    appendDetail({ ...common, kind: EventKind.funding, symbol, stream, detail }, out)
  }
  if (hasInterest) {
    const interest = out.names.idOf(OPEN_INTEREST)
    if (interest < 0) return NAMES_FULL
    const detail = interestOf(inData)
    appendDetail({ ...common, kind: EventKind.openInterest, symbol, stream: interest, detail }, out)
  }
  return fields.refusal ?? inData.refusal ?? EVENTS
}

function isTold(data: JsonObject, key: string): boolean {
  const json = field(data, key)
  return json !== undefined && json !== ''
}

/** `fundingRate` is the rate of the funding at `nextFundingTime`. */
function fundingOf(fields: FieldReader): FundingDetail {
  const intervalHours = textInteger(fields, 'fundingIntervalHour')
  if (intervalHours > HOURS_MAX) fields.refuse('number_out_of_range', 'fundingIntervalHour is above a year')
  return {
    markPrice: optionalUnsigned(fields, 'markPrice'),
    indexPrice: optionalUnsigned(fields, 'indexPrice'),
    estimatedSettlePrice: optionalUnsigned(fields, 'predictedDeliveryPrice'),
    fundingRate: fields.optionalDecimal('fundingRate'),
    predictedRate: null,
    fundingUs: textTime(fields, 'nextFundingTime'),
    intervalHours,
    kind: 'current',
  }
}

/** Both sides together, in base units, of inverse contracts in contracts of 1 USD. */
function interestOf(fields: FieldReader): OpenInterestDetail {
  return {
    openInterest: unsignedDecimal(fields, 'openInterest'),
    value: optionalUnsigned(fields, 'openInterestValue'),
  }
}

/**
 * Appends the settled rate of one row of REST funding/history. It was settled at the time that it is for, which tells
 * it from the others of its symbol when it is asked for again.
 */
export function readSettledRate(fields: FieldReader, stream: number, sentUs: number, out: EventBatch): void {
  const engineUs = textTime(fields, 'fundingRateTimestamp')
  if (Number.isNaN(engineUs)) fields.refuse('malformed', 'fundingRateTimestamp is no time')
  const detail: FundingDetail = {
    markPrice: null,
    indexPrice: null,
    estimatedSettlePrice: null,
    fundingRate: fields.exactDecimal('fundingRate'),
    predictedRate: null,
    fundingUs: engineUs,
    intervalHours: Number.NaN,
    kind: 'settled',
  }
  const symbol = fields.symbol('symbol', out.names)
  out.textIds.set(out.count, String(engineUs))
  appendDetail({ kind: EventKind.funding, symbol, stream, engineUs, sentUs, detail }, out)
}
