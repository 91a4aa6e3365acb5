import { type EventBatch, EventKind, type FundingDetail } from '@cryptoflow/model'
import { appendDetail, optionalUnsigned, unsignedDecimal } from '../details.ts'
import { type FieldReader, field, type JsonObject } from '../json.ts'

/**
 * The futures `ticker`, at most once a second with all its fields: prices and rates for one table, open interest for
 * another. Bid, ask, last price and volumes are summaries and not read.
 *
 * `relative_funding_rate` is a fraction of notional per hour, `funding_rate` the same in units of the quote and not
 * stored; dated contracts have neither. `next_funding_rate_time` 0 lies before 2009 and counts as absent. `time` is
 * the server's.
 * Source: docs.kraken.com as copied 2026-05-27, futures-api/websocket/ticker.
 */

/** Ids in the batch's table of names. */
export interface TickerStreams {
  readonly ticker: number
  readonly openInterest: number
}

const fundingKeys = [
  'markPrice',
  'index',
  'relative_funding_rate',
  'relative_funding_rate_prediction',
  'next_funding_rate_time',
  'funding_rate',
  'funding_rate_prediction',
]

/** Appends an event for each of the two tables that the message has something for: none, one or both. */
export function readTicker(
  fields: FieldReader,
  message: JsonObject,
  streams: TickerStreams,
  out: EventBatch,
): void {
  const symbol = fields.symbol('product_id', out.names)
  const times = { engineUs: Number.NaN, sentUs: fields.time('time') }
  if (fundingKeys.some((key) => field(message, key) !== undefined)) {
    const detail = fundingOf(fields)
    appendDetail({ kind: EventKind.funding, symbol, stream: streams.ticker, ...times, detail }, out)
  }
  if (field(message, 'openInterest') === undefined) return
  const detail = { openInterest: unsignedDecimal(fields, 'openInterest'), value: null }
  const stream = streams.openInterest
  appendDetail({ kind: EventKind.openInterest, symbol, stream, ...times, detail }, out)
}

function fundingOf(fields: FieldReader): FundingDetail {
  const fundingRate = fields.optionalDecimal('relative_funding_rate')
  const predictedRate = fields.optionalDecimal('relative_funding_rate_prediction')
  const hasRate = fundingRate !== null || predictedRate !== null
  return {
    markPrice: optionalUnsigned(fields, 'markPrice'),
    indexPrice: optionalUnsigned(fields, 'index'),
    estimatedSettlePrice: null,
    fundingRate,
    predictedRate,
    fundingUs: fields.optionalTime('next_funding_rate_time'),
    // What the rates are per; a contract without rates has no interval.
    intervalHours: hasRate ? 1 : Number.NaN,
    kind: 'current',
  }
}
