import { type EventBatch, EventKind, type FundingDetail } from '@cryptoflow/model'
import { appendDetail, optionalUnsigned, unsignedDecimal } from '../details.ts'
import type { FieldReader } from '../json.ts'

/**
 * Mark prices and funding: told every second or every three, asked for by REST, and the interval, which no stream
 * tells. An empty rate is absent (dated contracts), and a time of 0 lies before 2009 and counts as absent.
 *
 * Source: developers.binance.com, derivatives, "Mark Price Stream", "Mark Price" and "Get Funding Rate Info" of
 * USD-M and COIN-M, as scraped 2026-05-28 (c3e7630).
 */

/** No rate is for longer; the column holds 32 bits. */
const HOURS_MAX = 366 * 24

/** What only one of the three messages tells is absent in the others. */
const absent: FundingDetail = {
  markPrice: null,
  indexPrice: null,
  estimatedSettlePrice: null,
  fundingRate: null,
  predictedRate: null,
  fundingUs: Number.NaN,
  intervalHours: Number.NaN,
  kind: 'current',
}

/**
 * Appends the funding event of one `markPriceUpdate`. `T` is the time of the next funding, not of the engine.
 * Messages of 2019 carry neither `i` nor `P`, those of dated COIN-M contracts in 2020 neither `r` nor `T`.
 */
export function readMarkPrice(fields: FieldReader, stream: number, out: EventBatch): void {
  const detail: FundingDetail = {
    ...absent,
    markPrice: unsignedDecimal(fields, 'p'),
    indexPrice: optionalUnsigned(fields, 'i'),
    estimatedSettlePrice: optionalUnsigned(fields, 'P'),
    fundingRate: fields.optionalDecimal('r'),
    fundingUs: fields.optionalTime('T'),
  }
  const sentUs = fields.time('E')
  const symbol = fields.symbol('s', out.names)
  appendDetail({ kind: EventKind.funding, symbol, stream, engineUs: Number.NaN, sentUs, detail }, out)
}

/** Appends the funding event of one row of REST `premiumIndex`. `lastFundingRate` is the rate of the next funding. */
export function readPremiumIndex(fields: FieldReader, stream: number, out: EventBatch): void {
  const detail: FundingDetail = {
    ...absent,
    markPrice: unsignedDecimal(fields, 'markPrice'),
    indexPrice: optionalUnsigned(fields, 'indexPrice'),
    estimatedSettlePrice: optionalUnsigned(fields, 'estimatedSettlePrice'),
    fundingRate: fields.optionalDecimal('lastFundingRate'),
    fundingUs: fields.time('nextFundingTime'),
  }
  const engineUs = fields.time('time')
  const symbol = fields.symbol('symbol', out.names)
  appendDetail({ kind: EventKind.funding, symbol, stream, engineUs, sentUs: Number.NaN, detail }, out)
}

/** Appends the funding event of one row of REST `fundingInfo`, which lists only symbols with an unusual interval. */
export function readFundingInfo(fields: FieldReader, stream: number, out: EventBatch): void {
  const intervalHours = fields.integer('fundingIntervalHours')
  if (intervalHours > HOURS_MAX) fields.refuse('number_out_of_range', 'fundingIntervalHours is above a year')
  const detail: FundingDetail = { ...absent, intervalHours }
  const symbol = fields.symbol('symbol', out.names)
  const times = { engineUs: Number.NaN, sentUs: Number.NaN }
  appendDetail({ kind: EventKind.funding, symbol, stream, ...times, detail }, out)
}
